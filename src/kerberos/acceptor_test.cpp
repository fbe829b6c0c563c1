#include "kerberos/acceptor.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <fmt/format.h>

namespace gatepost::kerberos {
namespace {

// A keytab of version 0x502 (MIT's file format) with one key of service/host@CORP.EXAMPLE.
std::string keytab(std::string_view service) {
  std::string entry;
  const auto two = [&](std::size_t n) { entry += {static_cast<char>(n >> 8), static_cast<char>(n)}; };
  const auto text = [&](std::string_view t) {
    two(t.size());
    entry += t;
  };
  two(2);
  text("CORP.EXAMPLE");
  text(service);
  text("mail.example.org");
  entry += std::string(3, '\0') + '\3';  // NT-SRV-HST
  entry += std::string(4, '\0') + '\1';  // time, version 1
  two(18);                               // aes256-cts-hmac-sha1-96
  text(std::string(32, 'k'));
  std::string out = "\5\2";
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(entry.size() >> shift);
  return out + entry;
}

class KerberosAcceptor : public ::testing::Test {
 protected:
  KerberosAcceptor() : folder(std::filesystem::temp_directory_path() / fmt::format("gp-keytab-{}", ::getpid())) {
    std::filesystem::create_directories(folder);
    file = folder / "krb5.keytab";
  }
  ~KerberosAcceptor() override { std::filesystem::remove_all(folder); }
  void write(std::string_view octets) const { std::ofstream(file, std::ios::binary) << octets; }

  std::filesystem::path folder, file;
  MemorySink sink;
  SystemClock clock;
  Log log{sink, clock};
  Acceptor acceptor{
      log, [](std::string_view directory, std::string_view user, std::string_view realm) -> Result<std::string> {
        if (user == "gone") return fail(Errc::denied, "disabled");
        return fmt::format("{}.{}.{}@example.org", directory, user, realm);
      }};
};

TEST_F(KerberosAcceptor, ServesWhatTheKeytabHasKeysOf) {
  EXPECT_FALSE(acceptor.serves("imap"));
  acceptor.set({.keytab = file, .realms = {}});
  EXPECT_FALSE(acceptor.serves("imap"));
  write(keytab("imap"));
  acceptor.refresh();
  EXPECT_TRUE(acceptor.serves("imap"));
  EXPECT_FALSE(acceptor.serves("smtp"));
  write(keytab("imap") + keytab("smtp").substr(2));
  acceptor.refresh();
  EXPECT_TRUE(acceptor.serves("imap"));
  EXPECT_TRUE(acceptor.serves("smtp"));
  write("no keytab at all");
  acceptor.refresh();
  EXPECT_FALSE(acceptor.serves("imap"));
  std::filesystem::remove(file);
  acceptor.refresh();
  EXPECT_FALSE(acceptor.serves("imap"));
}

TEST_F(KerberosAcceptor, RefusesWhatIsNoTicketAndSaysWhenItHasNoKeys) {
  write(keytab("imap"));
  acceptor.set({.keytab = file, .realms = {}});
  auto context = acceptor.open("imap");
  EXPECT_EQ(context->accept("nonsense").error().code, Errc::unauthenticated);
  EXPECT_EQ(acceptor.open("imap")->accept(std::string(9000, '\x60')).error().code, Errc::unauthenticated);
  EXPECT_EQ(acceptor.open("smtp")->accept("nonsense").error().code, Errc::unavailable);
  std::filesystem::remove(file);
  EXPECT_EQ(acceptor.open("imap")->accept("nonsense").error().code, Errc::unavailable);
}

TEST_F(KerberosAcceptor, KnowsWhoseAccountAClientIs) {
  acceptor.set({.keytab = {},
                .realms = {{.name = "CORP.EXAMPLE", .domain = {}, .directory = "office"},
                           {.name = "LAB.EXAMPLE", .domain = "lab.example.org", .directory = {}}}});
  EXPECT_EQ(acceptor.account_of("anna@CORP.EXAMPLE"), "office.anna.CORP.EXAMPLE@example.org");
  EXPECT_EQ(acceptor.account_of("Anna@LAB.EXAMPLE"), "anna@lab.example.org");
  EXPECT_EQ(acceptor.account_of("gone@CORP.EXAMPLE").error().code, Errc::denied);
  for (const std::string_view nobody :
       {"anna@OTHER.EXAMPLE", "anna@corp.example", "imap/mail@CORP.EXAMPLE", "anna", ""})
    EXPECT_EQ(acceptor.account_of(nobody).error().code, Errc::unauthenticated) << nobody;
}

}  // namespace
}  // namespace gatepost::kerberos
