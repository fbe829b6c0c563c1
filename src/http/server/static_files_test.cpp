#include "http/server/static_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "http/server/accept_encoding.hpp"
#include "http/server/challenges.hpp"
#include "http/server/test_support.hpp"

namespace gatepost::http::server {
namespace {

namespace fs = std::filesystem;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

struct Site : World {
  Site() {
    folder = fs::path(testing::TempDir()) / ("static-" + std::to_string(::getpid()));
    fs::remove_all(folder);
    write("index.html", "<!doctype html>" + std::string(2000, ' '));
    write("assets/app-1a2b.js", "let a = 1;\n");
    write("pixel.png", std::string(1000, 'p'));
    write(".secret", "hidden");
    write(".git/config", "hidden");
    fs::create_symlink("/etc/passwd", folder / "link");
    EXPECT_TRUE(files.load(folder));
    router.add(files.route("/*", "default-src 'self'"));
  }
  ~Site() { fs::remove_all(folder); }
  void write(const std::string& name, const std::string& text) {
    fs::create_directories((folder / name).parent_path());
    std::ofstream(folder / name, std::ios::binary) << text;
  }
  std::string get(const std::string& path, const std::string& fields = "") {
    return talk(*this, "GET " + path + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + fields + "\r\n");
  }
  static std::string field(const std::string& answer, const std::string& name) {
    const std::size_t at = answer.find("\r\n" + name + ": ");
    if (at == std::string::npos) return {};
    const std::size_t begin = at + name.size() + 4;
    return answer.substr(begin, answer.find("\r\n", begin) - begin);
  }
  fs::path folder;
  StaticFiles files;
};

TEST(StaticFiles, AreServedWithTypesAndPolicies) {
  Site site;
  EXPECT_EQ(site.files.size(), 3u);
  const std::string index = site.get("/");
  EXPECT_THAT(index, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(Site::field(index, "content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(Site::field(index, "content-security-policy"), "default-src 'self'");
  EXPECT_EQ(Site::field(index, "cache-control"), "no-cache");
  EXPECT_EQ(Site::field(index, "vary"), "Accept-Encoding");
  const std::string script = site.get("/assets/app-1a2b.js");
  EXPECT_THAT(script, EndsWith("\r\n\r\nlet a = 1;\n"));
  EXPECT_EQ(Site::field(script, "cache-control"), "public, max-age=31536000, immutable");
}

TEST(StaticFiles, GiveTheSmallestFormTheClientTakes) {
  Site site;
  for (const std::string coding : {"gzip", "zstd", "br"}) {
    const std::string answer = site.get("/", "Accept-Encoding: identity;q=0.5, " + coding + ";q=0.1\r\n");
    EXPECT_EQ(Site::field(answer, "content-encoding"), coding);
    EXPECT_LT(std::stoi(Site::field(answer, "content-length")), 300);
    EXPECT_THAT(Site::field(answer, "etag"), HasSubstr("-" + coding));
  }
  EXPECT_EQ(Site::field(site.get("/", "Accept-Encoding: gzip;q=0\r\n"), "content-encoding"), "");
  EXPECT_EQ(Site::field(site.get("/pixel.png", "Accept-Encoding: gzip, br\r\n"), "content-encoding"), "");
}

TEST(StaticFiles, KnowWhatTheClientHasAlready) {
  Site site;
  const std::string etag = Site::field(site.get("/pixel.png"), "etag");
  const std::string again = site.get("/pixel.png", "If-None-Match: " + etag + "\r\n");
  EXPECT_THAT(again, StartsWith("HTTP/1.1 304 Not Modified\r\n"));
  EXPECT_THAT(again, EndsWith("\r\n\r\n"));
  EXPECT_EQ(Site::field(again, "etag"), etag);
  const std::string part = site.get("/pixel.png", "Range: bytes=10-19\r\nIf-Range: " + etag + "\r\n");
  EXPECT_THAT(part, StartsWith("HTTP/1.1 206 Partial Content\r\n"));
  EXPECT_EQ(Site::field(part, "content-range"), "bytes 10-19/1000");
  EXPECT_THAT(part, EndsWith("\r\n\r\npppppppppp"));
  EXPECT_THAT(site.get("/pixel.png", "Range: bytes=10-19\r\nIf-Range: \"old\"\r\n"), StartsWith("HTTP/1.1 200 "));
  const std::string beyond = site.get("/pixel.png", "Range: bytes=2000-\r\n");
  EXPECT_THAT(beyond, StartsWith("HTTP/1.1 416 "));
  EXPECT_EQ(Site::field(beyond, "content-range"), "bytes */1000");
}

// A request without conditions is answered with a head that was made before.
TEST(StaticFiles, SayTheSameWithAHeadThatWasPrepared) {
  Site site;
  const auto lines = [](const std::string& answer) {
    std::vector<std::string> out;
    for (std::size_t at = 0, end = 0; (end = answer.find("\r\n", at)) != at; at = end + 2)
      out.push_back(answer.substr(at, end - at));
    std::ranges::sort(out);
    return out;
  };
  for (const char* const path : {"/", "/pixel.png", "/assets/app-1a2b.js"}) {
    for (const char* const more : {"", "Accept-Encoding: br\r\n"}) {
      const std::string prepared = site.get(path, more);
      const std::string made = site.get(path, more + std::string("If-None-Match: \"other\"\r\n"));
      EXPECT_EQ(lines(prepared), lines(made));
      EXPECT_EQ(prepared.substr(prepared.find("\r\n\r\n")), made.substr(made.find("\r\n\r\n")));
    }
  }
  const std::string head = talk(site, "HEAD /pixel.png HTTP/1.0\r\n\r\n");
  EXPECT_THAT(head, EndsWith("\r\nconnection: close\r\n\r\n"));
  EXPECT_EQ(Site::field(head, "content-length"), "1000");
}

TEST(StaticFiles, NeverLeaveTheirFolder) {
  Site site;
  for (const char* const path :
       {"/.secret", "/.git/config", "/link", "/assets", "/%2e%2e/etc/passwd", "/..%2fetc/passwd",
        "/assets/%2e%2e/index.html", "//etc/passwd", "/index.html%00.png"}) {
    const std::string answer = site.get(path);
    EXPECT_THAT(answer, Not(StartsWith("HTTP/1.1 200"))) << path;
    EXPECT_THAT(answer, Not(HasSubstr("root:"))) << path;
  }
}

TEST(StaticFiles, KeepThoseOfBeforeWhenTheFolderIsGone) {
  Site site;
  fs::remove_all(site.folder);
  EXPECT_FALSE(site.files.load(site.folder));
  EXPECT_THAT(site.get("/"), StartsWith("HTTP/1.1 200 "));
}

TEST(PlainHttp, RedirectsAndShowsProofs) {
  World world;
  Router routes;
  Challenges challenges;
  std::uint16_t port = 443;
  add_plain_routes(routes, challenges, "mail.example.org", [&port] { return port; });
  world.server = std::make_unique<Server>(Services{world.door, world.workers, world.clock, world.log, world.metrics},
                                          world.settings, "http", routes);
  const auto get = [&](const std::string& target, const std::string& host = "Host: Mail.Example:8080\r\n") {
    return talk(world, "GET " + target + " HTTP/1.0\r\n" + host + "\r\n");
  };
  EXPECT_THAT(get("/a?b=c"), HasSubstr("308 Permanent Redirect\r\n"));
  EXPECT_THAT(get("/a?b=c"), HasSubstr("location: https://mail.example/a?b=c\r\n"));
  EXPECT_THAT(get("http://other.example/x"), HasSubstr("location: https://other.example/x\r\n"));
  EXPECT_THAT(get("/", ""), HasSubstr("location: https://mail.example.org/\r\n"));
  port = 10443;
  EXPECT_THAT(get("/"), HasSubstr("location: https://mail.example:10443/\r\n"));
  port = 0;
  EXPECT_THAT(get("/"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(get("/.well-known/acme-challenge/abc"), StartsWith("HTTP/1.1 404 "));
  challenges.put("abc", "abc.thumb");
  EXPECT_THAT(get("/.well-known/acme-challenge/abc"), EndsWith("\r\n\r\nabc.thumb"));
  challenges.remove("abc");
  EXPECT_THAT(get("/.well-known/acme-challenge/abc"), StartsWith("HTTP/1.1 404 "));
}

}  // namespace
}  // namespace gatepost::http::server
