#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "admin/test_product.hpp"
#include "search/indexes.hpp"

namespace gatepost::admin {
namespace {

using testing::HasSubstr;

class Nothing final : public search::TextSource {
 public:
  Result<> read(account::Account&, const account::Item&, search::SegmentBuilder&) override { return {}; }
};

class SearchVerbs : public AdminFixture {
 protected:
  SearchVerbs() {
    domain_and_anna();
    services->server.status = [](const Request&) { return Reply{}; };  // as a server has it
    indexes = std::make_unique<search::Indexes>(search::Options{.directory = temporary.path() / "search"}, *store,
                                                *accounts, source, random, clock, null_log(), metrics);
  }
  Nothing source;
  std::unique_ptr<search::Indexes> indexes;
};

TEST_F(SearchVerbs, SayWhenThereAreNoIndexes) {
  EXPECT_EQ(error(ask("search status")), "unsupported");
  EXPECT_EQ(error(ask("search rebuild")), "unsupported");
}

TEST_F(SearchVerbs, TellHowFarAnIndexIs) {
  services->search = indexes.get();
  const auto owner = *accounts->open(anna());
  account::NewItem item;
  item.body = body("Subject: x\r\n\r\n");
  ASSERT_TRUE(owner->append(owner->find_folder("INBOX")->id, std::span(&item, 1)));
  const auto told = [&](std::string_view key) {
    return json(done("search status", {{"address", {"anna@example.org"}}})).as_array().at(0).at(key).as_int64();
  };
  EXPECT_EQ(told("behind"), 1);
  EXPECT_EQ(told("done_percent"), 0);
  ASSERT_TRUE(indexes->catch_up(anna()));
  EXPECT_EQ(told("behind"), 0);
  EXPECT_EQ(told("indexed"), 1);
  EXPECT_EQ(told("done_percent"), 100);
  EXPECT_EQ(error(ask("search status", {{"address", {"nobody@example.org"}}})), "not_found");

  EXPECT_THAT(done("search rebuild", {{"address", {"anna@example.org"}}}).text, HasSubstr("1 index(es)"));
  EXPECT_EQ(indexes->lag().accounts, 1U);
  ASSERT_TRUE(indexes->catch_up(anna()));
  EXPECT_EQ(indexes->lag().accounts, 0U);
  EXPECT_THAT(done("search status").text, HasSubstr("anna@example.org"));
}

}  // namespace
}  // namespace gatepost::admin
