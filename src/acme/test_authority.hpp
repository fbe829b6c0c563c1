#pragma once

// Tests only: an ACME server in memory, strict about what RFC 8555 asks of clients.

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "acme/jws.hpp"
#include "acme/solver.hpp"
#include "acme/transport.hpp"
#include "base/clock.hpp"
#include "certificates/making.hpp"

namespace gatepost::acme::test {

namespace json = boost::json;

class TestAuthority final : public Transport {
 public:
  explicit TestAuthority(const Clock& clock)
      : clock_(clock), signer_(*certificates::Authority::make("Fake CA", clock.now())) {}

  // What a test may turn.
  std::string challenge_type = "test-01";
  bool needs_binding = false;
  bool suggests = false;
  int bad_nonces = 0;            // so many requests are refused with badNonce
  bool forget_accounts = false;  // all accounts, once
  json::object challenge_error;  // not empty: challenges fail with it
  json::object order_refusal;    // not empty: newOrder is refused with it
  std::string order_retry_after;
  int polls_until_valid = 1;
  bool wrong_certificate = false;  // one for another key
  std::function<bool(const std::string& name, const std::string& token)> sees = [](auto&, auto&) { return true; };
  std::vector<std::string> asked;  // METHOD path

  // What a test may look at.
  std::vector<json::object> orders_asked_for;
  std::set<std::string> revoked;
  std::size_t accounts = 0;
  json::object last_account;

  static constexpr const char* kBase = "https://acme.test";

  Outcome<HttpResponse> send(const HttpRequest& request, std::stop_token) override {
    const std::string path = request.url.substr(std::string(kBase).size());
    asked.push_back((request.method == HttpRequest::Method::post ? "POST " : "GET ") + path);
    HttpResponse out;
    out.status = 200;
    if (path == "/directory") {
      out.body = directory();
    } else if (path == "/nonce") {
      out.nonce = fresh_nonce();
    } else if (path.starts_with("/renewal/")) {
      suggestion(out);
    } else {
      signed_one(request, path, out);
    }
    return out;
  }

 private:
  struct Order {
    std::vector<std::string> names;
    std::string status = "pending";
    std::map<std::string, int> polls;          // by name, once asked to validate
    std::map<std::string, std::string> state;  // by name
    std::string pem;
  };

  std::string directory() const {
    json::object out{{"newNonce", std::string(kBase) + "/nonce"},
                     {"newAccount", std::string(kBase) + "/account"},
                     {"newOrder", std::string(kBase) + "/order"},
                     {"revokeCert", std::string(kBase) + "/revoke"},
                     {"meta", json::object{{"externalAccountRequired", needs_binding}}}};
    if (suggests) out["renewalInfo"] = std::string(kBase) + "/renewal";
    return json::serialize(out);
  }

  std::string fresh_nonce() {
    nonces_.insert(fmt::format("nonce-{}", ++counter_));
    return fmt::format("nonce-{}", counter_);
  }

  void suggestion(HttpResponse& out) const {
    using std::chrono::hours;
    out.retry_after = "3600";
    out.body = json::serialize(
        json::object{{"suggestedWindow", json::object{{"start", date::format_rfc3339(clock_.now() - hours(2))},
                                                      {"end", date::format_rfc3339(clock_.now() - hours(1))}}},
                     {"explanationURL", "https://acme.test/why"}});
  }

  static void refuse(HttpResponse& out, int status, std::string_view kind, std::string_view detail) {
    out.status = status;
    out.content_type = "application/problem+json";
    out.body = json::serialize(json::object{{"type", fmt::format("urn:ietf:params:acme:error:{}", kind)},
                                            {"detail", json::string(std::string(detail))}});
  }

  void signed_one(const HttpRequest& request, const std::string& path, HttpResponse& out) {
    out.nonce = fresh_nonce();
    const json::object jws = json::parse(request.body).as_object();
    const auto part = [&](const char* key) { return *from_base64url(std::string(jws.at(key).as_string())); };
    const json::object header = json::parse(part("protected")).as_object();
    const std::string payload = part("payload");
    GP_ASSERT(header.at("url").as_string() == request.url && header.at("alg").as_string() == "ES256");
    GP_ASSERT(header.contains("kid") != header.contains("jwk"));
    if (nonces_.erase(std::string(header.at("nonce").as_string())) == 0 || bad_nonces-- > 0)
      return refuse(out, 400, "badNonce", "an old nonce");
    if (path == "/account") return account(header, payload, out);
    if (std::exchange(forget_accounts, false)) kids_.clear();
    GP_ASSERT(header.contains("kid"));
    if (!kids_.contains(std::string(header.at("kid").as_string())))
      return refuse(out, 400, "accountDoesNotExist", "no such account");
    if (path == "/order") return new_order(payload, out);
    if (path == "/revoke") {
      revoked.insert(std::string(json::parse(payload).as_object().at("certificate").as_string()));
      return;
    }
    order_path(path, payload, out);
  }

  void account(const json::object& header, const std::string& payload, HttpResponse& out) {
    last_account = json::parse(payload).as_object();
    const std::string key = json::serialize(header.at("jwk"));
    const bool known = by_key_.contains(key) && kids_.contains(by_key_[key]);
    if (!known && last_account.contains("onlyReturnExisting"))
      return refuse(out, 400, "accountDoesNotExist", "no such account");
    if (needs_binding && !last_account.contains("externalAccountBinding"))
      return refuse(out, 401, "externalAccountRequired", "bind it");
    if (!known) {
      by_key_[key] = fmt::format("{}/account/{}", kBase, ++accounts);
      kids_.insert(by_key_[key]);
    }
    out.status = known ? 200 : 201;
    out.location = by_key_[key];
    out.body = R"({"status":"valid"})";
  }

