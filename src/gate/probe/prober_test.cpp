#include "gate/probe/prober.hpp"

#include <filesystem>

#include <boost/json.hpp>

#include <gmock/gmock.h>

#include "base/ascii.hpp"
#include "gate/probe/certificate.hpp"
#include "gate/probe/test_server.hpp"

namespace gatepost::gate::probe {
namespace {

using test::Context;
using test::FakeServer;
using test::Identity;
using test::Peer;

// An SMTP server that does as it is told.
struct SmtpScript {
  std::string banner = "220 mail.example.org ESMTP\r\n";
  std::string plain = "250-mail.example.org\r\n250-PIPELINING\r\n250 STARTTLS\r\n";
  std::string secure = "250-mail.example.org\r\n250 PIPELINING\r\n";
  Context context;
  bool implicit = false, refuse_tls = false;
  std::function<std::string(const std::string&)> recipient = [](const std::string&) { return "550 no such user\r\n"; };
};

void serve_smtp(Peer& peer, const SmtpScript& script) {
  if (script.implicit && !peer.start_tls(script.context)) return;
  peer.send(script.banner);
  while (const auto line = peer.line()) {
    const std::string verb = ascii::to_upper(line->substr(0, 4));
    EXPECT_NE(verb, "AUTH");
    EXPECT_NE(verb, "DATA");
    if (verb == "EHLO") {
      peer.send(peer.encrypted() ? script.secure : script.plain);
    } else if (verb == "STAR") {
      if (script.refuse_tls || !script.context || peer.encrypted()) {
        peer.send("454 4.7.0 TLS not available\r\n");
        continue;
      }
      peer.send("220 go ahead\r\n");
      if (!peer.start_tls(script.context)) return;
    } else if (verb == "MAIL" || verb == "RSET") {
      peer.send("250 ok\r\n");
    } else if (verb == "RCPT") {
      const std::string answer = script.recipient(line->substr(8));
      peer.send(answer);
      if (answer.starts_with("421")) return;
    } else if (verb == "QUIT") {
      peer.send("221 bye\r\n");
      return;
    } else {
      peer.send("502 what\r\n");
    }
  }
}

class Prober : public testing::Test {
 protected:
  Prober() {
    std::string name = "/tmp/gatepost-probe-XXXXXX";
    folder_ = mkdtemp(name.data());
    test::write_pem(authority_, folder_ / "ca.pem");
    settings_.server_name = "mail.example.org";
    settings_.ca_file = folder_ / "ca.pem";
    settings_.trusted_source = false;
    settings_.answer_timeout = std::chrono::milliseconds(1000);
    settings_.connect_timeout = std::chrono::milliseconds(500);
  }
  ~Prober() override { std::filesystem::remove_all(folder_); }

  Context good() { return test::make_context(leaf_, {intermediate_}); }
  PortReport probe(const FakeServer& server, std::string_view kind) {
    Service service = *service_named(kind);
    service.port = server.port();
    return probe_port(service, IpAddress::v4(0x7f000001), settings_, clock_);
  }
  PortReport probe_smtp(const SmtpScript& script, std::string_view kind = "smtp") {
    FakeServer server([&](Peer& peer) { serve_smtp(peer, script); });
    return probe(server, kind);
  }
  // "stage outcome text" of what is not ok.
  static std::vector<std::string> bad(const PortReport& report) {
    std::vector<std::string> out;
    for (const Finding& finding : report.findings) {
      if (finding.outcome == Outcome::ok) continue;
      out.push_back(std::string(to_string(finding.stage)) + " " + std::string(to_string(finding.outcome)) + " " +
                    finding.text);
      EXPECT_TRUE(finding.outcome != Outcome::fail || !finding.remedy.empty()) << finding.text;
    }
    return out;
  }
  static std::string all(const PortReport& report) {
    Report whole;
    whole.ports.push_back(report);
    return format_text(whole, true);
  }

