#include <cstdint>
#include <utility>

#include "base/bytes.hpp"
#include "directory/records.hpp"
#include "store/keys.hpp"

namespace gatepost::directory {
namespace {

std::string numbered(char family, PrincipalId id) {
  std::string key(1, family);
  put_u64(key, static_cast<std::uint64_t>(id));
  return key;
}
std::string numbered(char family, PrincipalId id, std::uint32_t app) {
  std::string key = numbered(family, id);
  put_u32(key, app);
  return key;
}
store::RangeErase family_of(char family, PrincipalId id) {
  std::string begin = numbered(family, id);
  std::string end = store::prefix_end(begin);
  return {std::move(begin), std::move(end)};
}

}  // namespace

std::string domain_key(std::string_view name) { return "d" + std::string(name); }
std::string principal_key(PrincipalId id) { return numbered('p', id); }
std::string alias_key(std::string_view address) { return "a" + std::string(address); }
std::string password_key(PrincipalId id) { return numbered('s', id); }
std::string app_key(PrincipalId id, std::uint32_t app) { return numbered('t', id, app); }
std::string message_quota_key(PrincipalId id) { return numbered('q', id); }
std::string share_key(PrincipalId account, std::string_view grantee) { return numbered('v', account).append(grantee); }
std::string app_use_key(PrincipalId id, std::uint32_t app) { return numbered('u', id, app); }
std::string totp_key(PrincipalId id) { return numbered('r', id); }
std::string former_key(PrincipalId id) { return numbered('f', id); }
std::string member_key(PrincipalId group, std::string_view member) { return numbered('g', group).append(member); }
std::string removed_key(std::uint64_t change) { return numbered('x', PrincipalId{change}); }
std::string sender_key(PrincipalId of, PrincipalId grantee) {
  std::string key = numbered('w', of);
  put_u64(key, static_cast<std::uint64_t>(grantee));
  return key;
}
std::string copy_sent_key(PrincipalId id) { return numbered('y', id); }
std::string never_expires_key(PrincipalId id) { return numbered('z', id); }
store::RangeErase all_senders(PrincipalId of) { return family_of('w', of); }
std::string photo_key(PrincipalId id, std::uint32_t piece) { return numbered('i', id, piece); }
std::string address_book_key(std::string_view name) { return "b" + std::string(name); }
store::RangeErase all_photo_pieces(PrincipalId id) { return family_of('i', id); }
store::RangeErase all_members(PrincipalId group) { return family_of('g', group); }
store::RangeErase all_apps(PrincipalId id) { return family_of('t', id); }
store::RangeErase all_app_uses(PrincipalId id) { return family_of('u', id); }

store::RangeErase all_shares(PrincipalId account) { return family_of('v', account); }

}  // namespace gatepost::directory
