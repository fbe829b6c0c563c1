// What every engine promises, run on each of them.
#include <algorithm>
#include <filesystem>
#include <map>
#include <random>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/digest.hpp"
#include "store/keys.hpp"
#include "store/store.hpp"
#include "store/test_support.hpp"

namespace gatepost::store {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr Partition kAccount{4711};
constexpr Partition kNeighbour{4712};

class Engine : public ::testing::TestWithParam<std::string> {
 protected:
  Engine() : directory_("conformance") {
    options_ = test_options(directory_.path());
    options_.engine = GetParam();
    reopen();
  }
  void reopen() {
    store_.reset();
    auto opened = open(options_, null_log(), metrics_, clock_);
    ASSERT_TRUE(opened) << opened.error().detail;
    store_ = std::move(*opened);
  }
  bool on_disk() const { return GetParam() != "memory"; }
  KeyValue& keys() { return store_->keys(); }
  BlobStore& bodies() { return store_->bodies(); }

  Result<Version> put(Partition p, Version expected, std::vector<Write> writes) {
    Batch batch;
    batch.writes = std::move(writes);
    return keys().commit(p, expected, batch);
  }
  std::optional<std::string> get(Partition p, std::string_view key) {
    auto snapshot = keys().snapshot(p, 60s);
    return (*snapshot)->get(key).value();
  }
  std::vector<std::string> scan_keys(Snapshot& snapshot, std::string_view begin, std::string_view end,
                                     bool descending = false, std::size_t page = 100) {
    std::vector<std::string> found;
    const auto result = snapshot.scan(begin, end, descending, page, [&](Entry e) {
      found.emplace_back(e.key);
      return true;
    });
    EXPECT_TRUE(result);
    return found;
  }
  BlobId store_body(std::string_view octets) {
    auto writer = bodies().create(octets.size()).value();
    EXPECT_TRUE(writer->append(octets));
    return writer->finish().value();
  }
  Result<Version> refer(Partition p, Version expected, const BlobId& blob, std::uint64_t item, bool add) {
    Batch batch;
    batch.refs.push_back({blob, item, add});
    return keys().commit(p, expected, batch);
  }
  std::vector<std::string> findings() {
    std::vector<std::string> found;
    EXPECT_TRUE(store_->check([&](const Store::Finding& f) { found.push_back(f.where + ": " + f.what); }, {}));
    return found;
  }

  TestDirectory directory_;
  Options options_;
  Metrics metrics_;
  ManualClock clock_;
  std::unique_ptr<Store> store_;
};

TEST_P(Engine, StartsEveryPartitionAtVersionZeroAndAddsOnePerCommit) {
  EXPECT_EQ(keys().version(kAccount).value(), 0u);
  EXPECT_EQ(put(kAccount, 0, {{"a", "1"}}).value(), 1u);
  EXPECT_EQ(put(kAccount, 1, {{"a", "2"}}).value(), 2u);
  EXPECT_EQ(keys().version(kAccount).value(), 2u);
  EXPECT_EQ(keys().version(kNeighbour).value(), 0u);
  EXPECT_EQ(get(kAccount, "a"), "2");
}

TEST_P(Engine, LeavesOutVersionsWhenTold) {
  ASSERT_TRUE(put(kAccount, 0, {{"a", "1"}}));
  Batch batch;
  batch.writes = {{"a", "2"}};
  batch.skip = 1'000'000'000'000;
  EXPECT_EQ(keys().commit(kAccount, 1, batch).value(), 1'000'000'000'002u);
  EXPECT_EQ(keys().version(kAccount).value(), 1'000'000'000'002u);
  EXPECT_EQ(put(kAccount, 2, {{"a", "3"}}).error().code, Errc::conflict);
  EXPECT_EQ(put(kAccount, 1'000'000'000'002, {{"a", "3"}}).value(), 1'000'000'000'003u);
  if (on_disk()) reopen();
  EXPECT_EQ(keys().snapshot(kAccount, 60s).value()->version(), 1'000'000'000'003u);
  EXPECT_EQ(get(kAccount, "a"), "3");
}

TEST_P(Engine, RefusesACommitAtAnotherVersionAndWritesNothing) {
  ASSERT_TRUE(put(kAccount, 0, {{"a", "1"}}));
  for (const Version wrong : {0u, 2u}) {
    const auto result = put(kAccount, wrong, {{"a", "9"}, {"b", "9"}});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::conflict);
  }
  EXPECT_EQ(get(kAccount, "a"), "1");
  EXPECT_EQ(get(kAccount, "b"), std::nullopt);
  EXPECT_EQ(keys().version(kAccount).value(), 1u);
}

