#include "imap/protocol/receiver.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

namespace gatepost::imap {
namespace {

using namespace std::string_view_literals;

using ItemKind = Receiver::Kind;
using Decide = std::function<void(Receiver&, const Receiver::Item&)>;

void collect_all(Receiver& receiver, const Receiver::Item& item) {
  if (item.kind == ItemKind::literal_header) receiver.accept_collect();
}
void stream_all(Receiver& receiver, const Receiver::Item& item) {
  if (item.kind == ItemKind::literal_header) receiver.accept_stream();
}
void refuse_all(Receiver& receiver, const Receiver::Item& item) {
  if (item.kind == ItemKind::literal_header) receiver.refuse();
}

std::string shown(const Receiver::Item& item) {
  constexpr std::string_view kNames[] = {"more", "command", "literal", "chunk", "end", "line", "too long", "nul"};
  std::string out(kNames[static_cast<int>(item.kind)]);
  if (item.continued) out += '+';
  if (!item.tag.empty()) out.append(" <").append(item.tag).append(">");
  if (item.kind != ItemKind::too_long && item.kind != ItemKind::has_nul) out.append(" ").append(item.text);
  if (item.kind == ItemKind::literal_header) {
    out += '#' + std::to_string(item.literal.octets);
    if (!item.literal.synchronizing) out += '+';
    if (item.literal.binary) out += '~';
    if (!item.collectable) out += '!';
  }
  return out;
}

std::vector<std::string> cut(std::string_view input, std::size_t piece, const Decide& decide,
                             const ReceiverLimits& limits) {
  Receiver receiver(limits);
  std::vector<std::string> seen;
  std::string buffer, streamed;
  for (std::size_t at = 0; at < input.size(); at += piece) {
    buffer += input.substr(at, piece);
    while (true) {
      const auto item = receiver.next(buffer);
      if (item.kind == ItemKind::literal_chunk || item.kind == ItemKind::literal_end) streamed += item.text;
      if (item.kind == ItemKind::literal_end) {
        seen.push_back("end " + streamed);
        streamed.clear();
      } else if (item.kind != ItemKind::literal_chunk && item.kind != ItemKind::need_more) {
        seen.push_back(shown(item));
      }
      decide(receiver, item);
      buffer.erase(0, item.consumed);
      if (item.kind == ItemKind::need_more) break;
    }
  }
  return seen;
}

// The items of `input`, the same whole and cut at every small size.
std::vector<std::string> items(std::string_view input, const Decide& decide = collect_all,
                               const ReceiverLimits& limits = {}) {
  const auto whole = cut(input, input.size(), decide, limits);
  for (std::size_t piece = 1; piece <= 9; ++piece) EXPECT_EQ(cut(input, piece, decide, limits), whole) << piece;
  return whole;
}

using Items = std::vector<std::string>;

TEST(ImapReceiver, FindsLinesAndTheirTags) {
  EXPECT_EQ(items("A1 NOOP\r\na.2 LOGIN x y\r\n"), (Items{"command <A1> A1 NOOP", "command <a.2> a.2 LOGIN x y"}));
  EXPECT_EQ(items("A1\r\n\r\n"), (Items{"command <A1> A1", "command "}));
  EXPECT_EQ(items("A+1 NOOP\r\n (\r\n"), (Items{"command A+1 NOOP", "command  ("}));
  EXPECT_EQ(items("A1 NOO"), Items{});
}

TEST(ImapReceiver, EndsALineWithLfAloneUnlessToldNotTo) {
  EXPECT_EQ(items("A1 NOOP\nA2 NOOP\r\n"), (Items{"command <A1> A1 NOOP", "command <A2> A2 NOOP"}));
  EXPECT_EQ(items("A1 NOOP\nA2 NOOP\r\n", collect_all, {.bare_lf = false}), Items{"command <A1> A1 NOOP\nA2 NOOP"});
  EXPECT_EQ(items("A1 NOOP\r\r\n"), Items{"command <A1> A1 NOOP\r"});
}

TEST(ImapReceiver, PutsCollectedLiteralsIntoTheText) {
  EXPECT_EQ(items("A1 LOGIN {5}\r\nan na {4+}\npw\r\n\r\nA2 NOOP\r\n"),
            (Items{"literal <A1> A1 LOGIN #5", "literal <A1> A1 LOGIN {5}\r\nan na #4+",
                   "command <A1> A1 LOGIN {5}\r\nan na {4+}\r\npw\r\n", "command <A2> A2 NOOP"}));
  EXPECT_EQ(items("A1 X {0}\r\n\r\n"), (Items{"literal <A1> A1 X #0", "command <A1> A1 X {0}\r\n"}));
  EXPECT_EQ(items("A1 X ~{3+}\r\n\0\r\n\r\n"), Items{"literal <A1> A1 X #3+~"});
  EXPECT_EQ(items(std::string_view("A1 X ~{3+}\r\na\0b\r\n", 17)),
            (Items{"literal <A1> A1 X #3+~", std::string("command <A1> A1 X ~{3+}\r\na\0b", 28)}));
}

TEST(ImapReceiver, SaysWhatIsALiteralHeader) {
  EXPECT_FALSE(find_literal_header("A1 X {}"));
  EXPECT_FALSE(find_literal_header("A1 X {1++}"));
  EXPECT_FALSE(find_literal_header("A1 X {-1}"));
  EXPECT_FALSE(find_literal_header("A1 X 1}"));
  EXPECT_FALSE(find_literal_header("A1 X {1} "));
  EXPECT_FALSE(find_literal_header("{000000000000000000001}"));
  EXPECT_EQ(find_literal_header("A1 X {007}")->header.octets, 7u);
  EXPECT_EQ(find_literal_header("x~{7+}")->at, 1u);
  EXPECT_EQ(find_literal_header("{9223372036854775807}")->header.octets, 9223372036854775807u);
  EXPECT_EQ(find_literal_header("{9223372036854775808}")->header.octets, LiteralHeader::kHuge);
  EXPECT_EQ(find_literal_header("{99999999999999999999}")->header.octets, LiteralHeader::kHuge);
}

TEST(ImapReceiver, StreamsLiteralsAndGoesOnBehindThem) {
  EXPECT_EQ(items("A1 APPEND x {3}\r\nabc\r\nA2 NOOP\r\n", stream_all),
            (Items{"literal <A1> A1 APPEND x #3", "end abc", "command+ <A1> ", "command <A2> A2 NOOP"}));
  EXPECT_EQ(
      items("A1 APPEND x {3}\r\nabc (\\Seen) {0+}\r\n)\r\n", stream_all),
      (Items{"literal <A1> A1 APPEND x #3", "end abc", "literal+ <A1>  (\\Seen) #0+", "end ", "command+ <A1> )"}));
}

TEST(ImapReceiver, HandsOutAStreamInTheLongestRunThereIs) {
  Receiver receiver;
  const std::string input = "A1 APPEND x {10}\r\n01234567";
  auto item = receiver.next(input);
  ASSERT_EQ(item.kind, ItemKind::literal_header);
  receiver.accept_stream();
  item = receiver.next(std::string_view(input).substr(item.consumed));
  EXPECT_EQ(item.kind, ItemKind::literal_chunk);
  EXPECT_EQ(item.text, "01234567");
  EXPECT_EQ(receiver.next("").kind, ItemKind::need_more);
  item = receiver.next("89\r\n");
  EXPECT_EQ(item.kind, ItemKind::literal_end);
  EXPECT_EQ(item.text, "89");
  EXPECT_EQ(item.consumed, 2u);
}

TEST(ImapReceiver, DropsARefusedCommandWholeAndKeepsTheNext) {
  // The client of a synchronizing literal sends nothing more.
  EXPECT_EQ(items("A1 X {9}\r\nA2 NOOP\r\n", refuse_all), (Items{"literal <A1> A1 X #9", "command <A2> A2 NOOP"}));
  // The other kind comes all the same, and so does the rest of the command.
  EXPECT_EQ(items("A1 X {9+}\r\nA2 NOOP\r\n) y {4+}\r\nz\r\n\r\r\nA3 NOOP\r\n", refuse_all),
            (Items{"literal <A1> A1 X #9+", "command <A3> A3 NOOP"}));
  EXPECT_EQ(items("A1 X {2+}\r\nab {4}\r\nA3 NOOP\r\n", refuse_all),
            (Items{"literal <A1> A1 X #2+", "command <A3> A3 NOOP"}));
  EXPECT_EQ(items("A1 X {0+}\r\n\r\nA3 NOOP\r\n", refuse_all),
            (Items{"literal <A1> A1 X #0+", "command <A3> A3 NOOP"}));
  EXPECT_EQ(items("A1 X {99999999999999999999+}\r\nA2 NOOP\r\n", refuse_all).size(), 1u);
}

TEST(ImapReceiver, DropsTheRestOfACommandWhoseMessageFailed) {
  const auto drop = [](Receiver& receiver, const Receiver::Item& item) {
    if (item.kind == ItemKind::literal_header) receiver.accept_stream();
    if (item.kind == ItemKind::literal_end) receiver.drop_command();
  };
  EXPECT_EQ(items("A1 APPEND x {3}\r\nabc (\\Seen) {9+}\r\nA2 NOOP\r\n\r\nA3 NOOP\r\n", drop),
            (Items{"literal <A1> A1 APPEND x #3", "end abc", "command <A3> A3 NOOP"}));
  Receiver receiver;
  receiver.next("A1 APPEND x {100}\r\n");
  receiver.accept_stream();
  receiver.next("abc");
  receiver.drop_command();
  const std::string rest = std::string(97, 'x') + "\r\nA2 NOOP\r\n";
  const auto item = receiver.next(rest);
  EXPECT_EQ(item.text, "A2 NOOP");
  EXPECT_EQ(item.consumed, rest.size());
}

TEST(ImapReceiver, DropsAnOversizedLineAndKeepsTheNext) {
  const ReceiverLimits small{.max_line_octets = 20};
  const std::string xs(40, 'x');
  EXPECT_EQ(items("A1 LOGIN " + xs + "\r\nA2 NOOP\r\n", collect_all, small),
            (Items{"too long <A1>", "command <A2> A2 NOOP"}));
  EXPECT_EQ(items("A1 345678901234567\r\n" + xs + "\r\n", collect_all, small).size(), 2u);
  EXPECT_EQ(items("A1 345678901234567\r\n", collect_all, small), Items{"command <A1> A1 345678901234567"});
  EXPECT_EQ(items("A1 3456789012345678\r\n", collect_all, small), Items{"too long <A1>"});
  EXPECT_EQ(items(xs + "\r\n", collect_all, small), Items{"too long"});
}

TEST(ImapReceiver, SkipsTheLiteralAtTheEndOfAnOversizedLine) {
  const ReceiverLimits small{.max_line_octets = 20};
  const std::string xs(40, 'x');
  EXPECT_EQ(items("A1 " + xs + " {9+}\r\nA2 NOOP\r\n\r\nA3 NOOP\r\n", collect_all, small),
            (Items{"too long <A1>", "command <A3> A3 NOOP"}));
  EXPECT_EQ(items("A1 " + xs + " ~{9}\r\nA2 NOOP\r\n", collect_all, small),
            (Items{"too long <A1>", "command <A2> A2 NOOP"}));
  EXPECT_EQ(
      items("A1 " + xs + "\n {9+}\r\n123456789\r\nA3 NOOP\r\n", collect_all, {.max_line_octets = 20, .bare_lf = false}),
      (Items{"too long <A1>", "command <A3> A3 NOOP"}));
}

TEST(ImapReceiver, CountsAllLinesOfACommandTogether) {
  const ReceiverLimits small{.max_line_octets = 23};
  EXPECT_EQ(items("A1 X {1}\r\na {1}\r\nb {1}\r\nc\r\nA2 NOOP\r\n", collect_all, small),
            (Items{"literal <A1> A1 X #1", "literal <A1> A1 X {1}\r\na #1", "literal <A1> A1 X {1}\r\na {1}\r\nb #1",
                   "too long <A1>", "command <A2> A2 NOOP"}));
  // A streamed message begins anew.
  EXPECT_EQ(items("A1 APPEND x {1+}\r\na {1+}\r\nb {1+}\r\nc {1+}\r\nd\r\n", stream_all, small).size(), 9u);
}

TEST(ImapReceiver, SaysWhenCollectedLiteralsWouldBeTooMuch) {
  const ReceiverLimits small{.max_literal_octets = 5};
  EXPECT_EQ(items("A1 X {3+}\r\nabc {3+}\r\ndef\r\nA2 X {5}\r\nabcde\r\n", collect_all, small),
            (Items{"literal <A1> A1 X #3+", "literal <A1> A1 X {3+}\r\nabc #3+!", "literal <A2> A2 X #5",
                   "command <A2> A2 X {5}\r\nabcde"}));
  EXPECT_EQ(items("A1 X {99999999999999999999}\r\nA2 NOOP\r\n", collect_all, small),
            (Items{"literal <A1> A1 X #18446744073709551615!", "command <A2> A2 NOOP"}));
}

TEST(ImapReceiver, RefusesNulOutsideOfLiterals) {
  EXPECT_EQ(items("A1 LOGIN a\0b c {9+}\r\nA2 NOOP\r\n\r\nA3 NOOP\r\n"sv), (Items{"nul <A1>", "command <A3> A3 NOOP"}));
  EXPECT_EQ(items("A1 X {1}\r\na\0\r\nA3 NOOP\r\n"sv),
            (Items{"literal <A1> A1 X #1", "nul <A1>", "command <A3> A3 NOOP"}));
}

TEST(ImapReceiver, ReadsOneRawLineWhenTold) {
  const auto expect = [](Receiver& receiver, const Receiver::Item& item) {
    collect_all(receiver, item);
    if (item.text == "A1 AUTHENTICATE") receiver.expect(Receiver::Expect::sasl_line);
    if (item.text == "A2 IDLE") receiver.expect(Receiver::Expect::done);
  };
  EXPECT_EQ(items("A1 AUTHENTICATE\r\n{3+}\r\nA2 IDLE\r\nDONE\r\nA3 NOOP\r\n", expect),
            (Items{"command <A1> A1 AUTHENTICATE", "line {3+}", "command <A2> A2 IDLE", "line DONE",
                   "command <A3> A3 NOOP"}));
  EXPECT_EQ(
      items("A1 AUTHENTICATE\r\n" + std::string(60, 'x') + "{3+}\r\nA3 NOOP\r\n", expect, {.max_line_octets = 50}),
      (Items{"command <A1> A1 AUTHENTICATE", "too long", "command <A3> A3 NOOP"}));
}

TEST(ImapReceiver, ForgetsEverythingOnReset) {
  Receiver receiver;
  receiver.next("A1 X {5}\r\n");
  receiver.accept_collect();
  receiver.next("abc");
  receiver.reset();
  EXPECT_EQ(receiver.next("A2 NOOP\r\n").text, "A2 NOOP");
}

}  // namespace
}  // namespace gatepost::imap
