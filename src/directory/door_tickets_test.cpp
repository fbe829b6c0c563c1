#include <gmock/gmock.h>

#include <set>

#include "directory/door_fixture.hpp"

// Who signs in by a ticket of another directory (RFC 4752, RFC 4559).
namespace gatepost::directory {
namespace {

// Every token is a ticket of the client it names, and nothing is wrapped.
class KnownTickets final : public Tickets {
 public:
  class Context final : public sasl::TicketContext {
   public:
    explicit Context(std::string_view service) : proves_(service == kHttpTickets) {}
    Result<Accepted> accept(std::string_view token) override {
      if (token == "bad") return fail(Errc::unauthenticated, "no ticket");
      client_ = token;
      return Accepted{proves_ ? "proof of " + client_ : "", token != "more"};
    }
    Result<std::string> wrap(std::string_view octets) override { return std::string(octets); }
    Result<std::string> unwrap(std::string_view token) override { return std::string(token); }
    std::string client() const override { return client_; }

   private:
    const bool proves_;
    std::string client_;
  };
  bool serves(std::string_view service) const override { return served.contains(service); }
  std::set<std::string, std::less<>> served{"imap", "smtp", "HTTP"};
  std::unique_ptr<sasl::TicketContext> open(std::string_view service) override {
    return std::make_unique<Context>(service);
  }
  Result<std::string> account_of(std::string_view client) override {
    if (client == "out@CORP") return fail(Errc::denied, "disabled there");
    if (client == "later@CORP") return fail(Errc::unavailable, "no answer");
    if (!client.ends_with("@CORP")) return fail(Errc::unauthenticated, "another realm");
    return std::string(client.substr(0, client.find('@'))) + "@example.org";
  }
};

class DoorTickets : public DoorTest {
 protected:
  DoorTickets() {
    dir.person("ben@example.org", "battery staple");
    door.set_tickets(tickets);
  }
  SignInStep say(std::string_view token, std::string_view name) {
    auto conversation = door.start("GSSAPI", context, [] {});
    if (!conversation) return conversation.error();
    SignInStep step = (*conversation)->begin(token);
    if (!std::holds_alternative<sasl::Challenge>(step)) return step;
    return (*conversation)->answer(std::string("\1\0\0\0", 4) + std::string(name));
  }
  static Errc code(const SignInStep& step) {
    const auto* const error = std::get_if<Error>(&step);
    return error == nullptr ? Errc::internal : error->code;
  }
  KnownTickets tickets;
};

TEST_F(DoorTickets, AreOfferedToServicesThatHaveAKey) {
  EXPECT_THAT(door.mechanisms(context), testing::Contains(sasl::Mechanism::gssapi));
  context.service = "submission";
  EXPECT_THAT(door.mechanisms(context), testing::Contains(sasl::Mechanism::gssapi));
  context.service = "pop3";
  EXPECT_THAT(door.mechanisms(context), testing::Not(testing::Contains(sasl::Mechanism::gssapi)));
  context.service = "imap";
  context.tls = false;
  EXPECT_THAT(door.mechanisms(context), testing::Not(testing::Contains(sasl::Mechanism::gssapi)));
}

TEST_F(DoorTickets, LetInWhoseTicketItIsAndNobodyElse) {
  for (const std::string_view name : {"", "anna@example.org", "Anna@example.org", "anna@CORP"}) {
    const SignInStep step = say("anna@CORP", name);
    ASSERT_TRUE(std::holds_alternative<std::unique_ptr<SignedIn>>(step)) << name;
    EXPECT_EQ(std::get<std::unique_ptr<SignedIn>>(step)->principal().address, "anna@example.org");
  }
  EXPECT_EQ(code(say("anna@CORP", "ben@example.org")), Errc::unauthenticated);
  EXPECT_EQ(code(say("anna@CORP", "nobody@example.org")), Errc::unauthenticated);
  EXPECT_EQ(code(say("nobody@CORP", "")), Errc::unauthenticated);
  EXPECT_EQ(code(say("anna@ELSEWHERE", "")), Errc::unauthenticated);
  EXPECT_EQ(code(say("out@CORP", "")), Errc::denied);
  EXPECT_EQ(code(say("later@CORP", "")), Errc::unavailable);
  EXPECT_EQ(code(say("bad", "")), Errc::unauthenticated);
}

TEST_F(DoorTickets, InHttpAreOneMessage) {
  context.service = "http";
  ASSERT_TRUE(door.takes_tickets(context));
  std::string proof;
  const auto entered = door.with_ticket("anna@CORP", context, [] {}, proof);
  ASSERT_TRUE(entered) << entered.error().detail;
  EXPECT_EQ((*entered)->principal().address, "anna@example.org");
  EXPECT_EQ(proof, "proof of anna@CORP");
  const auto refused = [&](std::string_view token) {
    return door.with_ticket(token, context, [] {}, proof).error().code;
  };
  for (const std::string_view token : {"bad", "more", "nobody@CORP", "anna@ELSEWHERE"}) {
    EXPECT_EQ(refused(token), Errc::unauthenticated) << token;
  }
  EXPECT_EQ(refused("out@CORP"), Errc::denied);
  EXPECT_EQ(refused("later@CORP"), Errc::unavailable);
  // Without TLS, a key or leave there are none.
  context.tls = false;
  EXPECT_FALSE(door.takes_tickets(context));
  EXPECT_EQ(refused("anna@CORP"), Errc::unauthenticated);
  context.tls = true;
  tickets.served.erase("HTTP");
  EXPECT_FALSE(door.takes_tickets(context));
  tickets.served.insert("HTTP");
  door.set_policy({.mechanisms = {"PLAIN"}});
  EXPECT_FALSE(door.takes_tickets(context));
}

TEST_F(DoorTickets, OfSomebodyDisabledHereLetNobodyIn) {
  anna.enabled = false;
  ASSERT_TRUE(dir->update_principal(anna));
  EXPECT_EQ(code(say("anna@CORP", "")), Errc::denied);
}

}  // namespace
}  // namespace gatepost::directory