TEST_P(Engine, KeepsPartitionsApart) {
  ASSERT_TRUE(put(kAccount, 0, {{"a", "mine"}, {std::string("\xff\xff\xff"), "last"}}));
  ASSERT_TRUE(put(kNeighbour, 0, {{"", "first"}, {"a", "theirs"}}));
  auto mine = keys().snapshot(kAccount, 60s).value();
  EXPECT_THAT(scan_keys(*mine, "", ""), ElementsAre("a", "\xff\xff\xff"));
  EXPECT_THAT(scan_keys(*mine, "", "", true), ElementsAre("\xff\xff\xff", "a"));
  EXPECT_EQ(get(kNeighbour, "a"), "theirs");
  EXPECT_EQ(get(kNeighbour, ""), "first");
  std::vector<Partition> all;
  ASSERT_TRUE(keys().partitions([&](Partition p) { return all.push_back(p), true; }));
  EXPECT_THAT(all, ElementsAre(kAccount, kNeighbour));
  all.clear();
  ASSERT_TRUE(keys().partitions([&](Partition p) { return all.push_back(p), false; }));
  EXPECT_THAT(all, ElementsAre(kAccount));
}

TEST_P(Engine, ShowsASnapshotOneVersionWhateverIsCommittedMeanwhile) {
  ASSERT_TRUE(put(kAccount, 0, {{"a", "1"}, {"b", "1"}, {"c", "1"}}));
  auto snapshot = keys().snapshot(kAccount, 60s).value();
  Batch batch;
  batch.erases.push_back({"b", "c"});
  batch.writes = {{"a", "2"}, {"c", std::nullopt}, {"d", "2"}};
  ASSERT_TRUE(keys().commit(kAccount, 1, batch));
  EXPECT_EQ(snapshot->version(), 1u);
  EXPECT_EQ(snapshot->get("a").value(), "1");
  EXPECT_EQ(snapshot->get("d").value(), std::nullopt);
  EXPECT_THAT(scan_keys(*snapshot, "", ""), ElementsAre("a", "b", "c"));
  auto later = keys().snapshot(kAccount, 60s).value();
  EXPECT_EQ(later->version(), 2u);
  EXPECT_THAT(scan_keys(*later, "", ""), ElementsAre("a", "d"));
  snapshot.reset();
  EXPECT_THAT(scan_keys(*later, "", ""), ElementsAre("a", "d"));
  EXPECT_EQ(later->get("b").value(), std::nullopt);
}

TEST_P(Engine, ReadsManyKeysAtOnce) {
  ASSERT_TRUE(put(kAccount, 0, {{"a", "1"}, {"c", ""}}));
  auto snapshot = keys().snapshot(kAccount, 60s).value();
  const std::vector<std::string_view> wanted{"c", "b", "a", "a"};
  EXPECT_THAT(snapshot->get_many(wanted).value(), ElementsAre("", std::nullopt, "1", "1"));
  EXPECT_THAT(snapshot->get_many({}).value(), IsEmpty());
}

