#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/server/test_support.hpp"

namespace gatepost::http::server {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kClose = "Connection: close\r\n";

std::string get(std::string_view path, std::string_view fields = kClose, std::string_view method = "GET") {
  return std::string(method) + " " + std::string(path) + " HTTP/1.1\r\nHost: mail.example.org\r\n" +
         std::string(fields) + "\r\n";
}
std::string post(std::string_view path, std::string_view content, std::string_view fields = kClose) {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: mail.example.org\r\nContent-Length: " + std::to_string(content.size()) + "\r\n" +
         std::string(fields) + "\r\n" + std::string(content);
}
// Without the lines that differ from one run to the next.
std::size_t count(const std::string& text, std::string_view part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

TEST(H1Session, AnswersPipelinedRequestsInOrderHoweverCut) {
  World world;
  const std::string input = get("/hello", "") + post("/echo", "one", "") + get("/hello", "", "HEAD") +
                            get("/nothing", "") + get("/echo", "") + get("/hello", "", "OPTIONS") +
                            post("/echo", "two");
  const std::string whole = talk(world, input);
  EXPECT_THAT(whole, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(whole, EndsWith("\r\n\r\ntwo"));
  EXPECT_EQ(count(whole, "hello\n"), 1u);
  EXPECT_EQ(count(whole, "content-length: 6\r\n"), 2u);
  EXPECT_THAT(whole, HasSubstr("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_THAT(whole, HasSubstr("HTTP/1.1 405 Method Not Allowed\r\n"));
  EXPECT_THAT(whole, HasSubstr("allow: OPTIONS, POST\r\n"));
  EXPECT_THAT(whole, HasSubstr("HTTP/1.1 204 No Content\r\nallow: GET, HEAD, OPTIONS\r\n"));
  EXPECT_THAT(whole, HasSubstr("strict-transport-security: max-age=3600\r\n"));
  EXPECT_EQ(count(whole, "connection: close\r\n"), 1u);
  for (const std::size_t chunk : {1, 2, 3, 7, 100}) EXPECT_EQ(talk(world, input, {.chunk = chunk}), whole) << chunk;
}

TEST(H1Session, StreamsBothWaysInBoundedMemory) {
  World world;
  const std::string much(500'000, 'Q');
  const std::string answer = talk(world, post("/stream", much));
  EXPECT_THAT(answer, HasSubstr("transfer-encoding: chunked\r\n"));
  EXPECT_EQ(count(answer, "Q"), much.size());
  EXPECT_THAT(answer, EndsWith("\r\n0\r\n\r\n"));
  const std::string large = talk(world, get("/large"));
  EXPECT_THAT(large, HasSubstr("content-length: 1000000\r\n"));
  EXPECT_EQ(count(large.substr(large.find("\r\n\r\n")), "x"), 1'000'000u);
  const std::string chunked =
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
      "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n";
  for (const std::size_t chunk : {1, 2, 5, 1000})
    EXPECT_THAT(talk(world, chunked, {.chunk = chunk}), EndsWith("\r\n\r\nabcde"));
}

TEST(H1Session, NeverTakesASecondRequestOutOfABrokenFirst) {
  World world;
  const std::string inner = get("/hello");
  for (const char* const fields :
       {"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "Content-Length: 3\r\nContent-Length: 4\r\n",
        "Content-Length : 3\r\n", "Transfer-Encoding: chunked, identity\r\n", "X: a\n"}) {
    const std::string answer =
        talk(world, "POST /echo HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n0\r\n\r\n" + inner);
    EXPECT_EQ(count(answer, "HTTP/1.1 "), 1u) << fields;
    EXPECT_THAT(answer, Not(HasSubstr("hello"))) << fields;
    EXPECT_THAT(answer, HasSubstr("connection: close\r\n")) << fields;
  }
}

TEST(H1Session, AsksForContentOnlyWhenItIsWanted) {
  World world;
  const std::string wanted = talk(world,
                                  "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n"
                                  "Connection: close\r\n\r\nok");
  EXPECT_THAT(wanted, StartsWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"));
  const std::string refused =
      talk(world, "POST /small HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n");
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 413 Content Too Large\r\n"));
  EXPECT_THAT(refused, HasSubstr("connection: close\r\n"));
}

TEST(H1Session, LimitsContentThatDoesNotSayItsLength) {
  World world;
  std::string input = "POST /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 5; ++i) input += "4\r\nabcd\r\n";
  EXPECT_THAT(talk(world, input + "0\r\n\r\n" + get("/hello")), StartsWith("HTTP/1.1 413 "));
}

TEST(H1Session, KeepsTheConnectionAfterContentNobodyWanted) {
  World world;
  const std::string answer = talk(world, post("/nothing", std::string(5000, 'z'), "") + get("/hello"));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(answer, EndsWith("hello\n"));
}

TEST(H1Session, CutsOffAnAnswerThatCannotBeCompleted) {
  World world;
  const std::string answer = talk(world, get("/short", ""));
  EXPECT_THAT(answer, EndsWith("only this"));
  EXPECT_THAT(talk(world, get("/throws")), StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(talk(world, get("/silent")), StartsWith("HTTP/1.1 500 "));
}

TEST(H1Session, AsksWhoItIsAndKeepsTheConnection) {
  World world;
  const std::string answer =
      talk(world, get("/who", "") + get("/who", "Authorization: Basic bm9ib2R5Ong=\r\n") +
                      get("/who", "Authorization: Bearer abc\r\n") + get("/who", world.authorization()) +
                      get("/who", world.authorization() + std::string(kClose)));
  EXPECT_EQ(count(answer, "HTTP/1.1 401 "), 3u);
  EXPECT_EQ(count(answer, "www-authenticate: Basic realm=\"mail.example.org\", charset=\"UTF-8\"\r\n"), 3u);
  EXPECT_EQ(count(answer, "anna@example.org\n"), 2u);
}

std::string cookie(const std::string& token) { return "Cookie: a=b; __Host-gatepost=" + token + "\r\n"; }
std::string last(const std::string& fields) { return fields + std::string(kClose); }

TEST(H1Session, KnowsABrowserByItsCookie) {
  World world;
  const std::string token = world.browser();
  EXPECT_EQ(count(talk(world, get("/who", cookie(token)) + get("/who", cookie(token) + std::string(kClose))),
                  "anna@example.org\n"),
            2u);
  EXPECT_THAT(talk(world, get("/who", last(cookie("x" + token)))), StartsWith("HTTP/1.1 401 "));
  EXPECT_THAT(talk(world, get("/who", last("Cookie: __Host-gatepost=\r\n"))), StartsWith("HTTP/1.1 401 "));
  ASSERT_TRUE(world.web_sessions->end_all(world.directory->find(kAnna)->id));
  EXPECT_THAT(talk(world, get("/who", last(cookie(token)))), StartsWith("HTTP/1.1 401 "));
}

TEST(H1Session, TakesChangesFromItsOwnPagesAlone) {
  World world;
  const std::string token = world.browser();
  const std::string csrf = "X-CSRF-Token: " + directory::WebSessions::csrf_token(token) + "\r\n";
  const auto change = [&](const std::string& fields) {
    return talk(world, post("/change", "", last(cookie(token) + fields)));
  };
  EXPECT_THAT(change(csrf), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(change(csrf + "Origin: https://MAIL.example.org:8443\r\nSec-Fetch-Site: same-origin\r\n"),
              StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(change(""), StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(change("X-CSRF-Token: guess\r\n"), StartsWith("HTTP/1.1 403 "));
  for (const char* other :
       {"Origin: https://evil.example", "Origin: null", "Origin: http://mail.example.org",
        "Origin: https://mail.example.org.evil.example", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site"}) {
    EXPECT_THAT(change(csrf + other + "\r\n"), StartsWith("HTTP/1.1 403 ")) << other;
    EXPECT_THAT(talk(world, get("/who", last(cookie(token) + other + "\r\n"))), StartsWith("HTTP/1.1 403 ")) << other;
  }
  // A password in the request itself is nothing that another site's page has.
  EXPECT_THAT(talk(world, post("/change", "", last(cookie(token) + world.authorization()))),
              StartsWith("HTTP/1.1 200 "));
}

TEST(H1Session, ChallengesAPagesScriptWithoutABrowsersWindow) {
  World world;
  const std::string answer = talk(world, get("/who", last("Sec-Fetch-Dest: empty\r\n")));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 401 "));
  EXPECT_THAT(answer, HasSubstr("www-authenticate: Session realm="));
  EXPECT_THAT(answer, Not(HasSubstr("Basic")));
}

TEST(H1Session, SpeaksHttp10) {
  World world;
  const std::string answer = talk(world, "GET /hello HTTP/1.0\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("connection: close\r\n"));
  const std::string streamed = talk(world, "POST /stream HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_THAT(streamed, Not(HasSubstr("chunked")));
  EXPECT_THAT(streamed, EndsWith("\r\n\r\nabc"));
}

TEST(H1Session, BelievesAProxyThatItTrusts) {
  World world;
  world.settings.proxies = {*Network::parse("10.0.0.0/8")};
  world.start();
  const std::string fields = "X-Forwarded-For: 198.51.100.1, 203.0.113.9, 10.1.1.1\r\n" + std::string(kClose);
  EXPECT_THAT(talk(world, get("/client", fields), {.remote = "10.0.0.1"}), EndsWith("\r\n\r\n203.0.113.9"));
  EXPECT_THAT(talk(world, get("/client", fields)), EndsWith("\r\n\r\n192.0.2.7"));
  const std::string standard = "Forwarded: for=\"[2001:db8::7]:99\";proto=http\r\n" + std::string(kClose);
  const std::string answer = talk(world, get("/client", standard), {.remote = "10.0.0.1"});
  EXPECT_THAT(answer, EndsWith("\r\n\r\n2001:db8::7"));
  EXPECT_THAT(answer, Not(HasSubstr("strict-transport-security")));
}

TEST(H1Session, EndsHandlersWhoseClientHasGone) {
  World world;
  talk(world, get("/hello", "") + get("/wait", ""), {.until = 10});
  EXPECT_EQ(world.waiting, 0);
  EXPECT_EQ(world.told, 1);
}

TEST(H1Session, WritesALineForEachRequest) {
  World world;
  talk(world, get("/hello?secret=1", std::string(kClose) + "User-Agent: t\r\n"));
  ASSERT_FALSE(world.sink.lines().empty());
  const std::string line = world.sink.lines().back();
  EXPECT_THAT(line, HasSubstr("http.request conn=c1"));
  EXPECT_THAT(line, HasSubstr("path=/hello version=1.1 status=200 octets=6"));
  EXPECT_THAT(line, Not(HasSubstr("secret")));
}

TEST(H1Session, GivesTheConnectionToAnotherProtocol) {
  World world;
  const std::string answer =
      talk(world, get("/tunnel", "Connection: keep-alive, Upgrade\r\nUpgrade: other, Echo\r\n") + "hello bye");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 101 Switching Protocols\r\n"));
  EXPECT_THAT(answer, HasSubstr("upgrade: echo\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("chunked")));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n<hello bye>"));
  EXPECT_THAT(talk(world, get("/tunnel")), StartsWith("HTTP/1.1 426 "));
}

TEST(StatusFor, HasAnAnswerForEveryFailure) {
  for (int code = 0; code <= static_cast<int>(kLastErrc); ++code) {
    const Response answer = failure(static_cast<Errc>(code));
    EXPECT_GE(answer.status, 400);
    EXPECT_FALSE(reason_phrase(answer.status).empty());
  }
}

using Conducts = std::vector<std::pair<runtime::Conduct, std::string>>;

TEST(H1Session, TellsOfWhatIsNoRequest) {
  World world;
  EXPECT_THAT(talk(world, "hello\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(talk(world, "GET / HTTP/1.1\nHost: x\n\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(talk(world, "GET / HTTP/3.0\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 505 "));
  ASSERT_EQ(world.conduct.size(), 3U);
  for (const auto& [what, detail] : world.conduct) EXPECT_EQ(what, runtime::Conduct::bad_request) << detail;
  EXPECT_EQ(world.conduct[1].second, "a line end");
  world.conduct.clear();
  // What proper clients send as well: too much, a coding, an expectation.
  talk(world, get("/hello", "X: " + std::string(5000, 'x') + "\r\n"));
  talk(world, get("/hello", "Transfer-Encoding: gzip\r\n"));
  talk(world, get("/hello", "Expect: the unexpected\r\n"));
  EXPECT_EQ(world.conduct, Conducts());
}

TEST(H1Session, EndsAConnectionThatAsksAndAsksForWhatIsNotThere) {
  World world;
  world.settings.bad_requests = 5;
  world.start();
  std::string some, many;
  for (int i = 0; i < 4; ++i) some += get("/nothing", "");
  EXPECT_EQ(count(talk(world, some + get("/hello", "") + some + get("/hello")), "404 Not Found"), 16U)
      << "line and text";
  EXPECT_EQ(world.conduct, Conducts());
  for (int i = 0; i < 9; ++i) many += get("/nothing" + std::to_string(i), "");
  EXPECT_EQ(count(talk(world, many), "HTTP/1.1 404"), 5U);
  EXPECT_EQ(world.conduct, (Conducts{{runtime::Conduct::bad_commands, "/nothing4"}}));
}

TEST(H1Session, AsksAgainWhenAnotherClientComesByTheSameProxy) {
  World world;
  world.settings.proxies = {*Network::parse("192.0.2.7")};
  world.start();
  const auto id = world.directory->find(kAnna)->id;
  const auto secret =
      world.directory->add_app_password(id, "office", {.networks = {*Network::parse("198.51.100.1/32")}});
  const std::string from = "Authorization: Basic " +
                           base64::encode(std::string(kAnna) + ":" + std::string(secret->reveal())) +
                           "\r\nX-Forwarded-For: 198.51.100.";
  const std::string answer =
      talk(world, get("/who", from + "1\r\n") + get("/who", from + "2\r\n") + get("/who", last(from + "1\r\n")));
  EXPECT_EQ(count(answer, "anna@example.org\n"), 2u);
  EXPECT_EQ(count(answer, "HTTP/1.1 403 "), 1u) << answer;
}

TEST(H1Session, HoldsNothingAgainstAProxy) {
  World world;
  world.settings.bad_requests = 2;
  world.settings.proxies = {*Network::parse("192.0.2.7")};
  world.start();
  EXPECT_EQ(count(talk(world, get("/a", "") + get("/b", "") + get("/c", "") + get("/hello")), "HTTP/1.1 "), 4U);
  talk(world, "hello\r\n\r\n");
  EXPECT_EQ(world.conduct, Conducts());
}

TEST(H1Session, CountsWhatIsNotThereOverConnections) {
  World world;
  world.settings.bad_requests = 3;
  world.start();
  for (int i = 0; i < 5; ++i) talk(world, get("/nothing" + std::to_string(i)));
  EXPECT_EQ(world.conduct, (Conducts{{runtime::Conduct::bad_commands, "/nothing2"}}));
  // A program with a wrong setting.
  for (int i = 0; i < 9; ++i) talk(world, get("/ews"));
  EXPECT_EQ(world.conduct.size(), 2U) << "/nothing3, /nothing4 and /ews";
  world.conduct.clear();
  for (int i = 0; i < 9; ++i) talk(world, get("/ews"));
  EXPECT_EQ(world.conduct, Conducts());
}

TEST(H1Session, HoldsToAccountWhoIsBehindATrustedProxy) {
  World world;
  world.settings.bad_requests = 3;
  world.settings.proxies = {*Network::parse("10.0.0.0/8")};
  world.start();
  const auto from = [](std::string_view client) {
    return "X-Forwarded-For: " + std::string(client) + "\r\n" + std::string(kClose);
  };
  for (int i = 0; i < 4; ++i) {
    talk(world, get("/nothing" + std::to_string(i), from("203.0.113.9")), {.remote = "10.0.0.1"});
    talk(world, get(i == 2 ? "/hello" : "/also" + std::to_string(i), from("203.0.113.10")), {.remote = "10.0.0.1"});
  }
  EXPECT_EQ(world.conduct, (Conducts{{runtime::Conduct::bad_commands, "/nothing2"}}));
  EXPECT_EQ(world.whom, "203.0.113.9 by a proxy");
}

TEST(H1Session, RefusesWhoIsBannedBehindAProxyAndNobodyElse) {
  World world;
  world.settings.proxies = {*Network::parse("10.0.0.0/8")};
  world.refuses = [](const IpAddress& client) { return client == *IpAddress::parse("203.0.113.9"); };
  world.start();
  const auto ask = [&](std::string_view client) {
    return talk(world, get("/hello", "X-Forwarded-For: " + std::string(client) + "\r\n" + std::string(kClose)),
                {.remote = "10.0.0.1"});
  };
  EXPECT_THAT(ask("203.0.113.9"), StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(ask("203.0.113.10"), StartsWith("HTTP/1.1 200 "));
}

}  // namespace
}  // namespace gatepost::http::server
