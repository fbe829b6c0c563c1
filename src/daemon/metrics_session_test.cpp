#include "daemon/metrics_session.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "runtime/memory_stream.hpp"

namespace gatepost::daemon {
namespace {

struct Conversation {
  std::string output;
  bool closed = false;
};

// Feeds `input` in pieces of `chunk` octets, as a connection would.
Conversation talk(const std::string& input, std::size_t chunk) {
  Metrics metrics;
  metrics.counter("gatepost_test_total", "", "Tests.").add(3);
  runtime::MemoryOutput output;
  const auto session = make_metrics_session(output, metrics);
  Conversation result;
  std::string waiting;
  for (std::size_t at = 0; at < input.size() && !result.closed; at += chunk) {
    waiting += input.substr(at, chunk);
    for (;;) {
      boost::asio::io_context context;
      runtime::Step step;
      boost::asio::co_spawn(context, session->step(waiting), [&](std::exception_ptr, runtime::Step s) { step = s; });
      context.run();
      waiting.erase(0, step.consumed);
      result.closed = step.next == runtime::Next::close;
      if (step.consumed == 0 || result.closed || waiting.empty()) break;
    }
  }
  result.output = output.take();
  return result;
}

TEST(MetricsSession, AnswersPipelinedScrapesTheSameHoweverCut) {
  const std::string input =
      "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\nHEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n"
      "GET /other HTTP/1.1\r\nHost: a\r\n\r\nPOST /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET "
      "/metrics";
  const Conversation whole = talk(input, input.size());
  EXPECT_TRUE(whole.output.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_NE(whole.output.find("Content-Type: text/plain; version=0.0.4"), std::string::npos);
  EXPECT_NE(whole.output.find("\ngatepost_test_total 3\n"), std::string::npos);
  EXPECT_EQ(whole.output.find("\ngatepost_test_total 3\n"), whole.output.rfind("\ngatepost_test_total 3\n"));
  EXPECT_NE(whole.output.find("HTTP/1.1 404 Not Found\r\n"), std::string::npos);
  EXPECT_NE(whole.output.find("HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\n"), std::string::npos);
  EXPECT_TRUE(whole.closed);
  for (std::size_t chunk = 1; chunk <= 8; ++chunk) EXPECT_EQ(talk(input, chunk).output, whole.output) << chunk;
}

TEST(MetricsSession, ClosesAfterWhatIsNoRequest) {
  EXPECT_TRUE(talk("EHLO there\r\n\r\n", 100).output.starts_with("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_TRUE(talk("GET / HTTP/3.0\r\n\r\n", 100).output.starts_with("HTTP/1.1 505 "));
  const Conversation flooded = talk(std::string(9000, 'x'), 100);
  EXPECT_TRUE(flooded.output.starts_with("HTTP/1.1 431 "));
  EXPECT_TRUE(flooded.closed);
}

}  // namespace
}  // namespace gatepost::daemon
