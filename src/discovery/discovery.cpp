#include "discovery/discovery.hpp"

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "directory/addresses.hpp"
#include "directory/directory.hpp"
#include "discovery/apple_profile.hpp"
#include "discovery/autoconfig.hpp"
#include "discovery/pacc.hpp"
#include "discovery/pox.hpp"
#include "discovery/soap.hpp"
#include "http/server/status_for.hpp"
#include "runtime/workers.hpp"

namespace gatepost::discovery {

using http::server::Exchange;
using http::server::plain_answer;
using http::server::Response;
using runtime::Task;

namespace {

// [MS-OXDSCLI]: what Protocol= of Autodiscover v2 may be here.
constexpr std::string_view kAutodiscoverProtocols = "AutodiscoverV1";

Response xml(std::string text) {
  Response out(200, "text/xml; charset=utf-8", std::move(text));
  out.set("cache-control", "private, no-store");
  return out;
}

Response json_error(int status, std::string_view code, std::string_view message) {
  return Response(status, "application/json; charset=utf-8",
                  fmt::format(R"({{"ErrorCode":"{}","ErrorMessage":"{}"}})", code, message));
}

struct Signer {
  std::string chain_pem, key_pem;
};

}  // namespace

struct Discovery::State {
  explicit State(directory::Directory& d) : directory(d) {}

  std::shared_ptr<const Settings> current() const {
    const std::lock_guard lock(mutex);
    return settings;
  }
  // Of an address in one of our domains.
  std::optional<directory::Address> ours(std::string_view text) const {
    auto address = directory::canonical_address(text);
    if (!address || !directory.is_local_domain(address->domain).value_or(false)) return std::nullopt;
    return *std::move(address);
  }
  std::optional<std::string> our_domain(std::string_view text) const {
    auto domain = directory::canonical_domain(text);
    if (!domain || !directory.is_local_domain(*domain).value_or(false)) return std::nullopt;
    return *std::move(domain);
  }
  // A parameter's name in whatever case a program writes it.
  static std::string parameter(const Exchange& exchange, std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) {
      if (auto value = exchange.request().query(name)) return *std::move(value);
    }
    return {};
  }

  Task<> pox(Exchange& exchange);
  Task<> v2(Exchange& exchange, std::string address);
  Task<> soap(Exchange& exchange);
  Task<> autoconfig(Exchange& exchange);
  Task<> pacc(Exchange& exchange);
  Task<> profile(Exchange& exchange);

  directory::Directory& directory;
  mutable std::mutex mutex;  // guards both
  std::shared_ptr<const Settings> settings;
  std::shared_ptr<const Signer> signer;
};

// [MS-OXDSCLI] 3.1.5: errors come with 200, too.
Task<> Discovery::State::pox(Exchange& exchange) {
  const TimePoint now = exchange.clock().now();
  auto content = co_await exchange.read_all(kMaxPoxOctets);
  if (!content && content.error().code != Errc::too_large) {
    exchange.respond(content.error());
    co_return;
  }
  const Result<PoxRequest> request = content ? parse_pox(*content) : fail(Errc::too_large);
  if (!request) {
    exchange.respond(xml(write_pox_error(PoxError::invalid_request, now)));
    co_return;
  }
  // Phones ask for ActiveSync, which is not served: they are told so and go on to IMAP.
  if (request->schema != Schema::outlook) {
    exchange.respond(xml(write_pox_error(PoxError::no_provider, now)));
    co_return;
  }
  const auto address = ours(request->address);
  const MailServices services = current()->services(exchange.request().client);
  if (!address || services.empty()) {
    exchange.respond(xml(write_pox_error(PoxError::unknown_address, now)));
    co_return;
  }
  exchange.respond(xml(write_pox(services, address->to_string())));
}

