#include "kerberos/client_name.hpp"

#include <gtest/gtest.h>

namespace gatepost::kerberos {
namespace {

TEST(KerberosClientName, IsOneUserOfARealm) {
  EXPECT_EQ(read_client_name("anna@CORP.EXAMPLE"), (ClientName{"anna", "CORP.EXAMPLE"}));
  EXPECT_EQ(read_client_name("jürgen.müller@CORP.EXAMPLE"), (ClientName{"jürgen.müller", "CORP.EXAMPLE"}));
}

TEST(KerberosClientName, IsNoServiceAndNothingWithEscapes) {
  for (const std::string& text :
       {std::string("anna"), std::string("@CORP.EXAMPLE"), std::string("anna@"), std::string("anna/admin@CORP.EXAMPLE"),
        std::string("imap/mail.example.org@CORP.EXAMPLE"), std::string("anna\\@example.org@CORP.EXAMPLE"),
        std::string("a@b@CORP.EXAMPLE"), std::string("a b@CORP.EXAMPLE"), std::string("anna@CORP\0.EXAMPLE", 18),
        std::string("\xff@CORP.EXAMPLE"), std::string(65, 'a') + "@CORP.EXAMPLE",
        std::string("WELLKNOWN/ANONYMOUS@WELLKNOWN:ANONYMOUS"), std::string("a@WELLKNOWN:ANONYMOUS")}) {
    EXPECT_FALSE(read_client_name(text)) << text;
  }
}

}  // namespace
}  // namespace gatepost::kerberos
