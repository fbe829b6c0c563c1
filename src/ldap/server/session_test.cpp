#include "ldap/server/session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ldap/protocol/oids.hpp"
#include "ldap/server/result_for.hpp"
#include "ldap/server/test_support.hpp"
#include "sasl/plain.hpp"

namespace gatepost::ldap::server {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

class LdapSession : public testing::Test {
 protected:
  World world;
};

TEST_F(LdapSession, TellsStrangersAboutItselfAndNothingElse) {
  Talk talk(world);
  EXPECT_THAT(talk.find("(objectClass=*)", "", Scope::base), ElementsAre(""));
  const auto dse = talk.last.front().attributes;
  EXPECT_THAT(dse.at("namingContexts"), UnorderedElementsAre("dc=example,dc=org", "dc=example,dc=net"));
  EXPECT_THAT(dse.at("supportedLDAPVersion"), ElementsAre("3"));
  EXPECT_THAT(dse.at("supportedSASLMechanisms"), Contains("SCRAM-SHA-256-PLUS"));
  EXPECT_THAT(dse.at("supportedSASLMechanisms"), Not(Contains("LOGIN")));
  EXPECT_THAT(dse.at("supportedExtension"), Not(Contains(std::string(oid::kStartTls)))) << "TLS is on";
  EXPECT_THAT(talk.find("(objectClass=*)", "cn=subschema", Scope::base), ElementsAre("cn=Subschema"));
  EXPECT_GT(talk.last.front().attributes.at("attributeTypes").size(), 60U);
  EXPECT_THAT(talk.find("(uid=anna)"), ElementsAre("code 50"));
  EXPECT_THAT(talk.find("(uid=anna)", "", Scope::subtree), ElementsAre("code 50"));
  EXPECT_EQ(talk.ask(CompareRequest{std::string(kAnnaDn), "cn", "x"}).front().code,
            ResultCode::insufficient_access_rights);
}

TEST_F(LdapSession, TakesNoPasswordWithoutTls) {
  Talk talk(world, false);
  EXPECT_EQ(talk.bind(), ResultCode::confidentiality_required);
  BindRequest plain;
  plain.authentication = BindRequest::Sasl{"PLAIN", sasl::write_plain({"", std::string(kAnna), Secret(kPassword)})};
  EXPECT_EQ(talk.ask(std::move(plain)).front().code, ResultCode::confidentiality_required);
  talk.find("(objectClass=*)", "", Scope::base);
  EXPECT_FALSE(talk.last.front().attributes.contains("supportedSASLMechanisms"));
  EXPECT_THAT(talk.last.front().attributes.at("supportedExtension"), Contains(std::string(oid::kStartTls)));
  EXPECT_EQ(talk.ask(ExtendedRequest{std::string(oid::kStartTls), {}}).front().code, ResultCode::success);
  EXPECT_TRUE(talk.tls_wanted);
  EXPECT_EQ(talk.bind(), ResultCode::success);
  EXPECT_EQ(talk.ask(ExtendedRequest{std::string(oid::kStartTls), {}}).front().code, ResultCode::operations_error);
}

TEST_F(LdapSession, DropsWhatCameWithStartTls) {
  Talk talk(world, false);
  std::string octets;
  write(octets, 1, ExtendedRequest{std::string(oid::kStartTls), {}});
  write(octets, 2, ExtendedRequest{std::string(oid::kWhoAmI), {}});
  EXPECT_EQ(Talk::read(talk.say(octets)).size(), 1U);
}

TEST_F(LdapSession, KnowsPeopleByEveryNameTheyHave) {
  for (const std::string_view name :
       {"anna@example.org", "Anna@Example.org", "a.berg@example.org", "uid=anna,ou=people,dc=example,dc=org",
        "UID=Anna, OU=People, DC=Example, DC=Org", "EXAMPLE.ORG\\anna"}) {
    Talk talk(world);
    EXPECT_EQ(talk.bind(name), ResultCode::success) << name;
    EXPECT_EQ(talk.ask(ExtendedRequest{std::string(oid::kWhoAmI), {}}).front().value,
              "dn:uid=anna,ou=people,dc=example,dc=org");
  }
  for (const std::string_view name : {"anna", "EXAMPLE\\anna", "anna@example.net", "uid=anna,dc=example,dc=org",
                                      "uid=nobody,ou=people,dc=example,dc=org", "ou=people,dc=example,dc=org",
                                      "gone@example.org", "uid=gone,ou=people,dc=example,dc=org"}) {
    Talk talk(world);
    EXPECT_EQ(talk.bind(name), ResultCode::invalid_credentials) << name;
  }
  Talk talk(world);
  EXPECT_EQ(talk.bind(kAnna, "wrong"), ResultCode::invalid_credentials);
}

TEST_F(LdapSession, AnEmptyPasswordIsNone) {
  Talk talk(world);
  EXPECT_EQ(talk.bind(kAnna, ""), ResultCode::unwilling_to_perform);
  EXPECT_EQ(talk.bind("", ""), ResultCode::success);
  EXPECT_EQ(talk.ask(ExtendedRequest{std::string(oid::kWhoAmI), {}}).front().value, "");
}

TEST_F(LdapSession, ABindThatFailsLeavesNobodySignedIn) {
  Talk talk(world);
  EXPECT_EQ(talk.bind(), ResultCode::success);
  EXPECT_EQ(talk.bind(kAnna, "wrong"), ResultCode::invalid_credentials);
  EXPECT_THAT(talk.find("(uid=anna)"), ElementsAre("code 50"));
}

TEST_F(LdapSession, SignsInBySasl) {
  Talk talk(world);
  BindRequest plain;
  plain.authentication = BindRequest::Sasl{"PLAIN", sasl::write_plain({"", std::string(kAnna), Secret(kPassword)})};
  EXPECT_EQ(talk.ask(std::move(plain)).front().code, ResultCode::success);

  Talk scram(world);
  const auto client = *world.library->client({"SCRAM-SHA-256"}, true, kAnna, Secret(kPassword));
  BindRequest first;
  first.authentication = BindRequest::Sasl{"SCRAM-SHA-256", *client->initial()};
  auto heard = scram.ask(std::move(first)).front();
  while (heard.code == ResultCode::sasl_bind_in_progress) {
    BindRequest next;
    next.authentication = BindRequest::Sasl{"SCRAM-SHA-256", *client->step(heard.sasl)};
    heard = scram.ask(std::move(next)).front();
  }
  EXPECT_EQ(heard.code, ResultCode::success);
  EXPECT_TRUE(client->complete());
  EXPECT_THAT(scram.find("(uid=anna)"), ElementsAre(kAnnaDn));

  BindRequest unknown;
  unknown.authentication = BindRequest::Sasl{"NTLM", "x"};
  EXPECT_EQ(scram.ask(std::move(unknown)).front().code, ResultCode::auth_method_not_supported);
  BindRequest login;
  login.authentication = BindRequest::Sasl{"LOGIN", std::nullopt};
  EXPECT_EQ(scram.ask(std::move(login)).front().code, ResultCode::auth_method_not_supported);
}

TEST_F(LdapSession, OnlyVersionThreeIsSpoken) {
  Talk talk(world);
  BindRequest two;
  two.version = 2;
  two.authentication = BindRequest::Simple{};
  EXPECT_EQ(talk.ask(std::move(two)).front().code, ResultCode::protocol_error);
}

TEST_F(LdapSession, ClosesAfterTooManyWrongPasswords) {
  Talk talk(world);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(talk.bind(kAnna, "wrong"), ResultCode::invalid_credentials);
  BindRequest last;
  last.name = kAnna;
  last.authentication = BindRequest::Simple{Secret("wrong")};
  const auto heard = talk.ask(std::move(last));
  ASSERT_EQ(heard.size(), 2U);
  EXPECT_EQ(heard.back().oid, oid::kDisconnection);
  EXPECT_TRUE(talk.closed);
}

TEST_F(LdapSession, SaysFarewellWhenTheAccountChanges) {
  Talk talk(world);
  talk.bind();
  world.door.revoke(world.directory->find(kAnna)->id);
  const auto heard = talk.wake();
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_EQ(heard.front().id, 0);
  EXPECT_EQ(heard.front().oid, oid::kDisconnection);
  EXPECT_EQ(heard.front().code, ResultCode::stronger_auth_required);
  EXPECT_TRUE(talk.closed);
  Talk other(world);
  EXPECT_EQ(other.stop().front().code, ResultCode::unavailable);
}

TEST_F(LdapSession, DisconnectsWhatSpeaksSomethingElse) {
  using namespace std::string_view_literals;
  for (const std::string_view octets :
       {"GET / HTTP/1.1\r\n"sv, "\x30\x80\x00\x00"sv, "\x30\x84\x7f\xff\xff\xff"sv, "\x30\x03\x02\x01\x01"sv,
        "\x30\x05\x02\x01\x00\x42\x00"sv, "\x30\x05\x02\x01\x01\x61\x00"sv}) {
    Talk talk(world);
    const auto heard = Talk::read(talk.say(octets));
    ASSERT_EQ(heard.size(), 1U) << octets;
    EXPECT_EQ(heard.front().oid, oid::kDisconnection);
    EXPECT_EQ(heard.front().code, ResultCode::protocol_error);
    EXPECT_TRUE(talk.closed);
  }
}

TEST_F(LdapSession, AnswersABrokenRequestWithItsOwnAnswer) {
  Talk talk(world);
  const auto heard = Talk::read(talk.say(std::string_view("\x30\x07\x02\x01\x05\x63\x02\x04\x00", 9)));
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_EQ(heard.front().id, 5);
  EXPECT_EQ(heard.front().operation, 5U);
  EXPECT_EQ(heard.front().code, ResultCode::protocol_error);
  EXPECT_FALSE(talk.closed);
}

TEST_F(LdapSession, AFilterThatIsTooDeepIsALimit) {
  Talk talk(world);
  talk.bind();
  std::string filter;
  for (int i = 0; i < 200; ++i) {
    std::string outer;
    ber::append_head(outer, ber::context_constructed(0), filter.size());
    filter.insert(0, outer);
  }
  std::string octets;
  ber::Writer writer(octets);
  const auto message = writer.begin(ber::kSequence);
  writer.integer(9);
  const auto search = writer.begin(ber::application_constructed(3));
  writer.octets("dc=example,dc=org");
  writer.integer(2, ber::kEnumerated);
  writer.integer(0, ber::kEnumerated);
  writer.integer(0);
  writer.integer(0);
  writer.boolean(false);
  writer.raw(filter);
  writer.end(writer.begin(ber::kSequence));
  writer.end(search);
  writer.end(message);
  EXPECT_EQ(Talk::read(talk.say(octets)).front().code, ResultCode::admin_limit_exceeded);
}

TEST_F(LdapSession, ReadsTheSameHoweverCut) {
  std::string octets;
  BindRequest bind;
  bind.name = kAnna;
  bind.authentication = BindRequest::Simple{Secret(kPassword)};
  write(octets, 1, std::move(bind));
  write(octets, 2,
        SearchRequest{.base = "dc=example,dc=org", .scope = Scope::subtree, .filter = *parse_filter_text("(mail=a*)")});
  write(octets, 3, UnbindRequest{});
  Talk whole(world);
  const std::string expected = whole.say(octets);
  EXPECT_TRUE(whole.closed);
  for (std::size_t chunk = 1; chunk < 8; ++chunk) {
    Talk cut(world, true, chunk);
    EXPECT_EQ(cut.say(octets), expected);
  }
}

TEST_F(LdapSession, RefusesCriticalControlsItDoesNotHave) {
  Talk talk(world);
  talk.bind();
  EXPECT_THAT(talk.find("(uid=anna)", "dc=example,dc=org", Scope::subtree, {{"1.2.3.4", true, {}}}),
              ElementsAre("code 12"));
  EXPECT_THAT(talk.find("(uid=anna)", "dc=example,dc=org", Scope::subtree, {{"1.2.3.4", false, {}}}),
              ElementsAre(kAnnaDn));
  const Control manage{std::string(oid::kManageDsaIt), true, {}};
  EXPECT_THAT(talk.find("(uid=anna)", "dc=example,dc=org", Scope::subtree, {manage}), ElementsAre(kAnnaDn));
  EXPECT_THAT(talk.find("(uid=anna)", "dc=example,dc=org", Scope::subtree, {manage, manage}), ElementsAre("code 2"));
}

TEST_F(LdapSession, EveryFailureHasItsWords) {
  for (int code = 0; code <= static_cast<int>(kLastErrc); ++code) {
    for (const Outcome& outcome :
         {outcome_for(static_cast<Errc>(code)), outcome_for_sign_in(static_cast<Errc>(code))}) {
      EXPECT_NE(outcome.code, ResultCode::success);
      EXPECT_FALSE(outcome.text.empty());
    }
  }
}

TEST_F(LdapSession, TellsOfWhatIsNoLdap) {
  using runtime::Conduct;
  const std::string large("\x30\x84\x7f\xff\xff\xff\x02\x01", 8), short_of("\x30\x03\x02\x01\x05", 5);
  for (const std::string& octets : {std::string("\xde\xad\xbe\xef"), large, short_of}) {
    Talk talk(world);
    EXPECT_EQ(Talk::read(talk.say(octets)).front().code, ResultCode::protocol_error);
    EXPECT_TRUE(talk.closed);
    EXPECT_THAT(talk.conduct, ElementsAre(testing::Pair(Conduct::bad_request, Not(IsEmpty()))));
  }
  Talk polite(world);
  polite.find("(objectClass=*)", "", Scope::base);
  EXPECT_THAT(polite.conduct, IsEmpty());
}

}  // namespace
}  // namespace gatepost::ldap::server
