#include "config/load.hpp"

#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include <fmt/format.h>

#include "config/keys.hpp"

namespace gatepost::config {
namespace {

using std::chrono::hours;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kServerStart =
    "[server]\nhostname = \"mail.example.org\"\ndata_dir = \"/var/lib/gatepost\"\n";

std::vector<std::string> problem_texts(const LoadOutcome& out) {
  std::vector<std::string> all;
  for (const Problem& p : out.problems) all.push_back(p.text());
  return all;
}

LoadOutcome with(std::string_view more) {
  return load_text(std::string(kServerStart) + std::string(more), "gatepost.toml");
}

std::string only_problem(std::string_view more) {
  const auto all = problem_texts(with(more));
  return all.size() == 1 ? all[0] : "problems: " + std::to_string(all.size());
}

const Listener* listener_named(const Config& c, std::string_view name) {
  for (const Listener& l : c.listeners) {
    if (l.name == name) return &l;
  }
  return nullptr;
}

TEST(Load, HostNameAndDataDirectoryAreEnough) {
  const LoadOutcome out = with("");
  EXPECT_THAT(problem_texts(out), IsEmpty());
  ASSERT_TRUE(out.ok());
  EXPECT_EQ(out.config.server.postmaster, "postmaster@mail.example.org");
  EXPECT_EQ(out.config.mailflow.helo_name, "mail.example.org");
  EXPECT_EQ(out.config.limits.message_octets, 50u << 20);
  ASSERT_NE(listener_named(out.config, "imaps"), nullptr);
  EXPECT_EQ(listener_named(out.config, "imaps")->endpoints().size(), 2u);
  EXPECT_EQ(listener_named(out.config, "metrics")->endpoints().size(), 1u);
}

TEST(Load, NamesLineAndCureOfAMisspeltKey) {
  EXPECT_EQ(only_problem("[limits]\nmesage_size = \"5 MiB\"\n"),
            "gatepost.toml:5: [limits] mesage_size: unknown key. Did you mean message_size?");
  EXPECT_EQ(only_problem("[smtp]\nmax_received = 20\nhostname = \"x\"\n"),
            "gatepost.toml:6: [smtp] hostname: unknown key. It belongs into [server].");
  EXPECT_THAT(only_problem("[smtp]\nzzzzzzzzzzzzz = 1\n"), HasSubstr("docs/configuration.md"));
  EXPECT_EQ(only_problem("[limit]\nx = 1\n"), "gatepost.toml:4: [limit]: unknown section. Did you mean [limits]?");
}

TEST(Load, ReportsEveryProblemInTheOrderOfLines) {
  const LoadOutcome out = load_text(
      "recipients = 5\n"
      "[limits]\n"
      "recipients = 5\n"
      "message_size = \"5 MB\"\n"
      "[server]\n"
      "hostname = \"-bad-\"\n"
      "[listener.Web]\n"
      "[listener.extra]\n"
      "port = 70000\n",
      "g.toml");
  EXPECT_FALSE(out.ok());
  EXPECT_THAT(problem_texts(out),
              ElementsAre("g.toml:1: recipients: a key outside any section. Put it into [limits].",
                          "g.toml:3: [limits] recipients: 5 is out of range. Write a whole number from 100 to 100000.",
                          HasSubstr("g.toml:4: [limits] message_size: must be a size such as"),
                          HasSubstr("g.toml:5: [server] data_dir: missing."),
                          HasSubstr("g.toml:6: [server] hostname: \"-bad-\" is not a host name"),
                          HasSubstr("g.toml:7: [listener.Web]: not a name for a listener"),
                          HasSubstr("g.toml:8: [listener.extra] service: missing"),
                          HasSubstr("g.toml:9: [listener.extra] port: 70000 is out of range")));
}

TEST(Load, SaysWhereTheSyntaxIsWrong) {
  const LoadOutcome out = with("[smtp\n");
  ASSERT_EQ(out.problems.size(), 1u);
  EXPECT_EQ(out.problems[0].line, 4u);
  EXPECT_THAT(out.problems[0].text(), HasSubstr("gatepost.toml:4: not TOML at column"));
}

TEST(Load, RefusesATableNameThatBeginsLikeNone) {
  const LoadOutcome out = with("[^tls]]\n");
  EXPECT_FALSE(out.ok());
  EXPECT_THAT(problem_texts(out), ElementsAre(HasSubstr("gatepost.toml:4: ")));
}

TEST(Load, RefusesLettersOfOtherScriptsOutsideOfStrings) {
  EXPECT_FALSE(with("x = \u0423\n").ok());
  EXPECT_FALSE(with("[smtp]\n\u00fc = 1\n").ok());
}

TEST(Load, ReadsEveryKindOfValue) {
  const LoadOutcome out = with(
      "port_offset = 10000\nbind = \"127.0.0.1\"\nuser = \"\"\n"
      "[networks]\nvpn = [\"10.8.0.0/16\", \"2001:db8::/32\"]\n"
      "[tls]\nmin_version = \"1.3\"\n[[tls.certificate]]\ncert = \"a.pem\"\nkey = \"/b.key\"\nnames = "
      "[\"*.Example.org\"]\n"
      "[limits]\nmessage_size = \"5 MiB\"\ndata_timeout = 90\n"
      "[store]\nengine = \"memory\"\ncollect_after = \"2 days\"\n"
      "[auth]\nallow_sign_in_without_tls = \"yes, send passwords in clear\"\nmechanisms = [\"plain\"]\n"
      "[smtp]\nbare_line_ends = \"normalise\"\nrequire_tls = true\n"
      "[mailflow]\nretry_schedule = [\"1 min\", 120]\n[mailflow.smart_host]\nhost = \"relay.example.net\"\ntls = "
      "\"implicit\"\nport = 465\n"
      "[pop3]\nexpire_days = 30\n[dns]\nservers = [\"192.0.2.53\", \"[2001:db8::53]:5353\"]\n[log]\nlevel = "
      "\"debug\"\ntarget = \"/var/log/g\"\n");
  EXPECT_THAT(problem_texts(out), IsEmpty());
  const Config& c = out.config;
  EXPECT_EQ(c.server.bind, std::vector{*IpAddress::parse("127.0.0.1")});
  EXPECT_EQ(listener_named(c, "smtp")->endpoints().at(0).to_string(), "127.0.0.1:10025");
  EXPECT_EQ(c.networks.vpn.size(), 2u);
  EXPECT_EQ(c.tls.min_version, TlsVersion::v1_3);
  ASSERT_EQ(c.tls.certificates.size(), 1u);
  EXPECT_EQ(c.tls.certificates[0].names, std::vector<std::string>{"*.example.org"});
  EXPECT_EQ(c.limits.data_timeout, seconds(90));
  EXPECT_EQ(c.store.engine, Store::Engine::memory);
  EXPECT_EQ(c.store.collect_after, hours(48));
  EXPECT_TRUE(c.auth.allow_sign_in_without_tls);
  EXPECT_EQ(c.auth.mechanisms, std::vector<std::string>{"PLAIN"});
  EXPECT_EQ(c.smtp.bare_line_ends, Smtp::LineEnds::normalise);
  EXPECT_EQ(c.mailflow.retry_schedule, (std::vector<seconds>{seconds(60), seconds(120)}));
  ASSERT_TRUE(c.mailflow.smart_host);
  EXPECT_EQ(c.mailflow.smart_host->tls, TlsMode::implicit);
  EXPECT_EQ(c.pop3.expire_days, 30u);
  EXPECT_EQ(c.dns.servers.at(0).to_string(), "192.0.2.53:53");
  EXPECT_EQ(c.dns.servers.at(1).to_string(), "[2001:db8::53]:5353");
  EXPECT_EQ(c.log.level, Level::debug);
}

TEST(Load, ClearPasswordsNeedTheWholeSentence) {
  for (std::string_view value : {"true", "\"yes\"", "\"true\"", "1"}) {
    const LoadOutcome out = with("[auth]\nallow_sign_in_without_tls = " + std::string(value) + "\n");
    EXPECT_FALSE(out.ok()) << value;
    EXPECT_FALSE(out.config.auth.allow_sign_in_without_tls);
  }
  EXPECT_TRUE(with("[auth]\nallow_sign_in_without_tls = \"no\"\n").ok());
  EXPECT_TRUE(with("[auth]\nallow_sign_in_without_tls = false\n").ok());
}

TEST(Load, AListenerOfADefaultNameChangesOnlyWhatItSays) {
  const LoadOutcome out = with(
      "[listener.pop3]\naudience = \"off\"\n[listener.relay]\nservice = \"smtp\"\nport = 2525\naudience = "
      "\"trusted\"\nreason = \"Printers.\"\n");
  EXPECT_THAT(problem_texts(out), IsEmpty());
  EXPECT_EQ(listener_named(out.config, "pop3")->port, 110);
  EXPECT_EQ(listener_named(out.config, "pop3")->audience, Audience::off);
  EXPECT_EQ(listener_named(out.config, "relay")->port, 2525);
  EXPECT_EQ(out.config.listeners.size(), 13u);
  const LoadOutcome bare =
      with("default_listeners = false\n[listener.imaps]\nservice = \"imap\"\nport = 993\ntls = \"implicit\"\n");
  EXPECT_THAT(problem_texts(bare), IsEmpty());
  EXPECT_EQ(bare.config.listeners.size(), 1u);
}

TEST(Load, TakesSwitchesForSinglePrograms) {
  const LoadOutcome out = with(
      "[imap]\nsmall_literals = true\n[[imap.client]]\nname = \"Outlook\"\nversion = \"15.\"\nhide = "
      "[\"qresync\", \"COMPRESS=DEFLATE\"]\nquirks = \"delay_new_mail\"\nreason = \"It hangs.\"\n");
  EXPECT_THAT(problem_texts(out), IsEmpty());
  EXPECT_TRUE(out.config.imap.small_literals);
  ASSERT_EQ(out.config.imap.clients.size(), 1u);
  EXPECT_EQ(out.config.imap.clients[0].hide, (std::vector<std::string>{"QRESYNC", "COMPRESS=DEFLATE"}));
  EXPECT_EQ(out.config.imap.clients[0].quirks, std::vector<std::string>{"delay_new_mail"});
  EXPECT_THAT(only_problem("[[imap.client]]\nname = \"x\"\nreason = \"y\"\nquirks = [\"fly\"]\n"),
              HasSubstr("\"fly\" is not understood"));
  EXPECT_THAT(only_problem("[[imap.client]]\nname = \"x\"\n"), HasSubstr("reason"));
  EXPECT_THAT(only_problem("[imap]\nclient = 3\n"), HasSubstr("must be tables"));
}

TEST(Load, RefusesPortsThatRunOver) {
  EXPECT_THAT(only_problem("port_offset = 60000\n[listener.metrics]\naudience = \"off\"\n"),
              HasSubstr("more than 65535"));
}

TEST(Load, RelativePathsStartAtTheFile) {
  const LoadOutcome out =
      load_text("[server]\nhostname = \"a.example\"\ndata_dir = \"../data\"\n", "/etc/gatepost/gatepost.toml");
  EXPECT_EQ(out.config.server.data_dir, "/etc/data");
}

TEST(Load, ShowsHostileTextHarmlessly) {
  const LoadOutcome out = with("[smtp]\n\"a\\nb\\u001b[2J\" = 1\nbanner = \"x\\r\\n250 forged\"\n");
  ASSERT_EQ(out.problems.size(), 2u);
  for (const std::string& text : problem_texts(out)) {
    EXPECT_EQ(text.find_first_of("\n\r\x1b"), std::string::npos);
  }
}

TEST(Load, RefusesAMissingFileADirectoryAndAHugeText) {
  EXPECT_THAT(load("/nonexistent/gatepost.toml").problems.at(0).text(), HasSubstr("cannot be read: No such file"));
  EXPECT_FALSE(load("/").ok());
  EXPECT_FALSE(load_text(std::string(kMaxFileOctets + 1, '#'), "g").ok());
}

// Every default, written as the manual shows it, is accepted and gives the default again.
TEST(Load, TheTableReadsWhatItShows) {
  std::string text;
  std::string_view section;
  Config defaults = Config::defaults();
  std::string_view last;
  for (const auto& key : config_keys()) {
    ASSERT_FALSE(key.meaning.empty());
    if (key.required || !key.default_words.empty()) continue;
    const std::string shown = key.show(defaults);
    if (shown.find_first_of("\"[0123456789tf") != 0 || shown.starts_with("th") || shown.starts_with("fo"))
      continue;  // said in words
    if (key.section != last) text += "[" + std::string(key.section) + "]\n";
    last = key.section;
    if (key.section == "server" && section.empty()) {
      text += "hostname = \"mail.example.org\"\ndata_dir = \"/var/lib/gatepost\"\n";
      section = key.section;
    }
    text += std::string(key.name) + " = " + shown + "\n";
  }
  const LoadOutcome out = load_text(text, "g");
  EXPECT_THAT(problem_texts(out), IsEmpty());
  EXPECT_EQ(out.config, with("").config);
}

// GATEPOST_UPDATE=1 writes the file anew.
TEST(Manual, IsTheFileInDocs) {
  // The compiler may have been given a path from the build directory, which is above the folder of this program.
  const auto build = std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path();
  const auto root = (build / __FILE__).parent_path() / "../..";
  const std::filesystem::path file = root / "docs/configuration.md";
  if (!std::filesystem::is_directory(root / "docs")) GTEST_SKIP() << "source tree not found at " << root;
  if (std::getenv("GATEPOST_UPDATE") != nullptr) std::ofstream(file) << manual();
  std::ifstream in(file);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  EXPECT_TRUE(text == manual()) << "run: gatepost config manual > docs/configuration.md";
}

TEST(Manual, NamesEveryKey) {
  const std::string text = manual();
  for (const auto& key : config_keys()) EXPECT_THAT(text, HasSubstr("| `" + std::string(key.name) + "` |"));
  for (const auto& key : listener_keys()) EXPECT_THAT(text, HasSubstr("| `" + std::string(key.name) + "` |"));
}

TEST(ConfigLoad, ReadsGroupsExceptionsAndTheGate) {
  const LoadOutcome out = load_text(
      "[server]\nhostname = \"m.example.org\"\ndata_dir = \"/x\"\n"
      "[gate]\nscope = \"host\"\nmanagement_ports = [2222]\negress = true\negress_ports = [443]\n"
      "[[gate.exception]]\nlistener = \"imaps\"\nnetworks = \"203.0.113.9\"\nuntil = \"2026-12-04\"\nreason = \"r\"\n"
      "[[networks.group]]\nname = \"filter\"\nnetworks = \"198.51.100.0/24\"\n"
      "[listener.imaps]\naudience = \"named\"\ngroups = \"filter\"\nreview_by = \"2027-01-01\"\nlog = \"none\"\n",
      "gatepost.toml");
  for (const Problem& p : out.problems) ADD_FAILURE() << p.text();
  EXPECT_EQ(out.config.gate.scope, Gate::Scope::host);
  EXPECT_EQ(out.config.gate.management_ports, std::vector<std::uint16_t>{2222});
  const auto imaps = std::ranges::find(out.config.listeners, "imaps", &Listener::name);
  ASSERT_EQ(imaps->exceptions.size(), 1u);
  EXPECT_EQ(date::format_rfc3339(imaps->exceptions[0].until), "2026-12-05T00:00:00.000Z");
  EXPECT_EQ(imaps->log, GateLog::none);
  EXPECT_EQ(admitted_networks(*imaps, out.config.networks).size(), 1u);
  EXPECT_THAT(only_problem("[[gate.exception]]\nlistener = \"imaps\"\nnetworks = \"::1\"\nuntil = \"Friday\"\nreason = "
                           "\"r\"\n"),
              HasSubstr("must be a date"));
}

TEST(ConfigLoad, NamesTheLineOfAWrongNetworkInAGroupsFile) {
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / fmt::format("gp-load-{}", ::getpid());
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "filter.txt") << "# from the provider\n192.0.2.0/24\n2001:db8::/32 # v6\n";
  std::ofstream(folder / "gatepost.toml") << "[server]\nhostname = \"m.example.org\"\ndata_dir = \"/x\"\n"
                                             "[[networks.group]]\nname = \"filter\"\nfile = \"filter.txt\"\n";
  EXPECT_EQ(load(folder / "gatepost.toml").config.networks.groups.at(0).networks.size(), 2u);
  std::ofstream(folder / "filter.txt") << "192.0.2.0/24\n192.0.2.1/24\n";
  const LoadOutcome wrong = load(folder / "gatepost.toml");
  ASSERT_EQ(wrong.problems.size(), 1u);
  EXPECT_THAT(wrong.problems[0].text(), HasSubstr("line 2: \"192.0.2.1/24\" is no network"));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace gatepost::config
