#pragma once

// Tests only.

#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "account/account.hpp"
#include "base/ascii.hpp"
#include "base/random.hpp"
#include "runtime/resolver.hpp"
#include "runtime/run_to_end.hpp"
#include "runtime/tls_context.hpp"
#include "runtime/workers.hpp"
#include "sasl/mechanism.hpp"
#include "smtp/client/delivery.hpp"
#include "smtp/protocol/receiver.hpp"
#include "store/memory_store.hpp"
#include "store/test_faults.hpp"

namespace gatepost::smtp::client {

// A server that answers at once, as it was told, and notes what it heard.
struct FakeServer {
  std::string greeting = "220 mx.example ESMTP";
  std::vector<std::string> offers = {"PIPELINING", "SIZE 10000000", "8BITMIME", "SMTPUTF8"};
  std::vector<std::string> offers_in_tls;  // empty: `offers`
  // By the beginning of the command; the longest that fits counts. "" closes the connection, "..." says nothing.
  std::map<std::string, std::string> replies;
  std::string verdict = "250 2.0.0 queued as 17";  // on the message
  bool refuses_handshake = false;
  std::size_t breaks_after_octets = 0;  // of message data; 0: never
  bool hangs_up = false;                // once, on the connection that is open

  std::vector<std::string> commands;
  std::vector<std::string> messages;
  int connections = 0, handshakes = 0, writes = 0;
  bool verified = false;  // the last handshake asked for a good certificate
  std::string tls_name;
};

class FakeStream final : public runtime::Stream {
 public:
  FakeStream(FakeServer& server, ManualClock& clock, bool implicit_tls)
      : server_(server), clock_(clock), silent_(implicit_tls) {
    ++server_.connections;
    if (!silent_) say(server_.greeting);
  }

  runtime::Task<Result<bool>> wait_readable() override { co_return true; }
  runtime::Task<Result<bool>> wait_woken() override { co_return false; }
  runtime::Task<Result<std::size_t>> read_some(std::span<char> into) override {
    if (out_.empty()) {
      if (closed_) co_return std::size_t{0};
      clock_.advance(std::chrono::duration_cast<std::chrono::microseconds>(deadline_ - clock_.steady()));
      co_return fail(Errc::timed_out);
    }
    // Replies come in small pieces.
    const std::size_t size = std::min({into.size(), out_.size(), std::size_t{7}});
    std::memcpy(into.data(), out_.data(), size);
    out_.erase(0, size);
    co_return size;
  }
  runtime::Task<Result<>> write_all(std::string_view octets) override {
    ++server_.writes;
    if (std::exchange(server_.hangs_up, false)) closed_ = true;
    if (closed_) co_return fail(Errc::closed);
    in_ += octets;
    take();
    if (broken_) co_return fail(Errc::closed);
    co_return Result<>();
  }
  runtime::Task<Result<runtime::TlsFacts>> start_tls_server(runtime::TlsServer&) override {
    co_return fail(Errc::internal);
  }
  runtime::Task<Result<runtime::TlsFacts>> start_tls_client(runtime::TlsClient& tls, std::string_view name) override {
    server_.verified = tls.verifies();
    server_.tls_name = name;
    if (server_.refuses_handshake) {
      closed_ = true;
      co_return fail(Errc::closed, "handshake failure");
    }
    ++server_.handshakes;
    tls_ = true;
    if (std::exchange(silent_, false)) say(server_.greeting);
    co_return runtime::TlsFacts{.version = "TLSv1.3"};
  }
  runtime::Task<> shutdown() override {
    closed_ = true;
    co_return;
  }
  void close() override { closed_ = true; }
  void set_deadline(SteadyPoint at) override { deadline_ = at; }
  void wake() override {}

 private:
  void say(std::string_view line) {
    if (line.empty()) closed_ = true;
    if (line.empty() || line == "...") return;
    out_.append(line).append("\r\n");
    if (line.starts_with("421")) closed_ = true;
  }
  void take() {
    while (!closed_) {
      const Receiver::Item item = receiver_.next(in_);
      switch (item.kind) {
        case Receiver::Kind::line:
          command(std::string(item.text));
          break;
        case Receiver::Kind::body:
          message_ += item.text;
          break;
        case Receiver::Kind::body_end:
          message_ += item.text;
          if (last_) {
            server_.messages.push_back(std::exchange(message_, {}));
            say(server_.verdict);
          } else {
            say("250 2.0.0 chunk");
          }
          break;
        default:
          break;
      }
      const std::size_t limit = server_.breaks_after_octets;
      if (limit != 0 && message_.size() > limit) closed_ = broken_ = true;
      in_.erase(0, item.consumed);
      if (item.kind == Receiver::Kind::need_more) return;
    }
  }
  void command(const std::string& line) {
    server_.commands.push_back(line);
    const std::string* reply = nullptr;
    for (const auto& [begin, text] : server_.replies) {
      if (line.starts_with(begin)) reply = &text;
    }
    std::string said = reply != nullptr ? *reply : usual(line);
    if (said == "334") said = "334 ";
    if (line.starts_with("DATA") && said.starts_with("354")) {
      last_ = true;
      receiver_.expect_data(BareLineEnds::refuse);
    }
    if (line.starts_with("BDAT ")) {
      last_ = line.ends_with(" LAST");
      receiver_.expect_bdat(std::stoul(line.substr(5)));
      return;
    }
    say(said);
    if (line == "QUIT") closed_ = true;
  }
  std::string usual(const std::string& line) const {
    if (line.starts_with("EHLO")) {
      const auto& offers = tls_ && !server_.offers_in_tls.empty() ? server_.offers_in_tls : server_.offers;
      std::string out = "250-mx.example\r\n";
      for (const std::string& offer : offers) out += "250-" + offer + "\r\n";
      return out + "250 HELP";
    }
    if (line == "DATA") return "354 go ahead";
    if (line == "QUIT") return "221 2.0.0 bye";
    if (line == "STARTTLS") return "220 2.0.0 go ahead";
    return "250 2.0.0 ok";
  }

