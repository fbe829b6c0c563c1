#include "gate/notes/peer_notes.hpp"

#include <gtest/gtest.h>

#include "gate/notes/peer_report.hpp"

namespace gatepost::gate::notes {
namespace {

using namespace std::chrono_literals;

Endpoint from(std::string_view address, std::uint16_t port = 4000) { return {*IpAddress::parse(address), port}; }
std::optional<Network> one(std::string_view address) { return Network{*IpAddress::parse(address), 128}; }

class PeerNotesTest : public testing::Test {
 protected:
  ManualClock clock;
  PeerNotes notes{{.notes = 16, .peers = 16}, clock, 7};
};

TEST_F(PeerNotesTest, CountsWhatOnePeerMeetsAgainWithinAMinuteAsOneNote) {
  for (int i = 0; i < 5; ++i) {
    notes.refused("imaps", from("203.0.113.9", static_cast<std::uint16_t>(4000 + i)), What::audience);
    clock.advance(10s);
  }
  clock.advance(2min);
  notes.refused("imaps", from("203.0.113.9"), What::audience);
  notes.refused("smtp", from("203.0.113.9"), What::audience);
  const auto found = notes.find({.from = one("203.0.113.9"), .listener = {}, .refusals_only = true, .since = {}});
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[2].count, 5U);
  EXPECT_EQ(found[2].remote.port, 4004);
  EXPECT_EQ(found[2].last - found[2].first, 40s);
  EXPECT_EQ(found[0].listener, "smtp");
  EXPECT_EQ(notes.peer(*IpAddress::parse("203.0.113.9"))->refused, 7U);
}

TEST_F(PeerNotesTest, OneWhoInsistsDoesNotPushTheOthersOut) {
  notes.ended("imaps", from("192.0.2.1"), "c1", What::handshake, 30ms, "certificate expired");
  for (int i = 0; i < 1000; ++i) notes.refused("imaps", from("203.0.113.9"), What::rate_limit);
  const auto found = notes.find({.from = one("192.0.2.1")});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].detail, "certificate expired");
  EXPECT_EQ(found[0].connection, "c1");
  EXPECT_EQ(notes.total(What::rate_limit), 1000U);
}

TEST_F(PeerNotesTest, ForgetsPeersWithoutConnectionsFirst) {
  notes.opened(from("192.0.2.1"));
  for (std::uint32_t i = 0; i < 1000; ++i) {
    clock.advance(1s);
    notes.refused("smtp", {IpAddress::v4(0x0a000000 + i), 4000}, What::audience);
  }
  const auto kept = notes.peer(*IpAddress::parse("192.0.2.1"));
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->open_now, 1U);
  EXPECT_EQ(notes.busiest(1).front().address, IpAddress::parse("192.0.2.1"));
  EXPECT_EQ(notes.busiest(1000).size(), 16U);
}

TEST_F(PeerNotesTest, CutsTextsThatAreLongerThanTheirPlace) {
  notes.ended(std::string(300, 'l'), from("192.0.2.1"), std::string(300, 'c'), What::ended, 1s, std::string(300, 'd'));
  notes.ended(std::string(300, 'l'), from("192.0.2.1"), std::string(300, 'c'), What::ended, 1s, std::string(300, 'd'));
  const auto found = notes.find({});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].count, 2U);
  EXPECT_LT(found[0].detail.size(), 300U);
}

TEST_F(PeerNotesTest, IsTheSameAfterItWentOverTheControlSocket) {
  notes.opened(from("2001:db8::1"));
  notes.ended("imaps", from("2001:db8::1"), "c1", What::handshake, 30ms, "\x1b[2J");
  PeerReport report{notes.since(), notes.peer(*IpAddress::parse("2001:db8::1")), notes.find({}), {"a line"}};
  const auto back = peer_report_from_json(to_json(report));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->peer, report.peer);
  EXPECT_EQ(back->notes, report.notes);
  EXPECT_EQ(back->lines, report.lines);
  EXPECT_FALSE(peer_report_from_json("[]"));
  EXPECT_FALSE(peer_report_from_json("{}"));
  EXPECT_FALSE(peer_report_from_json("{\"notes\":[],\"lines\":"));
}

TEST(PeerNotesWords, AreTheSameBothWays) {
  for (int i = 0; i <= static_cast<int>(What::failed); ++i) {
    const auto what = static_cast<What>(i);
    EXPECT_EQ(parse_what(to_string(what)), what);
    Note note;
    note.what = what;
    EXPECT_FALSE(sentence(note).empty());
  }
}

TEST(LineRing, GivesAllLinesOfAPeersConnectionsAndMessages) {
  LineRing ring(4);
  ring.add("2026-11-26T10:00:00.000Z notice gone.one remote=192.0.2.1:1");
  ring.add("2026-11-26T10:00:01.000Z notice smtp.recipient_refused conn=a remote=192.0.2.1:1 to=x@y");
  ring.add("2026-11-26T10:00:02.000Z info mail.accepted conn=a id=42");
  ring.add("2026-11-26T10:00:03.000Z notice mail.deferred id=42 to=x@y");
  ring.add("2026-11-26T10:00:04.000Z info mail.accepted conn=b id=43");
  const auto lines = ring.all();
  ASSERT_EQ(lines.size(), 4U);
  LineFilter filter;
  filter.address = IpAddress::parse("192.0.2.1");
  EXPECT_EQ(select_lines(lines, filter, 10).size(), 3U);
  EXPECT_EQ(select_lines(lines, filter, 1).front().name, "mail.deferred");
  LineFilter by_text;
  by_text.text = "43";
  EXPECT_EQ(select_lines(lines, by_text, 10).size(), 1U);
}

}  // namespace
}  // namespace gatepost::gate::notes