TEST_P(Engine, ScansBothWaysInPagesAndStopsWhenTold) {
  std::vector<Write> writes;
  std::vector<std::string> names;
  for (int i = 0; i < 25; ++i) names.push_back(fmt::format("k{:02}", i));
  for (const std::string& name : names) writes.push_back({name, name});
  ASSERT_TRUE(put(kAccount, 0, writes));
  auto snapshot = keys().snapshot(kAccount, 60s).value();
  for (const std::size_t page : {0u, 1u, 2u, 24u, 25u, 26u}) {
    EXPECT_EQ(scan_keys(*snapshot, "", "", false, page), names) << page;
    auto backwards = scan_keys(*snapshot, "k", "l", true, page);
    std::ranges::reverse(backwards);
    EXPECT_EQ(backwards, names) << page;
    EXPECT_THAT(scan_keys(*snapshot, "k03", "k06", false, page), ElementsAre("k03", "k04", "k05"));
    EXPECT_THAT(scan_keys(*snapshot, "k03", "k06", true, page), ElementsAre("k05", "k04", "k03"));
  }
  EXPECT_THAT(scan_keys(*snapshot, "k06", "k03"), IsEmpty());
  EXPECT_THAT(scan_keys(*snapshot, "k03", "k03", true), IsEmpty());
  EXPECT_THAT(scan_keys(*snapshot, "x", "", true), IsEmpty());
  int seen = 0;
  ASSERT_TRUE(snapshot->scan("", "", true, 4, [&](Entry e) {
    EXPECT_EQ(e.key, e.value);
    return ++seen < 7;
  }));
  EXPECT_EQ(seen, 7);
}

TEST_P(Engine, FindsTheLastKeysOfAPartitionAmongMany) {
  for (std::uint64_t p = 2000; p < 2200; ++p) ASSERT_TRUE(put(Partition{p}, 0, {{"i1", "x"}, {"i2", "x"}, {"k", "x"}}));
  for (std::uint64_t p = 2000; p < 2200; ++p) {
    auto snapshot = keys().snapshot(Partition{p}, 60s).value();
    ASSERT_THAT(scan_keys(*snapshot, "", "", true), ElementsAre("k", "i2", "i1"));
    ASSERT_THAT(scan_keys(*snapshot, "i", prefix_end("i"), true), ElementsAre("i2", "i1"));
  }
}

TEST_P(Engine, ErasesRangesBeforeItWrites) {
  ASSERT_TRUE(put(kAccount, 0, {{"a", "1"}, {"b", "1"}, {"c", "1"}, {"d", "1"}}));
  Batch batch;
  batch.erases.push_back({"b", "d"});
  batch.writes = {{"c", "2"}};
  ASSERT_TRUE(keys().commit(kAccount, 1, batch));
  auto snapshot = keys().snapshot(kAccount, 60s).value();
  EXPECT_THAT(scan_keys(*snapshot, "", ""), ElementsAre("a", "c", "d"));
  EXPECT_EQ(snapshot->get("c").value(), "2");

  Batch rest;
  rest.erases.push_back({"c", ""});  // to the partition's end, and no further
  ASSERT_TRUE(put(kNeighbour, 0, {{"a", "1"}}));
  ASSERT_TRUE(keys().commit(kAccount, 2, rest));
  auto after = keys().snapshot(kAccount, 60s).value();
  EXPECT_THAT(scan_keys(*after, "", ""), ElementsAre("a"));
  EXPECT_EQ(get(kNeighbour, "a"), "1");
}

TEST_P(Engine, LetsTheLastOfTwoWritesOfAKeyStand) {
  ASSERT_TRUE(put(kAccount, 0, {{"a", "1"}, {"a", std::nullopt}, {"b", std::nullopt}, {"b", "2"}}));
  EXPECT_EQ(get(kAccount, "a"), std::nullopt);
  EXPECT_EQ(get(kAccount, "b"), "2");
}

TEST_P(Engine, HoldsItsLimits) {
  const auto code = [&](std::vector<Write> writes) {
    const auto result = put(kAccount, 0, std::move(writes));
    return result ? std::optional<Errc>() : result.error().code;
  };
  EXPECT_EQ(code({{std::string(kMaxKeyOctets + 1, 'k'), "v"}}), Errc::too_large);
  EXPECT_EQ(code({{"k", std::string(kMaxValueOctets + 1, 'v')}}), Errc::too_large);
  std::vector<Write> many;
  for (int i = 0; i < 65; ++i) many.push_back({fmt::format("{}", i), std::string(kMaxValueOctets, 'v')});
  EXPECT_EQ(code(many), Errc::too_large);
  EXPECT_EQ(keys().version(kAccount).value(), 0u);
  Batch reversed;
  reversed.erases.push_back({"b", "a"});
  EXPECT_EQ(keys().commit(kAccount, 0, reversed).error().code, Errc::invalid);
  EXPECT_EQ(keys().commit(kNoPartition, 0, {}).error().code, Errc::invalid);
  EXPECT_EQ(code({{std::string(kMaxKeyOctets, 'k'), std::string(kMaxValueOctets, 'v')}}), std::nullopt);
  EXPECT_EQ(get(kAccount, std::string(kMaxKeyOctets, 'k')), std::string(kMaxValueOctets, 'v'));
}

