#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "directory/credentials.hpp"
#include "directory/index.hpp"
#include "directory/principal.hpp"
#include "store/key_value.hpp"

// The directory's keys and values, octet by octet: docs/formats/directory.md.
namespace gatepost::directory {

inline constexpr std::string_view kNextIdKey = "n";
inline constexpr std::string_view kDecoyKeyKey = "k";
inline constexpr std::size_t kDecoyKeyOctets = 32;
inline constexpr std::string_view kAgesSinceKey = "o";

std::string domain_key(std::string_view name);
std::string principal_key(PrincipalId id);
std::string alias_key(std::string_view address);
std::string password_key(PrincipalId id);
std::string app_key(PrincipalId id, std::uint32_t app);
std::string message_quota_key(PrincipalId id);
std::string share_key(PrincipalId account, std::string_view grantee);
std::string app_use_key(PrincipalId id, std::uint32_t app);
std::string former_key(PrincipalId id);
std::string totp_key(PrincipalId id);
std::string member_key(PrincipalId group, std::string_view member);
std::string removed_key(std::uint64_t change);
std::string sender_key(PrincipalId of, PrincipalId grantee);
std::string copy_sent_key(PrincipalId id);
std::string never_expires_key(PrincipalId id);
// A picture is kept in pieces, which are not read at the start.
std::string photo_key(PrincipalId id, std::uint32_t piece);
std::string address_book_key(std::string_view name);
// All members of a group.
store::RangeErase all_members(PrincipalId group);
// All pieces of a picture.
store::RangeErase all_photo_pieces(PrincipalId id);
// All who may send in a principal's name.
store::RangeErase all_senders(PrincipalId of);
// All app passwords, or uses of them, of one principal.
store::RangeErase all_apps(PrincipalId id);
store::RangeErase all_app_uses(PrincipalId id);
// All that an account may have granted.
store::RangeErase all_shares(PrincipalId account);

std::string encode(const Domain&);  // without the name, which is the key; likewise below
std::string encode(const Principal&);
std::string encode_targets(const std::vector<std::string>& targets);
std::string encode(const PasswordRecord&);
std::string encode(const AppSecret&);
std::string encode(const std::vector<FormerPassword>&);
std::string encode(const TotpRecord&);
std::string encode_time(TimePoint);
std::string encode_next_id(std::uint64_t next);
std::string encode_message_quota(std::uint64_t messages);
std::string encode_share();
std::string encode_member();
std::string encode(Index::SendRights);
std::string encode_copy_sent();
std::string encode_never_expires();
std::string encode_ages_since(TimePoint);
std::string encode(const Removed&);
std::string encode(const AddressBook&);  // people as grantees
inline constexpr std::size_t kPhotoPieceOctets = 60 << 10;
std::string encode_photo_piece(std::string_view octets);
Result<std::string> read_photo_piece(std::string_view value);
std::string encode_decoy_key(std::string_view key);

// When, for what and from where an app password was used last.
struct AppUse {
  TimePoint last{};
  std::string service;              // empty: not known
  std::optional<IpAddress> remote;  // with a service
};
std::string encode(const AppUse&);
using AppUses = std::map<std::pair<PrincipalId, std::uint32_t>, AppUse>;

// Everything in the directory's partition.
struct Stored {
  Index index;
  AppUses uses;
  std::uint64_t next_id = 0;  // 0: none stored yet
  std::string decoy_key;      // empty: none stored yet
  store::Version version = 0;
};
// Generations are numbered after those of `previous`. Errc::corrupt: a value that is none, or a record without the one
// it belongs to. Errc::unsupported: written by a newer version.
Result<Stored> load(store::KeyValue&, const Index& previous);

}  // namespace gatepost::directory
