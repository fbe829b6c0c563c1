#include "gate/kernel/apply.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>

#include <fmt/format.h>

#include "gate/backend/nft_table.hpp"
#include "gate/kernel/table_diff.hpp"

namespace gatepost::gate {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

std::string removal() { return fmt::format("add table {0}\ndelete table {0}\n", kTable); }

void mark(Revisions& revisions, std::uint64_t number, Revision::State state, std::string note) {
  auto revision = revisions.get(number);
  if (!revision) return;
  revision->state = state;
  revision->note = std::move(note);
  (void)revisions.put(*revision);
}

// A table's text some time after it was written: exceptions end when they were to end. ("timeout 172800s": the elements
// of exceptions alone are written in seconds.)
std::string aged(std::string_view text, std::chrono::system_clock::duration age) {
  constexpr std::string_view kWord = " timeout ";
  const auto passed = std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(age).count());
  std::string out;
  while (true) {
    const std::size_t at = text.find(kWord);
    if (at == std::string_view::npos) break;
    const std::size_t digits = at + kWord.size();
    out += text.substr(0, digits);
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data() + digits, text.data() + text.size(), seconds);
    const bool ours = error == std::errc() && end != text.data() + text.size() && *end == 's';
    if (ours) out += std::to_string(std::max<std::int64_t>(1, seconds - passed));
    text.remove_prefix(ours ? static_cast<std::size_t>(end - text.data()) : digits);
  }
  return out + std::string(text);
}

// The caller holds the lock.
Result<> undo_locked(Revisions& revisions, Nft& nft, const Pending& pending, std::string why) {
  // Rules of another boot are gone with it; what is loaded now is not that revision.
  if (pending.boot_id == boot_id()) {
    auto done = nft.run(pending.revert);
    if (!done) {
      // What was there before cannot be put back: without the table the host is as it was without Gatepost.
      why += fmt::format("; the former rules were refused ({}), so the table was removed", done.error().detail);
      GP_CHECK(nft.run(removal()));
    }
  }
  mark(revisions, pending.revision, Revision::State::reverted, std::move(why));
  return revisions.end_pending();
}

// --- the processes that undo --------------------------------------------------------------------------------------

void sleep_until(std::int64_t boottime) {
  timespec t{static_cast<time_t>(boottime / kSecond), static_cast<long>(boottime % kSecond)};
  while (::clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &t, nullptr) == EINTR) {
  }
}