// [MS-OXWSADISC]: of the caller's own mailboxes alone, so that it tells nobody who has an account.
Task<> Discovery::State::soap(Exchange& exchange) {
  auto content = co_await exchange.read_all(kMaxSoapOctets);
  if (!content && content.error().code != Errc::too_large) {
    exchange.respond(content.error());
    co_return;
  }
  const Result<SoapRequest> request = content ? parse_soap(*content) : fail(Errc::too_large, "the request");
  if (!request || request->operation == SoapRequest::Operation::other) {
    // SOAP 1.1 6.2
    const std::string words = request ? "the operation is not served" : request.error().detail;
    exchange.respond(Response(500, "text/xml; charset=utf-8", write_soap_fault(words)));
    co_return;
  }
  if (request->operation == SoapRequest::Operation::domain_settings) {
    std::vector<bool> known;
    for (const std::string& domain : request->about) known.push_back(our_domain(domain).has_value());
    exchange.respond(xml(write_domain_settings(*request, known)));
    co_return;
  }
  const directory::Principal& caller = exchange.signed_in().principal();
  const auto settings_now = current();
  std::vector<std::optional<SoapUser>> users;
  for (const std::string& mailbox : request->about) {
    const auto address = ours(mailbox);
    if (!address || !directory.owns_address(caller.id, address->to_string()).value_or(false)) {
      users.emplace_back();
      continue;
    }
    users.push_back(SoapUser{.address = caller.address,
                             .display_name = caller.display_name,
                             .webmail = settings_now->webmail,
                             .services = settings_now->services(exchange.request().client)});
  }
  exchange.respond(xml(write_user_settings(*request, users)));
}

// Where the services that programs of Microsoft speak are; here that is the first kind of Autodiscover alone.
Task<> Discovery::State::v2(Exchange& exchange, std::string address) {
  const std::string protocol = parameter(exchange, {"Protocol", "protocol"});
  const auto settings_now = current();
  if (!ours(address)) {
    exchange.respond(json_error(404, "UserNotFound", "The given user is not found."));
  } else if (!ascii::iequals(protocol, kAutodiscoverProtocols)) {
    exchange.respond(json_error(
        400, "InvalidProtocol",
        fmt::format("The given protocol value is invalid. Supported values are '{}'.", kAutodiscoverProtocols)));
  } else {
    const std::string port = settings_now->https_port == 443 ? "" : fmt::format(":{}", settings_now->https_port);
    exchange.respond(Response(200, "application/json; charset=utf-8",
                              fmt::format(R"({{"Protocol":"{}","Url":"https://{}{}/autodiscover/autodiscover.xml"}})",
                                          kAutodiscoverProtocols, settings_now->hostname, port)));
  }
  co_return;
}

Task<> Discovery::State::autoconfig(Exchange& exchange) {
  const http::server::Request& request = exchange.request();
  const std::string address = parameter(exchange, {"emailaddress"});
  std::optional<std::string> domain;
  if (const std::size_t at = address.rfind('@'); at != std::string::npos) {
    domain = our_domain(std::string_view(address).substr(at + 1));
  } else if (address.empty()) {
    std::string_view host = request.host;
    if (host.starts_with("autoconfig.")) host.remove_prefix(11);
    domain = our_domain(host);
  }
  const MailServices services = current()->services(request.client);
  if (!domain || services.empty()) {
    exchange.respond(plain_answer(404));
  } else {
    exchange.respond(xml(write_autoconfig(services, *domain)));
  }
  co_return;
}

// draft-ietf-mailmaint-pacc-02. What it says depends on nobody who asks: its digest is in the DNS.
Task<> Discovery::State::pacc(Exchange& exchange) {
  std::string_view host = exchange.request().host;
  if (host.starts_with(kPaccHost)) host.remove_prefix(kPaccHost.size());
  const auto settings_now = current();
  const auto domain = our_domain(host);
  std::string document;
  if (domain)
    document =
        write_pacc(*domain, settings_now->hostname, settings_now->for_strangers, settings_now->https_for_strangers);
  if (document.empty()) {
    exchange.respond(plain_answer(404));
  } else {
    exchange.respond(Response(200, "application/json", std::move(document)));
  }
  co_return;
}

