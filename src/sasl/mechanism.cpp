#include "sasl/mechanism.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ascii.hpp"
#include "sasl/bearer.hpp"
#include "sasl/external.hpp"
#include "sasl/gssapi.hpp"
#include "sasl/login.hpp"
#include "sasl/plain.hpp"
#include "sasl/scram.hpp"

namespace gatepost::sasl {
namespace {

constexpr std::array<std::string_view, 10> kNames = {
    "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1", "GSSAPI",
    "EXTERNAL",           "OAUTHBEARER",      "XOAUTH2",       "PLAIN",       "LOGIN"};
static_assert(kNames.size() == static_cast<std::size_t>(kLastMechanism) + 1);

bool is_offered(Mechanism mechanism, const Offer& offer) {
  switch (mechanism) {
    case Mechanism::scram_sha256_plus:
      return offer.scram_sha256 && !offer.channel_binding.empty();
    case Mechanism::scram_sha1_plus:
      return offer.scram_sha1 && !offer.channel_binding.empty();
    case Mechanism::scram_sha256:
      return offer.scram_sha256;
    case Mechanism::scram_sha1:
      return offer.scram_sha1;
    case Mechanism::gssapi:
      return offer.tls && offer.tickets != nullptr && offer.tickets->serves(offer.ticket_service);
    case Mechanism::external:
      return offer.certificate && offer.tls;
    case Mechanism::oauthbearer:
    case Mechanism::xoauth2:
      return offer.tokens && offer.tls;  // RFC 7628 4: TLS is a must
    case Mechanism::plain:
    case Mechanism::login:
      return offer.plain;
  }
  return false;
}

class GsaslLibrary final : public Library {
 public:
  GsaslLibrary(std::unique_ptr<Gsasl> gsasl, std::string_view decoy_key)
      : gsasl_(std::move(gsasl)), decoy_key_(decoy_key) {}

  Result<std::unique_ptr<Exchange>> server(std::string_view name, const Offer& offer,
                                           Credentials& credentials) override {
    const auto mechanism = mechanism_named(name);
    if (!mechanism || !(offer.tls || offer.without_tls) || !is_offered(*mechanism, offer)) {
      return fail(Errc::unsupported, "a mechanism that is not offered");
    }
    if (*mechanism == Mechanism::plain) return make_plain_exchange();
    if (*mechanism == Mechanism::login) return make_login_exchange();
    if (*mechanism == Mechanism::gssapi) return make_gssapi_exchange(*offer.tickets, offer.ticket_service);
    if (*mechanism == Mechanism::external) return make_external_exchange();
    if (*mechanism == Mechanism::oauthbearer || *mechanism == Mechanism::xoauth2)
      return make_bearer_exchange(*mechanism);
    return make_scram_exchange(*gsasl_, *mechanism, offer.channel_binding, decoy_key_.reveal(), credentials);
  }

  Result<std::unique_ptr<ClientExchange>> client(const std::vector<std::string>& offered, bool tls,
                                                 std::string_view name, const Secret& password) override {
    auto has = [&](Mechanism m) {
      return std::ranges::any_of(offered, [&](const std::string& o) { return ascii::iequals(o, to_string(m)); });
    };
    for (Mechanism m : {Mechanism::scram_sha256, Mechanism::scram_sha1}) {
      if (has(m)) return make_scram_client(*gsasl_, m, name, password);
    }
    if (tls && has(Mechanism::plain)) return make_plain_client(name, password);
    if (tls && has(Mechanism::login)) return make_login_client(name, password);
    return fail(Errc::unsupported, fmt::format("no mechanism that we may use among: {}", fmt::join(offered, " ")));
  }

 private:
  std::unique_ptr<Gsasl> gsasl_;
  const Secret decoy_key_;
};

}  // namespace

std::string_view to_string(Mechanism mechanism) { return kNames[static_cast<std::size_t>(mechanism)]; }

std::optional<Mechanism> mechanism_named(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (ascii::iequals(name, kNames[i])) return static_cast<Mechanism>(i);
  }
  return std::nullopt;
}

std::vector<Mechanism> mechanisms(const Offer& offer) {
  std::vector<Mechanism> out;
  if (!offer.tls && !offer.without_tls) return out;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (is_offered(static_cast<Mechanism>(i), offer)) out.push_back(static_cast<Mechanism>(i));
  }
  return out;
}

Result<std::unique_ptr<Library>> Library::create(std::string_view decoy_key) {
  GP_TRY(auto gsasl, Gsasl::create());
  return std::make_unique<GsaslLibrary>(std::move(gsasl), decoy_key);
}

}  // namespace gatepost::sasl
