#include "transcripts/player.hpp"

#include <cstring>
#include <fstream>
#include <iterator>
#include <span>

#include <fmt/format.h>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "runtime/run_to_end.hpp"
#include "runtime/stream.hpp"
#include "runtime/test_certificates.hpp"
#include "transcripts/protocols.hpp"
#include "transcripts/world.hpp"

namespace gatepost::transcripts {
namespace {

namespace asio = boost::asio;
using StepKind = Step::Kind;
using runtime::Task;

// Streams do their own make-believe TLS; connections want to see this.
runtime::TlsServer& tls_server() {
  static const std::unique_ptr<runtime::TlsServer> server = [] {
    static const SystemClock clock;
    runtime::TlsServerSettings settings;
    settings.certificates.push_back(runtime::test::make_certificate({std::string(kHost)}));
    auto made = runtime::TlsServer::create(settings, clock);
    return *std::move(made);
  }();
  return *server;
}

// Lets what was posted to this thread (wakers) run.
Task<> yield() {
  auto executor = co_await asio::this_coro::executor;
  co_await asio::post(executor, asio::use_awaitable);
}

// Where the conversation is; shared by the connections of one transcript.
class Script {
 public:
  Script(World& world, runtime::LiveConnections& live, const std::vector<Step>& steps)
      : world_(world), live_(live), steps_(steps) {}

  // What lies in the mailboxes before the client comes.
  void prepare() {
    while (!failed() && at_ < steps_.size() && steps_[at_].kind == StepKind::mail) mailbox(steps_[at_++]);
  }

  // Nothing more comes from the server unless something else happens.
  enum class Then {
    send,          // `to_send` is for the server
    pause,         // `left` has to pass
    disconnect,    // the client closes
    woken,         // something happened that may have woken the session
    should_close,  // the server should have closed by now
  };
  Then quiet() {
    for (;;) {
      if (failed()) return Then::disconnect;
      if (at_ == steps_.size()) {
        unexpected();
        return Then::disconnect;
      }
      const Step& step = steps_[at_];
      if (step.kind != StepKind::expect && unexpected()) return Then::disconnect;
      switch (step.kind) {
        case StepKind::expect:
          expect(step);
          ++at_;
          break;
        case StepKind::send:
          to_send = step.text;
          ++at_;
          return Then::send;
        case StepKind::wait:
          left = step.pause;
          ++at_;
          return Then::pause;
        case StepKind::hang_up:
          ++at_;
          return Then::disconnect;
        case StepKind::connect:
          return Then::disconnect;
        case StepKind::closed:
          return Then::should_close;
        case StepKind::tls:
          fault(step, "the server does not begin TLS");
          break;
        case StepKind::stop:
          live_.stop_all(false);
          ++at_;
          return Then::woken;
        case StepKind::disable:
        case StepKind::grant:
          administer(step);
          ++at_;
          return Then::woken;
        case StepKind::mail:
        case StepKind::newest:
        case StepKind::empty:
          mailbox(step);
          ++at_;
          return Then::woken;
      }
    }
  }

  // The server begins TLS: is that in the script?
  bool handshake() {
    while (!failed() && at_ < steps_.size() && steps_[at_].kind == StepKind::expect) expect(steps_[at_++]);
    if (failed()) return false;
    if (at_ == steps_.size() || steps_[at_].kind != StepKind::tls) {
      error_ = "the server begins TLS unexpectedly";
      return false;
    }
    ++at_;
    return true;
  }

  // The connection is over. The listener of the next one, or nothing at the end.
  std::optional<std::string> next_connection(bool client_closed) {
    left = {};
    for (;;) {
      if (failed()) return std::nullopt;
      if (at_ == steps_.size()) {
        unexpected();
        return std::nullopt;
      }
      const Step& step = steps_[at_];
      if (step.kind != StepKind::expect && unexpected()) return std::nullopt;
      switch (step.kind) {
        case StepKind::expect:
          expect(step);
          break;
        case StepKind::closed:
          if (client_closed) fault(step, "the client closed, not the server");
          client_closed = true;
          break;
        case StepKind::connect:
          ++at_;
          return step.text;
        case StepKind::disable:
        case StepKind::grant:
          administer(step);
          break;
        case StepKind::mail:
        case StepKind::newest:
        case StepKind::empty:
          mailbox(step);
          break;
        default:
          fault(step, "the server has closed the connection");
      }
      ++at_;
    }
  }

