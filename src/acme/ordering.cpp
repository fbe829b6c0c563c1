#include "acme/ordering.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "acme/explain.hpp"
#include "acme/jws.hpp"
#include "base/base64.hpp"
#include "certificates/making.hpp"

namespace gatepost::acme {
namespace {

namespace json = boost::json;
using certificates::Held;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view kOrderFile = "order.json";

std::vector<std::string> sorted(std::vector<std::string> names) {
  std::ranges::sort(names);
  return names;
}

std::unexpected<Failure> strange(std::string_view what, std::string_view detail) {
  return failed(fmt::format("the authority's {} is not to be understood: {}", what, detail),
                "look whether [acme] directory is an ACME directory of RFC 8555");
}

// The proofs of one order, taken back whatever happens.
class Shown {
 public:
  explicit Shown(Solver& solver) : solver_(solver) {}
  ~Shown() {
    for (const Proof& proof : proofs_) solver_.remove(proof);
  }
  Shown(const Shown&) = delete;
  Shown& operator=(const Shown&) = delete;
  Outcome<> show(Proof proof, std::stop_token stop) {
    GP_CHECK(solver_.present(proof, stop));
    proofs_.push_back(std::move(proof));
    return {};
  }
  const std::vector<Proof>& proofs() const { return proofs_; }

