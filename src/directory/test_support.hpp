#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "directory/directory.hpp"
#include "store/keys.hpp"
#include "store/memory_store.hpp"

namespace gatepost::directory {

// Hashes that cost next to nothing.
inline Options cheap_options() {
  Options options;
  options.argon2_memory_kib = 8;
  options.argon2_iterations = 1;
  options.parallel_hashes = 4;
  options.waiting_hashes = 16;
  return options;
}

// Keys and values with something in the way of commits.
class Meddler final : public store::KeyValue {
 public:
  explicit Meddler(store::KeyValue& keys) : keys_(keys) {}

  std::function<void()> before_commit;  // runs once
  std::optional<Errc> refuse;           // nothing is written
  enum class Lose { nothing, commit, answer };
  Lose lose = Lose::nothing;  // once: unknown_outcome without, or with, the commit done
  bool outcome_fails = false;
  std::atomic<int> commits = 0;

  Result<std::unique_ptr<store::Snapshot>> snapshot(store::Partition p, std::chrono::seconds age) override {
    return keys_.snapshot(p, age);
  }
  Result<store::Version> commit(store::Partition p, store::Version expected, const store::Batch& batch) override {
    ++commits;
    if (auto first = std::exchange(before_commit, nullptr)) first();
    if (refuse) return fail(*refuse, "meddled with");
    const Lose how = std::exchange(lose, Lose::nothing);
    if (how == Lose::commit) return fail(Errc::unknown_outcome, "lost");
    auto version = keys_.commit(p, expected, batch);
    if (how == Lose::answer) return fail(Errc::unknown_outcome, "lost");
    return version;
  }
  Result<bool> outcome(store::Partition p, const store::CommitId& id) override {
    if (outcome_fails) return fail(Errc::unavailable, "meddled with");
    return keys_.outcome(p, id);
  }
  Result<store::Version> version(store::Partition p) override { return keys_.version(p); }
  Result<bool> referenced(const store::BlobId& id) override { return keys_.referenced(id); }
  Result<> partitions(const std::function<bool(store::Partition)>& visit) override { return keys_.partitions(visit); }
  std::unique_ptr<store::Subscription> watch(std::function<void(store::Partition, store::Version)> callback) override {
    return keys_.watch(std::move(callback));
  }
  Result<> drop(store::Partition p) override { return keys_.drop(p); }

 private:
  store::KeyValue& keys_;
};

// A directory in memory that can be closed and opened again.
struct TestDirectory {
  ManualClock clock;
  SystemRandom random;
  std::unique_ptr<store::Store> store = store::open_memory({.engine = "memory"}, clock);
  Meddler keys{store->keys()};
  Options options = cheap_options();
  std::unique_ptr<Directory> directory;

  TestDirectory() { reopen(); }
  void reopen() {
    directory.reset();
    directory = *Directory::open(keys, options, clock, random);
  }
  Directory* operator->() { return directory.get(); }
  Directory& operator*() { return *directory; }

  Principal person(std::string_view address, std::string_view password = {}) {
    const auto added = directory->add_principal(PrincipalKind::person, address, "");
    if (!password.empty()) (void)directory->set_password(added->id, Secret(password));
    return *added;
  }
  // Writes a row past the directory, as a damaged disk would have it.
  void plant(std::string key, std::optional<std::string> value) {
    store::Batch batch;
    batch.writes.push_back({std::move(key), std::move(value)});
    (void)store->keys().commit(store::kDirectoryPartition, *store->keys().version(store::kDirectoryPartition), batch);
  }
};

// The code of an error, or nullopt for success: for EXPECT_EQ.
template <class T>
std::optional<Errc> code(const Result<T>& result) {
  return result ? std::nullopt : std::optional(result.error().code);
}

}  // namespace gatepost::directory
