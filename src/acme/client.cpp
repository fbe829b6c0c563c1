#include "acme/client.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "acme/explain.hpp"
#include "acme/jws.hpp"
#include "base/base64.hpp"

namespace gatepost::acme {
namespace {

namespace json = boost::json;
using HttpMethod = HttpRequest::Method;

constexpr int kNonceTries = 10;
constexpr std::string_view kKeyFile = "account.key";
constexpr std::string_view kAccountFile = "account.json";
constexpr int kSuperseded = 4;

std::unexpected<Failure> not_understood(std::string_view what, const Error& error) {
  return failed(fmt::format("the authority's {} is not to be understood: {}", what, error.detail),
                "look whether [acme] directory is an ACME directory of RFC 8555");
}

std::string account_in(std::string_view text) {
  boost::system::error_code ec;
  const json::value value = json::parse(json::string_view(text.data(), text.size()), ec);
  if (ec || !value.is_object()) return {};
  const json::value* const url = value.as_object().if_contains("url");
  return url != nullptr && url->is_string() ? std::string(url->as_string()) : std::string();
}

}  // namespace

Client::Client(Transport& transport, certificates::Folder folder, AccountSettings settings, const Clock& clock)
    : transport_(transport), folder_(std::move(folder)), settings_(std::move(settings)), clock_(clock) {}

Outcome<> Client::read_directory(std::stop_token stop) {
  GP_TRY(const HttpResponse response, transport_.send({HttpMethod::get, settings_.directory, {}, {}}, stop));
  if (response.status != 200) return refusal(response);
  auto read = acme::read_directory(response.body);
  if (!read) return not_understood("directory", read.error());
  directory_ = *std::move(read);
  return {};
}

Outcome<> Client::load_key(bool make) {
  const auto kept = folder_.read(kKeyFile);
  if (kept) {
    auto key = certificates::Key::from_pem(*kept);
    if (!key) {
      return failed(fmt::format("the account's key {} is damaged", (folder_.path() / kKeyFile).string()),
                    "bring it back from a backup, or move it away: then a new account is made");
    }
    key_ = *std::move(key);
    return {};
  }
  if (kept.error().code != Errc::not_found) return failed(kept.error());
  if (!make) return {};
  GP_ACME_TRY(certificates::Key fresh, certificates::Key::make(certificates::KeyKind::p256));
  GP_ACME_CHECK(folder_.write(kKeyFile, fresh.to_pem().reveal()));
  key_ = std::move(fresh);
  return {};
}

Outcome<> Client::open(std::stop_token stop) {
  GP_CHECK(read_directory(stop));
  GP_CHECK(load_key(true));
  if (const auto kept = folder_.read(kAccountFile)) account_ = account_in(*kept);
  if (account_.empty()) return make_account(stop);
  return {};
}

Outcome<bool> Client::has_account(std::stop_token stop) {
  GP_CHECK(load_key(false));
  if (!key_) return false;
  auto answer = try_post(directory_.new_account, R"({"onlyReturnExisting":true})", true, stop, {});
  if (answer) return true;
  if (problem_.kind() == "accountDoesNotExist") return false;
  return std::unexpected(std::move(answer).error());
}

Outcome<> Client::make_account(std::stop_token stop) {
  if (directory_.needs_external_account && settings_.external_key_id.empty())
    return std::unexpected(explain({.type = "urn:ietf:params:acme:error:externalAccountRequired"}));
  json::object payload{{"termsOfServiceAgreed", true}};
  json::array contact;
  for (const std::string& address : settings_.contact) contact.emplace_back(json::string("mailto:" + address));
  if (!contact.empty()) payload["contact"] = std::move(contact);
  if (!settings_.external_key_id.empty()) {
    GP_ACME_TRY(const std::string binding, external_binding(*key_, settings_.external_key_id,
                                                            settings_.external_key.reveal(), directory_.new_account));
    payload["externalAccountBinding"] = json::parse(binding);
  }
  // RFC 8555 7.3: 201 for a new account, 200 for one the key has already.
  GP_TRY(const HttpResponse response, try_post(directory_.new_account, json::serialize(payload), true, stop, {}));
  if (!response.location.starts_with("https://"))
    return failed("the authority named no address of the new account", "look at [acme] directory");
  account_ = response.location;
  GP_ACME_CHECK(folder_.write(
      kAccountFile, json::serialize(json::object{{"url", account_}, {"directory", settings_.directory}}) + "\n"));
  return {};
}

Outcome<std::string> Client::nonce(std::stop_token stop) {
  if (!nonce_.empty()) return std::exchange(nonce_, {});
  GP_TRY(const HttpResponse response, transport_.send({HttpMethod::head, directory_.new_nonce, {}, {}}, stop));
  if (response.nonce.empty()) return failed("the authority gave no nonce", "nothing: it is tried again");
  return response.nonce;
}

std::unexpected<Failure> Client::refusal(const HttpResponse& response) {
  problem_ = {};
  if (auto read = read_problem(response.body)) problem_ = *std::move(read);
  problem_.status = response.status;
  return std::unexpected(explain(problem_, retry_after(response)));
}

Outcome<HttpResponse> Client::try_post(const std::string& url, const std::string& payload, bool by_key,
                                       std::stop_token stop, const std::string& accept) {
  for (int tries = 1;; ++tries) {
    GP_TRY(const std::string fresh, nonce(stop));
    GP_ACME_TRY(std::string body, signed_request(*key_, by_key ? std::string() : account_, url, fresh, payload));
    GP_TRY(HttpResponse response, transport_.send({HttpMethod::post, url, std::move(body), accept}, stop));
    nonce_ = response.nonce;
    if (response.status < 400) return response;
    auto refused = refusal(response);
    if (problem_.kind() != "badNonce" || tries == kNonceTries) return refused;
  }
}

Outcome<HttpResponse> Client::post(const std::string& url, const std::string& payload, std::stop_token stop,
                                   const std::string& accept) {
  problem_ = {};
  auto answer = try_post(url, payload, false, stop, accept);
  if (answer || problem_.kind() != "accountDoesNotExist") return answer;
  GP_ACME_CHECK(folder_.remove(kAccountFile));
  GP_CHECK(make_account(stop));
  return try_post(url, payload, false, stop, accept);
}

Outcome<> Client::revoke(const std::string& der, std::stop_token stop) {
  if (directory_.revoke_cert.empty()) return failed("the authority revokes nothing", "nothing");
  const json::object payload{{"certificate", base64::encode_url(der)}, {"reason", kSuperseded}};
  auto answer = post(directory_.revoke_cert, json::serialize(payload), stop);
  if (!answer && problem_.kind() != "alreadyRevoked") return std::unexpected(std::move(answer).error());
  return {};
}

Outcome<std::optional<certificates::Suggestion>> Client::suggestion(const certificates::Facts& facts,
                                                                    std::stop_token stop) {
  using std::chrono::hours;
  using std::chrono::minutes;
  if (directory_.renewal_info.empty() || facts.authority_key.empty() || facts.serial.empty()) return std::nullopt;
  const std::string url = directory_.renewal_info + "/" + renewal_id(facts.authority_key, facts.serial);
  GP_TRY(const HttpResponse response, transport_.send({HttpMethod::get, url, {}, {}}, stop));
  if (response.status >= 400) return refusal(response);
  auto read = read_renewal_info(response.body);
  if (!read) return not_understood("renewal information", read.error());
  certificates::Suggestion out{read->start, read->end, {}, read->explanation};
  // RFC 9773 4.3.2: a Retry-After within limits, which are for the client to choose; six hours without one.
  const auto wait = retry_after(response);
  out.ask_again =
      clock_.now() + (wait.count() == 0 ? hours(6) : std::clamp<std::chrono::seconds>(wait, minutes(1), hours(24)));
  return out;
}

}  // namespace gatepost::acme