  FakeServer& server_;
  ManualClock& clock_;
  Receiver receiver_;
  std::string in_, out_, message_;
  SteadyPoint deadline_ = SteadyPoint::max();
  bool silent_, closed_ = false, broken_ = false, tls_ = false, last_ = true;
};

// Everything delivery works with; servers by address.
struct World {
  ManualClock clock;
  SeededRandom random{1};
  Metrics metrics;
  MemorySink sink;
  Log log{sink, clock};
  runtime::Workers workers{0};
  store::FaultyStore store{store::open_memory({.engine = "memory"}, clock)};
  std::unique_ptr<account::Accounts> accounts =
      account::Accounts::create(store, {}, [](account::AccountId) { return 0; }, clock, random, log, metrics);
  std::unique_ptr<sasl::Library> library = *sasl::Library::create("decoy");
  runtime::StaticResolver resolver;
  std::map<std::string, FakeServer> servers;  // by "192.0.2.1:25"
  std::vector<std::string> dialled;
  std::vector<std::string> sources;
  std::unique_ptr<Delivery> delivery = *Delivery::create(services(), settings());

  Services services() {
    return {*accounts,
            resolver,
            workers,
            *library,
            clock,
            random,
            log,
            metrics,
            [this](Endpoint to, std::chrono::steady_clock::duration, std::optional<IpAddress> source) {
              return connect(to, source);
            }};
  }
  // Connections end with their message, unless a test says otherwise.
  static Settings settings() {
    Settings out;
    out.hostname = "out.example.org";
    out.idle_time = std::chrono::seconds(0);
    return out;
  }
  void use(Settings settings) { (void)delivery->reload(std::move(settings)); }

  FakeServer& server(std::string_view name, std::string_view address, std::uint16_t port = 25) {
    if (!name.empty()) resolver.add_address(name, address);
    return servers[Endpoint{*IpAddress::parse(address), port}.to_string()];
  }
  runtime::Task<Result<std::unique_ptr<runtime::Stream>>> connect(Endpoint to, std::optional<IpAddress> source) {
    dialled.push_back(to.to_string());
    sources.push_back(source ? source->to_string() : "");
    const auto found = servers.find(to.to_string());
    if (found == servers.end()) co_return fail(Errc::unavailable, to.to_string() + ": Connection refused");
    co_return std::make_unique<FakeStream>(found->second, clock, to.port == 465);
  }

  account::Body body(std::string_view text) {
    auto writer = *accounts->new_body(text.size());
    (void)writer->append(text);
    return *writer->finish();
  }
  mailflow::QueueEntry entry(std::string_view text, std::vector<std::string> to,
                             std::string from = "anna@example.org") {
    mailflow::QueueEntry out;
    out.id = mailflow::QueueId{17};
    out.body = body(text);
    out.reverse_path = std::move(from);
    for (std::string& address : to) {
      mailflow::RecipientState state;
      state.address = std::move(address);
      out.recipients.push_back(std::move(state));
    }
    return out;
  }
  static mailflow::Attempt attempt_of(const mailflow::QueueEntry& entry) {
    const std::string& first = entry.recipients.front().address;
    mailflow::Attempt attempt{&entry, first.substr(first.rfind('@') + 1), {}};
    for (std::size_t i = 0; i < entry.recipients.size(); ++i) attempt.recipients.push_back(i);
    return attempt;
  }
  // "delivered 250 2.0.0 ok (host)" for each recipient.
  std::vector<std::string> send(const mailflow::QueueEntry& entry) {
    return words(runtime::run_to_end(delivery->attempt(attempt_of(entry))));
  }
  static std::vector<std::string> words(const mailflow::AttemptResult& result) {
    std::vector<std::string> out;
    for (const auto& one : result.recipients) {
      using Outcome = mailflow::AttemptResult::Outcome;
      std::string line = one.outcome == Outcome::delivered ? "delivered "
                         : one.outcome == Outcome::failed  ? "failed "
                                                           : "later ";
      line += one.reply;
      if (!one.host.empty()) line += " (" + one.host + ")";
      out.push_back(std::move(line));
    }
    return out;
  }
};

}  // namespace gatepost::smtp::client
