#include "admin/journal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "admin/test_product.hpp"

namespace gatepost::admin {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Journal : public AdminFixture {};

TEST_F(Journal, SaysWhoChangedWhatAndNeverASecret) {
  domain_and_anna();
  clock.advance(std::chrono::minutes(1));
  run(*services, {.verb = "account set",
                  .options = {{"address", {"anna@example.org"}}, {"set", {"role=auditor", "title=Boss"}}},
                  .asked_by = "boss@example.org",
                  .asked_from = "192.0.2.7"});
  run(*services, {.verb = "account delete", .options = {{"address", {"nobody@example.org"}}}});
  done("account list");
  const auto all = *changes(store->keys(), 0, 100);
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0].verb, "account delete");
  EXPECT_FALSE(all[0].done);
  EXPECT_EQ(all[0].who, Request::kCommandLine);
  EXPECT_EQ(all[1].who, "boss@example.org");
  EXPECT_EQ(all[1].from, "192.0.2.7");
  EXPECT_EQ(all[1].what, "anna@example.org");
  EXPECT_EQ(all[1].detail, "set=role=auditor set=title=Boss");
  EXPECT_EQ(all[1].at, clock.now());
  EXPECT_THAT(all[2].detail, Not(HasSubstr("horse")));
  EXPECT_GT(all[0].number, all[1].number);
}

TEST_F(Journal, IsListedInPartsAndByWhomItIsAbout) {
  domain_and_anna();
  for (int i = 0; i < 5; ++i) done("account set", {{"address", {"anna@example.org"}}, {"set", {"title=x"}}});
  const auto first = json(done("changes list", {{"most", {"3"}}})).as_array();
  ASSERT_EQ(first.size(), 3U);
  const auto number = first.back().at("number").to_number<std::uint64_t>();
  const auto rest = json(done("changes list", {{"before", {std::to_string(number)}}})).as_array();
  EXPECT_EQ(rest.size(), 4U);
  EXPECT_EQ(json(done("changes list", {{"about", {"EXAMPLE.org"}}})).as_array().size(), 1U);
  EXPECT_EQ(json(done("changes list", {{"about", {"domain add"}}})).as_array().size(), 1U);
  EXPECT_EQ(error(ask("changes list", {{"most", {"1001"}}})), "invalid");
  EXPECT_EQ(error(ask("changes list", {{"before", {"x"}}})), "invalid");
}

TEST_F(Journal, KeepsSoManyAndCutsLongTexts) {
  Change change;
  change.verb = "account set";
  change.detail = std::string(kMaxChangeText - 1, 'x') + "\xc3\xa9";
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(record(store->keys(), change));
  // As if there had been many before.
  ASSERT_TRUE(store->keys().commit(store::Partition{7}, 3, {.skip = kMaxChanges - 3}));
  ASSERT_TRUE(record(store->keys(), change));
  const auto all = *changes(store->keys(), 0, 100);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].number - all[1].number, kMaxChanges - 1);
  EXPECT_EQ(all[0].detail, std::string(kMaxChangeText - 1, 'x'));
}

TEST_F(Journal, KnowsEveryVerb) {
  for (const char* looks : {"account list", "status", "changes list", "gate top", "mail explain"}) {
    EXPECT_FALSE(changes_something(looks)) << looks;
  }
  for (const char* changing : {"account add", "queue delete", "reload", "stop", "store no such verb"}) {
    EXPECT_TRUE(changes_something(changing)) << changing;
  }
  for (const Verb& verb : verbs()) {
    if (verb.name.ends_with(" list") || verb.name.ends_with(" show")) EXPECT_FALSE(changes_something(verb.name));
  }
}

}  // namespace
}  // namespace gatepost::admin