TEST_P(Engine, AnswersWhetherACommitLanded) {
  Batch batch;
  batch.id = {1, 2, 3};
  batch.writes = {{"a", "1"}};
  EXPECT_FALSE(keys().outcome(kAccount, batch.id).value());
  ASSERT_TRUE(keys().commit(kAccount, 0, batch));
  ASSERT_TRUE(put(kAccount, 1, {{"b", "1"}}));
  EXPECT_TRUE(keys().outcome(kAccount, batch.id).value());
  EXPECT_FALSE(keys().outcome(kNeighbour, batch.id).value());
  Batch conflicting = batch;
  conflicting.id = {9};
  ASSERT_FALSE(keys().commit(kAccount, 0, conflicting));
  EXPECT_FALSE(keys().outcome(kAccount, conflicting.id).value());
}

TEST_P(Engine, TellsWatchersUntilTheyLeave) {
  std::vector<std::pair<Partition, Version>> seen;
  auto subscription = keys().watch([&](Partition p, Version v) { seen.emplace_back(p, v); });
  ASSERT_TRUE(put(kAccount, 0, {{"a", "1"}}));
  ASSERT_FALSE(put(kAccount, 0, {{"a", "1"}}));
  ASSERT_TRUE(put(kNeighbour, 0, {{"a", "1"}}));
  EXPECT_THAT(seen, ElementsAre(std::pair(kAccount, 1u), std::pair(kNeighbour, 1u)));
  subscription.reset();
  ASSERT_TRUE(put(kNeighbour, 1, {{"a", "1"}}));
  EXPECT_EQ(seen.size(), 2u);
}

TEST_P(Engine, DropsAPartitionWithItsReferences) {
  const BlobId shared = store_body("in both accounts");
  const BlobId own = store_body("in one account");
  Batch batch;
  batch.writes = {{"a", "1"}};
  batch.refs = {{shared, 1, true}, {own, 2, true}};
  ASSERT_TRUE(keys().commit(kAccount, 0, batch));
  ASSERT_TRUE(refer(kNeighbour, 0, shared, 1, true));
  ASSERT_TRUE(keys().drop(kAccount));
  EXPECT_EQ(keys().version(kAccount).value(), 0u);
  EXPECT_EQ(get(kAccount, "a"), std::nullopt);
  EXPECT_TRUE(keys().referenced(shared).value());
  EXPECT_FALSE(keys().referenced(own).value());
  std::vector<Partition> all;
  ASSERT_TRUE(keys().partitions([&](Partition p) { return all.push_back(p), true; }));
  EXPECT_THAT(all, ElementsAre(kNeighbour));
  EXPECT_EQ(put(kAccount, 0, {{"b", "1"}}).value(), 1u);
  ASSERT_TRUE(keys().drop(Partition{99999}));
  clock_.advance(48h);
  ASSERT_TRUE(store_->collect({}));
  EXPECT_TRUE(bodies().exists(shared).value());
  EXPECT_FALSE(bodies().exists(own).value());
}

std::string text_of(std::size_t octets, unsigned seed, bool compressible) {
  std::mt19937 random(seed);
  std::string text(octets, '\0');
  for (char& c : text) c = compressible ? "the quick brown fox "[random() % 7] : static_cast<char>(random());
  return text;
}