  SystemClock clock_;
  Identity authority_ = test::make_identity({.name = "Test Authority", .authority = true});
  Identity intermediate_ = test::make_identity({.name = "Test Intermediate", .authority = true}, &authority_);
  Identity leaf_ = test::make_identity({}, &intermediate_);
  std::filesystem::path folder_;
  Settings settings_;
};

using testing::AnyOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(Prober, FindsNothingWrongWithAServerThatIsRight) {
  const PortReport report = probe_smtp({.context = good()});
  EXPECT_THAT(bad(report), IsEmpty());
  EXPECT_EQ(report.state, PortState::open);
  const std::string text = all(report);
  for (const char* const said :
       {"TLSv1.3", "days left", "no plain-text password", "TLS 1.0 and 1.1 are refused", "no relay: 21 ways tried"}) {
    EXPECT_THAT(text, HasSubstr(said));
  }
}

TEST_F(Prober, NamesACertificateThatExpired) {
  const Identity leaf = test::make_identity({.from_days = -90, .until_days = -3}, &intermediate_);
  EXPECT_THAT(bad(probe_smtp({.context = test::make_context(leaf, {intermediate_})})),
              ElementsAre(HasSubstr("certificate fail the certificate expired on 20")));
  const Identity soon = test::make_identity({.until_days = 10}, &intermediate_);
  EXPECT_THAT(bad(probe_smtp({.context = test::make_context(soon, {intermediate_})})),
              ElementsAre(AnyOf(HasSubstr("warn the certificate ends in 9 days"),
                                HasSubstr("warn the certificate ends in 10 days"))));
  const Identity later = test::make_identity({.from_days = 2}, &intermediate_);
  EXPECT_THAT(bad(probe_smtp({.context = test::make_context(later, {intermediate_})})),
              ElementsAre(HasSubstr("not valid yet")));
}

TEST_F(Prober, NamesACertificateForAnotherName) {
  const Identity leaf = test::make_identity({.name = "other.example.org"}, &intermediate_);
  EXPECT_THAT(bad(probe_smtp({.context = test::make_context(leaf, {intermediate_})})),
              ElementsAre("certificate fail it is for other.example.org, not for mail.example.org"));
}

TEST_F(Prober, TellsAMissingChainFromAnUnknownAuthorityAndASelfSignedOne) {
  EXPECT_THAT(
      bad(probe_smtp({.context = test::make_context(leaf_)})),
      ElementsAre(
          "certificate fail the chain is not complete: only the leaf was sent, its issuer is CN=Test Intermediate"));
  const Identity self = test::make_identity({});
  EXPECT_THAT(bad(probe_smtp({.context = test::make_context(self)})), ElementsAre(HasSubstr("signed by itself")));
  const Identity other = test::make_identity({.name = "Other Authority", .authority = true});
  const Identity under = test::make_identity({}, &other);
  EXPECT_THAT(bad(probe_smtp({.context = test::make_context(under, {other})})),
              ElementsAre(HasSubstr("not trusted here")));
}

TEST_F(Prober, ComparesWithTheCertificateOnDisk) {
  test::write_pem(leaf_, folder_ / "leaf.pem");
  settings_.leaf_on_disk = *read_leaf(folder_ / "leaf.pem");
  EXPECT_THAT(bad(probe_smtp({.context = good()})), IsEmpty());
  const Identity old = test::make_identity({}, &intermediate_);
  EXPECT_THAT(bad(probe_smtp({.context = test::make_context(old, {intermediate_})})),
              ElementsAre(HasSubstr("not the one on disk")));
  EXPECT_EQ(read_leaf(folder_ / "none.pem").error().code, Errc::not_found);
  std::ofstream(folder_ / "none.pem") << "nothing";
  EXPECT_EQ(read_leaf(folder_ / "none.pem").error().code, Errc::invalid);
}

TEST_F(Prober, NamesAServerThatSpeaksOldTlsOnly) {
  const auto old_only = bad(probe_smtp({.context = test::make_context(leaf_, {intermediate_}, TLS1_VERSION)}));
  EXPECT_THAT(old_only, Contains(AllOf(HasSubstr("handshake fail TLSv1 "), HasSubstr("nothing newer"))));
  EXPECT_THAT(old_only, Contains("tls-versions warn TLSv1 is still accepted"));
  EXPECT_THAT(bad(probe_smtp({.context = test::make_context(leaf_, {intermediate_}, TLS1_3_VERSION)})),
              ElementsAre("tls-versions warn TLSv1.1 is still accepted"));
}

TEST_F(Prober, NamesStarttlsThatIsMissingOverwrittenOrRefused) {
  const std::string without = "250-mail.example.org\r\n250 PIPELINING\r\n";
  EXPECT_THAT(bad(probe_smtp({.plain = without})), ElementsAre("starttls warn STARTTLS is not offered"));
  EXPECT_THAT(bad(probe_smtp({.plain = without}, "submission")), Contains("starttls fail STARTTLS is not offered"));
  EXPECT_THAT(bad(probe_smtp({.plain = "250-mail.example.org\r\n250 XXXXXXXA\r\n"})),
              ElementsAre("starttls fail STARTTLS is overwritten on the way"));
  EXPECT_THAT(bad(probe_smtp({.context = good(), .refuse_tls = true})),
              ElementsAre(HasSubstr("starttls fail offered, then refused: 454")));
}

TEST_F(Prober, NamesPlainTextSignIn) {
  const std::string plain = "250-mail.example.org\r\n250-AUTH NTLM LOGIN\r\n250 STARTTLS\r\n";
  const std::string secure = "250-mail.example.org\r\n250 AUTH PLAIN\r\n";
  EXPECT_THAT(bad(probe_smtp({.plain = plain, .secure = secure, .context = good()})),
              ElementsAre("sign-in fail passwords are taken in plain text, before TLS"));
  const std::string none = "250 STARTTLS\r\n";
  EXPECT_THAT(bad(probe_smtp({.plain = "250-a\r\n" + none, .context = good()}, "submission")),
              ElementsAre(HasSubstr("a sender is accepted before TLS"), HasSubstr("no sign-in is offered")));
}

TEST_F(Prober, TellsAnOpenRelayFromOneThatOnlySeemsSo) {
  const auto open = [](const std::string&) { return std::string("250 ok\r\n"); };
  EXPECT_THAT(bad(probe_smtp({.context = good(), .recipient = open})),
              ElementsAre(HasSubstr("action fail open relay")));
  settings_.trusted_source = true;
  EXPECT_THAT(bad(probe_smtp({.context = good(), .recipient = open})),
              ElementsAre(HasSubstr("action unknown mail to other domains")));
  settings_.trusted_source = false;
  const auto percent = [](const std::string& to) {
    return std::string(to.find('%') != std::string::npos && to.find("@mail") != std::string::npos ? "250 ok\r\n"
                                                                                                  : "550 no\r\n");
  };
  EXPECT_THAT(bad(probe_smtp({.context = good(), .recipient = percent})),
              ElementsAre(HasSubstr("a route through the server seems")));
  const auto own_only = [](const std::string& to) {
    return std::string(to.ends_with("@mail.example.org>") && !to.starts_with("<@") ? "250 ok\r\n" : "550 no\r\n");
  };
  EXPECT_THAT(bad(probe_smtp({.context = good(), .recipient = own_only})),
              ElementsAre(HasSubstr("action unknown every recipient of its own domain")));
  const auto grey = [](const std::string&) { return std::string("451 4.2.0 greylisted\r\n"); };
  EXPECT_THAT(bad(probe_smtp({.context = good(), .recipient = grey})),
              ElementsAre(HasSubstr("action unknown every recipient was put off")));
}

TEST_F(Prober, TakesPostfixsDeferredRefusalForARefusal) {
  const auto deferred = [](const std::string&) { return std::string("454 4.7.1 <a@b>: Relay access denied\r\n"); };
  const PortReport report = probe_smtp({.context = good(), .recipient = deferred});
  EXPECT_THAT(bad(report), IsEmpty());
  EXPECT_THAT(all(report), HasSubstr("no relay: 21 ways tried"));
}

TEST_F(Prober, SaysThatItWasLimited) {
  EXPECT_THAT(bad(probe_smtp({.banner = "421 4.7.0 too many connections\r\n"})),
              ElementsAre("banner unknown the server limited the tester: 421 4.7.0 too many connections"));
  std::atomic<int> count = 0;
  const auto tired = [&](const std::string&) {
    return std::string(++count > 3 ? "421 too many errors\r\n" : "550 no\r\n");
  };
  EXPECT_THAT(bad(probe_smtp({.context = good(), .recipient = tired})),
              ElementsAre(HasSubstr("action unknown the server limited the tester")));
}

TEST_F(Prober, SurvivesServersThatAreNone) {
  FakeServer quiet([](Peer& peer) { peer.wait_until_stopped(); });
  EXPECT_THAT(bad(probe(quiet, "smtp")), ElementsAre("banner unknown no answer in time"));
  EXPECT_THAT(bad(probe(quiet, "imaps")), ElementsAre("handshake fail no answer to the handshake in time"));
  FakeServer resetting([](Peer& peer) {
    peer.send("220 mail.example.org\r\n");
    peer.line();
    peer.reset();
  });
  EXPECT_THAT(bad(probe(resetting, "smtp")), ElementsAre(HasSubstr("capabilities fail the connection ended")));
  FakeServer closing([](Peer&) {});
  EXPECT_THAT(bad(probe(closing, "pop3")), ElementsAre(HasSubstr("banner fail the connection ended")));
  FakeServer ssh([](Peer& peer) {
    peer.send("SSH-2.0-OpenSSH_9.2\r\n");
    peer.wait_until_stopped();
  });
  EXPECT_THAT(bad(probe(ssh, "smtp")),
              ElementsAre(HasSubstr("banner fail an answer that does not begin with a number")));
  EXPECT_THAT(bad(probe(ssh, "imaps")), ElementsAre("handshake fail it answers in plain text where TLS should begin"));
  FakeServer endless([](Peer& peer) {
    for (int i = 0; i < 100; ++i) peer.send(std::string(10'000, 'x'));
    peer.wait_until_stopped();
  });
  EXPECT_THAT(bad(probe(endless, "imap")), ElementsAre(HasSubstr("a line longer than the protocol allows")));
}

TEST_F(Prober, TellsRefusedFromSilentPorts) {
  std::uint16_t free_port = 0;
  {
    free_port = FakeServer([](Peer&) {}).port();
  }
  Service service = *service_named("imaps");
  service.port = free_port;
  EXPECT_THAT(bad(probe_port(service, IpAddress::v4(0x7f000001), settings_, clock_)), IsEmpty());
  service.expect = Expect::open;
  EXPECT_THAT(bad(probe_port(service, IpAddress::v4(0x7f000001), settings_, clock_)),
              ElementsAre("connect fail refused"));

  // A full queue of a listener that accepts nobody: the kernel drops what comes then.
  const int full = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  ASSERT_EQ(::bind(full, reinterpret_cast<const sockaddr*>(&at), size) + ::listen(full, 0), 0);
  getsockname(full, reinterpret_cast<sockaddr*>(&at), &size);
  const int first = ::socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_EQ(::connect(first, reinterpret_cast<const sockaddr*>(&at), size), 0);
  service.port = ntohs(at.sin_port);
  settings_.connect_timeout = std::chrono::milliseconds(1300);
  const PortReport silent = probe_port(service, IpAddress::v4(0x7f000001), settings_, clock_);
  EXPECT_EQ(silent.state, PortState::silent);
  EXPECT_THAT(bad(silent), ElementsAre("connect fail no answer to 2 SYN"));
  ::close(first);
  ::close(full);
}

TEST_F(Prober, AnOpenPortThatShouldBeClosedIsAFailure) {
  FakeServer server([](Peer& peer) { peer.wait_until_stopped(); });
  const auto services = profile("exchange2016");
  for (Service service : *services) {
    if (service.name != "transport") continue;
    service.port = server.port();
    EXPECT_THAT(bad(probe_port(service, IpAddress::v4(0x7f000001), settings_, clock_)),
                ElementsAre("connect fail open, and should not be"));
  }
}

void serve_imap(Peer& peer, const std::string& plain, const std::string& secure, const Context& context,
                bool implicit) {
  if (implicit && !peer.start_tls(context)) return;
  peer.send("* OK ready\r\n");
  while (const auto line = peer.line()) {
    const std::string tag = line->substr(0, line->find(' ')), verb = line->substr(tag.size() + 1);
    EXPECT_FALSE(verb.starts_with("LOGIN") || verb.starts_with("AUTH"));
    if (verb == "CAPABILITY") {
      peer.send("* CAPABILITY IMAP4rev1 " + (peer.encrypted() ? secure : plain) + "\r\n" + tag + " OK done\r\n");
    } else if (verb == "STARTTLS" && context) {
      peer.send(tag + " OK begin\r\n");
      if (!peer.start_tls(context)) return;
    } else {
      peer.send(tag + " BAD what\r\n");
    }
  }
}

TEST_F(Prober, ReadsImap) {
  const auto with = [&](const std::string& plain, const std::string& secure, const Context& context,
                        std::string_view kind) {
    const bool implicit = kind == "imaps";
    FakeServer server([&](Peer& peer) { serve_imap(peer, plain, secure, context, implicit); });
    return bad(probe(server, kind));
  };
  EXPECT_THAT(with("STARTTLS LOGINDISABLED", "AUTH=PLAIN", good(), "imap"), IsEmpty());
  EXPECT_THAT(with("", "AUTH=PLAIN", good(), "imaps"), IsEmpty());
  EXPECT_THAT(with("STARTTLS", "AUTH=PLAIN", good(), "imap"),
              ElementsAre("sign-in fail passwords are taken in plain text, before TLS"));
  EXPECT_THAT(with("LOGINDISABLED", "", nullptr, "imap"), ElementsAre("starttls fail STARTTLS is not offered"));
  EXPECT_THAT(with("STARTTLS LOGINDISABLED", "LOGINDISABLED", good(), "imap"),
              ElementsAre(HasSubstr("sign-in fail no sign-in is offered")));
}

TEST_F(Prober, ReadsPop3) {
  const auto with = [&](const std::string& plain, const std::string& secure) {
    const Context context = good();
    FakeServer server([&](Peer& peer) {
      peer.send("+OK ready\r\n");
      while (const auto line = peer.line()) {
        EXPECT_FALSE(line->starts_with("USER") || line->starts_with("AUTH"));
        if (*line == "CAPA") {
          peer.send("+OK\r\n" + (peer.encrypted() ? secure : plain) + ".\r\n");
        } else if (*line == "STLS") {
          peer.send("+OK begin\r\n");
          if (!peer.start_tls(context)) return;
        } else {
          peer.send("-ERR what\r\n");
        }
      }
    });
    return bad(probe(server, "pop3"));
  };
  EXPECT_THAT(with("STLS\r\n", "USER\r\n"), IsEmpty());
  EXPECT_THAT(with("STLS\r\nUSER\r\n", "USER\r\n"),
              ElementsAre("sign-in fail passwords are taken in plain text, before TLS"));
  EXPECT_THAT(with("STLS\r\nSASL PLAIN\r\n", "SASL PLAIN\r\n"), ElementsAre(HasSubstr("sign-in fail passwords")));
}

TEST_F(Prober, ReadsHttp) {
  const auto with = [&](std::string_view kind, const std::function<std::string(const std::string&)>& answer) {
    const Context context = good();
    FakeServer server([&](Peer& peer) {
      if (kind == "https" && !peer.start_tls(context)) return;
      const auto line = peer.line();
      if (!line) return;
      peer.send("HTTP/1.1 " + answer(line->substr(4, line->rfind(' ') - 4)) + "\r\n\r\n");
    });
    return bad(probe(server, kind));
  };
  EXPECT_THAT(with("http", [](auto&) { return "301 Moved\r\nLocation: https://mail.example.org/"; }), IsEmpty());
  EXPECT_THAT(with("http", [](auto&) { return "200 OK"; }),
              ElementsAre(HasSubstr("action warn answers 200 over plain HTTP")));
  const auto good_site = [](const std::string& path) {
    return path == "/" ? std::string("200 OK\r\nStrict-Transport-Security: max-age=31536000") : std::string("401 No");
  };
  EXPECT_THAT(with("https", good_site), IsEmpty());
  EXPECT_THAT(with("https", [](auto&) { return "404 No"; }),
              ElementsAre("action warn no HSTS", "action warn Autodiscover: 404"));
  settings_.exchange = true;
  EXPECT_THAT(with("https", good_site),
              ElementsAre("action fail /ecp/ answers 401", "action fail /powershell/ answers 401"));
}

std::string ldap_message(char id, char operation, const std::string& content) {
  const std::string body = std::string("\x02\x01") + id + operation + static_cast<char>(content.size()) + content;
  return "\x30" + std::string(1, static_cast<char>(body.size())) + body;
}
std::string text(char tag, const std::string& content) {
  return std::string(1, tag) + static_cast<char>(content.size()) + content;
}

TEST_F(Prober, ReadsLdap) {
  const auto with = [&](bool shows_entries) {
    const Context context = good();
    const std::string done("\x0a\x01\x00\x04\x00\x04\x00", 7);
    const std::string attribute = text('\x30', text('\x04', "namingContexts") + text('\x31', text('\x04', "dc=a")));
    FakeServer server([=](Peer& peer) {
      while (const auto got = peer.octets()) {
        const std::size_t at = (*got)[1] == '\x82' ? 4 : 2;
        const char id = (*got)[at + 2], operation = (*got)[at + 3];
        EXPECT_NE(operation, '\x60');  // no bind
        if (operation == '\x77') {
          peer.send(ldap_message(id, '\x78', done));
          if (!peer.start_tls(context)) return;
        } else if (id == 1) {
          peer.send(ldap_message(id, '\x64', text('\x04', "") + text('\x30', attribute)) +
                    ldap_message(id, '\x65', done));
        } else {
          peer.send((shows_entries ? ldap_message(id, '\x64', text('\x04', "cn=bob,dc=a") + text('\x30', "")) : "") +
                    ldap_message(id, '\x65', done));
        }
      }
    });
    return bad(probe(server, "ldap"));
  };
  EXPECT_THAT(with(false), IsEmpty());
  EXPECT_THAT(with(true), ElementsAre("action warn strangers may read the directory: cn=bob,dc=a"));
}

TEST_F(Prober, LooksAtAllPortsAtOnce) {
  SmtpScript script{.context = good()};
  std::vector<std::unique_ptr<FakeServer>> servers;
  std::vector<std::pair<Service, IpAddress>> targets;
  for (int i = 0; i < 11; ++i) {
    servers.push_back(std::make_unique<FakeServer>([&](Peer& peer) {
      ::usleep(300'000);
      serve_smtp(peer, script);
    }));
    Service service = *service_named("smtp");
    service.port = servers.back()->port();
    service.relay_test = false;
    targets.emplace_back(service, IpAddress::v4(0x7f000001));
  }
  const auto began = std::chrono::steady_clock::now();
  Report report;
  report.ports = probe_ports(targets, settings_, clock_);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));  // one after the other: 6.6
  EXPECT_EQ(report.exit_code(), 0);
  const auto json = boost::json::parse(format_json(report)).as_object();
  EXPECT_EQ(json.at("ports").as_array().size(), 11U);
  for (const auto& port : json.at("ports").as_array()) EXPECT_EQ(port.at("state"), "open") << port;
}

TEST_F(Prober, FindsAddressesOfNamesAndOfTheirOwnKind) {
  std::vector<Finding> findings;
  EXPECT_THAT(find_addresses("127.0.0.1", settings_, findings), ElementsAre(IpAddress::v4(0x7f000001)));
  EXPECT_THAT(find_addresses("no-such-name.invalid", settings_, findings), IsEmpty());
  EXPECT_TRUE(std::ranges::any_of(
      findings, [](const Finding& f) { return f.stage == Stage::resolve && f.outcome == Outcome::fail; }));
  settings_.source = IpAddress::parse("192.0.2.77");  // not ours
  findings.clear();
  EXPECT_THAT(find_addresses("127.0.0.1", settings_, findings), IsEmpty());
  EXPECT_THAT(findings.back().text, HasSubstr("cannot leave from 192.0.2.77"));
}

TEST(ProbeServices, EveryProfileHasEachPortOnce) {
  for (const char* const name : {"gatepost", "exchange2016"}) {
    std::set<std::uint16_t> ports;
    const auto services = profile(name);
    for (const Service& service : *services) {
      EXPECT_TRUE(ports.insert(service.port).second) << name << " " << service.port;
      EXPECT_TRUE(service.expect != Expect::closed || !service.why.empty()) << service.name;
    }
  }
  EXPECT_EQ(profile("gatepost")->size(), 11U);
  EXPECT_FALSE(profile("other"));
  EXPECT_EQ(service_named("imaps")->port, 993);
  EXPECT_EQ(service_named("2525")->name, "transport");
  EXPECT_EQ(service_named("4190")->protocol, Protocol::other);
  for (const char* const word : {"", "0", "70000", "nothing"}) EXPECT_FALSE(service_named(word)) << word;
}

}  // namespace
}  // namespace gatepost::gate::probe