  void got(std::string_view octets) { output_ += octets; }
  bool failed() const { return !error_.empty(); }
  void fail_now(std::string error) {
    if (!failed()) error_ = std::move(error);
  }
  const std::string& error() const { return error_; }

  std::string to_send;
  std::chrono::microseconds left{0};

 private:
  void fault(const Step& step, std::string_view what) { fail_now(fmt::format("line {}: {}", step.line, what)); }
  void expect(const Step& step) {
    const auto same = compare(output_, step.patterns);
    if (!same) fault(step, same.error().detail);
    output_.clear();
  }
  bool unexpected() {
    if (output_.empty()) return false;
    const int line = at_ < steps_.size() ? steps_[at_].line : 0;
    fail_now(fmt::format("before line {}: not expected:\n{}", line, output_));
    return true;
  }
  void administer(const Step& step) {
    const auto done = step.kind == StepKind::disable
                          ? world_.disable(step.account)
                          : world_.grant(step.account, step.folder, step.identifier, step.rights);
    if (!done) fault(step, done.error().detail);
  }
  void mailbox(const Step& step) {
    if (step.kind == StepKind::mail) {
      std::string text;
      for (const std::string& line : step.lines) text += line + "\r\n";
      if (const auto added = world_.add(step.account, step.folder, text); !added) fault(step, added.error().detail);
      return;
    }
    auto newest = world_.newest(step.account, step.folder);
    if (newest && !newest->ends_with("\r\n")) *newest += "\r\n";
    if (step.kind == StepKind::empty) {
      if (newest || newest.error().code != Errc::not_found) fault(step, "the folder is not empty");
    } else if (!newest) {
      fault(step, newest.error().detail);
    } else if (const auto same = compare(*newest, step.patterns); !same) {
      fault(step, same.error().detail);
    }
  }

  World& world_;
  runtime::LiveConnections& live_;
  const std::vector<Step>& steps_;
  std::size_t at_ = 0;
  std::string output_, error_;
};

class PlayerStream final : public runtime::Stream {
 public:
  PlayerStream(Script& script, ManualClock& clock, std::size_t chunk, bool implicit_tls)
      : script_(script), clock_(clock), chunk_(chunk), implicit_tls_(implicit_tls) {}

  // Whether the client closed first.
  std::shared_ptr<bool> client_closed_flag() const { return client_closed_; }

  // Sessions of these protocols take what there is: nothing waits for this.
  Task<Result<bool>> wait_woken() override {
    co_await yield();
    if (closed_) co_return fail(Errc::closed);
    woken_ = false;
    co_return false;
  }
  Task<Result<bool>> wait_readable() override {
    for (;;) {
      co_await yield();
      if (std::exchange(woken_, false)) co_return false;
      if (closed_) co_return fail(Errc::closed);
      if (clock_.steady() >= deadline_) co_return fail(Errc::timed_out);
      if (read_ < unread_.size() || *client_closed_) co_return true;
      if (script_.left.count() > 0) {
        pass_time();
        continue;
      }
      switch (script_.quiet()) {
        case Script::Then::send:
          unread_ = std::move(script_.to_send);
          read_ = 0;
          break;
        case Script::Then::disconnect:
          *client_closed_ = true;
          break;
        case Script::Then::should_close:
          script_.fail_now("the server should have closed");
          *client_closed_ = true;
          break;
        case Script::Then::pause:
        case Script::Then::woken:
          break;
      }
    }
  }

  Task<Result<std::size_t>> read_some(std::span<char> into) override {
    const std::size_t there = unread_.size() - read_;
    const std::size_t size = std::min({into.size(), there, chunk_ == 0 ? there : chunk_});
    std::memcpy(into.data(), unread_.data() + read_, size);
    read_ += size;
    co_return size;
  }

