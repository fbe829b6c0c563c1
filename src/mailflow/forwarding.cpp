#include "mailflow/forwarding.hpp"

#include <algorithm>
#include <limits>

#include "base/ascii.hpp"
#include "base/bytes.hpp"
#include "directory/addresses.hpp"

// docs/formats/account.md has the record: an annotation of the account that no client sees.
namespace gatepost::mailflow {
namespace {

constexpr account::Reader kForwardingReader = std::numeric_limits<account::Reader>::max() - 8;
constexpr std::string_view kForwardingName = "/forwarding";
constexpr std::uint8_t kForwardingFormat = 1;
constexpr std::uint8_t kForwardingEnabled = 1, kKeepCopy = 2, kByAdministrator = 4;

std::string_view domain_of(std::string_view address) {
  const std::size_t at = address.rfind('@');
  return at == std::string_view::npos ? std::string_view() : address.substr(at + 1);
}

bool is_address(std::string_view text) {
  const auto address = directory::canonical_address(text);
  return address && !address->domain.starts_with('[');
}

}  // namespace

Result<Forwarding> forwarding_of(account::Account& account) {
  GP_TRY(const auto kept, account.annotations(account::kRoot, kForwardingReader));
  const auto found = std::ranges::find(kept, kForwardingName, &account::Annotation::name);
  if (found == kept.end()) return Forwarding();
  ByteReader in(found->value);
  if (const std::uint8_t format = in.u8(); format != kForwardingFormat) {
    return fail(format > kForwardingFormat ? Errc::unsupported : Errc::corrupt,
                "forwarding format " + std::to_string(format));
  }
  const std::uint8_t bits = in.u8();
  Forwarding out{.enabled = (bits & kForwardingEnabled) != 0,
                 .to = std::string(in.text()),
                 .keep_copy = (bits & kKeepCopy) != 0,
                 .by_administrator = (bits & kByAdministrator) != 0};
  if (!in.ok() || !in.at_end()) return fail(Errc::corrupt, "record of forwarding is damaged");
  return out;
}

Result<> set_forwarding(account::Account& account, const Forwarding& forwarding) {
  if (!forwarding.to.empty() && !is_address(forwarding.to)) return fail(Errc::invalid, "address to forward to");
  if (forwarding.enabled && forwarding.to.empty()) return fail(Errc::invalid, "address to forward to");
  std::string value;
  put_u8(value, kForwardingFormat);
  put_u8(value, static_cast<std::uint8_t>((forwarding.enabled ? kForwardingEnabled : 0) |
                                          (forwarding.keep_copy ? kKeepCopy : 0) |
                                          (forwarding.by_administrator ? kByAdministrator : 0)));
  put_text(value, forwarding.to);
  const account::AnnotationChange change{
      .reader = kForwardingReader,
      .name = std::string(kForwardingName),
      .value = forwarding == Forwarding() ? std::nullopt : std::optional(std::move(value))};
  return account.set_annotations(account::kRoot, std::span(&change, 1), 0);
}

bool ReceptionOptions::may_forward_to(std::string_view address) const {
  const std::string_view domain = domain_of(address);
  return std::ranges::any_of(
      forward_outside, [&](const std::string& allowed) { return allowed == "*" || ascii::iequals(allowed, domain); });
}

Result<> may_forward(directory::Directory& directory, directory::PrincipalId owner, std::string_view to,
                     const ReceptionOptions& options) {
  if (!is_address(to)) return fail(Errc::invalid, "that is not an address");
  GP_TRY(const bool own, directory.owns_address(owner, to));
  if (own) return fail(Errc::invalid, "that is an address of this account itself");
  GP_TRY(const bool local, directory.is_local_domain(domain_of(to)));
  if (!local) {
    if (options.may_forward_to(to)) return {};
    return fail(Errc::forbidden, "forwarding to other servers is not allowed here");
  }
  GP_CHECK(directory.resolve(to));
  return {};
}

}  // namespace gatepost::mailflow
