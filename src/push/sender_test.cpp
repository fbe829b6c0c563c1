#include "push/sender.hpp"

#include <gtest/gtest.h>

namespace gatepost::push {
namespace {

TEST(PushSender, KnowsWhatIsPublic) {
  for (const char* text : {"1.1.1.1", "8.8.8.8", "172.15.0.1", "172.32.0.1", "2606:4700::1111"}) {
    EXPECT_TRUE(is_public(*IpAddress::parse(text))) << text;
  }
  for (const char* text : {"0.0.0.0",         "10.1.2.3",    "100.64.0.1",   "127.0.0.1",      "169.254.169.254",
                           "172.16.0.1",      "192.168.1.1", "192.0.2.1",    "198.18.0.1",     "224.0.0.1",
                           "255.255.255.255", "::1",         "::",           "fe80::1",        "fc00::1",
                           "::ffff:10.0.0.1", "2001:db8::1", "2002:a00:1::", "64:ff9b::a00:1", "ff02::1"}) {
    EXPECT_FALSE(is_public(*IpAddress::parse(text))) << text;
  }
}

TEST(PushSender, ConnectsToNothingInside) {
  const Sender sender({});
  for (const char* url : {"https://127.0.0.1:9/", "https://[::1]:9/", "https://localhost:9/", "https://0.0.0.0:9/"}) {
    const auto answer = sender.send({.url = url, .content = "{}", .encrypted = false, .authorization = {}}, {});
    ASSERT_FALSE(answer) << url;
    EXPECT_EQ(answer.error().code, Errc::denied) << url;
  }
  for (const char* url : {"http://127.0.0.1:9/", "file:///etc/passwd", "gopher://127.0.0.1:9/"}) {
    EXPECT_FALSE(sender.send({.url = url, .content = "{}", .encrypted = false, .authorization = {}}, {})) << url;
  }
}

TEST(PushSender, ConnectsWhereItIsTold) {
  const Sender sender({.ca_file = {}, .networks = {*Network::parse("127.0.0.0/8")}});
  const auto answer =
      sender.send({.url = "https://127.0.0.1:9/", .content = "{}", .encrypted = false, .authorization = {}}, {});
  ASSERT_FALSE(answer);  // nobody is there
  EXPECT_EQ(answer.error().code, Errc::unavailable);
  std::stop_source stopping;
  stopping.request_stop();
  EXPECT_EQ(sender
                .send({.url = "https://127.0.0.1:9/", .content = "", .encrypted = false, .authorization = {}},
                      stopping.get_token())
                .error()
                .code,
            Errc::closed);
}

}  // namespace
}  // namespace gatepost::push