TEST_P(Engine, ReadsBackBodiesOfEverySizeWholeAndInParts) {
  unsigned seed = 0;
  for (const std::size_t size : {0u, 1u, 100u, 4095u, 4096u, 65535u, 65536u, 65537u, 200'000u, (1u << 20) - 1, 1u << 20,
                                 (1u << 20) + 1, 3'000'000u}) {
    for (const bool compressible : {true, false}) {
      const std::string text = text_of(size, ++seed, compressible);
      const BlobId id = store_body(text);
      EXPECT_EQ(id.size, size);
      EXPECT_EQ(id.sha256, sha256(text));
      ASSERT_EQ(read_all(bodies(), id).value(), text) << size;
      std::mt19937 random(seed);
      for (int i = 0; i < 20 && size > 0; ++i) {
        const std::size_t offset = random() % size;
        std::string part(random() % (size - offset + 1), '\0');
        ASSERT_TRUE(bodies().read(id, offset, part));
        ASSERT_EQ(part, text.substr(offset, part.size()));
      }
      std::string beyond(2, '\0');
      EXPECT_EQ(bodies().read(id, size - std::min<std::size_t>(size, 1), beyond).error().code, Errc::invalid);
      EXPECT_EQ(bodies().read(id, size + 1, std::span<char>()).error().code, Errc::invalid);
    }
  }
}

