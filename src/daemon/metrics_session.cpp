#include "daemon/metrics_session.hpp"

#include <string>
#include <string_view>

#include <fmt/format.h>

#include "daemon/http_request.hpp"

namespace gatepost::daemon {
namespace {

using runtime::Next;
using runtime::Step;
using runtime::Task;
using runtime::Waiting;

struct Answer {
  std::string_view status = "200 OK";
  std::string_view more = "";  // header lines
  std::string_view type = "text/plain; charset=utf-8";
  std::string content;
};

class MetricsSession final : public runtime::Session {
 public:
  MetricsSession(runtime::Output& output, const Metrics& metrics) : output_(output), metrics_(metrics) {}

  Task<Step> opened() override { co_return Step{}; }

  Task<Step> step(std::string_view input) override {
    const HttpRequest request = parse_http_request(input);
    switch (request.kind) {
      case HttpRequest::Kind::need_more:
        co_return Step{};
      case HttpRequest::Kind::complete:
        waiting_ = Waiting::command;
        send(answer_to(request), request.method == "HEAD", request.keep_alive);
        if (output_.full()) {
          const Result<> drained = co_await output_.drain();
          if (!drained) co_return Step{request.consumed, Next::close};
        }
        co_return Step{request.consumed, request.keep_alive ? Next::more : Next::close};
      case HttpRequest::Kind::malformed:
        refuse("400 Bad Request");
        break;
      case HttpRequest::Kind::too_large:
        refuse("431 Request Header Fields Too Large");
        break;
      case HttpRequest::Kind::other_version:
        refuse("505 HTTP Version Not Supported");
        break;
    }
    // Where the next request would begin is unknown now.
    co_return Step{input.size(), Next::close};
  }

  bool timed_out() override { return false; }
  Waiting waiting() const override { return waiting_; }
  std::size_t max_buffered() const override { return kMaxHttpHeadOctets; }

 private:
  Answer answer_to(const HttpRequest& request) const {
    if (request.path != "/metrics")
      return {"404 Not Found", "", "text/plain; charset=utf-8", "There is only /metrics.\n"};
    if (request.method != "GET" && request.method != "HEAD") {
      return {"405 Method Not Allowed", "Allow: GET, HEAD\r\n", "text/plain; charset=utf-8", "Only GET and HEAD.\n"};
    }
    return {"200 OK", "", "text/plain; version=0.0.4; charset=utf-8", metrics_.text()};
  }

  void refuse(std::string_view status) {
    send({status, "", "text/plain; charset=utf-8", std::string(status) + "\n"}, false, false);
  }

  void send(const Answer& answer, bool head_only, bool keep_alive) {
    output_.write(fmt::format(
        "HTTP/1.1 {}\r\n{}Content-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n"
        "X-Content-Type-Options: nosniff\r\n{}\r\n",
        answer.status, answer.more, answer.type, answer.content.size(), keep_alive ? "" : "Connection: close\r\n"));
    if (!head_only) output_.write(answer.content);
  }

  runtime::Output& output_;
  const Metrics& metrics_;
  Waiting waiting_ = Waiting::greeting;
};

}  // namespace

std::unique_ptr<runtime::Session> make_metrics_session(runtime::Output& output, const Metrics& metrics) {
  return std::make_unique<MetricsSession>(output, metrics);
}

}  // namespace gatepost::daemon
