#include "daemon/maintenance.hpp"

#include <gtest/gtest.h>

#include <atomic>

#include "daemon/event_catalogue.hpp"
#include "daemon/secret_file.hpp"
#include "daemon/status.hpp"

namespace gatepost::daemon {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

TEST(Maintenance, DoesChoresLogsFailuresAndStops) {
  MemorySink sink;
  SystemClock clock;
  Log log(sink, clock);
  std::atomic<int> done{0}, failed{0}, thrown{0};
  std::atomic<bool> told_to_stop{false};
  {
    Maintenance maintenance({{"fine", seconds(0), hours(1), [&](std::stop_token) { return ++done, Result<>{}; }},
                             {"broken", seconds(0), hours(1),
                              [&](std::stop_token) -> Result<> { return ++failed, fail(Errc::disk_full, "full"); }},
                             {"worse", seconds(0), hours(1),
                              [&](std::stop_token) -> Result<> {
                                ++thrown;
                                throw std::runtime_error("oh");
                              }},
                             {"long", seconds(0), hours(1),
                              [&](std::stop_token stop) -> Result<> {
                                while (!stop.stop_requested())
                                  std::this_thread::sleep_for(std::chrono::milliseconds(1));
                                told_to_stop = true;
                                return fail(Errc::closed, "stopped");
                              }}},
                            clock, log);
    while (done + failed + thrown < 3) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_TRUE(told_to_stop);
  ASSERT_EQ(sink.lines().size(), 2U);
  EXPECT_NE(sink.lines()[0].find("server.maintenance_failed task=broken code=disk_full"), std::string::npos);
  EXPECT_NE(sink.lines()[1].find("task=worse"), std::string::npos);
}

TEST(SecretFile, IsMadeOnceAndReadLater) {
  char name[] = "/tmp/gatepost-secret-XXXXXX";
  const std::filesystem::path directory = ::mkdtemp(name);
  SystemRandom random;
  const auto first = secret_in_file(directory / "key", random);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->reveal().size(), 32U);
  EXPECT_EQ(std::filesystem::status(directory / "key").permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const auto second = secret_in_file(directory / "key", random);
  ASSERT_TRUE(second);
  EXPECT_EQ(first->reveal(), second->reveal());
  std::filesystem::resize_file(directory / "key", 3);  // cut by a full disk
  EXPECT_TRUE(secret_in_file(directory / "key", random));
  EXPECT_FALSE(secret_in_file(directory / "no" / "key", random));
  std::filesystem::remove_all(directory);
}

TEST(EventCatalogue, HasEveryNameOnceWithSomethingToSay) {
  const auto events = event_catalogue();
  EXPECT_GT(events.size(), 50U);
  for (std::size_t i = 0; i < events.size(); ++i) {
    const Event& event = events[i];
    if (i > 0) {
      EXPECT_NE(event.name, events[i - 1].name);
    }
    EXPECT_NE(event.name.find('.'), std::string_view::npos) << event.name;
    for (const std::string_view text : {event.sentence, event.meaning, event.action}) {
      EXPECT_TRUE(text.ends_with('.')) << event.name << ": " << text;
    }
  }
}

TEST(Status, SaysTheSameToPeopleAndPrograms) {
  Status status;
  status.hostname = "mail.example.org";
  status.pid = 77;
  status.now = status.started + std::chrono::hours(49);
  status.listeners.push_back({"imaps", "imap", "implicit", "internet", {*IpAddress::parse("::1"), 993}, 3});
  status.signed_in = {{"imap", 2}};
  status.imap_clients = {{"Thunderbird 115.6", 2}};
  status.needs_restart = {"[store]"};
  status.disk_low = true;
  const admin::Reply reply = to_reply(status);
  EXPECT_NE(reply.text.find("serves mail.example.org (pid 77), up 2 d 1 h."), std::string::npos) << reply.text;
  EXPECT_NE(reply.text.find("[::1]:993"), std::string::npos);
  EXPECT_NE(reply.text.find("BELOW THE RESERVE"), std::string::npos);
  EXPECT_NE(reply.text.find("restart needed for [store]"), std::string::npos);
  EXPECT_NE(reply.json.find("\"port\":993"), std::string::npos);
  EXPECT_NE(reply.text.find("Thunderbird 115.6 (2)\n"), std::string::npos) << reply.text;
  EXPECT_NE(reply.json.find("\"imap_clients\":{\"Thunderbird 115.6\":2}"), std::string::npos);
  EXPECT_NE(reply.json.find("\"signed_in\":{\"imap\":2}"), std::string::npos);
}

}  // namespace
}  // namespace gatepost::daemon
