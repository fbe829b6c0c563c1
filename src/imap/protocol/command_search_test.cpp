#include "imap/protocol/command_search.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "imap/protocol/command.hpp"
#include "imap/protocol/test_support.hpp"

namespace gatepost::imap {
namespace {

Search parsed_search(std::string_view text) {
  auto command = parse_command(text);
  if (!command || !std::holds_alternative<Search>(command->body)) {
    ADD_FAILURE() << text << ": " << (command ? "another command" : command.error().detail);
    return {};
  }
  const auto again = parse_command(test::write(*command));
  EXPECT_TRUE(again && *again == *command) << test::write(*command);
  return std::get<Search>(std::move(command->body));
}

// The only key of a search.
SearchKey key(std::string_view text) {
  const auto search = parsed_search(std::string("a SEARCH ").append(text));
  if (search.keys.size() != 2) {
    ADD_FAILURE() << text;
    return {};
  }
  return search.keys[1];
}

std::optional<Fault> search_fault(std::string_view text) {
  const auto command = parse_command(text);
  return command ? std::nullopt : std::optional(command.error().fault);
}

// Operations with the ends of their subtrees: "conjunction>3 ..."
std::vector<std::pair<SearchOp, std::uint32_t>> shape(std::string_view text) {
  std::vector<std::pair<SearchOp, std::uint32_t>> out;
  for (const auto& k : parsed_search(text).keys) out.emplace_back(k.op, k.end);
  return out;
}

using Op = SearchOp;

TEST(ImapSearch, ReadsKeysOfState) {
  EXPECT_EQ(key("ALL").op, Op::all);
  for (const auto& [name, bit] : {std::pair{"SEEN", flag::kSeen},
                                  {"answered", flag::kAnswered},
                                  {"FLAGGED", flag::kFlagged},
                                  {"DELETED", flag::kDeleted},
                                  {"DRAFT", flag::kDraft}}) {
    const auto on = key(name), off = key(std::string("UN") + name);
    EXPECT_TRUE(on.op == Op::flag && on.flag == bit && on.wanted);
    EXPECT_TRUE(off.op == Op::flag && off.flag == bit && !off.wanted);
  }
  EXPECT_EQ(key("KEYWORD $Junk").text, "$Junk");
  EXPECT_FALSE(key("UNKEYWORD $Junk").wanted);
  EXPECT_EQ(key("NEW").op, Op::new_);
  EXPECT_TRUE(key("RECENT").wanted);
  EXPECT_FALSE(key("OLD").wanted);
  EXPECT_EQ(key("MODSEQ 620162338").number, 620162338u);
  EXPECT_EQ(key("MODSEQ \"/flags/\\\\draft\" all 620162338").number, 620162338u);
}

TEST(ImapSearch, ReadsNumbersSetsAndDates) {
  EXPECT_EQ(key("LARGER 5000000000").number, 5000000000u);
  EXPECT_EQ(key("SMALLER 0").op, Op::smaller);
  EXPECT_EQ(key("1:3,7").set, SequenceSet::parse("1:3,7"));
  EXPECT_EQ(key("*").op, Op::sequence);
  EXPECT_EQ(key("$").set, SequenceSet::saved());
  EXPECT_EQ(key("UID 3:*").op, Op::uid);
  using namespace std::chrono;
  const sys_days day = year(1994) / February / 1;
  for (const auto& [name, op] : {std::pair{"BEFORE", Op::before},
                                 {"ON", Op::on},
                                 {"SINCE", Op::since},
                                 {"SENTBEFORE", Op::sent_before},
                                 {"SENTON", Op::sent_on},
                                 {"SENTSINCE", Op::sent_since},
                                 {"SAVEDBEFORE", Op::saved_before},
                                 {"SAVEDON", Op::saved_on},
                                 {"SAVEDSINCE", Op::saved_since}}) {
    EXPECT_EQ(key(std::string(name) + " 1-Feb-1994").op, op);
    EXPECT_EQ(key(std::string(name) + " \"01-FEB-1994\"").day, day);
  }
  EXPECT_EQ(key("OLDER 10").number, 10u);
  EXPECT_EQ(key("YOUNGER 10").op, Op::younger);
  EXPECT_EQ(key("SAVEDATESUPPORTED").op, Op::save_date_supported);
}

TEST(ImapSearch, ReadsText) {
  for (const auto& [name, op] : {std::pair{"BCC", Op::bcc},
                                 {"CC", Op::cc},
                                 {"FROM", Op::from},
                                 {"TO", Op::to},
                                 {"SUBJECT", Op::subject},
                                 {"BODY", Op::body},
                                 {"TEXT", Op::text}}) {
    const auto k = key(std::string(name) + " {3+}\r\na\"b");
    EXPECT_EQ(k.op, op);
    EXPECT_EQ(k.text, "a\"b");
  }
  EXPECT_EQ(key("HEADER X-Y \"\"").field, "X-Y");
  EXPECT_EQ(key("EMAILID M6d99ac3275bb4e").op, Op::email_id);
  EXPECT_EQ(key("THREADID T64b478a75b7ea9").text, "T64b478a75b7ea9");
}

TEST(ImapSearch, KeepsTheTreeFlat) {
  EXPECT_EQ(shape("a SEARCH OR SEEN (1 NOT FLAGGED) DRAFT"),
            (std::vector<std::pair<Op, std::uint32_t>>{{Op::conjunction, 8},
                                                       {Op::disjunction, 7},
                                                       {Op::flag, 3},
                                                       {Op::conjunction, 7},
                                                       {Op::sequence, 5},
                                                       {Op::negation, 7},
                                                       {Op::flag, 7},
                                                       {Op::flag, 8}}));
  EXPECT_EQ(shape("a SEARCH (((ALL)))"),
            (std::vector<std::pair<Op, std::uint32_t>>{
                {Op::conjunction, 5}, {Op::conjunction, 5}, {Op::conjunction, 5}, {Op::conjunction, 5}, {Op::all, 5}}));
  EXPECT_EQ(shape("a SEARCH NOT OR NOT 1 2 3").size(), 7u);
}

TEST(ImapSearch, PutsCriteriaInThePlaceOfFilters) {
  EXPECT_EQ(key("FILTER On-The-Road").text, "on-the-road");
  EXPECT_FALSE(parse_command("a SEARCH FILTER a/b"));
  EXPECT_FALSE(parse_criteria(""));
  EXPECT_FALSE(parse_criteria("OR SMALLER 5"));
  EXPECT_FALSE(parse_criteria("CHARSET UTF-8 ALL"));
  EXPECT_FALSE(parse_criteria("(ALL) )"));
  const auto criteria = *parse_criteria("OR SMALLER 5 FROM \"boss\"");
  auto keys = parsed_search("a SEARCH (1 FILTER x) NOT FILTER y SEEN").keys;
  ASSERT_TRUE(replace_filter(keys, 5, criteria));
  ASSERT_TRUE(replace_filter(keys, 3, criteria));
  EXPECT_EQ(keys,
            parsed_search("a SEARCH (1 (OR SMALLER 5 FROM \"boss\")) NOT (OR SMALLER 5 FROM \"boss\") SEEN").keys);
  // Not deeper than a command may be, and not larger.
  auto deep = parsed_search("a SEARCH FILTER x").keys;
  for (std::size_t i = 0; i + 2 < kMaxSearchDepth; ++i) {
    const auto at = std::ranges::find(deep, Op::filter, &SearchKey::op) - deep.begin();
    ASSERT_TRUE(replace_filter(deep, static_cast<std::size_t>(at), *parse_criteria("FILTER x"))) << i;
  }
  EXPECT_FALSE(replace_filter(deep, deep.size() - 1, *parse_criteria("NOT FILTER x")));
  EXPECT_EQ(deep.back().op, Op::filter);
}

TEST(ImapSearch, ReadsReturnOptionsAndCharset) {
  const auto search = parsed_search("a UID SEARCH RETURN (MIN max COUNT) CHARSET utf-8 TEXT x");
  EXPECT_TRUE(search.uid);
  EXPECT_EQ(search.returns, (SearchReturn{.min = true, .max = true, .count = true}));
  EXPECT_EQ(search.charset, "UTF-8");
  EXPECT_EQ(parsed_search("a SEARCH RETURN () ALL").returns, SearchReturn{.all = true});
  EXPECT_EQ(parsed_search("a SEARCH RETURN (SAVE ALL) ALL").returns, (SearchReturn{.all = true, .save = true}));
  EXPECT_FALSE(parsed_search("a SEARCH ALL").returns);
  EXPECT_EQ(parsed_search("a SEARCH CHARSET \"US-ASCII\" ALL").charset, "US-ASCII");
}

TEST(ImapSearch, RefusesMalformedPrograms) {
  for (std::string_view text : {"a SEARCH",
                                "a SEARCH ",
                                "a SEARCH FOO",
                                "a SEARCH (",
                                "a SEARCH ()",
                                "a SEARCH (ALL",
                                "a SEARCH ALL)",
                                "a SEARCH NOT",
                                "a SEARCH OR ALL",
                                "a SEARCH OR ALL ",
                                "a SEARCH (ALL )",
                                "a SEARCH ( ALL)",
                                "a SEARCH ALL  ALL",
                                "a SEARCH FROM",
                                "a SEARCH HEADER x",
                                "a SEARCH 0",
                                "a SEARCH UID",
                                "a SEARCH UID x",
                                "a SEARCH BEFORE 31-Feb-1994",
                                "a SEARCH BEFORE x",
                                "a SEARCH LARGER x",
                                "a SEARCH OLDER 0",
                                "a SEARCH MODSEQ \"x\" foo 1",
                                "a SEARCH MODSEQ",
                                "a SEARCH EMAILID a.b",
                                "a SEARCH RETURN ALL",
                                "a SEARCH RETURN (FOO) ALL",
                                "a SEARCH RETURN (ALL)",
                                "a SEARCH CHARSET UTF-8",
                                "a SEARCH CHARSET \"\" ALL",
                                "a SEARCH KEYWORD \\Seen",
                                "a SEARCH 1,$",
                                "a SEARCH (ALL)ALL"}) {
    EXPECT_EQ(search_fault(text), Fault::syntax) << text;
  }
}

TEST(ImapSearch, HasLimitsOfDepthAndCount) {
  const auto nested = [](int depth) { return "a SEARCH " + std::string(depth, '(') + "ALL" + std::string(depth, ')'); };
  EXPECT_EQ(search_fault(nested(100)), std::nullopt);
  EXPECT_EQ(search_fault(nested(101)), Fault::limit);
  EXPECT_EQ(search_fault(nested(60'000)), Fault::limit);
  std::string negations = "a SEARCH ";
  for (int i = 0; i < 16'000; ++i) negations += "NOT ";
  EXPECT_EQ(search_fault(negations + "1"), Fault::limit);
  std::string many = "a SEARCH 1";
  for (int i = 0; i < 9'998; ++i) many += " 1";
  EXPECT_EQ(search_fault(many), std::nullopt);
  EXPECT_EQ(search_fault(many + " 1"), Fault::limit);
}

TEST(ImapSearch, ReadsWhatIsToBeFoundNearly) {
  EXPECT_TRUE(key("FUZZY SUBJECT x").fuzzy);
  EXPECT_FALSE(key("SUBJECT x").fuzzy);
  EXPECT_TRUE(key("fuzzy FUZZY 1:*").fuzzy);
  const auto keys = parsed_search("a SEARCH FUZZY (OR BODY a FUZZY BODY b) NOT FUZZY TEXT c UNSEEN").keys;
  std::vector<bool> fuzzy;
  for (const SearchKey& k : keys) fuzzy.push_back(k.fuzzy);
  EXPECT_EQ(fuzzy, (std::vector{false, true, false, false, true, false, true, false}));
  EXPECT_TRUE(parsed_search("a SEARCH RETURN (RELEVANCY ALL) FUZZY TEXT x").returns->relevancy);
  EXPECT_TRUE(parsed_search("a SEARCH RETURN (RELEVANCY) FILTER mine").returns->relevancy);
  for (const std::string_view bad : {"a SEARCH FUZZY", "a SEARCH FUZZY ", "a SEARCH (FUZZY)", "a SEARCH NOT FUZZY",
                                     "a SEARCH FUZZYTEXT x", "a SEARCH RETURN (RELEVANCY) TEXT x",
                                     "a SORT (RELEVANCY) UTF-8 TEXT x", "a SORT RETURN (RELEVANCY) (DATE) UTF-8 ALL"}) {
    EXPECT_EQ(search_fault(bad), Fault::syntax) << bad;
  }
  const auto criteria = *parse_criteria("OR BODY a BODY b");
  auto with = parsed_search("a SEARCH FUZZY FILTER f SEEN").keys;
  ASSERT_TRUE(replace_filter(with, 1, criteria));
  EXPECT_TRUE(with[1].fuzzy);
}

TEST(ImapSearch, ReadsRangesOfResults) {
  const Search search = parsed_search("a UID SEARCH RETURN (COUNT PARTIAL -1:-100) ALL");
  ASSERT_TRUE(search.returns && search.returns->partial);
  EXPECT_EQ(*search.returns->partial, (PartialRange{.first = 1, .last = 100, .from_end = true}));
  for (const char* wrong : {"PARTIAL", "PARTIAL 1", "PARTIAL 1:0", "PARTIAL 1:-2", "PARTIAL -1:2", "ALL PARTIAL 1:2",
                            "PARTIAL 1:2 PARTIAL 1:2", "PARTIAL 1:4294967296"}) {
    EXPECT_EQ(search_fault("a SEARCH RETURN (" + std::string(wrong) + ") ALL"), Fault::syntax) << wrong;
  }
}

TEST(ImapSearch, ReadsSortAndThread) {
  const auto sort = parse_command("a UID SORT RETURN (MIN) (REVERSE DATE displayfrom) utf-8 SEEN TEXT x");
  ASSERT_TRUE(sort);
  const auto& asked = std::get<Sort>(sort->body);
  EXPECT_EQ(asked.criteria, (std::vector<SortCriterion>{{SortKey::date, true}, {SortKey::display_from, false}}));
  EXPECT_TRUE(asked.search.uid && asked.search.returns && asked.search.returns->min);
  EXPECT_EQ(asked.search.charset, "UTF-8");
  EXPECT_EQ(asked.search.keys.size(), 3u);
  EXPECT_TRUE(parse_command(test::write(*sort)).value() == *sort);
  const auto thread = parse_command("a THREAD REFS US-ASCII ALL");
  ASSERT_TRUE(thread);
  EXPECT_EQ(std::get<Thread>(thread->body).algorithm, Thread::Algorithm::refs);
  EXPECT_TRUE(parse_command(test::write(*thread)).value() == *thread);
  std::string many = "a SORT (DATE";
  for (int i = 0; i < 20; ++i) many += " DATE";
  EXPECT_EQ(search_fault(many + ") UTF-8 ALL"), Fault::limit);
}

TEST(ImapSearch, ReadsWhereToSearch) {
  const auto command =
      parse_command("a ESEARCH IN (selected subtree (Work \"My Mail\") mailboxes inbox) RETURN (MIN) ALL");
  ASSERT_TRUE(command);
  const auto& asked = std::get<Esearch>(command->body);
  ASSERT_EQ(asked.in.size(), 3u);
  EXPECT_EQ(asked.in[1].mailboxes, (std::vector<std::string>{"Work", "My Mail"}));
  EXPECT_TRUE(asked.search.uid);
  EXPECT_TRUE(parse_command(test::write(*command)).value() == *command);
  EXPECT_EQ(std::get<Esearch>(parse_command("a ESEARCH ALL")->body).in.size(), 1u);
  std::string many = "a ESEARCH IN (mailboxes (x";
  for (int i = 0; i < 1'000; ++i) many += " x";
  EXPECT_EQ(search_fault(many + ")) ALL"), Fault::limit);
}

}  // namespace
}  // namespace gatepost::imap
