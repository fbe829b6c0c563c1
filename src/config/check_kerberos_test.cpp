#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/check.hpp"
#include "config/load.hpp"
#include "config/test_support.hpp"

namespace gatepost::config {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

std::string kerberos_problems(const std::string& text) {
  LoadOutcome loaded = load_text(std::string(kSelfSignedStart) + text, "x.toml");
  if (loaded.ok()) check_kerberos_values(loaded.config, loaded.problems);
  std::string out;
  for (const Problem& one : loaded.problems) out += one.text() + "\n";
  return out;
}

constexpr std::string_view kKeytab = "[kerberos]\nkeytab = \"krb5.keytab\"\n";

TEST(CheckKerberos, TakesRealmsByDomainAndByDirectory) {
  EXPECT_THAT(kerberos_problems(std::string(kKeytab) +
                                "[[kerberos.realm]]\nname = \"CORP.EXAMPLE\"\ndomain = \"example.org\"\n"),
              IsEmpty());
  EXPECT_THAT(
      kerberos_problems(std::string(kKeytab) +
                        "[[kerberos.realm]]\nname = \"CORP.EXAMPLE\"\ndirectory = \"office\"\n"
                        "[[outside_directory]]\nname = \"office\"\nservers = \"ldaps://dc\"\nbase = \"dc=x\"\n"),
      IsEmpty());
}

TEST(CheckKerberos, NamesMistakes) {
  EXPECT_THAT(kerberos_problems(std::string(kKeytab)), HasSubstr("goes with [[kerberos.realm]]"));
  EXPECT_THAT(kerberos_problems(std::string(kKeytab) + "[[kerberos.realm]]\nname = \"A\"\n"),
              HasSubstr("needs either directory or domain"));
  EXPECT_THAT(kerberos_problems(std::string(kKeytab) + "[[kerberos.realm]]\nname = \"A\"\ndirectory = \"x\"\n"),
              HasSubstr("no [[outside_directory]] is called x"));
  EXPECT_THAT(kerberos_problems(std::string(kKeytab) + "[[kerberos.realm]]\nname = \"a/b\"\ndomain = \"x.org\"\n"),
              HasSubstr("is no name of a realm"));
  const std::string twice = "[[kerberos.realm]]\nname = \"A\"\ndomain = \"x.org\"\n";
  EXPECT_THAT(kerberos_problems(std::string(kKeytab) + twice + twice), HasSubstr("is there twice"));
  EXPECT_THAT(kerberos_problems("[auth]\nmechanisms = \"PLAIN\"\n" + std::string(kKeytab) + twice),
              HasSubstr("has no GSSAPI"));
}

}  // namespace
}  // namespace gatepost::config
