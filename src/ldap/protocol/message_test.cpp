#include "ldap/protocol/message.hpp"

#include <string>

#include <gtest/gtest.h>

#include "ldap/protocol/ber.hpp"

namespace gatepost::ldap {
namespace {

Result<Request> request_again(const Request& request) {
  std::string octets;
  write(octets, 7, request);
  GP_TRY(const Envelope envelope, parse_envelope(octets));
  EXPECT_EQ(envelope.id, 7);
  EXPECT_TRUE(is_request(envelope.tag));
  GP_TRY(Request back, parse_request(envelope));
  std::string twice;
  write(twice, 7, back);
  EXPECT_EQ(twice, octets);
  return back;
}

TEST(LdapMessage, ReadsTheRequestsItWrites) {
  BindRequest simple;
  simple.name = "uid=anna,dc=example,dc=org";
  simple.authentication = BindRequest::Simple{Secret("secret")};
  const auto bound = request_again(std::move(simple));
  ASSERT_TRUE(bound);
  EXPECT_EQ(std::get<BindRequest::Simple>(std::get<BindRequest>(*bound).authentication).password.reveal(), "secret");

  BindRequest sasl;
  sasl.authentication = BindRequest::Sasl{"PLAIN", ""};
  EXPECT_TRUE(request_again(std::move(sasl)));
  SearchRequest search{.base = "dc=example,dc=org",
                       .scope = Scope::subtree,
                       .dereference = 3,
                       .size_limit = 10,
                       .time_limit_seconds = 5,
                       .types_only = true,
                       .filter = *parse_filter_text("(&(cn=a*)(mail=*))"),
                       .attributes = {"cn", "+"}};
  const auto searched = request_again(search);
  ASSERT_TRUE(searched);
  EXPECT_EQ(std::get<SearchRequest>(*searched).filter, search.filter);
  EXPECT_EQ(std::get<SearchRequest>(*searched).attributes, search.attributes);
  EXPECT_TRUE(request_again(ModifyRequest{"uid=a", {{ModifyRequest::Kind::replace, {"title", {"Boss"}}}}}));
  EXPECT_TRUE(request_again(AddRequest{"uid=a", {{"cn", {"A", "B"}}}}));
  EXPECT_TRUE(request_again(DeleteRequest{"uid=a"}));
  EXPECT_TRUE(request_again(ModifyDnRequest{"uid=a", "uid=b", true, "dc=x"}));
  EXPECT_TRUE(request_again(CompareRequest{"uid=a", "cn", "A"}));
  EXPECT_TRUE(request_again(AbandonRequest{3}));
  EXPECT_TRUE(request_again(ExtendedRequest{"1.3.6.1.4.1.1466.20037", std::nullopt}));
  EXPECT_TRUE(request_again(UnbindRequest{}));
}

TEST(LdapMessage, RefusesWhatIsCutOffAtEachOctet) {
  std::string octets;
  write(octets, 1, SearchRequest{.filter = *parse_filter_text("(cn=a)"), .attributes = {"cn"}});
  for (std::size_t size = 0; size < octets.size(); ++size) {
    EXPECT_NE(ber::extent(octets.substr(0, size), 1000).kind, ber::Extent::Kind::whole);
    EXPECT_FALSE(parse_envelope(octets.substr(0, size)));
  }
}

TEST(LdapMessage, ReadsControls) {
  std::string octets;
  const std::vector<Control> controls{{"1.2.3", true, "value"}, {"1.2.4", false, std::nullopt}};
  write(octets, 1, UnbindRequest{}, controls);
  const auto envelope = parse_envelope(octets);
  ASSERT_TRUE(envelope);
  EXPECT_EQ(*parse_controls(envelope->controls), controls);
}

TEST(LdapMessage, BoundsWhatIsListed) {
  std::vector<Control> controls(kMaxControls + 1, Control{"1.2.3", false, {}});
  std::string octets;
  write(octets, 1, UnbindRequest{}, controls);
  EXPECT_EQ(parse_controls(parse_envelope(octets)->controls).error().code, Errc::limit);
  octets.clear();
  write(octets, 1,
        SearchRequest{.filter = *parse_filter_text("(cn=a)"),
                      .attributes = std::vector<std::string>(kMaxSelectedAttributes + 1, "cn")});
  EXPECT_EQ(parse_request(*parse_envelope(octets)).error().code, Errc::limit);
}

TEST(LdapMessage, RefusesNumbersThatMakeNoSense) {
  SearchRequest search{.filter = *parse_filter_text("(cn=a)")};
  search.scope = static_cast<Scope>(3);
  EXPECT_FALSE(request_again(search));
  search.scope = Scope::base;
  search.dereference = 4;
  EXPECT_FALSE(request_again(search));
  std::string octets;
  write(octets, -1, UnbindRequest{});
  EXPECT_FALSE(parse_envelope(octets));
}

TEST(LdapMessage, WritesAnswers) {
  std::string octets;
  write(octets, Reply{.id = 5,
                      .answer = Answer::bind,
                      .outcome = {ResultCode::invalid_credentials, "no", {}},
                      .sasl = "challenge"});
  ber::Reader in = ber::Reader(octets).inside(ber::kSequence);
  EXPECT_EQ(in.integer(), 5);
  ber::Reader bind = in.inside(ber::application_constructed(1));
  EXPECT_EQ(bind.integer(ber::kEnumerated), 49);
  EXPECT_EQ(bind.octets(), "");
  EXPECT_EQ(bind.octets(), "no");
  EXPECT_EQ(bind.octets(ber::context(7)), "challenge");
  EXPECT_TRUE(bind.ok() && bind.at_end() && in.at_end());

  octets.clear();
  std::string attributes;
  append_attribute(attributes, "cn", {std::string(300, 'x')});
  write_entry(octets, 300, "uid=a", attributes);
  EXPECT_EQ(ber::extent(octets, 1000).octets, octets.size());
  ber::Reader message = ber::Reader(octets).inside(ber::kSequence);
  EXPECT_EQ(message.integer(), 300);
  ber::Reader entry = message.inside(ber::application_constructed(4));
  EXPECT_EQ(entry.octets(), "uid=a");
  EXPECT_EQ(entry.content(ber::kSequence), attributes);
  EXPECT_TRUE(entry.at_end() && message.at_end());
}

}  // namespace
}  // namespace gatepost::ldap
