// Kills a process that is storing mail, and cuts the power of a pretended disk; whatever was acknowledged must be
// there.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <random>
#include <thread>

#include <gmock/gmock.h>

#include "base/digest.hpp"
#include "store/rocksdb_fixture.hpp"

namespace gatepost::store {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;

constexpr unsigned kWriters = 8;

// One acknowledged step of a writer: item `number` of its account was added, or removed.
struct Acknowledged {
  std::uint32_t writer, number;
  bool added;
};

Partition account(std::uint32_t writer) { return Partition{5000 + writer}; }
std::string body_of(std::uint32_t writer, std::uint32_t number) {
  const std::size_t size = number % 40 == 5 ? 1'700'000 + number : number % 7 == 0 ? 70'000 : 1500;
  return mail_of(size, writer * 1'000'003 + number % 500);  // some bodies come again
}

Result<> step(Store& store, std::uint32_t writer, std::uint32_t number, bool add) {
  GP_TRY(const auto body, store.bodies().create(0));
  GP_CHECK(body->append(body_of(writer, number)));
  GP_TRY(const BlobId id, body->finish());
  Batch batch;
  const std::string key = fmt::format("i{:08}", number);
  batch.writes = {{key, add ? std::optional(id.to_hex()) : std::nullopt}};
  batch.refs = {{id, number, add}};
  GP_TRY(const Version version, store.keys().version(account(writer)));
  GP_CHECK(store.keys().commit(account(writer), version, batch));
  return {};
}

// Adds items, and removes every third again, until something fails. `acknowledge` is told after each commit.
void write_mail(Store& store, std::uint32_t writer, std::uint32_t from,
                const std::function<void(const Acknowledged&)>& acknowledge) {
  for (std::uint32_t n = from;; ++n) {
    if (!step(store, writer, n, true)) return;
    acknowledge({writer, n, true});
    if (n % 3 != 1) continue;
    if (!step(store, writer, n, false)) return;
    acknowledge({writer, n, false});
  }
}

// The last acknowledged word on each item.
using Ledger = std::map<std::pair<std::uint32_t, std::uint32_t>, bool>;

void expect_ledger(Store& store, const Ledger& ledger) {
  for (const auto& [item, added] : ledger) {
    const auto [writer, number] = item;
    auto snapshot = store.keys().snapshot(account(writer), 60s).value();
    const auto row = snapshot->get(fmt::format("i{:08}", number)).value();
    // The step behind the last acknowledged one may have been made, too.
    const bool undone = added && number % 3 == 1 && !row;
    if (undone) continue;
    ASSERT_EQ(row.has_value(), added) << writer << ' ' << number;
    if (!row) continue;
    const std::string body = body_of(writer, number);
    const BlobId id{sha256(body), body.size()};
    ASSERT_EQ(*row, id.to_hex());
    ASSERT_TRUE(store.keys().referenced(id).value());
    const auto read = read_all(store.bodies(), id);
    ASSERT_TRUE(read) << read.error().detail;
    ASSERT_EQ(*read, body);
  }
}

class Crash : public OnDisk {
 protected:
  Crash() { files_.segment_octets = 2 << 20; }
};

// Not a test of its own: what the killed process runs.
TEST_F(Crash, DISABLED_WritesUntilItIsKilled) {
  const char* const directory = std::getenv("GATEPOST_CRASH_STORE");
  const char* const pipe = std::getenv("GATEPOST_CRASH_PIPE");
  ASSERT_TRUE(directory != nullptr && pipe != nullptr);
  const int out = std::atoi(pipe);
  const auto from = static_cast<std::uint32_t>(std::atoi(std::getenv("GATEPOST_CRASH_FROM")));
  options_.directory = directory;
  options_.collect_after = 0h;
  SystemClock clock;
  auto store = open_rocksdb(options_, null_log(), metrics_, clock, disk_, files_).value();
  std::vector<std::thread> threads;
  for (std::uint32_t w = 0; w < kWriters; ++w) {
    threads.emplace_back(
        [&, w] { write_mail(*store, w, from, [&](const Acknowledged& a) { (void)!::write(out, &a, sizeof a); }); });
  }
  for (;;) (void)store->collect({});
}

// GATEPOST_CRASH_ROUNDS=20 for a long one.
TEST_F(Crash, LosesNothingAcknowledgedWhenKilledAtAnyMoment) {
  const int rounds =
      std::getenv("GATEPOST_CRASH_ROUNDS") != nullptr ? std::atoi(std::getenv("GATEPOST_CRASH_ROUNDS")) : 6;
  std::mt19937 random(std::random_device{}());
  Ledger ledger;
  std::uint32_t from = 0;
  for (int round = 0; round < rounds; ++round) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const std::vector<std::string> environment{"GATEPOST_CRASH_STORE=" + options_.directory.string(),
                                               "GATEPOST_CRASH_PIPE=" + std::to_string(pipe[1]),
                                               "GATEPOST_CRASH_FROM=" + std::to_string(from)};
    std::vector<char*> variables;
    for (const std::string& v : environment) variables.push_back(const_cast<char*>(v.c_str()));
    for (char** v = environ; *v != nullptr; ++v) variables.push_back(*v);
    variables.push_back(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(pipe[0]);
      ::execle("/proc/self/exe", "store_test", "--gtest_filter=Crash.DISABLED_WritesUntilItIsKilled",
               "--gtest_also_run_disabled_tests", "--gtest_brief=1", nullptr, variables.data());
      ::_exit(127);
    }
    ::close(pipe[1]);
    const auto kill_after = std::chrono::milliseconds(100 + random() % 700);
    std::uint32_t highest = from;
    bool killed = false;
    auto deadline = std::chrono::steady_clock::time_point::max();
    Acknowledged a{};
    while (::read(pipe[0], &a, sizeof a) == sizeof a) {
      const auto now = std::chrono::steady_clock::now();
      if (deadline == std::chrono::steady_clock::time_point::max()) deadline = now + kill_after;
      ledger[{a.writer, a.number}] = a.added;
      highest = std::max(highest, a.number);
      if (killed || now < deadline) continue;
      ::kill(child, SIGKILL);
      killed = true;
    }
    ::close(pipe[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
    from = highest + 2;  // the writers were at most one step further

    const auto begin = std::chrono::steady_clock::now();
    open();
    const auto opened = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
    RecordProperty("open_ms", std::to_string(opened));
    expect_ledger(*store_, ledger);
    EXPECT_THAT(findings(), IsEmpty());
    store_.reset();
  }
  EXPECT_GT(ledger.size(), 50u);
}

TEST_F(Crash, LosesNothingAcknowledgedWhenThePowerIsCut) {
  std::mt19937 random(std::random_device{}());
  for (unsigned round = 0; round < 4; ++round) {
    PowerlessDisk disk;
    Options options = options_;
    options.directory = directory_.path() / fmt::format("before {}", round);
    auto store = open_rocksdb(options, null_log(), metrics_, clock_, disk, files_).value();
    std::mutex mutex;
    Ledger ledger;
    std::vector<std::thread> threads;
    for (std::uint32_t w = 0; w < kWriters; ++w) {
      threads.emplace_back([&, w] {
        write_mail(*store, w, 0, [&](const Acknowledged& a) {
          std::lock_guard lock(mutex);
          ledger[{a.writer, a.number}] = a.added;
        });
      });
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100 + random() % 300));
    disk.cut_power();
    for (auto& t : threads) t.join();
    const auto after = directory_.path() / fmt::format("after {}", round);
    disk.copy_what_is_left(options.directory, after, random());
    store.reset();

    options_.directory = after;
    open();
    expect_ledger(*store_, ledger);
    EXPECT_THAT(findings(), IsEmpty());
    store_.reset();
    EXPECT_GT(ledger.size(), 10u);
  }
}

}  // namespace
}  // namespace gatepost::store
