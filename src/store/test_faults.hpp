#pragma once

// Tests only.

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "store/store.hpp"

namespace gatepost::store {

// A counter of any thread's; a copy is what it says at that time.
class Count {
 public:
  Count() = default;
  Count(std::uint64_t value) : value_(value) {}
  Count(const Count& other) : value_(other.value_.load()) {}
  Count& operator=(const Count& other) {
    value_ = other.value_.load();
    return *this;
  }
  operator std::uint64_t() const { return value_.load(); }
  void operator++() { ++value_; }
  void operator+=(std::uint64_t more) { value_ += more; }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// What was asked of a store.
struct Traffic {
  Count snapshots, gets, entries;  // entries: visited by scans
  Count read_octets;               // of keys and values
  Count commits, writes, written_octets;
  Count body_reads;
};

// A store with something in its way. The questions are asked before each call, on the caller's thread; an answer is the
// error. Set them while nobody else uses the store.
class FaultyStore final : public Store {
 public:
  explicit FaultyStore(std::unique_ptr<Store> store) : store_(std::move(store)), keys_(*this), bodies_(*this) {}

  std::function<std::optional<Errc>(Partition, const Batch&)> refuse_commit;
  std::function<std::optional<Errc>(std::uint64_t offset)> refuse_read;  // of a body
  std::function<std::optional<Errc>()> refuse_body;                      // a new one
  std::atomic<int> bodies_made{0};                                       // begun
  Traffic traffic;
  std::vector<Restore> restored;  // what restores() says

  KeyValue& keys() override { return keys_; }
  BlobStore& bodies() override { return bodies_; }
  bool disk_low() const override { return store_->disk_low(); }
  Result<> backup(const std::filesystem::path& to, std::stop_token stop) override { return store_->backup(to, stop); }
  Result<> check(const std::function<void(const Finding&)>& problem, std::stop_token stop) override {
    return store_->check(problem, stop);
  }
  Result<std::uint64_t> collect(std::stop_token stop) override { return store_->collect(stop); }
  std::vector<Restore> restores() const override { return restored; }
  bool is_damaged(const BlobId& id) const override { return store_->is_damaged(id); }
  Result<> repair(const std::function<void(const Finding&)>& mended, std::stop_token stop) override {
    return store_->repair(mended, stop);
  }

 private:
  class View final : public Snapshot {
   public:
    View(std::unique_ptr<Snapshot> real, Traffic& traffic) : real_(std::move(real)), traffic_(traffic) {}
    Version version() const override { return real_->version(); }
    Result<std::optional<std::string>> get(std::string_view key) override {
      auto value = real_->get(key);
      ++traffic_.gets;
      if (value && *value) traffic_.read_octets += key.size() + (*value)->size();
      return value;
    }
    Result<std::vector<std::optional<std::string>>> get_many(std::span<const std::string_view> keys) override {
      auto values = real_->get_many(keys);
      traffic_.gets += keys.size();
      for (std::size_t i = 0; values && i < values->size(); ++i) {
        if ((*values)[i]) traffic_.read_octets += keys[i].size() + (*values)[i]->size();
      }
      return values;
    }
    Result<> scan(std::string_view begin, std::string_view end, bool descending, std::size_t page,
                  const std::function<bool(Entry)>& visit) override {
      return real_->scan(begin, end, descending, page, [&](Entry e) {
        ++traffic_.entries;
        traffic_.read_octets += e.key.size() + e.value.size();
        return visit(e);
      });
    }

   private:
    std::unique_ptr<Snapshot> real_;
    Traffic& traffic_;
  };

  class Keys final : public KeyValue {
   public:
    explicit Keys(FaultyStore& store) : store_(store) {}
    Result<std::unique_ptr<Snapshot>> snapshot(Partition p, std::chrono::seconds age) override {
      ++store_.traffic.snapshots;
      auto view = real().snapshot(p, age);
      if (!view) return view;
      return std::make_unique<View>(std::move(*view), store_.traffic);
    }
    Result<Version> commit(Partition p, Version expected, const Batch& batch) override {
      if (store_.refuse_commit) {
        if (const auto error = store_.refuse_commit(p, batch)) return fail(*error, "refused by the test");
      }
      ++store_.traffic.commits;
      store_.traffic.writes += batch.writes.size();
      for (const Write& w : batch.writes) {
        store_.traffic.written_octets += w.key.size() + (w.value ? w.value->size() : 0);
      }
      return real().commit(p, expected, batch);
    }
    Result<bool> outcome(Partition p, const CommitId& id) override { return real().outcome(p, id); }
    Result<Version> version(Partition p) override { return real().version(p); }
    Result<bool> referenced(const BlobId& id) override { return real().referenced(id); }
    Result<> partitions(const std::function<bool(Partition)>& visit) override { return real().partitions(visit); }
    std::unique_ptr<Subscription> watch(std::function<void(Partition, Version)> callback) override {
      return real().watch(std::move(callback));
    }
    Result<> drop(Partition p) override { return real().drop(p); }

   private:
    KeyValue& real() { return store_.store_->keys(); }
    FaultyStore& store_;
  };

  class Bodies final : public BlobStore {
   public:
    explicit Bodies(FaultyStore& store) : store_(store) {}
    Result<std::unique_ptr<BlobWriter>> create(std::uint64_t size_hint) override {
      if (store_.refuse_body) {
        if (const auto error = store_.refuse_body()) return fail(*error, "refused by the test");
      }
      ++store_.bodies_made;
      return real().create(size_hint);
    }
    Result<> read(const BlobId& id, std::uint64_t offset, std::span<char> out) override {
      if (store_.refuse_read) {
        if (const auto error = store_.refuse_read(offset)) return fail(*error, "refused by the test");
      }
      ++store_.traffic.body_reads;
      return real().read(id, offset, out);
    }
    Result<bool> exists(const BlobId& id) override { return real().exists(id); }
    Result<std::uint64_t> collect(const std::function<Result<bool>(const BlobId&)>& referenced,
                                  std::stop_token stop) override {
      return real().collect(referenced, stop);
    }

   private:
    BlobStore& real() { return store_.store_->bodies(); }
    FaultyStore& store_;
  };

  std::unique_ptr<Store> store_;
  Keys keys_;
  Bodies bodies_;
};

}  // namespace gatepost::store
