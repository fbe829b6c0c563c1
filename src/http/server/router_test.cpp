#include "http/server/router.hpp"

#include <gtest/gtest.h>

namespace gatepost::http::server {
namespace {

struct Routes {
  Router router;
  void add(std::string path, std::vector<std::string> methods = {"GET"}, std::string host = "") {
    router.add({.host = std::move(host), .path = std::move(path), .methods = std::move(methods)});
  }
  // "path of the route x=1", or the status and what is allowed.
  std::string find(std::string_view target, std::string_view method = "GET", std::string_view host = "h") {
    const Router::Found found = router.find(host, *parse_target(target), method);
    if (found.route == nullptr) return std::to_string(found.status) + (found.allow.empty() ? "" : " " + found.allow);
    std::string out = found.route->host + found.route->path;
    for (const auto& [name, value] : found.parameters) out += " " + std::string(name) + "=" + value;
    return out;
  }
};

TEST(HttpRouter, PrefersWhatIsMoreParticular) {
  Routes r;
  r.add("/*");
  r.add("/a/{x}");
  r.add("/a/b");
  r.add("/a/*", {"PUT"});
  r.add("/a/b", {"GET"}, "named");
  r.add("/x", {"GET"}, "auto.*");
  EXPECT_EQ(r.find("/a/b"), "/a/b");
  EXPECT_EQ(r.find("/a/b", "GET", "named"), "named/a/b");
  EXPECT_EQ(r.find("/a/c"), "/a/{x} x=c");
  EXPECT_EQ(r.find("/a/c/d"), "/* *=a/c/d");
  EXPECT_EQ(r.find("/a/c/d", "PUT"), "/a/* *=c/d");
  EXPECT_EQ(r.find("/a", "PUT"), "/a/* *=");
  EXPECT_EQ(r.find("/"), "/* *=");
  EXPECT_EQ(r.find("/x", "GET", "auto.example"), "auto.*/x");
  EXPECT_EQ(r.find("/x"), "/* *=x");
}

TEST(HttpRouter, SaysWhatElseIsAllowed) {
  Routes r;
  r.add("/a", {"GET"});
  r.add("/a", {"PUT", "DELETE"});
  EXPECT_EQ(r.find("/a", "HEAD"), "/a");
  EXPECT_EQ(r.find("/a", "POST"), "405 DELETE, GET, HEAD, OPTIONS, PUT");
  EXPECT_EQ(r.find("/a", "OPTIONS"), "204 DELETE, GET, HEAD, OPTIONS, PUT");
  EXPECT_EQ(r.find("/b"), "404");
}

TEST(HttpRouter, AnEncodedSlashStaysInItsSegment) {
  Routes r;
  r.add("/a/{x}/c");
  EXPECT_EQ(r.find("/a/b%2Fb/c"), "/a/{x}/c x=b%2Fb");
  EXPECT_EQ(r.find("/a//c"), "404");
}

}  // namespace
}  // namespace gatepost::http::server
