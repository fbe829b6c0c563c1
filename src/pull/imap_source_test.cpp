#include "pull/imap_source.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <thread>

#include <gmock/gmock.h>

namespace gatepost::pull {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// An IMAP server on loopback that says what a test wants: the answer to a command without its tag, where "%" is the
// tag. "" ends the connection, and so does "^" at the end.
class OtherServer {
 public:
  using Answer = std::function<std::string(const std::string& command)>;
  explicit OtherServer(Answer answer) : answer_(std::move(answer)) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(fd_, 8), 0);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~OtherServer() {
    stopping_ = true;
    ::shutdown(fd_, SHUT_RDWR);
    thread_.join();
    ::close(fd_);
  }
  std::uint16_t port() const { return port_; }
  int connections() const { return connections_; }

 private:
  void serve() {
    for (;;) {
      const int peer = ::accept(fd_, nullptr, nullptr);
      if (peer < 0 || stopping_) return;
      ++connections_;
      talk(peer);
      ::close(peer);
    }
  }
  static bool send(int peer, std::string_view text) {
    while (!text.empty()) {
      const ssize_t n = ::send(peer, text.data(), text.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  void talk(int peer) {
    if (!send(peer, "* OK ready\r\n")) return;
    std::string input;
    char piece[4096];
    for (;;) {
      const std::size_t end = input.find("\r\n");
      if (end == std::string::npos) {
        const ssize_t n = ::recv(peer, piece, sizeof piece, 0);
        if (n <= 0) return;
        input.append(piece, static_cast<std::size_t>(n));
        continue;
      }
      const std::string line = input.substr(0, end);
      input.erase(0, end + 2);
      const std::string tag = line.substr(0, line.find(' '));
      const std::string answer = answer_(line.substr(tag.size() + 1));
      if (answer.empty()) return;
      std::string text;
      for (const char c : answer) text += c == '%' ? tag : std::string(c == '^' ? 0 : 1, c);
      if (!send(peer, text) || answer.ends_with('^')) return;
    }
  }

  const Answer answer_;
  int fd_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<int> connections_{0};
  std::thread thread_;
};

struct Got {
  transfer::Message message;
  std::string octets;
};

class PulledMail : public testing::Test {
 protected:
  // What such servers have in common.
  static std::string usual(const std::string& command) {
    if (command == "CAPABILITY") return "* CAPABILITY IMAP4rev1\r\n% OK\r\n";
    if (command.starts_with("LOGIN ")) return "% OK\r\n";
    if (command.starts_with("LIST ")) {
      return "* LIST () \"/\" INBOX\r\n* LIST (\\Sent) \"/\" {4}\r\nPost\r\n% OK\r\n";
    }
    if (command == "EXAMINE \"INBOX\"") {
      return "* 2 EXISTS\r\n* OK [UIDVALIDITY 77] x\r\n* OK [UIDNEXT 9] x\r\n% OK [READ-ONLY]\r\n";
    }
    if (command == "EXAMINE \"Post\"") return "* 0 EXISTS\r\n* OK [UIDVALIDITY 78] x\r\n% OK [READ-ONLY]\r\n";
    if (command == "UID FETCH * (UID)") return "* 2 FETCH (UID 8)\r\n% OK\r\n";
    if (command.ends_with("(UID FLAGS INTERNALDATE)")) {
      std::string out;
      if (command.find(" 1:") != std::string::npos || command.find(" 5:") != std::string::npos) {
        out += "* 1 FETCH (UID 5 FLAGS (\\Seen \\Recent $Work) INTERNALDATE \"01-Feb-2020 10:00:00 +0000\")\r\n";
      }
      return out + "* 2 FETCH (FLAGS () UID 8 INTERNALDATE \"02-Feb-2020 10:00:00 +0000\")\r\n% OK\r\n";
    }
    const std::string first = "* 1 FETCH (UID 5 BODY[] {9}\r\nA: b\r\n\r\nx)\r\n";
    const std::string second = "* 2 FETCH (FLAGS (\\Seen))\r\n* 2 FETCH (BODY[] {6}\r\nC: d\r\n UID 8)\r\n";
    if (command.starts_with("UID FETCH 5 ")) return first + "% OK\r\n";
    if (command.starts_with("UID FETCH 8 ")) return second + "% OK\r\n";
    if (command.starts_with("UID FETCH 5,8 ")) return first + second + "% OK\r\n";
    return "% BAD what\r\n";
  }

  std::vector<Got> pull(OtherServer& server, Marks marks = {}) {
    Order order;
    order.server = {.host = "127.0.0.1", .port = server.port(), .security = Security::none};
    order.who = {"anna", Secret(std::string("secret"))};
    order.marks = std::move(marks);
    Witness witness{.folder = [](const std::string&, std::uint32_t) {},
                    .problem = [this](const std::string& where,
                                      const std::string& what) { problems_.push_back(where + ": " + what); },
                    .wait = [this](milliseconds time, const std::string&) { waits_.push_back(time); }};
    const auto library = sasl::Library::create("test");
    const auto source = pull_imap(std::move(order), std::move(witness), **library);
    std::vector<Got> all;
    for (;;) {
      auto message = source->next();
      if (!message) {
        failure_ = message.error();
        return all;
      }
      if (!*message) return all;
      Got got{**message, {}};
      char piece[4];
      for (auto n = source->read(piece); n && *n > 0; n = source->read(piece)) got.octets.append(piece, *n);
      all.push_back(std::move(got));
    }
  }

  std::vector<std::string> problems_;
  std::vector<milliseconds> waits_;
  std::optional<Error> failure_;
};

TEST_F(PulledMail, HasItsFlagsDatesAndNumbers) {
  OtherServer server(usual);
  const auto all = pull(server);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_FALSE(failure_) << failure_->detail;
  EXPECT_EQ(all[0].message.folder, "INBOX");
  EXPECT_EQ(all[0].message.flags, account::flag::kSeen);
  EXPECT_THAT(all[0].message.keywords, ElementsAre("$Work"));
  EXPECT_EQ(all[0].message.uid, 5U);
  EXPECT_EQ(all[0].message.uid_validity, 77U);
  EXPECT_EQ(all[0].message.received, TimePoint(std::chrono::seconds(1'580'551'200)));
  EXPECT_EQ(all[0].octets, "A: b\r\n\r\nx");
  EXPECT_EQ(all[1].octets, "C: d\r\n");
  EXPECT_EQ(all[1].message.flags, 0);
  EXPECT_THAT(problems_, IsEmpty());
}

TEST_F(PulledMail, GoesOnWhereItWas) {
  OtherServer server(usual);
  const std::string origin = origin_of({.host = "127.0.0.1"}, "anna", "INBOX");
  EXPECT_EQ(pull(server, {{origin, {77, 5}}}).size(), 1U);
  EXPECT_EQ(pull(server, {{origin, {77, 8}}}).size(), 0U);
  // A folder made anew has other messages.
  EXPECT_EQ(pull(server, {{origin, {76, 8}}}).size(), 2U);
}

TEST_F(PulledMail, SurvivesConnectionsThatBreak) {
  bool broken = false;
  OtherServer server([&](const std::string& command) -> std::string {
    // In the middle of the second message, which comes first.
    if (command.starts_with("UID FETCH 5,8 ") && !std::exchange(broken, true)) {
      return "* 2 FETCH (UID 8 BODY[] {6}\r\nC: d\r\n)\r\n* 1 FETCH (UID 5 BODY[] {9}\r\nA: b^";
    }
    return usual(command);
  });
  const auto all = pull(server);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].octets, "C: d\r\n");
  EXPECT_EQ(all[0].message.origin, "") << "what lies before it has not come";
  EXPECT_EQ(all[1].octets, "A: b\r\n\r\nx");
  EXPECT_EQ(all[1].message.origin.size(), 32U);
  EXPECT_EQ(server.connections(), 2);
  EXPECT_EQ(waits_.size(), 1U);
}

TEST_F(PulledMail, WaitsAsLongAsTheServerAsks) {
  int times = 0;
  OtherServer server([&](const std::string& command) -> std::string {
    if (command.starts_with("UID FETCH 5,8 ") && ++times == 1) {
      return "% BAD Request is throttled. Suggested Backoff Time: 45000 milliseconds\r\n";
    }
    if (command.starts_with("LOGIN ") && times == 1) {
      ++times;
      return "* BYE Connection is closed. 14: Server Busy\r\n";
    }
    return usual(command);
  });
  EXPECT_EQ(pull(server).size(), 2U);
  EXPECT_THAT(waits_, ElementsAre(milliseconds(45'000), milliseconds(4'000)));
}

TEST_F(PulledMail, PassesOverWhatTheServerCannotGive) {
  OtherServer server([](const std::string& command) -> std::string {
    if (command.starts_with("UID FETCH 5")) return "% NO [SERVERBUG] The message is damaged\r\n";
    if (command == "EXAMINE \"Post\"") return "% NO [NOPERM] not yours\r\n";
    return usual(command);
  });
  EXPECT_EQ(pull(server).size(), 1U);
  EXPECT_FALSE(failure_);
  EXPECT_THAT(problems_, ElementsAre("INBOX uid 5: SERVERBUG The message is damaged", HasSubstr("Post: ")));
}

TEST_F(PulledMail, EndsWhereTryingAgainIsOfNoUse) {
  OtherServer server([](const std::string& command) -> std::string {
    if (command.starts_with("LOGIN ")) return "% NO [AUTHENTICATIONFAILED] wrong\r\n";
    return usual(command);
  });
  EXPECT_THAT(pull(server), IsEmpty());
  EXPECT_EQ(failure_->code, Errc::unauthenticated);
  EXPECT_THAT(waits_, IsEmpty());
  OtherServer never([](const std::string&) -> std::string { return ""; });
  failure_.reset();
  EXPECT_THAT(pull(never), IsEmpty());
  EXPECT_EQ(failure_->code, Errc::closed);
  EXPECT_EQ(waits_.size(), static_cast<std::size_t>(kAttempts));
}

}  // namespace
}  // namespace gatepost::pull
