#include "imap/protocol/response.hpp"

#include <gtest/gtest.h>

namespace gatepost::imap {
namespace {

template <class... Args>
std::string written(void (*function)(std::string&, Args...), std::type_identity_t<Args>... args) {
  std::string out;
  function(out, args...);
  return out;
}

NumberSet numbers(std::initializer_list<std::uint32_t> list) {
  NumberSet out;
  for (const auto n : list) out.add(n);
  return out;
}

TEST(ImapStrings, ChooseTheirForm) {
  EXPECT_EQ(written(write_string, "a\"b\\", false), "\"a\\\"b\\\\\"");
  EXPECT_EQ(written(write_string, "", false), "\"\"");
  EXPECT_EQ(written(write_string, "é", false), "{2}\r\né");
  EXPECT_EQ(written(write_string, "é", true), "\"é\"");
  EXPECT_EQ(written(write_string, "\xff", true), "{1}\r\n\xff");
  EXPECT_EQ(written(write_string, "a\r\nb", true), "{4}\r\na\r\nb");
  EXPECT_EQ(written(write_string, std::string_view("a\0b", 3), true),
            "{3}\r\na\x80"
            "b");
  EXPECT_EQ(written(write_string, std::string(1000, 'x'), false).size(), 1002u);
  EXPECT_EQ(written(write_string, std::string(1001, 'x'), false).substr(0, 8), "{1001}\r\n");
  EXPECT_EQ(written(write_nstring, std::nullopt, false), "NIL");
  EXPECT_EQ(written(write_astring, "INBOX", false), "INBOX");
  EXPECT_EQ(written(write_astring, "nil", false), "\"nil\"");
  EXPECT_EQ(written(write_astring, "a b", false), "\"a b\"");
  EXPECT_EQ(written(write_mailbox, "Entwürfe", false), "Entw&APw-rfe");
  EXPECT_EQ(written(write_mailbox, "Entwürfe", true), "\"Entwürfe\"");
  EXPECT_EQ(written(write_mailbox, "R&D", false), "R&-D");
  EXPECT_EQ(written(write_mailbox, "", false), "\"\"");
  EXPECT_EQ(written(write_mailbox, "\xff", false), "&,,0-");
  EXPECT_EQ(written(write_literal_header, 12, true), "~{12}\r\n");
}

TEST(ImapResponse, WritesConditions) {
  EXPECT_EQ(written(write_tagged, "A1", Condition::ok, "", "done"), "A1 OK done\r\n");
  EXPECT_EQ(written(write_tagged, "A1", Condition::no, code::kTryCreate, "No such mailbox"),
            "A1 NO [TRYCREATE] No such mailbox\r\n");
  EXPECT_EQ(written(write_untagged, Condition::bye, "", "Until next time"), "* BYE Until next time\r\n");
  EXPECT_EQ(written(write_untagged, Condition::ok, "", ""), "* OK OK\r\n");
  EXPECT_EQ(written(write_bad, "", "What?"), "* BAD What?\r\n");
  EXPECT_EQ(written(write_bad, "A1", "What?"), "A1 BAD What?\r\n");
  EXPECT_EQ(written(write_untagged, Condition::preauth, "", "x"), "* PREAUTH x\r\n");
}

TEST(ImapResponse, LetsNoTextBreakTheLine) {
  EXPECT_EQ(written(write_tagged, "A1", Condition::no, "", "a\r\nA1 OK b"), "A1 NO a  A1 OK b\r\n");
  EXPECT_EQ(written(write_continuation, "a\nb"), "+ a b\r\n");
  EXPECT_EQ(written(write_tagged, "A1", Condition::no, "", "\xff!"), "A1 NO \xef\xbf\xbd!\r\n");
}

TEST(ImapResponse, WritesContinuations) {
  EXPECT_EQ(written(write_continuation, "idling"), "+ idling\r\n");
  EXPECT_EQ(written(write_challenge, ""), "+ \r\n");
  EXPECT_EQ(written(write_challenge, "abc"), "+ YWJj\r\n");
}

TEST(ImapResponse, WritesCodes) {
  EXPECT_EQ(code::append_uid(38505, numbers({3955, 3956})), "APPENDUID 38505 3955:3956");
  EXPECT_EQ(code::copy_uid(38505, numbers({304, 319, 320}), numbers({3956, 3957, 3958})),
            "COPYUID 38505 304,319:320 3956:3958");
  const std::string_view charsets[] = {"UTF-8", "US-ASCII"};
  EXPECT_EQ(code::bad_charset(charsets), "BADCHARSET (UTF-8 US-ASCII)");
  EXPECT_EQ(code::bad_charset({}), "BADCHARSET");
  const std::string_view capabilities[] = {"IMAP4rev1", "IDLE"};
  EXPECT_EQ(code::capability(capabilities), "CAPABILITY IMAP4rev1 IDLE");
  EXPECT_EQ(code::highest_modseq(715194045007), "HIGHESTMODSEQ 715194045007");
  EXPECT_EQ(code::mailbox_id("F1"), "MAILBOXID (F1)");
  EXPECT_EQ(code::modified(numbers({7, 9})), "MODIFIED 7,9");
  EXPECT_EQ(code::permanent_flags({flag::kSeen | flag::kDraft, {"$k"}}, true),
            "PERMANENTFLAGS (\\Seen \\Draft $k \\*)");
  EXPECT_EQ(code::permanent_flags({}, true), "PERMANENTFLAGS (\\*)");
  EXPECT_EQ(code::permanent_flags({}, false), "PERMANENTFLAGS ()");
  EXPECT_EQ(code::uid_next(4392), "UIDNEXT 4392");
  EXPECT_EQ(code::uid_validity(1), "UIDVALIDITY 1");
  EXPECT_EQ(code::unseen(12), "UNSEEN 12");
}

TEST(ImapResponse, WritesCapabilitiesAndId) {
  const std::string_view words[] = {"IMAP4rev1", "IDLE"};
  EXPECT_EQ(written(write_capability, words), "* CAPABILITY IMAP4rev1 IDLE\r\n");
  EXPECT_EQ(written(write_enabled, {}), "* ENABLED\r\n");
  EXPECT_EQ(written(write_enabled, words), "* ENABLED IMAP4rev1 IDLE\r\n");
  const std::pair<std::string_view, std::string_view> fields[] = {{"name", "Gatepost"}, {"vendor", "a\"b"}};
  EXPECT_EQ(written(write_id, fields), "* ID (\"name\" \"Gatepost\" \"vendor\" \"a\\\"b\")\r\n");
  EXPECT_EQ(written(write_id, {}), "* ID NIL\r\n");
}

TEST(ImapResponse, WritesMailboxState) {
  EXPECT_EQ(written(write_flags, Flags{flag::kAll, {"$a"}}),
            "* FLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft $a)\r\n");
  EXPECT_EQ(written(write_flag_list, Flags{}, true), "(\\Recent)");
  EXPECT_EQ(written(write_exists, 23), "* 23 EXISTS\r\n");
  EXPECT_EQ(written(write_recent, 0), "* 0 RECENT\r\n");
  EXPECT_EQ(written(write_expunge, 44), "* 44 EXPUNGE\r\n");
}

TEST(ImapResponse, SplitsALongVanished) {
  EXPECT_EQ(written(write_vanished, numbers({}), false), "");
  EXPECT_EQ(written(write_vanished, numbers({41, 43, 44}), true), "* VANISHED (EARLIER) 41,43:44\r\n");
  NumberSet odd;
  for (std::uint32_t n = 1; n < 20'000; n += 2) odd.add(n);
  const auto out = written(write_vanished, odd, false);
  NumberSet seen;
  std::size_t lines = 0;
  for (std::size_t at = 0; at < out.size();) {
    const std::size_t end = out.find("\r\n", at);
    ASSERT_TRUE(out.substr(at).starts_with("* VANISHED "));
    EXPECT_LT(end - at, kMaxSetLineOctets + 100);
    std::size_t number = at + 11;
    while (number < end) {
      seen.add(static_cast<std::uint32_t>(std::stoul(out.substr(number))));
      number = std::min(out.find(',', number), end) + 1;
    }
    at = end + 2;
    ++lines;
  }
  EXPECT_EQ(seen, odd);
  EXPECT_GT(lines, 5u);
}

TEST(ImapResponse, WritesLists) {
  EXPECT_EQ(written(write_list, ListEntry{.name = "INBOX"}, false), "* LIST () \"/\" INBOX\r\n");
  const SpecialUse uses[] = {SpecialUse::drafts};
  const ListEntry entry{.name = "Entwürfe",
                        .attributes = list_attribute::kHasNoChildren | list_attribute::kSubscribed,
                        .special_use = uses,
                        .old_name = "alt",
                        .child_subscribed = true};
  EXPECT_EQ(written(write_list, entry, true),
            "* LIST (\\HasNoChildren \\Subscribed \\Drafts) \"/\" \"Entwürfe\" (\"CHILDINFO\" (\"SUBSCRIBED\") "
            "\"OLDNAME\" (alt))\r\n");
  EXPECT_EQ(written(write_lsub, entry, false), "* LSUB (\\HasNoChildren \\Subscribed \\Drafts) \"/\" Entw&APw-rfe\r\n");
  EXPECT_EQ(
      written(write_list, ListEntry{.name = "", .delimiter = '\\', .attributes = list_attribute::kNoSelect}, false),
      "* LIST (\\Noselect) \"\\\\\" \"\"\r\n");
  EXPECT_EQ(written(write_list, ListEntry{.name = "x", .delimiter = std::nullopt, .old_name = "y"}, false),
            "* LIST () NIL x (\"OLDNAME\" (y))\r\n");
}

TEST(ImapResponse, WritesStatusOfWhatWasAsked) {
  StatusData data{.messages = 231, .uid_next = 44292, .size = 5'000'000'000, .append_limit = {}, .mailbox_id = "F1"};
  EXPECT_EQ(written(write_status, "blurdybloop", 1 | 4 | 64, data, false),
            "* STATUS blurdybloop (MESSAGES 231 UIDNEXT 44292 SIZE 5000000000)\r\n");
  EXPECT_EQ(written(write_status, "x", 256 | 512, data, false), "* STATUS x (APPENDLIMIT NIL MAILBOXID (F1))\r\n");
  data.append_limit = 10;
  EXPECT_EQ(written(write_status, "x", 256, data, false), "* STATUS x (APPENDLIMIT 10)\r\n");
  EXPECT_EQ(written(write_status, "x", 0, data, false), "* STATUS x ()\r\n");
}

TEST(ImapResponse, WritesNamespaces) {
  const NamespaceEntry personal[] = {{"", '/'}};
  const NamespaceEntry others[] = {{"Other Users/", '/'}, {"x", std::nullopt}};
  EXPECT_EQ(written(write_namespace, personal, others, {}, false),
            "* NAMESPACE ((\"\" \"/\")) ((\"Other Users/\" \"/\")(\"x\" NIL)) NIL\r\n");
}

TEST(ImapResponse, WritesComparators) {
  std::string out;
  const std::vector<std::string> all{"i;octet", "i;ascii-casemap"};
  write_comparator(out, "i;octet", std::span(all).first(1));
  write_comparator(out, "-i;octet", all);
  EXPECT_EQ(out, "* COMPARATOR i;octet\r\n* COMPARATOR -i;octet (i;octet i;ascii-casemap)\r\n");
}

TEST(ImapResponse, WritesLanguages) {
  const std::string_view tags[] = {"i-default", "de"};
  EXPECT_EQ(written(write_language, tags), "* LANGUAGE (i-default de)\r\n");
  const NamespaceEntry others[] = {{"Other Users/", '/', "Andere/"}, {"x/", '/', "Gr\xc3\xbcn/"}};
  EXPECT_EQ(written(write_namespace, {}, others, {}, false),
            "* NAMESPACE NIL ((\"Other Users/\" \"/\" \"TRANSLATION\" (\"Andere/\"))(\"x/\" \"/\" \"TRANSLATION\" "
            "(\"Gr&APw-n/\"))) NIL\r\n");
}

TEST(ImapResponse, WritesSearchResults) {
  EXPECT_EQ(written(write_search, numbers({}), 0), "* SEARCH\r\n");
  EXPECT_EQ(written(write_search, numbers({2, 3, 6}), 917), "* SEARCH 2 3 6 (MODSEQ 917)\r\n");
  EXPECT_EQ(written(write_search, NumberSet::of(4294967294, 4294967295), 0), "* SEARCH 4294967294 4294967295\r\n");
  const NumberSet all = numbers({2, 10, 11});
  EXPECT_EQ(written(write_esearch, "A285", EsearchResult{.uid = true, .min = 7, .max = 3800}),
            "* ESEARCH (TAG \"A285\") UID MIN 7 MAX 3800\r\n");
  EXPECT_EQ(written(write_esearch, "A", EsearchResult{.min = {}, .max = {}, .count = 3, .all = &all, .modseq = 9}),
            "* ESEARCH (TAG \"A\") ALL 2,10:11 COUNT 3 MODSEQ 9\r\n");
  const NumberSet none;
  EXPECT_EQ(written(write_esearch, "A", EsearchResult{.min = {}, .max = {}, .count = {}, .all = &none}),
            "* ESEARCH (TAG \"A\")\r\n");
}

TEST(ImapResponse, WritesQuota) {
  const QuotaResource resources[] = {{"STORAGE", 10, 512}, {"MESSAGE", 20, 100}};
  EXPECT_EQ(written(write_quota, "", resources, false), "* QUOTA \"\" (STORAGE 10 512 MESSAGE 20 100)\r\n");
  const std::string_view roots[] = {""};
  EXPECT_EQ(written(write_quota_root, "INBOX", roots, false), "* QUOTAROOT INBOX \"\"\r\n");
}

}  // namespace
}  // namespace gatepost::imap
