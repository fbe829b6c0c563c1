#include <algorithm>
#include <array>

#include "base/ascii.hpp"
#include "base/result.hpp"
#include "sieve/compiler.hpp"
#include "sieve/text.hpp"

namespace gatepost::sieve {
namespace {

using TestKind = Test::Kind;

struct KnownTest {
  std::string_view name;
  TestKind kind;
  std::optional<Extension> extension;
};
constexpr std::array kTests = {
    KnownTest{"address", TestKind::address, {}},
    KnownTest{"allof", TestKind::all_of, {}},
    KnownTest{"anyof", TestKind::any_of, {}},
    KnownTest{"body", TestKind::body, Extension::body},
    KnownTest{"currentdate", TestKind::current_date, Extension::date},
    KnownTest{"date", TestKind::date, Extension::date},
    KnownTest{"duplicate", TestKind::duplicate, Extension::duplicate},
    KnownTest{"envelope", TestKind::envelope, Extension::envelope},
    KnownTest{"environment", TestKind::environment, Extension::environment},
    KnownTest{"exists", TestKind::exists, {}},
    KnownTest{"false", TestKind::no, {}},
    KnownTest{"hasflag", TestKind::has_flag, Extension::imap4flags},
    KnownTest{"header", TestKind::header, {}},
    KnownTest{"ihave", TestKind::i_have, Extension::ihave},
    KnownTest{"mailboxexists", TestKind::mailbox_exists, Extension::mailbox},
    KnownTest{"not", TestKind::not_this, {}},
    KnownTest{"size", TestKind::size, {}},
    KnownTest{"specialuse_exists", TestKind::special_use_exists, Extension::special_use},
    KnownTest{"string", TestKind::string, Extension::variables},
    KnownTest{"true", TestKind::yes, {}},
};

// RFC 5228 5.1: fields that hold addresses.
constexpr std::array<std::string_view, 20> kAddressFields = {"from",
                                                             "to",
                                                             "cc",
                                                             "bcc",
                                                             "sender",
                                                             "reply-to",
                                                             "resent-from",
                                                             "resent-to",
                                                             "resent-cc",
                                                             "resent-bcc",
                                                             "resent-sender",
                                                             "resent-reply-to",
                                                             "return-path",
                                                             "delivered-to",
                                                             "x-original-to",
                                                             "errors-to",
                                                             "mail-followup-to",
                                                             "mail-reply-to",
                                                             "envelope-to",
                                                             "disposition-notification-to"};

constexpr std::array<std::string_view, 13> kDateParts = {"year",  "month",  "day",    "date", "julian",
                                                         "hour",  "minute", "second", "time", "iso8601",
                                                         "std11", "zone",   "weekday"};

std::optional<Relation> relation_of(std::string_view name) {
  constexpr std::array<std::string_view, 6> kNames = {"gt", "ge", "lt", "le", "eq", "ne"};
  const auto found = std::ranges::find(kNames, ascii::to_lower(name));
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Relation>(found - kNames.begin());
}

// time-zone = ( "+" / "-" ) 4DIGIT (RFC 5260 4.1)
std::optional<int> zone_minutes(std::string_view text) {
  if (text.size() != 5 || (text[0] != '+' && text[0] != '-') || !std::ranges::all_of(text.substr(1), ascii::is_digit)) {
    return std::nullopt;
  }
  const auto two = [&](std::size_t at) { return (text[at] - '0') * 10 + (text[at + 1] - '0'); };
  if (two(1) > 23 || two(3) > 59) return std::nullopt;
  return (two(1) * 60 + two(3)) * (text[0] == '-' ? -1 : 1);
}

}  // namespace

std::unexpected<ScriptError> unknown_tag(const Node& node, const Argument& tag) {
  return unknown(tag.line, "\"" + node.name + "\" knows no :" + tag.tag);
}

Parsed<> Compiler::need(Extension e, Origin& origin, std::string_view what) {
  if (required_.has(e)) return {};
  // RFC 5463 4: "ihave" enables no extension that changes what texts mean.
  if (has_ihave() && e != Extension::variables && e != Extension::encoded_character) {
    origin.needs.add(e);
    return {};
  }
  return wrong(origin.line, std::string(what) + " needs require \"" + std::string(to_string(e)) + "\"");
}

Parsed<Test> Compiler::test(const Node& node) {
  Test out;
  out.origin.line = node.line;
  const Parsed<> done = test_arguments(node, out);
  if (!done && done.error().of_extension && has_ihave()) {
    Test failing;
    failing.origin.line = node.line;
    failing.origin.error = done.error().cause;
    return failing;
  }
  if (!done) return std::unexpected(done.error());
  return out;
}

Parsed<> Compiler::test_arguments(const Node& node, Test& out) {
  const auto known = std::ranges::find(kTests, node.name, &KnownTest::name);
  if (known == kTests.end()) return unknown(node.line, "nobody knows the test \"" + node.name + "\"");
  out.kind = known->kind;
  if (known->extension) GP_CHECK(need(*known->extension, out.origin, "the test \"" + node.name + "\""));
  switch (out.kind) {
    case TestKind::all_of:
    case TestKind::any_of:
    case TestKind::not_this:
      return group(node, out);
    case TestKind::yes:
    case TestKind::no:
      return Arguments(node).end();
    case TestKind::address:
    case TestKind::envelope:
      return address(node, out);
    case TestKind::header:
      return compared(node, out, "the names of headers", true);
    case TestKind::environment:
    case TestKind::string:
      return compared(node, out, out.kind == TestKind::string ? "sources" : "an item", false);
    case TestKind::size:
      return size(node, out);
    case TestKind::body:
      return body(node, out);
    case TestKind::date:
    case TestKind::current_date:
      return date(node, out);
    case TestKind::duplicate:
      return duplicate(node, out);
    case TestKind::has_flag:
      return has_flag(node, out);
    case TestKind::special_use_exists:
      return special_use(node, out);
    case TestKind::exists:
    case TestKind::i_have:
    case TestKind::mailbox_exists:
      break;
  }
  Arguments arguments(node);
  if (const Argument* tag = arguments.tag()) return unknown_tag(node, *tag);
  GP_TRY(out.names, arguments.texts("names"));
  if (out.kind == TestKind::i_have && !std::ranges::all_of(out.names, is_constant)) {
    return wrong(node.line, "variables have no place in \"ihave\"");
  }
  return arguments.end();
}

Parsed<> Compiler::group(const Node& node, Test& out) {
  GP_CHECK(Arguments(node).end(true));
  const bool is_not = out.kind == TestKind::not_this;
  if (is_not ? node.has_test_list || node.tests.size() != 1 : !node.has_test_list) {
    return wrong(node.line, "\"" + node.name + (is_not ? "\" takes one test" : "\" takes tests in parentheses"));
  }
  for (const Node& inner : node.tests) {
    GP_TRY(Test test, this->test(inner));
    out.tests.push_back(std::move(test));
  }
  return {};
}

Parsed<bool> Compiler::match_tag(const Argument& tag, Arguments& arguments, Test& out) {
  const std::string& name = tag.tag;
  if (name == "comparator") {
    GP_CHECK(arguments.once("a comparator"));
    GP_TRY(const std::string comparator, arguments.constant("the comparator"));
    const auto extension = find_extension("comparator-" + comparator);
    if (!extension) return unknown(tag.line, "nobody knows the comparator \"" + comparator + "\"");
    if (*extension != Extension::octet && *extension != Extension::ascii_casemap) {
      GP_CHECK(need(*extension, out.origin, "this comparator"));
    }
    out.match.comparator = *extension == Extension::octet           ? Comparator::octet
                           : *extension == Extension::ascii_numeric ? Comparator::ascii_numeric
                           : *extension == Extension::ascii_casemap ? Comparator::ascii_casemap
                                                                    : Comparator::unicode_casemap;
    return true;
  }
  if (name == "is" || name == "contains" || name == "matches") {
    GP_CHECK(arguments.once("a match type"));
    out.match.type = name == "is" ? MatchType::is : name == "contains" ? MatchType::contains : MatchType::matches;
    return true;
  }
  if (name == "value" || name == "count") {
    GP_CHECK(arguments.once("a match type"));
    GP_CHECK(need(Extension::relational, out.origin, ":" + name));
    out.match.type = name == "value" ? MatchType::value : MatchType::count;
    GP_TRY(const std::string relation, arguments.constant("the relation"));
    const auto known = relation_of(relation);
    if (!known) return wrong(tag.line, "a relation is gt, ge, lt, le, eq or ne");
    out.match.relation = *known;
    return true;
  }
  return false;
}

Parsed<> Compiler::check_match(const Test& test) {
  // RFC 4790 9.1: that comparator knows equality and order alone.
  const bool is_substring = test.match.type == MatchType::contains || test.match.type == MatchType::matches;
  if (is_substring && test.match.comparator == Comparator::ascii_numeric) {
    return wrong(test.origin.line, "the comparator \"i;ascii-numeric\" looks for no parts of texts");
  }
  return {};
}

Parsed<bool> Compiler::part_tag(const Argument& tag, Arguments& arguments, Test& out) {
  constexpr std::array<std::string_view, 5> kNames = {"all", "localpart", "domain", "user", "detail"};
  const auto found = std::ranges::find(kNames, tag.tag);
  if (found == kNames.end()) return false;
  GP_CHECK(arguments.once("a part of addresses"));
  out.part = static_cast<AddressPart>(found - kNames.begin());
  if (out.part == AddressPart::user || out.part == AddressPart::detail) {
    GP_CHECK(need(Extension::subaddress, out.origin, ":" + tag.tag));
  }
  return true;
}

Parsed<bool> Compiler::index_tag(const Argument& tag, Arguments& arguments, Test& out) {
  if (tag.tag == "index") {
    GP_CHECK(arguments.once(":index"));
    GP_CHECK(need(Extension::index, out.origin, ":index"));
    GP_TRY(out.number, arguments.number("the number of a field"));
    if (*out.number == 0) return wrong(tag.line, "fields are counted from 1");
    return true;
  }
  if (tag.tag != "last") return false;
  GP_CHECK(arguments.once(":last"));
  GP_CHECK(need(Extension::index, out.origin, ":last"));
  out.last = true;
  return true;
}

Parsed<bool> Compiler::zone_tag(const Argument& tag, Arguments& arguments, Test& out) {
  const bool is_original = tag.tag == "originalzone" && out.kind == TestKind::date;
  if (tag.tag != "zone" && !is_original) return false;
  GP_CHECK(arguments.once("a zone"));
  out.zone.kind = is_original ? Zone::Kind::original : Zone::Kind::given;
  if (is_original) return true;
  GP_TRY(const std::string zone, arguments.constant("the zone"));
  const auto minutes = zone_minutes(zone);
  if (!minutes) return wrong(tag.line, "a zone is a sign and four digits");
  out.zone.minutes = *minutes;
  return true;
}

Parsed<> Compiler::compared(const Node& node, Test& out, std::string_view names, bool may_index) {
  Arguments arguments(node);
  while (const Argument* tag = arguments.tag()) {
    GP_TRY(bool taken, match_tag(*tag, arguments, out));
    if (!taken && may_index) {
      GP_TRY(taken, index_tag(*tag, arguments, out));
    }
    if (!taken) return unknown_tag(node, *tag);
  }
  if (out.last && !out.number) return wrong(node.line, ":last goes with :index");
  GP_CHECK(check_match(out));
  if (out.kind == TestKind::environment) {
    GP_TRY(out.text, arguments.text(names));
  } else {
    GP_TRY(out.names, arguments.texts(names));
  }
  GP_TRY(out.keys, arguments.texts("what to compare with"));
  return arguments.end();
}

Parsed<> Compiler::address(const Node& node, Test& out) {
  Arguments arguments(node);
  const bool is_envelope = out.kind == TestKind::envelope;
  while (const Argument* tag = arguments.tag()) {
    GP_TRY(bool taken, match_tag(*tag, arguments, out));
    if (!taken) {
      GP_TRY(taken, part_tag(*tag, arguments, out));
    }
    if (!taken && !is_envelope) {
      GP_TRY(taken, index_tag(*tag, arguments, out));
    }
    if (!taken) return unknown_tag(node, *tag);
  }
  if (out.last && !out.number) return wrong(node.line, ":last goes with :index");
  GP_CHECK(check_match(out));
  GP_TRY(out.names, arguments.texts(is_envelope ? "parts of the envelope" : "the names of headers"));
  for (const Text& name : out.names) {
    if (!is_constant(name)) continue;
    const std::string lower = ascii::to_lower(name);
    if (is_envelope && lower != "from" && lower != "to") {
      return wrong(node.line, "the envelope has \"from\" and \"to\" here, not \"" + name + "\"");
    }
    if (!is_envelope && std::ranges::find(kAddressFields, lower) == kAddressFields.end()) {
      return wrong(node.line, "the header \"" + name + "\" holds no addresses; test it by \"header\"");
    }
  }
  GP_TRY(out.keys, arguments.texts("what to compare with"));
  return arguments.end();
}

Parsed<> Compiler::size(const Node& node, Test& out) {
  Arguments arguments(node);
  while (const Argument* tag = arguments.tag()) {
    if (tag->tag != "over" && tag->tag != "under") return unknown_tag(node, *tag);
    GP_CHECK(arguments.once(":over or :under"));
    out.over = tag->tag == "over";
    GP_TRY(out.number, arguments.number("a limit"));
  }
  if (!out.number) return wrong(node.line, "\"size\" has :over or :under");
  return arguments.end();
}

Parsed<> Compiler::body(const Node& node, Test& out) {
  reads_bodies_ = true;
  Arguments arguments(node);
  while (const Argument* tag = arguments.tag()) {
    GP_TRY(const bool taken, match_tag(*tag, arguments, out));
    if (taken) continue;
    if (tag->tag != "raw" && tag->tag != "text" && tag->tag != "content") return unknown_tag(node, *tag);
    GP_CHECK(arguments.once(":raw, :text or :content"));
    out.transform = tag->tag == "raw"    ? BodyTransform::raw
                    : tag->tag == "text" ? BodyTransform::text
                                         : BodyTransform::content;
    if (out.transform == BodyTransform::content) {
      GP_TRY(out.names, arguments.texts("content types"));
    }
  }
  // RFC 5173 4: there is nothing to count.
  if (out.match.type == MatchType::count) return wrong(node.line, "\"body\" knows no :count");
  GP_CHECK(check_match(out));
  GP_TRY(out.keys, arguments.texts("what to compare with"));
  return arguments.end();
}

Parsed<> Compiler::date(const Node& node, Test& out) {
  Arguments arguments(node);
  const bool of_field = out.kind == TestKind::date;
  while (const Argument* tag = arguments.tag()) {
    GP_TRY(bool taken, match_tag(*tag, arguments, out));
    if (!taken) {
      GP_TRY(taken, zone_tag(*tag, arguments, out));
    }
    if (!taken && of_field) {
      GP_TRY(taken, index_tag(*tag, arguments, out));
    }
    if (!taken) return unknown_tag(node, *tag);
  }
  if (out.last && !out.number) return wrong(node.line, ":last goes with :index");
  GP_CHECK(check_match(out));
  if (of_field) {
    GP_TRY(Text name, arguments.text("the name of a header"));
    out.names.push_back(std::move(name));
  }
  GP_TRY(out.text, arguments.text("a part of the date"));
  if (is_constant(*out.text) && std::ranges::find(kDateParts, ascii::to_lower(*out.text)) == kDateParts.end()) {
    return wrong(node.line, "a date has no part \"" + *out.text + "\"");
  }
  GP_TRY(out.keys, arguments.texts("what to compare with"));
  return arguments.end();
}

Parsed<> Compiler::duplicate(const Node& node, Test& out) {
  Arguments arguments(node);
  while (const Argument* tag = arguments.tag()) {
    if (tag->tag == "header" || tag->tag == "uniqueid") {
      GP_CHECK(arguments.once(":header or :uniqueid"));
      out.is_header = tag->tag == "header";
      GP_TRY(out.text, arguments.text("what names the message"));
    } else if (tag->tag == "handle") {
      GP_CHECK(arguments.once(":handle"));
      GP_TRY(out.handle, arguments.text("the handle"));
    } else if (tag->tag == "seconds") {
      GP_CHECK(arguments.once(":seconds"));
      GP_TRY(out.number, arguments.number("the time"));
    } else if (tag->tag == "last") {
      GP_CHECK(arguments.once(":last"));
      out.last = true;
    } else {
      return unknown_tag(node, *tag);
    }
  }
  return arguments.end();
}

Parsed<> Compiler::has_flag(const Node& node, Test& out) {
  Arguments arguments(node);
  while (const Argument* tag = arguments.tag()) {
    GP_TRY(const bool taken, match_tag(*tag, arguments, out));
    if (!taken) return unknown_tag(node, *tag);
  }
  GP_CHECK(check_match(out));
  if (arguments.left() > 1) {
    GP_CHECK(need(Extension::variables, out.origin, "a list of variables"));
    GP_TRY(out.names, arguments.texts("the names of variables"));
    for (std::string& name : out.names) {
      if (!is_variable_name(name)) return wrong(node.line, "\"" + name + "\" is no name of a variable");
      name = ascii::to_lower(name);
    }
  }
  GP_TRY(out.keys, arguments.texts("flags"));
  return arguments.end();
}

Parsed<> Compiler::special_use(const Node& node, Test& out) {
  Arguments arguments(node);
  if (const Argument* tag = arguments.tag()) return unknown_tag(node, *tag);
  if (arguments.left() > 1) {
    GP_TRY(out.text, arguments.text("a mailbox"));
  }
  GP_TRY(out.names, arguments.texts("attributes"));
  return arguments.end();
}

}  // namespace gatepost::sieve
