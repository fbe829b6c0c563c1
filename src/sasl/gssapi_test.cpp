#include "sasl/gssapi.hpp"

#include <gtest/gtest.h>

#include "sasl/mechanism.hpp"

namespace gatepost::sasl {
namespace {

using std::string_literals::operator""s;

// A realm whose tickets are "TICKET", and whose wrapping is a bracket.
class Context final : public TicketContext {
 public:
  explicit Context(std::string reply) : reply_(std::move(reply)) {}
  Result<Accepted> accept(std::string_view token) override {
    if (token == "MORE") return Accepted{"go on", false};
    if (token != "TICKET") return fail(Errc::unauthenticated, "not a ticket");
    return Accepted{reply_, true};
  }
  Result<std::string> wrap(std::string_view octets) override { return "<" + std::string(octets) + ">"; }
  Result<std::string> unwrap(std::string_view token) override {
    if (!token.starts_with('<') || !token.ends_with('>')) return fail(Errc::unauthenticated, "not wrapped");
    return std::string(token.substr(1, token.size() - 2));
  }
  std::string client() const override { return "anna@CORP.EXAMPLE"; }

 private:
  const std::string reply_;
};

class Acceptor final : public TicketAcceptor {
 public:
  bool serves(std::string_view service) const override { return service == "imap"; }
  std::unique_ptr<TicketContext> open(std::string_view) override { return std::make_unique<Context>(reply); }
  std::string reply = "reply";
};

std::string challenge(const Step& step) {
  const auto* const out = std::get_if<Challenge>(&step);
  return out == nullptr ? "none" : out->octets;
}

Errc failure(const Step& step) {
  const auto* const out = std::get_if<Failed>(&step);
  return out == nullptr ? Errc::internal : out->error.code;
}

TEST(SaslGssapi, GoesFromTheTicketToTheName) {
  Acceptor acceptor;
  auto exchange = make_gssapi_exchange(acceptor, "imap");
  EXPECT_EQ(challenge(exchange->begin(std::nullopt)), "");
  EXPECT_EQ(challenge(exchange->step("MORE")), "go on");
  EXPECT_EQ(challenge(exchange->step("TICKET")), "reply");
  EXPECT_EQ(challenge(exchange->step("")), "<\1\0\0\0>"s);
  const Step last = exchange->step("<\1\0\0\0anna@example.org>"s);
  ASSERT_TRUE(std::holds_alternative<CheckTicket>(last));
  EXPECT_EQ(std::get<CheckTicket>(last).client, "anna@CORP.EXAMPLE");
  EXPECT_EQ(std::get<CheckTicket>(last).name, "anna@example.org");
  EXPECT_EQ(failure(exchange->step("TICKET")), Errc::invalid);
}

TEST(SaslGssapi, ASilentAcceptorOffersLayersAtOnce) {
  Acceptor acceptor;
  acceptor.reply.clear();
  auto exchange = make_gssapi_exchange(acceptor, "imap");
  EXPECT_EQ(challenge(exchange->begin("TICKET")), "<\1\0\0\0>"s);
  const Step last = exchange->step("<\1\0\0\0>"s);
  ASSERT_TRUE(std::holds_alternative<CheckTicket>(last));
  EXPECT_EQ(std::get<CheckTicket>(last).name, "");
}

TEST(SaslGssapi, RefusesWhatIsNoTicketAndWhatBreaksTheOrder) {
  Acceptor acceptor;
  const auto told = [&](std::initializer_list<std::string> lines) {
    auto exchange = make_gssapi_exchange(acceptor, "imap");
    Step step = exchange->begin(std::nullopt);
    for (const std::string& line : lines) step = exchange->step(line);
    return failure(step);
  };
  EXPECT_EQ(told({"nonsense"}), Errc::unauthenticated);
  EXPECT_EQ(told({""}), Errc::invalid);
  EXPECT_EQ(told({std::string(kMaxTicketOctets + 1, 'x')}), Errc::invalid);
  EXPECT_EQ(told({"TICKET", "something"}), Errc::invalid);
  EXPECT_EQ(told({"TICKET", "", "\1\0\0\0"s}), Errc::unauthenticated);
  EXPECT_EQ(told({"MORE", "MORE", "MORE", "MORE", "MORE", "MORE", "MORE", "MORE", "MORE"}), Errc::invalid);
}

TEST(SaslGssapi, TakesNoSecurityLayer) {
  EXPECT_EQ(parse_layer_choice("\1\0\0"s).error().code, Errc::invalid);
  EXPECT_EQ(parse_layer_choice("\2\0\0\0"s).error().code, Errc::unsupported);
  EXPECT_EQ(parse_layer_choice("\4\0\x10\0"s).error().code, Errc::unsupported);
  EXPECT_EQ(parse_layer_choice("\1\0\x10\0"s).error().code, Errc::invalid);
  EXPECT_EQ(parse_layer_choice("\1\0\0\0a\0b"s).error().code, Errc::invalid);
  EXPECT_EQ(parse_layer_choice("\1\0\0\0\xff"s).error().code, Errc::invalid);
  EXPECT_EQ(parse_layer_choice(write_layer_choice({"ä"})), LayerChoice{"ä"});
}

TEST(SaslGssapi, IsOfferedUnderTlsWhereThereIsAKey) {
  Acceptor acceptor;
  Offer offer{.tls = true,
              .plain = false,
              .scram_sha256 = false,
              .scram_sha1 = false,
              .tickets = &acceptor,
              .ticket_service = "imap"};
  EXPECT_EQ(mechanisms(offer), std::vector<Mechanism>{Mechanism::gssapi});
  offer.ticket_service = "smtp";
  EXPECT_TRUE(mechanisms(offer).empty());
  offer.ticket_service = "imap";
  offer.tls = false;
  offer.without_tls = true;
  EXPECT_TRUE(mechanisms(offer).empty());
}

}  // namespace
}  // namespace gatepost::sasl
