#include "imap/server/clients.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "imap/server/test_support.hpp"

namespace gatepost::imap::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(Clients, AreCountedWhileTheirSessionsLive) {
  World world;
  {
    Talk one(world);
    Talk two(world);
    one.line("a ID (\"name\" \"Thunderbird\" \"version\" \"115\")");
    two.line("a ID (\"NAME\" \"Thunderbird\" \"version\" \"115\")");
    EXPECT_THAT(world.server->clients(), ElementsAre(Pair("Thunderbird 115", 2)));
    two.line("b ID (\"name\" \"mutt\x01\")");
    EXPECT_THAT(world.server->clients(), ElementsAre(Pair("Thunderbird 115", 1), Pair("mutt?", 1)));
    one.line("b ID NIL");
    EXPECT_THAT(world.server->clients(), ElementsAre(Pair("mutt?", 1)));
  }
  EXPECT_THAT(world.server->clients(), IsEmpty());
}

TEST(Clients, AreOthersWhenTheyAreTooMany) {
  Clients clients;
  for (std::size_t n = 0; n < kMaxClients + 5; ++n) clients.enter("client " + std::to_string(n));
  EXPECT_EQ(clients.all().size(), kMaxClients + 1);
  EXPECT_EQ(clients.enter("another"), "others");
}

TEST(Clients, AreFoundByPartOfTheNameAndTheBeginOfTheVersion) {
  const std::vector<ClientSwitch> all = {{.name = "outlook", .version = "15."}, {.name = "Mail"}};
  EXPECT_EQ(find_switch(all, {.fields = {{"name", "Microsoft Outlook"}, {"version", "15.0"}}}), &all[0]);
  EXPECT_EQ(find_switch(all, {.fields = {{"name", "Microsoft Outlook"}, {"version", "16.15.0"}}}), nullptr);
  EXPECT_EQ(find_switch(all, {.fields = {{"name", "mail"}}}), &all[1]);
  EXPECT_EQ(find_switch(all, {.fields = {{"vendor", "mail"}}}), nullptr);
}

}  // namespace
}  // namespace gatepost::imap::server
