#include "imap/protocol/command_fetch.hpp"

#include <gtest/gtest.h>

#include "imap/protocol/command.hpp"
#include "imap/protocol/test_support.hpp"

namespace gatepost::imap {
namespace {

using Form = FetchSection::Form;
using Text = Section::Text;

Fetch parsed_fetch(std::string_view text) {
  auto command = parse_command(text);
  if (!command || !std::holds_alternative<Fetch>(command->body)) {
    ADD_FAILURE() << text << ": " << (command ? "another command" : command.error().detail);
    return {};
  }
  const auto again = parse_command(test::write(*command));
  EXPECT_TRUE(again && *again == *command) << test::write(*command);
  return std::get<Fetch>(std::move(command->body));
}

FetchSection one_section(std::string_view item) {
  auto fetch = parsed_fetch(std::string("a FETCH 1 ").append(item));
  if (fetch.items.sections.size() != 1) {
    ADD_FAILURE() << item;
    return {};
  }
  return fetch.items.sections[0];
}

std::optional<Fault> fetch_fault(std::string_view text) {
  const auto command = parse_command(text);
  return command ? std::nullopt : std::optional(command.error().fault);
}

std::uint32_t bits(std::initializer_list<FetchAttribute> attributes) {
  FetchItems items;
  for (const auto a : attributes) items.add(a);
  return items.attributes;
}

TEST(ImapFetch, ReadsAttributes) {
  using A = FetchAttribute;
  const auto fetch = parsed_fetch(
      "a UID FETCH 1:* (FLAGS uid INTERNALDATE RFC822.SIZE ENVELOPE BODY BODYSTRUCTURE MODSEQ EMAILID THREADID "
      "SAVEDATE PREVIEW)");
  EXPECT_TRUE(fetch.uid);
  EXPECT_EQ(fetch.set, SequenceSet::all());
  EXPECT_EQ(fetch.items.attributes, 4095u);
  EXPECT_TRUE(fetch.items.sections.empty());
  EXPECT_EQ(parsed_fetch("a FETCH 1 BODY").items.attributes, bits({A::body}));
  EXPECT_EQ(parsed_fetch("a FETCH $ FLAGS").set, SequenceSet::saved());
  EXPECT_EQ(parsed_fetch("a FETCH 1 PREVIEW (LAZY)").items.attributes, bits({A::preview, A::preview_lazy}));
  EXPECT_EQ(parsed_fetch("a FETCH 1 (PREVIEW (LAZY) UID)").items.attributes,
            bits({A::preview, A::preview_lazy, A::uid}));
  EXPECT_EQ(parsed_fetch("a FETCH 1 PREVIEW (CHANGEDSINCE 1)").changed_since, 1u);
}

TEST(ImapFetch, ExpandsMacros) {
  using A = FetchAttribute;
  EXPECT_EQ(parsed_fetch("a FETCH 1 FAST").items.attributes, bits({A::flags, A::internal_date, A::rfc822_size}));
  EXPECT_EQ(parsed_fetch("a FETCH 1 all").items.attributes,
            bits({A::flags, A::internal_date, A::rfc822_size, A::envelope}));
  EXPECT_EQ(parsed_fetch("a FETCH 1 FULL").items.attributes,
            bits({A::flags, A::internal_date, A::rfc822_size, A::envelope, A::body}));
  EXPECT_EQ(fetch_fault("a FETCH 1 (ALL)"), Fault::syntax);
}

TEST(ImapFetch, ReadsSections) {
  EXPECT_EQ(one_section("BODY[]"), FetchSection());
  EXPECT_EQ(one_section("BODY.PEEK[]<0.2048>"), (FetchSection{.peek = true, .partial = Partial{0, 2048}}));
  EXPECT_EQ(one_section("body[text]"), (FetchSection{.section = {{}, Text::text, {}}}));
  EXPECT_EQ(one_section("BODY[1.2.3.MIME]"), (FetchSection{.section = {{1, 2, 3}, Text::mime, {}}}));
  EXPECT_EQ(one_section("BODY[4]"), (FetchSection{.section = {{4}, Text::whole, {}}}));
  EXPECT_EQ(one_section("BODY[HEADER]"), (FetchSection{.section = {{}, Text::header, {}}}));
  EXPECT_EQ(one_section("BODY[1.HEADER.FIELDS (From \"X y\" {1+}\r\nz)]<3.4>"),
            (FetchSection{.section = {{1}, Text::header_fields, {"From", "X y", "z"}}, .partial = Partial{3, 4}}));
  EXPECT_EQ(one_section("BODY[HEADER.FIELDS.NOT (To)]"),
            (FetchSection{.section = {{}, Text::header_fields_not, {"To"}}}));
  EXPECT_EQ(
      one_section("BINARY[1.2]<5.9223372036854775807>"),
      (FetchSection{.form = Form::binary, .section = {{1, 2}, Text::whole, {}}, .partial = Partial{5, INT64_MAX}}));
  EXPECT_EQ(one_section("BINARY.PEEK[]"), (FetchSection{.form = Form::binary, .peek = true}));
  EXPECT_EQ(one_section("BINARY.SIZE[2]"),
            (FetchSection{.form = Form::binary_size, .peek = true, .section = {{2}, Text::whole, {}}}));
  EXPECT_EQ(one_section("RFC822"), (FetchSection{.form = Form::rfc822}));
  EXPECT_EQ(one_section("RFC822.HEADER"),
            (FetchSection{.form = Form::rfc822_header, .peek = true, .section = {{}, Text::header, {}}}));
  EXPECT_EQ(one_section("RFC822.TEXT"), (FetchSection{.form = Form::rfc822_text, .section = {{}, Text::text, {}}}));
  EXPECT_EQ(parsed_fetch("a FETCH 1 (BODY[] BODY[] FLAGS BODY[1])").items.sections.size(), 2u);
}

TEST(ImapFetch, KnowsWhatSetsSeen) {
  EXPECT_TRUE(parsed_fetch("a FETCH 1 BODY[]").items.sets_seen());
  EXPECT_TRUE(parsed_fetch("a FETCH 1 (BODY.PEEK[] RFC822)").items.sets_seen());
  EXPECT_TRUE(parsed_fetch("a FETCH 1 BINARY[1]").items.sets_seen());
  EXPECT_FALSE(parsed_fetch("a FETCH 1 (BODY.PEEK[] BINARY.SIZE[1] RFC822.HEADER BODY)").items.sets_seen());
}

TEST(ImapFetch, ReadsModifiers) {
  const auto fetch = parsed_fetch("a UID FETCH 1:* (FLAGS) (CHANGEDSINCE 12345 VANISHED)");
  EXPECT_EQ(fetch.changed_since, 12345u);
  EXPECT_TRUE(fetch.vanished);
  EXPECT_EQ(parsed_fetch("a FETCH 1 FLAGS (CHANGEDSINCE 9223372036854775807)").changed_since, INT64_MAX);
  for (std::string_view text :
       {"a FETCH 1 FLAGS (VANISHED CHANGEDSINCE 1)", "a UID FETCH 1 FLAGS (VANISHED)", "a FETCH 1 FLAGS (CHANGEDSINCE)",
        "a FETCH 1 FLAGS (CHANGEDSINCE 9223372036854775808)", "a FETCH 1 FLAGS (FOO)", "a FETCH 1 FLAGS x"}) {
    EXPECT_EQ(fetch_fault(text), Fault::syntax) << text;
  }
}

TEST(ImapFetch, RefusesMalformedItems) {
  for (std::string_view item : {"",
                                "()",
                                "(FLAGS",
                                "(FLAGS  UID)",
                                "(FLAGS,UID)",
                                "FOO",
                                "BODY[",
                                "BODY[FOO]",
                                "BODY[0]",
                                "BODY[1.]",
                                "BODY[.1]",
                                "BODY[MIME]",
                                "BODY[HEADER.FIELDS]",
                                "BODY[HEADER.FIELDS ()]",
                                "BODY[HEADER.FIELDS (a]",
                                "BODY[]<1>",
                                "BODY[]<1.0>",
                                "BODY[]<1.2",
                                "BODY[] <1.2>",
                                "BINARY[TEXT]",
                                "BINARY.SIZE[1]<0.1>",
                                "BINARY",
                                "BODY.PEEK",
                                "BODY[1.HEADER x]",
                                "FLAGS[]",
                                "RFC822[]",
                                "BODY[99999999999]"}) {
    EXPECT_EQ(fetch_fault(std::string("a FETCH 1 ").append(item)), Fault::syntax) << item;
  }
}

TEST(ImapFetch, HasLimits) {
  std::string deep = "a FETCH 1 BODY[1";
  for (int i = 0; i < 100; ++i) deep += ".1";
  EXPECT_EQ(fetch_fault(deep + "]"), Fault::limit);
  std::string many = "a FETCH 1 (FLAGS";
  for (int i = 1; i <= 201; ++i) many += " BODY[" + std::to_string(i) + "]";
  EXPECT_EQ(fetch_fault(many + ")"), Fault::limit);
  std::string fields = "a FETCH 1 BODY[HEADER.FIELDS (x";
  for (int i = 0; i < 500; ++i) fields += " x";
  EXPECT_EQ(fetch_fault(fields + ")]"), Fault::limit);
}

}  // namespace
}  // namespace gatepost::imap
