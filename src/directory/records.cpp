#include "directory/records.hpp"

#include <cstdint>

#include "base/bytes.hpp"
#include "directory/octets.hpp"
#include "directory/photo.hpp"
#include "directory/record_formats.hpp"
#include "directory/second_factor.hpp"

namespace gatepost::directory {
namespace {

void put_address(std::string& out, const IpAddress& address) {
  out.append(reinterpret_cast<const char*>(address.octets.data()), address.octets.size());
}

void put_scope(std::string& out, const AppScope& scope) {
  put_u8(out, scope.blocked ? 1 : 0);
  put_time(out, scope.expires);
  put_varint(out, scope.services.size());
  for (const std::string& service : scope.services) put_text(out, service);
  put_varint(out, scope.networks.size());
  for (const Network& network : scope.networks) {
    put_address(out, network.address);
    put_u8(out, network.prefix);
  }
}

void put_verifier(std::string& out, const sasl::ScramVerifier& v) {
  put_varint(out, v.iterations);
  put_text(out, v.salt);
  put_text(out, v.stored_key);
  put_text(out, v.server_key);
}

}  // namespace

std::string encode(const Domain& domain) {
  std::string out = begin_value();
  put_time(out, domain.created);
  put_text(out, domain.catch_all);
  return out;
}

std::string encode(const Principal& p) {
  // What fits into the second form keeps it, so that an older server reads it.
  const bool third = !p.home.empty() || !p.rule.empty() || p.photo.type != PhotoType::none;
  std::string out(1, static_cast<char>(third ? kThirdFormat : kPrincipalFormat));
  put_u8(out, static_cast<std::uint8_t>(p.kind));
  put_u8(out, p.enabled ? 1 : 0);
  put_time(out, p.created);
  put_varint(out, p.quota_octets);
  put_text(out, p.address);
  put_text(out, p.display_name);
  put_u8(out, static_cast<std::uint8_t>(p.role));
  put_time(out, p.changed);
  put_varint(out, p.change);
  if (third) {
    put_text(out, p.home);
    put_text(out, p.rule);
    put_u8(out, static_cast<std::uint8_t>(p.photo.type));
    if (p.photo.type != PhotoType::none) {
      put_u32(out, p.photo.octets);
      out.append(p.photo.digest.data(), p.photo.digest.size());
    }
  }
  if (p.contact != nullptr) {
    for (const auto& [field, value] : *p.contact) {
      put_u8(out, static_cast<std::uint8_t>(field));
      put_text(out, value);
    }
  }
  return out;
}

std::string encode_targets(const std::vector<std::string>& targets) {
  std::string out = begin_value();
  for (const std::string& target : targets) put_text(out, target);
  return out;
}

std::string encode(const PasswordRecord& record) {
  const bool known = record.facts != PasswordFacts{};
  std::string out = known ? std::string(1, static_cast<char>(kSecondFormat)) : begin_value();
  put_text(out, record.argon2id);
  put_verifier(out, record.scram_sha256);
  put_verifier(out, record.scram_sha1);
  if (known) {
    put_time(out, record.facts.changed);
    put_u8(out, record.facts.must_change ? 1 : 0);
  }
  return out;
}

std::string encode(const AppSecret& app) {
  const bool scoped = app.scope != AppScope{};
  std::string out = scoped ? std::string(1, static_cast<char>(kSecondFormat)) : begin_value();
  put_time(out, app.created);
  put_text(out, app.name);
  put_text(out, app.salt);
  put_text(out, app.digest);
  if (scoped) put_scope(out, app.scope);
  return out;
}

std::string encode(const std::vector<FormerPassword>& former) {
  // What fits into the first form keeps it, so that an older server reads it.
  std::string out =
      former.size() <= kMaxFormerPasswords ? begin_value() : std::string(1, static_cast<char>(kSecondFormat));
  for (const FormerPassword& one : former) {
    put_time(out, one.replaced);
    out += one.stored_key_sha256;
    out += one.stored_key_sha1;
  }
  return out;
}

std::string encode(const TotpRecord& totp) {
  std::string out = begin_value();
  put_time(out, totp.since);
  put_text(out, totp.key);
  put_u64(out, totp.last_step);
  put_text(out, totp.salt);
  for (const std::string& digest : totp.recovery) out += digest;
  return out;
}

std::string encode(const AppUse& use) {
  if (use.service.empty()) return encode_time(use.last);
  std::string out(1, static_cast<char>(kSecondFormat));
  put_time(out, use.last);
  put_text(out, use.service);
  put_address(out, use.remote.value_or(IpAddress{}));
  return out;
}

std::string encode_time(TimePoint at) {
  std::string out = begin_value();
  put_time(out, at);
  return out;
}

std::string encode_next_id(std::uint64_t next) {
  std::string out = begin_value();
  put_u64(out, next);
  return out;
}

std::string encode_message_quota(std::uint64_t messages) {
  std::string out = begin_value();
  put_varint(out, messages);
  return out;
}

std::string encode_share() { return begin_value(); }
std::string encode_member() { return begin_value(); }
std::string encode_copy_sent() { return begin_value(); }
std::string encode_never_expires() { return std::string(1, static_cast<char>(kSecondFormat)); }
std::string encode_ages_since(TimePoint at) {
  std::string out = encode_never_expires();
  put_time(out, at);
  return out;
}

std::string encode(Index::SendRights rights) {
  std::string out = begin_value();
  put_u8(out, static_cast<std::uint8_t>((rights.as ? kSendAsBit : 0) | (rights.on_behalf ? kOnBehalfBit : 0)));
  return out;
}

std::string encode(const Removed& removed) {
  std::string out = removed.home.empty() ? begin_value() : std::string(1, static_cast<char>(kSecondFormat));
  put_u64(out, static_cast<std::uint64_t>(removed.id));
  put_u8(out, static_cast<std::uint8_t>(removed.kind));
  put_text(out, removed.address);
  if (!removed.home.empty()) put_text(out, removed.home);
  return out;
}

std::string encode(const AddressBook& book) {
  std::string out(1, static_cast<char>(kSecondFormat));
  for (const std::vector<std::string>* list : {&book.viewers, &book.shown}) {
    put_varint(out, list->size());
    for (const std::string& one : *list) put_text(out, one);
  }
  return out;
}

std::string encode_photo_piece(std::string_view octets) {
  return std::string(1, static_cast<char>(kSecondFormat)).append(octets);
}

std::string encode_decoy_key(std::string_view key) { return begin_value() += key; }

}  // namespace gatepost::directory