Task<> Discovery::State::profile(Exchange& exchange) {
  const auto address = ours(parameter(exchange, {"email"}));
  const auto settings_now = current();
  Result<std::string> text = fail(Errc::not_found);
  if (address) {
    text = write_apple_profile(settings_now->services(exchange.request().client), address->to_string(),
                               settings_now->hostname);
  }
  if (!text) {
    exchange.respond(text.error());
    co_return;
  }
  std::shared_ptr<const Signer> with;
  {
    const std::lock_guard lock(mutex);
    with = signer;
  }
  if (with) {
    Result<std::string> signed_text =
        co_await exchange.workers().run([&] { return sign_profile(*text, with->chain_pem, with->key_pem); });
    if (signed_text) text = std::move(signed_text);
  }
  Response answer(200, "application/x-apple-aspen-config", *std::move(text));
  answer.set("content-disposition", "attachment; filename=\"mail.mobileconfig\"");
  answer.set("cache-control", "private, no-store");
  exchange.respond(std::move(answer));
}

Discovery::Discovery(directory::Directory& directory, Settings settings) : state_(std::make_unique<State>(directory)) {
  reload(std::move(settings));
}

Discovery::~Discovery() = default;

void Discovery::reload(Settings settings) {
  auto fresh = std::make_shared<const Settings>(std::move(settings));
  const std::lock_guard lock(state_->mutex);
  state_->settings = std::move(fresh);
}

void Discovery::set_certificate(std::string chain_pem, std::string key_pem) {
  auto fresh = std::make_shared<const Signer>(Signer{std::move(chain_pem), std::move(key_pem)});
  const std::lock_guard lock(state_->mutex);
  state_->signer = std::move(fresh);
}

void Discovery::add_routes(http::server::Router& router) {
  State& state = *state_;
  // Programs write it in every case, and the servers they were made for do not care.
  for (const char* const path : {"/autodiscover/autodiscover.xml", "/Autodiscover/Autodiscover.xml",
                                 "/AutoDiscover/AutoDiscover.xml", "/autodiscover/Autodiscover.xml"}) {
    router.add({.path = path,
                .methods = {"GET", "POST"},
                .handler = [&state](Exchange& exchange) { return state.pox(exchange); },
                .content_octets = kMaxPoxOctets});
  }
  for (const std::string folder : {"/autodiscover", "/Autodiscover"}) {
    router.add({.path = folder + "/autodiscover.json", .methods = {"GET"}, .handler = [&state](Exchange& exchange) {
                  return state.v2(exchange, State::parameter(exchange, {"Email", "email"}));
                }});
    router.add({.path = folder + "/autodiscover.json/v1.0/{address}",
                .methods = {"GET"},
                .handler = [&state](Exchange& exchange) {
                  return state.v2(exchange, std::string(exchange.request().parameter("address")));
                }});
  }
  for (const char* const path : {"/autodiscover/autodiscover.svc", "/Autodiscover/Autodiscover.svc",
                                 "/AutoDiscover/AutoDiscover.svc", "/autodiscover/Autodiscover.svc"}) {
    router.add({.path = path,
                .methods = {"POST"},
                .handler = [&state](Exchange& exchange) { return state.soap(exchange); },
                .access = http::server::Access::signed_in,
                .content_octets = kMaxSoapOctets});
  }
  router.add({.path = std::string(kPaccPath), .methods = {"GET"}, .handler = [&state](Exchange& exchange) {
                return state.pacc(exchange);
              }});
  const auto autoconfig = [&state](Exchange& exchange) { return state.autoconfig(exchange); };
  router.add({.path = "/.well-known/autoconfig/mail/config-v1.1.xml", .methods = {"GET"}, .handler = autoconfig});
  router.add({.host = "autoconfig.*", .path = "/mail/config-v1.1.xml", .methods = {"GET"}, .handler = autoconfig});
  router.add({.path = "/mobileconfig", .methods = {"GET"}, .handler = [&state](Exchange& exchange) {
                return state.profile(exchange);
              }});
}

}  // namespace gatepost::discovery