  Task<Result<>> write_all(std::string_view octets) override {
    if (closed_) co_return fail(Errc::closed);
    script_.got(octets);
    co_return Result<>();
  }

  Task<Result<runtime::TlsFacts>> start_tls_server(runtime::TlsServer&) override {
    unread_.clear();
    read_ = 0;
    if (!std::exchange(implicit_tls_, false) && !script_.handshake()) co_return fail(Errc::closed, "no handshake");
    co_return runtime::TlsFacts{.version = "TLSv1.3",
                                .cipher = "TLS_AES_256_GCM_SHA384",
                                .server_name = std::string(kHost),
                                .tls_exporter = std::string(32, 'x')};
  }
  Task<Result<runtime::TlsFacts>> start_tls_client(runtime::TlsClient&, std::string_view) override {
    co_return fail(Errc::unsupported);
  }
  Task<> shutdown() override {
    closed_ = true;
    co_return;
  }
  void close() override { closed_ = true; }
  void set_deadline(SteadyPoint at) override { deadline_ = at; }
  void wake() override { woken_ = true; }

 private:
  void pass_time() {
    auto step = script_.left;
    if (deadline_ != SteadyPoint::max()) {
      step = std::min(step, std::chrono::duration_cast<std::chrono::microseconds>(deadline_ - clock_.steady()));
    }
    clock_.advance(step);
    script_.left -= step;
  }

  Script& script_;
  ManualClock& clock_;
  const std::size_t chunk_;
  bool implicit_tls_;
  std::string unread_;
  std::size_t read_ = 0;                                                 // of it
  std::shared_ptr<bool> client_closed_ = std::make_shared<bool>(false);  // read after the stream has gone
  bool closed_ = false, woken_ = false;
  SteadyPoint deadline_ = SteadyPoint::max();
};

Result<> converse(World& world, Protocols& protocols, const Transcript& transcript, std::size_t chunk) {
  runtime::BufferPool buffers;
  runtime::LiveConnections live;
  Script script(world, live, transcript.steps);
  script.prepare();
  std::string listener = transcript.listener;
  int count = 0;
  for (std::optional<std::string> next = listener; next; ++count) {
    if (!next->empty()) listener = *next;
    GP_TRY(const runtime::SessionFactory make, protocols.factory(listener));
    const runtime::ServeSettings settings{.tls = &tls_server(), .implicit_tls = Protocols::implicit_tls(listener)};
    const auto from = transcript.head.find("from");
    runtime::Peer peer;
    peer.connection_id = fmt::format("c{}", count);
    peer.remote = {*IpAddress::parse(from == transcript.head.end() ? "192.0.2.1" : from->second), 40000};
    peer.local = {*IpAddress::parse("192.0.2.25"), 25};
    peer.listener = listener;
    auto stream = std::make_unique<PlayerStream>(script, world.clock, chunk, settings.implicit_tls);
    const auto client_closed = stream->client_closed_flag();
    const runtime::ServeParts parts{world.clock, world.log, buffers, live};
    runtime::run_to_end(runtime::serve(std::move(stream), peer, make, settings, parts));
    next = script.next_connection(*client_closed);
  }
  if (script.failed()) return fail(Errc::invalid, script.error());
  return {};
}

}  // namespace

Result<> play(const std::filesystem::path& file, std::size_t chunk) {
  std::ifstream input(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(input), std::istreambuf_iterator<char>()};
  GP_TRY(Transcript transcript, parse(text, variables()));
  if (transcript.listener.empty()) transcript.listener = file.parent_path().filename();
  if (transcript.steps.empty()) return fail(Errc::invalid, "no steps");
  World world(transcript);
  Protocols protocols(world, transcript);
  Result<> result = converse(world, protocols, transcript, chunk);
  if (!result) {
    const auto lines = world.sink.lines();
    for (const std::string& line : lines) result.error().detail += "\n  log: " + line;
  }
  return result;
}

}  // namespace gatepost::transcripts