// Out of the session's control group, which may be ended with the session. Where that is not allowed, it stays.
void leave_control_group() {
  const int fd = ::open("/sys/fs/cgroup/cgroup.procs", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  (void)!::write(fd, "0", 1);
  ::close(fd);
}

[[noreturn]] void wait_and_undo(const std::filesystem::path& directory, std::uint64_t revision, std::int64_t deadline) {
  for (int signal = 1; signal < 32; ++signal) {
    if (signal != SIGCHLD && signal != SIGSEGV && signal != SIGABRT) ::signal(signal, SIG_IGN);
  }
  ::prctl(PR_SET_NAME, "gatepost-undo");
  leave_control_group();
  while (true) {
    auto revisions = Revisions::open(directory);
    if (!revisions) ::_exit(1);
    const auto pending = revisions->pending();
    if (!pending || pending->revision != revision) ::_exit(0);
    const std::int64_t now = boottime_now();
    if (now < deadline) {
      sleep_until(std::min(deadline, now + kSecond / 5));
      continue;
    }
    auto nft = Nft::open();
    if (nft && revisions->lock(true)) {
      const auto still = revisions->pending();
      if (!still || still->revision != revision) ::_exit(0);
      if (undo_locked(*revisions, *nft, *still, "it was not confirmed in time")) ::_exit(0);
    }
    sleep_until(boottime_now() + kSecond);  // again: nobody else will
  }
}

// Two of them, of nobody's session and without a parent: should one be killed, the other undoes two seconds later.
Result<> start_undoing(const std::filesystem::path& directory, std::uint64_t revision, std::int64_t deadline) {
  int ready[2];
  if (::pipe2(ready, O_CLOEXEC) != 0) return fail(Errc::unavailable, std::strerror(errno));
  const pid_t middle = ::fork();
  if (middle < 0) {
    const std::string why = std::strerror(errno);
    ::close(ready[0]);
    ::close(ready[1]);
    return fail(Errc::unavailable, why);
  }
  if (middle == 0) {
    ::setsid();
    int started = 0;
    for (int i = 0; i < 2; ++i) {
      const pid_t child = ::fork();
      if (child == 0) {
        ::setsid();
        const int null = ::open("/dev/null", O_RDWR);
        for (int fd = 0; fd < 3; ++fd) ::dup2(null, fd);
        ::close_range(3, ~0U, 0);
        if (::chdir("/") != 0) ::_exit(1);
        wait_and_undo(directory, revision, deadline + i * 2 * kSecond);
      }
      if (child > 0) ++started;
    }
    const char count = static_cast<char>(started);
    (void)!::write(ready[1], &count, 1);
    ::_exit(0);
  }
  ::close(ready[1]);
  char count = 0;
  while (::read(ready[0], &count, 1) < 0 && errno == EINTR) {
  }
  ::close(ready[0]);
  int status = 0;
  while (::waitpid(middle, &status, 0) < 0 && errno == EINTR) {
  }
  if (count == 0) return fail(Errc::unavailable, "no process could be started that would undo the change");
  return {};
}

// --- applying -----------------------------------------------------------------------------------------------------

// Runs `batch` as revision `r`. The caller holds the lock, and nothing is pending.
Result<Applied> run_as(Revisions& revisions, Nft& nft, Revision r, const std::string& batch,
                       const ApplyOptions& options, TimePoint now) {
  GP_TRY(const std::string before, nft.list_table(kTable));
  const std::string revert = removal() + before;
  GP_CHECK(nft.check(revert));
  GP_CHECK(nft.check(batch));
  Applied out{r.number, batch, options.confirm.count() > 0, now + options.confirm};
  r.applied = now;
  r.by = options.by;
  r.state = Revision::State::pending;
  GP_CHECK(revisions.put(r));
  if (out.pending) {
    Pending p;
    p.revision = r.number;
    p.boot_id = boot_id();
    p.deadline_boottime = boottime_now() + options.confirm.count() * kSecond;
    p.deadline = out.deadline;
    p.revert = revert;
    p.ssh = options.ssh;
    GP_CHECK(revisions.put(p));
    if (auto started = start_undoing(revisions.directory(), r.number, p.deadline_boottime); !started) {
      (void)revisions.end_pending();
      mark(revisions, r.number, Revision::State::reverted, started.error().detail);
      return std::unexpected(started.error());
    }
  }
  if (auto done = nft.run(batch); !done) {
    if (out.pending) (void)revisions.end_pending();
    mark(revisions, r.number, Revision::State::reverted, "the kernel refused it: " + done.error().detail);
    return std::unexpected(std::move(done).error());
  }
  if (!out.pending) {
    r.state = Revision::State::confirmed;
    GP_CHECK(revisions.put(r));
  }
  return out;
}

Result<> nothing_pending(Revisions& revisions, Nft& nft) {
  GP_CHECK(revisions.lock(false));
  if (const auto pending = revisions.pending()) {
    if (pending->boot_id != boot_id() || boottime_now() > pending->deadline_boottime) {
      return undo_locked(revisions, nft, *pending, "it was not confirmed in time");
    }
    return fail(Errc::conflict,
                fmt::format("revision {} waits for its confirmation until {}: confirm it, or roll it back, first",
                            pending->revision, date::format_rfc3339(pending->deadline)));
  }
  return {};
}

}  // namespace

