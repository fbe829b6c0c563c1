#include "daemon/http_request.hpp"

#include <gtest/gtest.h>

#include <string>

namespace gatepost::daemon {
namespace {

using Kind = HttpRequest::Kind;

Kind kind_of(std::string_view text) { return parse_http_request(text).kind; }

TEST(HttpRequest, ReadsARequestAndWhereItEnds) {
  const std::string text = "GET /metrics?x=1 HTTP/1.1\r\nHost: localhost:9464\r\nAccept: */*\r\n\r\nGET /next";
  const HttpRequest request = parse_http_request(text);
  EXPECT_EQ(request.kind, Kind::complete);
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.path, "/metrics");
  EXPECT_EQ(text.substr(request.consumed), "GET /next");
  EXPECT_TRUE(request.keep_alive);
}

TEST(HttpRequest, KnowsWhenTheConnectionStaysOpen) {
  EXPECT_FALSE(parse_http_request("GET / HTTP/1.0\r\n\r\n").keep_alive);
  EXPECT_TRUE(parse_http_request("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").keep_alive);
  EXPECT_FALSE(parse_http_request("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, close\r\n\r\n").keep_alive);
}

TEST(HttpRequest, WaitsForTheEmptyLine) {
  EXPECT_EQ(kind_of(""), Kind::need_more);
  EXPECT_EQ(kind_of("GET / HTTP/1.1\r\nHost: a\r\n"), Kind::need_more);
  EXPECT_EQ(kind_of("GET / HTTP/1.1\r\nHost: a\r\n\r"), Kind::need_more);
}

TEST(HttpRequest, RefusesWhatAProxyMightReadDifferently) {
  for (const std::string_view broken :
       {"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", "GET / HTTP/1.1\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/11\r\nHost: a\r\n\r\n", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", "\r\n\r\n"}) {
    EXPECT_EQ(kind_of(broken), Kind::malformed) << broken;
  }
  EXPECT_EQ(kind_of("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), Kind::other_version);
}

TEST(HttpRequest, HasLimits) {
  EXPECT_EQ(kind_of("GET /" + std::string(kMaxHttpHeadOctets, 'a')), Kind::too_large);
  std::string many = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (std::size_t i = 0; i < kMaxHttpFields; ++i) many += "X: 1\r\n";
  EXPECT_EQ(kind_of(many + "\r\n"), Kind::too_large);
}

}  // namespace
}  // namespace gatepost::daemon
