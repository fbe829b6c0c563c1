#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <tuple>
#include <vector>

#include "account/account.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "jmap/server.hpp"

// Mail that is put off (docs/jmap.md, "Snooze"): it lies in a folder of its own and comes back when its time has come.
namespace gatepost::jmap {

// One message that is put off.
struct Snooze {
  account::AccountId account{};
  account::ItemId item{};  // its email
  TimePoint until{};
  account::FolderId to{};  // where it comes back to
  bool operator==(const Snooze&) const = default;
};

// Where they are kept over restarts. Implemented by the daemon. Thread-safe; all block, and are durable when they
// return. Errors as the store's.
class SnoozeBook {
 public:
  virtual ~SnoozeBook() = default;
  virtual Result<std::vector<Snooze>> all() = 0;
  virtual Result<> put(const Snooze& snooze) = 0;  // in place of one of the same message
  virtual Result<> erase(account::AccountId account, account::ItemId item) = 0;
};

inline constexpr std::string_view kSnoozedFolder = "Snoozed";
inline constexpr std::string_view kSnoozedKeyword = "$snoozed";  // what IMAP sees of it beside the folder
inline constexpr std::size_t kMaxSnoozed = 1'000;                // of one account
inline constexpr std::chrono::days kLongestSnooze{3 * 366};

// Puts mail off and brings it back. A message is put off as long as it is in the folder: whoever takes it out by other
// means has ended that. Thread-safe; blocks but where it says otherwise.
class Snoozer {
 public:
  // Borrows both.
  Snoozer(const Services& services, SnoozeBook& book) : services_(services), book_(book) {}
  ~Snoozer();  // waits for the message that is being brought back

  // Reads what there is, and begins a thread that brings back what is due. Errors as SnoozeBook::all().
  Result<> start();
  // Reads without the thread.
  Result<> load();

  // The account's folder for it, which is made when it is not there.
  static Result<account::Folder> folder_of(account::Account& account);
  // Notes it. The message is moved by the caller, afterwards. Errc::limit: the account has kMaxSnoozed.
  Result<> put(const Snooze& snooze);
  // It is over, whatever has become of the message. One that is none does not matter.
  Result<> drop(account::AccountId account, account::ItemId item);
  // From memory; does not block.
  std::optional<Snooze> find(account::AccountId account, account::ItemId item) const;

  // Brings back all that is due; value: how many.
  std::size_t wake_due();
  // When to look again; nullopt: nothing is put off. Does not block.
  std::optional<TimePoint> next() const;

 private:
  // Errc::not_found: it is not put off any more.
  Result<> wake(const Snooze& snooze);
  void work(const std::stop_token& stop);
  void forget(account::AccountId account, account::ItemId item);  // with mutex_
  void remember(const Snooze& snooze, TimePoint look_at);         // with mutex_

  const Services& services_;
  SnoozeBook& book_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable_any wake_;
  struct Kept {
    Snooze snooze;
    TimePoint look_at{};  // later than due after a failure
  };
  std::map<account::AccountId, std::map<account::ItemId, Kept>> kept_;
  std::set<std::tuple<TimePoint, account::AccountId, account::ItemId>> by_time_;
  std::mutex changing_;  // one change of the book at a time: what it holds and what is known here agree
  std::jthread thread_;
};

}  // namespace gatepost::jmap
