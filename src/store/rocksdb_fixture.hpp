#pragma once

#include <chrono>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "store/rocksdb_rows.hpp"
#include "store/rocksdb_store.hpp"
#include "store/test_support.hpp"

namespace gatepost::store {

inline constexpr Partition kAlice{4711}, kBob{4712};

// A store on disk for tests that look below its interface.
class OnDisk : public ::testing::Test {
 protected:
  OnDisk() : directory_("store"), options_(test_options(directory_.path())) {}

  void open() {
    auto opened = try_open(options_);
    ASSERT_TRUE(opened) << opened.error().detail;
    store_ = std::move(*opened);
  }
  Result<std::unique_ptr<Store>> try_open(const Options& options) {
    return open_rocksdb(options, log_, metrics_, clock_, disk_, files_);
  }
  void reopen() {
    store_.reset();
    open();
  }
  KeyValue& keys() { return store_->keys(); }
  BlobStore& bodies() { return store_->bodies(); }

  Result<BlobId> try_store(std::string_view octets) {
    GP_TRY(const auto writer, bodies().create(octets.size()));
    GP_CHECK(writer->append(octets));
    return writer->finish();
  }
  BlobId store_body(std::string_view octets) { return try_store(octets).value(); }
  Result<Version> refer(Partition p, const BlobId& id, std::uint64_t item, bool add = true) {
    Batch batch;
    batch.refs.push_back({id, item, add});
    return keys().commit(p, keys().version(p).value(), batch);
  }
  // A message: its body, a row and the reference, in one commit.
  Result<BlobId> deliver(Partition p, std::string_view octets, std::uint64_t item) {
    GP_TRY(const BlobId id, try_store(octets));
    Batch batch;
    batch.writes = {{"i" + std::to_string(item), id.to_hex()}};
    batch.refs = {{id, item, true}};
    GP_TRY(const Version version, keys().version(p));
    GP_CHECK(keys().commit(p, version, batch));
    return id;
  }
  Result<Version> put(Partition p, std::string key, std::string value) {
    Batch batch;
    batch.writes = {{std::move(key), std::move(value)}};
    return keys().commit(p, keys().version(p).value(), batch);
  }
  std::string read(const BlobId& id) {
    auto body = read_all(bodies(), id);
    return body ? *body : std::string(to_string(body.error().code));
  }
  std::vector<std::string> findings(Store& store) {
    std::vector<std::string> found;
    EXPECT_TRUE(store.check([&](const Store::Finding& f) { found.push_back(f.where + ": " + f.what); }, {}));
    return found;
  }
  std::vector<std::string> findings() { return findings(*store_); }
  bool logged(std::string_view event) const {
    for (const std::string& line : sink_.lines())
      if (line.find(event) != std::string::npos) return true;
    return false;
  }
  std::filesystem::path segment(unsigned number) const {
    return options_.directory / "bodies" / "segments" / fmt::format("{:08x}", number);
  }

  TestDirectory directory_;
  Options options_;
  FailingDisk disk_;
  Metrics metrics_;
  ManualClock clock_;
  MemorySink sink_;
  Log log_{sink_, clock_};
  SegmentFiles::Limits files_;
  std::unique_ptr<Store> store_;
};

}  // namespace gatepost::store