TEST_P(Engine, TakesABodyInPiecesOfAnySize) {
  const std::string text = text_of(2'500'000, 5, true);
  for (const std::size_t piece : {977u, 65'536u, 1'000'003u}) {
    auto writer = bodies().create().value();
    for (std::size_t at = 0; at < text.size(); at += piece)
      ASSERT_TRUE(writer->append(std::string_view(text).substr(at, piece)));
    const BlobId id = writer->finish().value();
    EXPECT_EQ(id.sha256, sha256(text));
    EXPECT_EQ(writer->append("x").error().code, Errc::invalid);
    EXPECT_EQ(writer->finish().error().code, Errc::invalid);
    EXPECT_EQ(read_all(bodies(), id).value(), text);
    std::string sequential;
    char buffer[4096];
    while (sequential.size() < text.size()) {
      const std::span<char> part(buffer, std::min(sizeof buffer, text.size() - sequential.size()));
      ASSERT_TRUE(bodies().read(id, sequential.size(), part));
      sequential.append(part.data(), part.size());
    }
    EXPECT_EQ(sequential, text);
  }
}

TEST_P(Engine, ForgetsABodyThatIsNotFinished) {
  {
    ASSERT_TRUE(bodies().create().value()->append(text_of(3'000'000, 1, false)));
  }
  BlobId id{sha256("never stored"), 12};
  EXPECT_FALSE(bodies().exists(id).value());
  std::string out(12, '\0');
  EXPECT_EQ(bodies().read(id, 0, out).error().code, Errc::not_found);
}

TEST_P(Engine, RefusesAReferenceToABodyItDoesNotHave) {
  const BlobId missing{sha256("x"), 1};
  EXPECT_EQ(refer(kAccount, 0, missing, 1, true).error().code, Errc::not_found);
  EXPECT_EQ(keys().version(kAccount).value(), 0u);
  EXPECT_TRUE(refer(kAccount, 0, missing, 1, false));  // removing what is not there is harmless
}

TEST_P(Engine, CountsReferencesByPresence) {
  const BlobId id = store_body("body");
  EXPECT_FALSE(keys().referenced(id).value());
  ASSERT_TRUE(refer(kAccount, 0, id, 1, true));
  ASSERT_TRUE(refer(kAccount, 1, id, 1, true));
  ASSERT_TRUE(refer(kAccount, 2, id, 2, true));
  ASSERT_TRUE(refer(kAccount, 3, id, 1, false));
  EXPECT_TRUE(keys().referenced(id).value());
  ASSERT_TRUE(refer(kAccount, 4, id, 2, false));
  EXPECT_FALSE(keys().referenced(id).value());
}

TEST_P(Engine, CollectsUnreferencedBodiesAfterTheGracePeriodOnly) {
  const std::string big = text_of(3'000'000, 3, false);
  const BlobId kept = store_body("kept"), dropped = store_body("dropped"), never = store_body(big);
  ASSERT_TRUE(refer(kAccount, 0, kept, 1, true));
  ASSERT_TRUE(refer(kAccount, 1, dropped, 2, true));
  ASSERT_TRUE(store_->collect({}));
  clock_.advance(23h);
  ASSERT_TRUE(refer(kAccount, 2, dropped, 2, false));
  ASSERT_TRUE(store_->collect({}));
  EXPECT_TRUE(bodies().exists(never).value());
  clock_.advance(2h);
  EXPECT_GE(store_->collect({}).value(), big.size() / 2);
  EXPECT_FALSE(bodies().exists(never).value());
  EXPECT_TRUE(bodies().exists(dropped).value());  // its period began when it was dropped
  clock_.advance(25h);
  ASSERT_TRUE(store_->collect({}));
  EXPECT_TRUE(bodies().exists(kept).value());
  EXPECT_FALSE(bodies().exists(dropped).value());
  EXPECT_EQ(read_all(bodies(), kept).value(), "kept");
  EXPECT_EQ(read_all(bodies(), dropped).error().code, Errc::not_found);
  EXPECT_EQ(store_body("dropped"), dropped);  // and may come back
  EXPECT_EQ(read_all(bodies(), dropped).value(), "dropped");
}

TEST_P(Engine, RenewsTheGracePeriodOfABodyStoredAgain) {
  const BlobId id = store_body("again");
  ASSERT_TRUE(refer(kAccount, 0, id, 1, true));
  ASSERT_TRUE(refer(kAccount, 1, id, 1, false));
  clock_.advance(23h);
  ASSERT_EQ(store_body("again"), id);
  ASSERT_TRUE(store_->collect({}));
  clock_.advance(23h);
  ASSERT_TRUE(store_->collect({}));
  EXPECT_TRUE(bodies().exists(id).value());
  ASSERT_TRUE(refer(kNeighbour, 0, id, 1, true));
  clock_.advance(48h);
  ASSERT_TRUE(store_->collect({}));
  EXPECT_EQ(read_all(bodies(), id).value(), "again");
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_P(Engine, CollectsBesideDeliveriesOfTheSameBodies) {
  options_.collect_after = 0h;
  reopen();
  std::atomic<bool> done{false};
  std::thread collector([&] {
    while (!done) EXPECT_TRUE(store_->collect({}));
  });
  std::vector<std::thread> deliverers;
  for (std::uint64_t t = 0; t < 4; ++t) {
    deliverers.emplace_back([&, t] {
      const Partition p{5000 + t};
      Version version = 0;
      for (int i = 0; i < 300; ++i) {
        const std::string text = fmt::format("one of few bodies {}", i % 5);
        const BlobId id = store_body(text);
        // With no grace period at all a body may go between finish() and commit(), but never behind a reference.
        const auto added = refer(p, version, id, 1, true);
        if (!added) {
          ASSERT_EQ(added.error().code, Errc::not_found);
          continue;
        }
        version = *added;
        ASSERT_EQ(read_all(bodies(), id).value_or("lost"), text);
        version = refer(p, version, id, 1, false).value();
      }
    });
  }
  for (auto& d : deliverers) d.join();
  done = true;
  collector.join();
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_P(Engine, CommitsFromManyThreadsToManyPartitions) {
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 16; ++t) {
    threads.emplace_back([&, t] {
      const Partition p{6000 + t};
      for (Version v = 0; v < 100; ++v) {
        const BlobId id = store_body(fmt::format("{} {}", t, v));
        Batch batch;
        batch.writes = {{fmt::format("k{}", v), fmt::format("{}", t)}};
        batch.refs = {{id, v, true}};
        ASSERT_EQ(keys().commit(p, v, batch).value(), v + 1);
      }
    });
  }
  for (auto& t : threads) t.join();
  for (std::uint64_t t = 0; t < 16; ++t) {
    auto snapshot = keys().snapshot(Partition{6000 + t}, 60s).value();
    EXPECT_EQ(snapshot->version(), 100u);
    EXPECT_EQ(scan_keys(*snapshot, "", "").size(), 100u);
  }
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_P(Engine, LosesNoUpdateWhenManyThreadsCommitToOnePartition) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50;) {
        auto snapshot = keys().snapshot(kAccount, 60s).value();
        const int counter = std::stoi(snapshot->get("counter").value().value_or("0"));
        const auto result = put(kAccount, snapshot->version(), {{"counter", std::to_string(counter + 1)}});
        if (result)
          ++i;
        else
          ASSERT_EQ(result.error().code, Errc::conflict);
      }
    });
  }
  for (auto& t : threads) t.join();
  EXPECT_EQ(get(kAccount, "counter"), "400");
  EXPECT_EQ(keys().version(kAccount).value(), 400u);
}

