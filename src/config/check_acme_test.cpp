#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/check.hpp"
#include "config/load.hpp"

namespace gatepost::config {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> acme_problems(const std::string& acme) {
  const LoadOutcome loaded = load_text(
      "[server]\nhostname = \"mail.example.org\"\ndata_dir = \"/var/lib/gatepost\"\n" + acme, "gatepost.toml");
  std::vector<std::string> out;
  for (const Problem& p : loaded.problems) out.push_back(p.text());
  if (!loaded.ok()) return out;
  for (const Problem& p : check_values(loaded.config)) out.push_back(p.text());
  return out;
}

const std::string kAcme = "[acme]\ndirectory = \"https://acme.test/directory\"\nagree_to_terms = true\n";

TEST(AcmeConfig, IsEnoughInPlaceOfACertificate) {
  EXPECT_THAT(acme_problems(kAcme), IsEmpty());
  EXPECT_THAT(acme_problems("[tls]\nself_signed = true\n"), IsEmpty());
  EXPECT_THAT(acme_problems(""), Contains(HasSubstr("there is no certificate")));
  const LoadOutcome loaded =
      load_text("[server]\nhostname = \"mail.example.org\"\ndata_dir = \"/x\"\n" + kAcme, "gatepost.toml");
  ASSERT_EQ(loaded.config.acme.certificates.size(), 1U);
  EXPECT_EQ(loaded.config.acme.certificates[0].names.front(), "mail.example.org");
}

TEST(AcmeConfig, SaysWhatIsMissing) {
  EXPECT_THAT(acme_problems("[acme]\ndirectory = \"https://acme.test/directory\"\n"),
              Contains(HasSubstr("agree_to_terms")));
  EXPECT_THAT(acme_problems("[acme]\ndirectory = \"http://acme.test/directory\"\n"),
              Contains(HasSubstr("HTTPS alone")));
  EXPECT_THAT(acme_problems(kAcme + "account_key_id = \"kid\"\n"), Contains(HasSubstr("account_key_file")));
  EXPECT_THAT(acme_problems(kAcme + "challenge = \"dns-01\"\ndns_server = \"192.0.2.53\"\n"),
              Contains(HasSubstr("dns_key_file")));
  EXPECT_THAT(acme_problems(kAcme + "challenge = \"dns-01\"\ndns_server = \"127.0.0.1:5353\"\n"), IsEmpty());
  EXPECT_THAT(acme_problems("[tls]\nself_signed = true\n[[acme.certificate]]\nnames = [\"a.example.org\"]\n"),
              Contains(HasSubstr("nobody is named")));
}

TEST(AcmeConfig, ANameWithAStarNeedsDns) {
  const std::string wild = "[[acme.certificate]]\nnames = [\"*.example.org\"]\n";
  EXPECT_THAT(acme_problems(kAcme + wild), Contains(HasSubstr("needs dns-01")));
  EXPECT_THAT(acme_problems(kAcme + wild + "challenge = \"dns-01\"\n"), IsEmpty());
  EXPECT_THAT(acme_problems(kAcme + wild + "challenge = \"dns-01\"\n" + wild + "challenge = \"dns-01\"\n"),
              Contains(HasSubstr("as another one does")));
}

}  // namespace
}  // namespace gatepost::config