  void new_order(const std::string& payload, HttpResponse& out) {
    const json::object wanted = json::parse(payload).as_object();
    orders_asked_for.push_back(wanted);
    if (!order_refusal.empty()) {
      out.status = 429;
      out.retry_after = order_retry_after;
      out.body = json::serialize(order_refusal);
      return;
    }
    Order order;
    for (const json::value& one : wanted.at("identifiers").as_array())
      order.names.emplace_back(one.as_object().at("value").as_string());
    const std::string id = fmt::format("{}", ++counter_);
    orders_[id] = order;
    out.status = 201;
    out.location = fmt::format("{}/order/{}", kBase, id);
    out.body = text_of(id);
  }

  std::string text_of(const std::string& id) {
    Order& order = orders_[id];
    json::array identifiers, authorizations;
    bool all = true;
    for (std::size_t i = 0; i < order.names.size(); ++i) {
      identifiers.push_back(json::object{{"type", "dns"}, {"value", order.names[i]}});
      authorizations.emplace_back(json::string(fmt::format("{}/order/{}/authz/{}", kBase, id, i)));
      all = all && order.state[order.names[i]] == "valid";
      if (order.state[order.names[i]] == "invalid") order.status = "invalid";
    }
    if (all && order.status == "pending") order.status = "ready";
    json::object out{{"status", order.status},
                     {"identifiers", std::move(identifiers)},
                     {"authorizations", std::move(authorizations)},
                     {"finalize", fmt::format("{}/order/{}/finalize", kBase, id)}};
    if (order.status == "valid") out["certificate"] = fmt::format("{}/order/{}/pem", kBase, id);
    return json::serialize(out);
  }

  // /order/ID[/authz/N | /challenge/N | /finalize | /pem]
  void order_path(const std::string& path, const std::string& payload, HttpResponse& out) {
    std::vector<std::string> parts;
    std::string rest = path.substr(1);
    for (std::size_t slash = rest.find('/'); slash != std::string::npos; slash = rest.find('/')) {
      parts.push_back(rest.substr(0, slash));
      rest = rest.substr(slash + 1);
    }
    parts.push_back(rest);
    if (parts.size() < 2 || !orders_.contains(parts[1])) return refuse(out, 404, "malformed", "no such order");
    const std::string& id = parts[1];
    Order& order = orders_[id];
    if (parts.size() == 2) {
      out.body = text_of(id);
    } else if (parts[2] == "authz" || parts[2] == "challenge") {
      authorization(id, std::stoul(parts[3]), parts[2] == "challenge", out);
    } else if (parts[2] == "finalize") {
      (void)text_of(id);
      if (order.status != "ready") return refuse(out, 403, "orderNotReady", "prove first");
      order.status = "valid";
      order.pem = issue(order.names, json::parse(payload).as_object().at("csr").as_string().c_str());
      out.body = text_of(id);
    } else if (parts[2] == "pem") {
      out.body = order.pem;
    }
  }

  void authorization(const std::string& id, std::size_t index, bool begin, HttpResponse& out) {
    Order& order = orders_[id];
    const std::string name = order.names[index];
    const std::string token = fmt::format("token-for-{}-{}-000000000", id, index);
    const std::string host = name.starts_with("*.") ? name.substr(2) : name;
    if (begin) {
      GP_ASSERT(sees(host, token));
      order.polls[name] = 0;
    } else if (order.polls.contains(name) && order.state[name].empty() && ++order.polls[name] >= polls_until_valid) {
      order.state[name] = challenge_error.empty() ? "valid" : "invalid";
    }
    const std::string state = order.state[name].empty() ? "pending" : order.state[name];
    json::object challenge{{"type", json::string(challenge_type)},
                           {"url", fmt::format("{}/order/{}/challenge/{}", kBase, id, index)},
                           {"token", token},
                           {"status", state}};
    if (state == "invalid") challenge["error"] = challenge_error;
    out.body =
        json::serialize(json::object{{"identifier", json::object{{"type", "dns"}, {"value", host}}},
                                     {"status", state},
                                     {"wildcard", host != name},
                                     {"challenges", json::array{json::object{{"type", "other-01"}}, challenge}}});
  }

  std::string issue(const std::vector<std::string>& names, const std::string& csr);

  const Clock& clock_;
  certificates::Authority signer_;
  std::set<std::string> nonces_, kids_;
  std::map<std::string, std::string> by_key_;
  std::map<std::string, Order> orders_;
  int counter_ = 0;

 public:
  // The key requests are made with; the request itself is looked at by a real authority elsewhere.
  std::function<certificates::Key()> key_of_request;
};

inline std::string TestAuthority::issue(const std::vector<std::string>& names, const std::string& csr) {
  GP_ASSERT(from_base64url(csr)->size() > 100);
  const certificates::Key key =
      wrong_certificate ? *certificates::Key::make(certificates::KeyKind::p256) : key_of_request();
  return *signer_.issue(key, names, clock_.now(), std::chrono::days(90));
}

class TestSolver final : public Solver {
 public:
  std::string_view type() const override { return "test-01"; }
  Outcome<> present(const Proof& proof, std::stop_token) override {
    if (!failure.empty()) return failed(failure, "mend it");
    shown[proof.name].insert(proof.token);
    authorizations.push_back(proof.key_authorization);
    return {};
  }
  Outcome<> settle(const std::vector<Proof>& proofs, std::stop_token) override {
    settled += proofs.size();
    return {};
  }
  void remove(const Proof& proof) override { shown[proof.name].erase(proof.token); }

  std::string failure;
  std::map<std::string, std::set<std::string>> shown;
  std::vector<std::string> authorizations;
  std::size_t settled = 0;
};

}  // namespace gatepost::acme::test