Result<Applied> apply(Revisions& revisions, Nft& nft, const Intent& intent, const ApplyOptions& options,
                      TimePoint now) {
  GP_CHECK(nothing_pending(revisions, nft));
  const std::uint64_t number = revisions.next_number();
  const NftTable table = nft_table(intent, number, now);
  GP_TRY(const std::string normal, listing_in_empty_namespace(table.text()));
  GP_TRY(const std::string live, nft.list_json());
  GP_TRY(const bool same, same_table(normal, live));
  const auto marker = marker_in(live);
  if (same && marker && marker->hash == intent.hash()) {
    const auto known = revisions.get(marker->revision);
    if (known && known->state == Revision::State::confirmed) return Applied{marker->revision, "", false, now};
  }
  GP_TRY(const std::string batch, table_changes(table, normal, live));
  Revision r;
  r.number = number;
  r.hash = intent.hash();
  r.text = table.text();
  return run_as(revisions, nft, std::move(r), batch, options, now);
}

Result<Applied> roll_back(Revisions& revisions, Nft& nft, std::uint64_t number, const ApplyOptions& options,
                          TimePoint now) {
  GP_CHECK(nothing_pending(revisions, nft));
  const auto old = revisions.get(number);
  if (!old) return fail(Errc::not_found, fmt::format("there is no revision {}", number));
  Revision r;
  r.number = revisions.next_number();
  r.hash = old->hash;
  r.note = fmt::format("as revision {}", number);
  // The marker says which revision it is now.
  r.text = aged(old->text, now - old->applied);
  const std::string was = marker_name({number, old->hash});
  if (const std::size_t at = r.text.find(was); at != std::string::npos)
    r.text.replace(at, was.size(), marker_name({r.number, old->hash}));
  const std::string batch = removal() + r.text;
  return run_as(revisions, nft, std::move(r), batch, options, now);
}

Result<std::uint64_t> confirm(Revisions& revisions, Nft& nft, const std::optional<SshConnection>& ssh) {
  GP_CHECK(revisions.lock(true));
  const auto pending = revisions.pending();
  if (!pending) return fail(Errc::not_found, "no revision waits for a confirmation");
  if (pending->boot_id != boot_id() || boottime_now() > pending->deadline_boottime) {
    GP_CHECK(undo_locked(revisions, nft, *pending, "it was not confirmed in time"));
    return fail(Errc::timed_out, fmt::format("too late: revision {} is undone", pending->revision));
  }
  if (pending->ssh && ssh == pending->ssh)
    return fail(Errc::denied,
                "this is the connection the rules were applied from; it was open before and proves nothing. "
                "Connect anew and confirm there");
  auto revision = revisions.get(pending->revision);
  if (!revision) return fail(Errc::corrupt, fmt::format("revision {} is not on disk", pending->revision));
  revision->state = Revision::State::confirmed;
  GP_CHECK(revisions.put(*revision));
  GP_CHECK(revisions.end_pending());
  return pending->revision;
}

Result<std::uint64_t> undo(Revisions& revisions, Nft& nft, std::string why) {
  GP_CHECK(revisions.lock(true));
  const auto pending = revisions.pending();
  if (!pending) return fail(Errc::not_found, "no revision waits for a confirmation");
  GP_CHECK(undo_locked(revisions, nft, *pending, std::move(why)));
  return pending->revision;
}

Result<bool> undo_if_due(Revisions& revisions, Nft& nft) {
  auto pending = revisions.pending();
  const auto due = [](const Pending& p) { return p.boot_id != boot_id() || boottime_now() > p.deadline_boottime; };
  if (!pending || !due(*pending)) return false;
  GP_CHECK(revisions.lock(true));
  pending = revisions.pending();
  if (!pending || !due(*pending)) return false;
  GP_CHECK(undo_locked(revisions, nft, *pending, "it was not confirmed in time"));
  return true;
}

Result<std::optional<std::uint64_t>> restore(Revisions& revisions, Nft& nft, TimePoint now) {
  GP_CHECK(undo_if_due(revisions, nft));
  GP_CHECK(revisions.lock(true));
  if (const auto pending = revisions.pending()) return std::optional(pending->revision);
  const auto current = revisions.current();
  if (!current) return std::optional<std::uint64_t>();
  GP_CHECK(nft.run(removal() + aged(current->text, now - current->applied)));
  return std::optional(current->number);
}

}  // namespace gatepost::gate
