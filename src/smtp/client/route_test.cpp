#include "smtp/client/route.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "runtime/run_to_end.hpp"

namespace gatepost::smtp::client {
namespace {

using runtime::RecordType;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

class SmtpRoute : public testing::Test {
 protected:
  std::expected<std::vector<std::string>, Verdict> hosts(std::string domain) {
    return runtime::run_to_end(find_hosts(resolver, random, {"mail.example.org", "mx.example.org"}, std::move(domain)));
  }
  std::string reply(std::string domain) {
    const auto found = hosts(std::move(domain));
    if (found) return "found";
    return (found.error().outcome == Outcome::failed ? "failed " : "later ") + found.error().reply;
  }
  std::vector<std::string> addresses(std::string host) {
    const auto found = runtime::run_to_end(find_addresses(resolver, std::move(host)));
    std::vector<std::string> out;
    if (!found) return {found.error().reply};
    for (const IpAddress& address : *found) out.push_back(address.to_string());
    return out;
  }
  runtime::StaticResolver resolver;
  SeededRandom random{1};
};

TEST_F(SmtpRoute, TakesMailExchangersByPreference) {
  resolver.add_mx("there.example", 20, "second.there.example");
  resolver.add_mx("there.example", 10, "first.there.example");
  EXPECT_THAT(*hosts("there.example"), ElementsAre("first.there.example", "second.there.example"));
}

TEST_F(SmtpRoute, SpreadsOverThoseOfEqualPreference) {
  for (const char* host : {"a", "b", "c"}) resolver.add_mx("there.example", 10, host);
  resolver.add_mx("there.example", 20, "last");
  std::set<std::string> first;
  for (int i = 0; i < 50; ++i) {
    const auto found = *hosts("there.example");
    EXPECT_EQ(found.size(), 4U);
    EXPECT_EQ(found.back(), "last");
    first.insert(found.front());
  }
  EXPECT_THAT(first, UnorderedElementsAre("a", "b", "c"));
}

TEST_F(SmtpRoute, FallsBackOnTheDomainItself) {
  resolver.add_address("there.example", "192.0.2.1");
  EXPECT_THAT(*hosts("There.example"), ElementsAre("there.example"));
}

TEST_F(SmtpRoute, HonoursTheNullMx) {
  resolver.add_mx("there.example", 0, "");
  EXPECT_EQ(reply("there.example"), "failed 556 5.1.10 there.example does not take mail (null MX)");
}

TEST_F(SmtpRoute, DoesNotSendToItselfNorToWhoeverIsNoBetter) {
  resolver.add_mx("there.example", 10, "first.there.example");
  resolver.add_mx("there.example", 20, "mx.example.org");
  resolver.add_mx("there.example", 20, "equal.there.example");
  resolver.add_mx("there.example", 30, "third.there.example");
  EXPECT_THAT(*hosts("there.example"), ElementsAre("first.there.example"));
  resolver.add_mx("loop.example", 10, "mail.example.org");
  resolver.add_mx("loop.example", 20, "other.example");
  EXPECT_EQ(reply("loop.example"), "failed 550 5.4.6 mail for loop.example would loop back to this server");
}

TEST_F(SmtpRoute, WaitsWhenTheDnsDoesNotAnswer) {
  resolver.add_failure("there.example", RecordType::mx, Errc::unavailable);
  EXPECT_EQ(reply("there.example"), "later 451 4.4.3 the name there.example could not be looked up: unavailable");
  resolver.add_failure("bad..example", RecordType::mx, Errc::invalid);
  EXPECT_EQ(reply("bad..example"), "failed 553 5.1.2 bad..example is not a domain name");
}

TEST_F(SmtpRoute, KnowsLiterals) {
  EXPECT_THAT(*hosts("[192.0.2.1]"), ElementsAre("[192.0.2.1]"));
  EXPECT_THAT(addresses("[192.0.2.1]"), ElementsAre("192.0.2.1"));
  EXPECT_THAT(addresses("[IPv6:2001:db8::1]"), ElementsAre("2001:db8::1"));
  EXPECT_THAT(addresses("192.0.2.1"), ElementsAre("192.0.2.1"));
  EXPECT_EQ(reply("[X25:1234]"), "failed 553 5.1.2 the address literal cannot be reached");
}

TEST_F(SmtpRoute, FindsAddressesOfBothFamiliesInTurn) {
  for (const char* address : {"192.0.2.1", "192.0.2.2", "2001:db8::1"}) resolver.add_address("host.example", address);
  EXPECT_THAT(addresses("host.example"), ElementsAre("2001:db8::1", "192.0.2.1", "192.0.2.2"));
  EXPECT_THAT(addresses("nowhere.example"), ElementsAre("550 5.1.2 there is no host or domain nowhere.example"));
  resolver.add_text("text.example", "hello");
  resolver.add_failure("half.example", RecordType::aaaa, Errc::timed_out);
  EXPECT_THAT(addresses("half.example"),
              ElementsAre("451 4.4.3 the name half.example could not be looked up: timed_out"));
}

}  // namespace
}  // namespace gatepost::smtp::client