TEST_P(Engine, AgreesWithAModelOverRandomCommits) {
  std::mt19937 random(20261124);
  std::map<std::string, std::string> model;
  Version version = 0;
  const auto random_key = [&] {
    std::string key(random() % 3, 'a');
    for (char& c : key) c = static_cast<char>("ab\xff\x00z"[random() % 5]);
    return key + static_cast<char>('a' + random() % 26);
  };
  std::vector<std::pair<std::unique_ptr<Snapshot>, std::map<std::string, std::string>>> snapshots;
  for (int round = 0; round < 600; ++round) {
    Batch batch;
    if (random() % 8 == 0) {
      std::string a = random_key(), b = random_key();
      if (b < a) std::swap(a, b);
      model.erase(model.lower_bound(a), model.lower_bound(b));
      batch.erases.push_back({a, b});
    }
    for (unsigned n = random() % 6; n > 0; --n) {
      const std::string key = random_key();
      if (random() % 3 == 0) {
        model.erase(key);
        batch.writes.push_back({key, std::nullopt});
      } else {
        model[key] = std::to_string(random());
        batch.writes.push_back({key, model[key]});
      }
    }
    ASSERT_EQ(keys().commit(kAccount, version, batch).value(), version + 1);
    ++version;
    if (random() % 10 == 0) snapshots.emplace_back(keys().snapshot(kAccount, 60s).value(), model);
    if (snapshots.size() > 5) snapshots.erase(snapshots.begin() + static_cast<long>(random() % snapshots.size()));
    if (on_disk() && round % 150 == 149) {
      snapshots.clear();
      reopen();
      snapshots.emplace_back(keys().snapshot(kAccount, 60s).value(), model);
    }
    for (auto& [snapshot, expected] : snapshots) {
      std::string a = random_key(), b = random() % 4 == 0 ? std::string() : random_key();
      if (!b.empty() && b < a) std::swap(a, b);
      std::vector<std::string> wanted;
      for (auto i = expected.lower_bound(a); i != (b.empty() ? expected.end() : expected.lower_bound(b)); ++i)
        wanted.push_back(i->first);
      const bool descending = random() % 2 == 0;
      if (descending) std::ranges::reverse(wanted);
      ASSERT_EQ(scan_keys(*snapshot, a, b, descending, random() % 5), wanted);
      const auto found = expected.find(a);
      ASSERT_EQ(snapshot->get(a).value(),
                found == expected.end() ? std::nullopt : std::optional<std::string>(found->second));
    }
  }
  snapshots.clear();
}

TEST_P(Engine, KeepsEverythingOverAReopen) {
  if (!on_disk()) GTEST_SKIP() << "memory does not last";
  const std::string big = text_of(2'000'000, 9, true);
  const BlobId small_id = store_body("small"), big_id = store_body(big);
  Batch batch;
  batch.id = {7};
  batch.writes = {{"a", "1"}};
  batch.refs = {{small_id, 1, true}, {big_id, 2, true}};
  ASSERT_TRUE(keys().commit(kAccount, 0, batch));
  const BlobId loose = store_body("not referenced yet");
  for (int i = 0; i < 3; ++i) {
    reopen();
    EXPECT_EQ(keys().version(kAccount).value(), 1u);
    EXPECT_EQ(get(kAccount, "a"), "1");
    EXPECT_TRUE(keys().outcome(kAccount, {7}).value());
    EXPECT_EQ(read_all(bodies(), small_id).value(), "small");
    EXPECT_EQ(read_all(bodies(), big_id).value(), big);
    EXPECT_EQ(read_all(bodies(), loose).value(), "not referenced yet");
    EXPECT_THAT(findings(), IsEmpty());
  }
  ASSERT_TRUE(refer(kAccount, 1, loose, 3, true));
  EXPECT_EQ(put(kAccount, 2, {{"b", "2"}}).value(), 3u);
}

INSTANTIATE_TEST_SUITE_P(Conformance, Engine, ::testing::Values("memory", "rocksdb"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace gatepost::store
