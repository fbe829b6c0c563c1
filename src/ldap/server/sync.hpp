#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "ldap/protocol/message.hpp"
#include "ldap/server/tree.hpp"
#include "runtime/session.hpp"

// Content synchronization (RFC 4533): its cookies and values, and who is told of changes.
namespace gatepost::ldap::server {

enum class SyncState : std::uint8_t { present = 0, add = 1, modify = 2, remove = 3 };

// A cookie says up to which change of the directory its owner knows everything. slapd as a consumer reads in it a
// change sequence number, whose time it compares with others: so the number of the change is written as a time.
struct SyncPlace {
  std::uint64_t change = 0;
  bool limited = false;  // address book policies said what its owner sees
  bool operator==(const SyncPlace&) const = default;
};
std::string make_sync_cookie(SyncPlace place);
std::optional<SyncPlace> read_sync_cookie(std::string_view cookie);

std::string write_sync_state(SyncState state, const std::array<char, 16>& uuid);
// syncDoneValue. `deletes`: what is gone was named; otherwise whatever was not sent is gone.
std::string write_sync_done(std::string_view cookie, bool deletes);
// syncInfoValue: a new cookie; or, `refreshed`, the end of the first phase.
std::string write_sync_info(std::string_view cookie);
std::string write_sync_refreshed(std::string_view cookie, bool deletes);

// Wakes sessions that want to know of changes. Thread-safe.
class SyncWakers {
 public:
  // Until leave() with the same key.
  void enter(const void* key, std::shared_ptr<runtime::Waker> waker);
  void leave(const void* key);
  void wake_all();

 private:
  std::mutex mutex_;                                               // guards wakers_
  std::map<const void*, std::shared_ptr<runtime::Waker>> wakers_;  // shared with the sessions
};

}  // namespace gatepost::ldap::server
