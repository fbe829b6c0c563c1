#include "daemon/gate_notes.hpp"

#include <stdlib.h>

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.hpp"
#include "gate/notes/peer_report.hpp"
#include "gate/watch/event_record.hpp"

namespace gatepost::daemon {
namespace {

using testing::HasSubstr;

class GateNotesTest : public testing::Test {
 protected:
  GateNotesTest() {
    std::string name = (std::filesystem::temp_directory_path() / "gatepost-notes-XXXXXX").string();
    folder = mkdtemp(name.data());
    notes = make();
  }
  ~GateNotesTest() override { std::filesystem::remove_all(folder); }
  std::unique_ptr<GateNotes> make() { return std::make_unique<GateNotes>(lines, folder / "uses.json", clock, random); }
  admin::Reply ask(std::string verb, std::map<std::string, std::vector<std::string>> options = {}) {
    EXPECT_TRUE(GateNotes::answers(verb));
    return notes->answer({std::move(verb), std::move(options)}, [] { return Status{}; });
  }
  static runtime::Peer peer(std::string_view address) {
    runtime::Peer out;
    out.connection_id = "c1";
    out.remote = {*IpAddress::parse(address), 4000};
    out.listener = "imaps";
    return out;
  }
  std::filesystem::path folder;
  gate::notes::LineRing lines{16};
  ManualClock clock;
  SeededRandom random{7};
  std::unique_ptr<GateNotes> notes;
};

TEST_F(GateNotesTest, TellsOfAPeerWhatItDidWithIt) {
  notes->refused("imaps", {*IpAddress::parse("203.0.113.9"), 4000}, "audience");
  notes->opened(peer("203.0.113.9"));
  notes->ended(peer("203.0.113.9"), runtime::ConnectionObserver::End::handshake, std::chrono::seconds(1),
               "no shared cipher");
  lines.add("2026-11-26T10:00:00.000Z notice mail.refused conn=c1 code=disk_full");
  lines.add("2026-11-26T10:00:00.000Z notice mail.refused conn=c2 code=disk_full");
  const auto report = gate::notes::peer_report_from_json(ask("gate peer", {{"address", {"203.0.113.9"}}}).json);
  ASSERT_TRUE(report);
  ASSERT_EQ(report->notes.size(), 2U);
  EXPECT_EQ(report->notes[0].what, gate::notes::What::handshake);
  EXPECT_EQ(report->notes[1].what, gate::notes::What::audience);
  EXPECT_EQ(report->peer->opened, 1U);
  EXPECT_EQ(report->lines.size(), 1U);  // by the number of the connection
  EXPECT_EQ(ask("gate peer", {{"address", {"nobody"}}}).exit_code, 2);
  EXPECT_EQ(ask("gate lines").exit_code, 2);
  EXPECT_THAT(ask("gate lines", {{"text", {"disk_full"}}}).json, HasSubstr("conn=c2"));
}

TEST_F(GateNotesTest, TellsABanFromAnAudience) {
  notes->set_banned([](const IpAddress& address) { return address == IpAddress::parse("203.0.113.9"); });
  notes->refused("imaps", {*IpAddress::parse("203.0.113.9"), 4000}, "audience");
  notes->refused("imaps", {*IpAddress::parse("203.0.113.10"), 4000}, "audience");
  const auto what = [&](std::string_view address) {
    return gate::notes::peer_report_from_json(ask("gate peer", {{"address", {std::string(address)}}}).json)
        ->notes[0]
        .what;
  };
  EXPECT_EQ(what("203.0.113.9"), gate::notes::What::banned);
  EXPECT_EQ(what("203.0.113.10"), gate::notes::What::audience);
}

TEST_F(GateNotesTest, HearsOfTheFirewallFromTheWatcherAlone) {
  EXPECT_THAT(ask("gate top").json, HasSubstr("\"firewall\":null"));
  gate::watch::KeptEvent event;
  event.number = 1;
  event.arrived = clock.now();
  event.verdict = gate::log::Verdict::deny;
  event.source = {*IpAddress::parse("203.0.113.9"), true, false};
  event.destination_port = 993;
  event.rule = "gatepost:imaps";
  const auto record = gate::watch::encode(event);
  const std::string text = base64::encode({record.data(), record.size()});
  EXPECT_THAT(ask("gate events", {{"record", {text, text}}, {"gap", {"yes"}}}).json, HasSubstr("\"taken\":2"));
  const std::string top = ask("gate top").json;
  EXPECT_THAT(top, HasSubstr("\"denied_last_minute\":2"));
  EXPECT_THAT(top, HasSubstr("\"gaps\":1"));
  std::string damaged = text;
  damaged[9] = damaged[9] == 'A' ? 'B' : 'A';
  EXPECT_EQ(ask("gate events", {{"record", {damaged}}}).exit_code, 2);
  EXPECT_EQ(ask("gate events", {{"record", {"?"}}}).exit_code, 2);
}

TEST_F(GateNotesTest, KeepsTheUseOfListenersOverARestart) {
  notes->opened(peer("203.0.113.9"));
  ASSERT_TRUE(notes->save());
  notes = make();
  notes->opened(peer("203.0.113.10"));
  EXPECT_THAT(ask("gate uses").json, HasSubstr("\"network\":\"203.0.113.0/24\",\"connections\":2"));
}

}  // namespace
}  // namespace gatepost::daemon