 private:
  Solver& solver_;
  std::vector<Proof> proofs_;
};

}  // namespace

bool Ordering::wait(unsigned round, seconds wish, std::stop_token stop) const {
  milliseconds time = std::min(patience_.first * (1U << std::min(round, 10U)), patience_.most);
  if (wish.count() > 0) time = std::clamp<milliseconds>(wish, patience_.first, patience_.most);
  return pause(time, stop);
}

Outcome<Order> Ordering::look(const std::string& url, std::stop_token stop, seconds* wish) {
  GP_TRY(const HttpResponse response, client_.post(url, {}, stop));
  if (wish != nullptr) *wish = client_.retry_after(response);
  auto order = read_order(response.body);
  if (!order) return strange("order", order.error().detail);
  return *std::move(order);
}

std::string Ordering::noted_url(const Wanted& wanted) const {
  const auto text = store_.folder(wanted.names.front()).read(kOrderFile);
  boost::system::error_code ec;
  const json::value value = text ? json::parse(*text, ec) : json::value();
  if (ec || !value.is_object()) return {};
  const json::object& object = value.as_object();
  const json::value* const url = object.if_contains("url");
  const json::value* const account = object.if_contains("account");
  const json::value* const names = object.if_contains("names");
  if (url == nullptr || !url->is_string() || names == nullptr || !names->is_array()) return {};
  // An order belongs to the account that made it.
  if (account == nullptr || !account->is_string() || account->as_string() != client_.account()) return {};
  std::vector<std::string> noted;
  for (const json::value& one : names->as_array()) {
    if (one.is_string()) noted.emplace_back(one.as_string());
  }
  return sorted(noted) == sorted(wanted.names) ? std::string(url->as_string()) : std::string();
}

Outcome<Ordering::Noted> Ordering::find_or_begin(const Wanted& wanted, std::stop_token stop) {
  if (const std::string url = noted_url(wanted); !url.empty()) {
    auto order = look(url, stop);
    if (order && order->status != Status::invalid) return Noted{url, *std::move(order)};
    if (!order && order.error().stopped) return std::unexpected(std::move(order).error());
    // RFC 8555 6.7: what says that there is no such order any more. Anything else may pass by itself.
    const int status = client_.problem().status;  // 0: there was no answer
    if (!order && (status == 0 || status >= 500)) return std::unexpected(std::move(order).error());
  }
  return begin(wanted, stop);
}

Outcome<Ordering::Noted> Ordering::begin(const Wanted& wanted, std::stop_token stop) {
  const certificates::Folder folder = store_.folder(wanted.names.front());
  GP_ACME_CHECK(folder.remove(kOrderFile));
  json::array identifiers;
  for (const std::string& name : wanted.names) identifiers.push_back(json::object{{"type", "dns"}, {"value", name}});
  json::object payload{{"identifiers", std::move(identifiers)}};
  // RFC 9773 5: says which certificate it takes the place of, so that limits do not count it.
  const auto before = store_.current(wanted.names.front());
  if (!client_.directory().renewal_info.empty() && before && !before->chain.front().authority_key.empty()) {
    const certificates::Facts& leaf = before->chain.front();
    payload["replaces"] = renewal_id(leaf.authority_key, leaf.serial);
  }
  const std::string& url = client_.directory().new_order;
  auto response = client_.post(url, json::serialize(payload), stop);
  // The one before may be of another authority, or replaced already: then it is an order like the first.
  if (!response && payload.contains("replaces") && client_.problem().status >= 400 && client_.problem().status < 500 &&
      client_.problem().kind() != "rateLimited") {
    payload.erase("replaces");
    response = client_.post(url, json::serialize(payload), stop);
  }
  if (!response) return std::unexpected(std::move(response).error());
  auto order = read_order(response->body);
  if (!order) return strange("order", order.error().detail);
  if (!response->location.starts_with("https://")) return strange("order", "it has no address");
  json::array names;
  for (const std::string& name : wanted.names) names.emplace_back(json::string(name));
  const json::object note{{"url", response->location}, {"account", client_.account()}, {"names", std::move(names)}};
  GP_ACME_CHECK(folder.write(kOrderFile, json::serialize(note) + "\n"));
  return Noted{response->location, *std::move(order)};
}

Outcome<Held> Ordering::run(const Wanted& wanted, std::stop_token stop) {
  const std::string& called = wanted.names.front();
  GP_TRY(Noted noted, find_or_begin(wanted, stop));
  if (noted.order.status == Status::pending) {
    GP_CHECK(prove(noted.order, stop));
    GP_TRY(noted.order, await_order(noted, Status::ready, stop));
  }
  GP_ACME_TRY(const certificates::Key key, store_.next_key(called, wanted.key, wanted.reuse_key));
  if (noted.order.status == Status::ready) {
    GP_ACME_TRY(const std::string request, certificates::make_request(key, wanted.names));
    const std::string payload = json::serialize(json::object{{"csr", base64::encode_url(request)}});
    GP_TRY(const HttpResponse response, client_.post(noted.order.finalize, payload, stop));
    if (auto order = read_order(response.body)) noted.order = *std::move(order);
  }
  if (noted.order.status != Status::valid) {
    GP_TRY(noted.order, await_order(noted, Status::valid, stop));
  }
  auto held = download(noted.order, key, wanted, stop);
  // What is no use to us must not be looked at again.
  if (!held && !held.error().stopped) (void)store_.folder(called).remove(kOrderFile);
  return held;
}

void Ordering::finished(const Wanted& wanted) { (void)store_.folder(wanted.names.front()).remove(kOrderFile); }

Outcome<> Ordering::prove(const Order& order, std::stop_token stop) {
  Shown shown(solver_);
  std::vector<std::pair<std::string, std::string>> asked;  // authorization, challenge
  for (const std::string& url : order.authorizations) {
    GP_TRY(const HttpResponse response, client_.post(url, {}, stop));
    const auto authorization = read_authorization(response.body);
    if (!authorization) return strange("authorization", authorization.error().detail);
    if (authorization->status == Status::valid) continue;
    const auto challenge = std::ranges::find(authorization->challenges, solver_.type(), &Challenge::type);
    if (challenge == authorization->challenges.end()) {
      return failed(fmt::format("the authority does not offer {} for {}", solver_.type(), authorization->name),
                    "choose another challenge: [acme] challenge, or that of the certificate");
    }
    GP_ACME_TRY(std::string answer, key_authorization(challenge->token, client_.key()));
    GP_CHECK(shown.show({authorization->name, challenge->token, std::move(answer)}, stop));
    asked.emplace_back(url, challenge->url);
  }
  if (asked.empty()) return {};
  GP_CHECK(solver_.settle(shown.proofs(), stop));
  for (const auto& [authorization, challenge] : asked) {
    GP_CHECK(client_.post(challenge, "{}", stop));
  }
  Outcome<> result;
  for (const auto& [authorization, challenge] : asked) {
    // All are waited for, so that none is asked for a proof that is gone; the first failure is the one to tell.
    Outcome<> one = await_authorization(authorization, stop);
    if (!one && result) result = std::move(one);
    if (stop.stop_requested()) break;
  }
  // An order with an invalid authorization is lost (7.1.6).
  return result;
}

Outcome<> Ordering::await_authorization(const std::string& url, std::stop_token stop) {
  const SteadyPoint until = clock_.steady() + patience_.in_all;
  for (unsigned round = 0;; ++round) {
    GP_TRY(const HttpResponse response, client_.post(url, {}, stop));
    const auto authorization = read_authorization(response.body);
    if (!authorization) return strange("authorization", authorization.error().detail);
    if (authorization->status == Status::valid) return {};
    if (authorization->status != Status::pending) {
      Problem problem;
      for (const Challenge& challenge : authorization->challenges) {
        if (challenge.type == solver_.type() && !challenge.error.empty()) problem = challenge.error;
      }
      return std::unexpected(explain_challenge(solver_.type(), authorization->name, problem));
    }
    if (clock_.steady() > until) {
      return failed(
          fmt::format("the authority has not looked at {} within {} s", authorization->name, patience_.in_all.count()),
          "nothing: it is tried again");
    }
    if (!wait(round, client_.retry_after(response), stop)) return told_to_stop();
  }
}

Outcome<Order> Ordering::await_order(const Noted& noted, Status until, std::stop_token stop) {
  const SteadyPoint end = clock_.steady() + patience_.in_all;
  for (unsigned round = 0;; ++round) {
    seconds wish{0};
    GP_TRY(Order order, look(noted.url, stop, &wish));
    if (order.status == until || order.status == Status::valid) return order;
    if (order.status == Status::invalid) {
      if (order.error.empty()) return failed("the authority has given the order up", "nothing: it is tried again");
      return std::unexpected(explain(order.error));
    }
    if (clock_.steady() > end) {
      return failed(fmt::format("the authority has not made the certificate within {} s", patience_.in_all.count()),
                    "nothing: it is tried again");
    }
    if (!wait(round, wish, stop)) return told_to_stop();
  }
}

Outcome<Held> Ordering::download(const Order& order, const certificates::Key& key, const Wanted& wanted,
                                 std::stop_token stop) {
  if (order.certificate.empty()) return strange("order", "it is valid and names no certificate");
  // RFC 8555 7.4.2
  GP_TRY(const HttpResponse response, client_.post(order.certificate, {}, stop, "application/pem-certificate-chain"));
  auto held = Held::read(response.body, key.to_pem().reveal());
  if (!held) return strange("certificate", held.error().detail);
  for (const std::string& name : wanted.names) {
    const auto& names = held->chain.front().names;
    if (std::ranges::find(names, name) == names.end()) return strange("certificate", "it does not name " + name);
  }
  if (held->chain.front().not_after <= clock_.now()) {
    return failed("the certificate that came has ended already", "look at the clock of this machine");
  }
  return *std::move(held);
}

}  // namespace gatepost::acme
