#include "smtp/client/channel.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/base64.hpp"
#include "runtime/tls_context.hpp"
#include "sasl/mechanism.hpp"
#include "smtp/client/events.hpp"
#include "smtp/protocol/command.hpp"

namespace gatepost::smtp::client {
namespace {

// Nothing, or why this host is of no use.
using Checked = std::expected<void, Verdict>;

std::string line(const Command& command) {
  std::string out;
  write(out, command);
  return out;
}

// RFC 5321 3.8, 4.2: a refusal of the whole conversation says nothing about the message: it is tried elsewhere, and
// later.
Verdict refused(const Reply& reply, const std::string& host) { return later(reply.summary(), host); }

// One try to open a channel.
class Opening {
 public:
  Opening(const Tools& tools, const Target& target, bool with_tls)
      : tools_(tools), target_(target), with_tls_(with_tls) {}

  Task<std::expected<std::unique_ptr<Channel>, Verdict>> run();
  // The handshake failed, so that the connection cannot be used any more.
  bool handshake_failed() const { return handshake_failed_; }

 private:
  std::chrono::seconds patience() const { return tools_.settings.command_timeout; }
  bool is_smart_host() const { return target_.smart_host != nullptr; }
  bool must_have_tls() const { return target_.tls == TlsUse::required || target_.tls == TlsUse::implicit; }
  runtime::TlsClient& tls_client() const { return is_smart_host() ? tools_.good_certificate : tools_.any_certificate; }

  Task<Checked> connect();
  Task<Checked> greet();
  Task<Checked> hello();
  Task<Checked> start_tls();
  Task<Checked> handshake();
  Task<Checked> sign_in();
  Task<std::expected<Reply, Verdict>> exchange(sasl::ClientExchange& exchange);

  const Tools& tools_;
  const Target& target_;
  bool with_tls_;
  bool handshake_failed_ = false;
  std::unique_ptr<Channel> channel_;
};

Task<std::expected<std::unique_ptr<Channel>, Verdict>> Opening::run() {
  using Stage = Task<Checked> (Opening::*)();
  constexpr Stage kStages[] = {&Opening::connect, &Opening::greet, &Opening::hello, &Opening::start_tls,
                               &Opening::sign_in};
  for (const Stage stage : kStages) {
    Task<Checked> task = (this->*stage)();
    Checked done = co_await std::move(task);
    if (!done) co_return std::unexpected(std::move(done).error());
  }
  co_return std::move(channel_);
}

Task<Checked> Opening::connect() {
  std::optional<IpAddress> source;
  for (const IpAddress& address : tools_.settings.source_addresses) {
    if (!source && address.is_v4() == target_.at.address.is_v4()) source = address;
  }
  auto stream = co_await tools_.services.dial(target_.at, tools_.settings.connect_timeout, source);
  if (!stream) {
    co_return std::unexpected(
        later(fmt::format("451 4.4.1 {} cannot be reached: {}", target_.host,
                          stream.error().code == Errc::timed_out ? "timed out" : stream.error().detail)));
  }
  channel_.reset(
      new Channel{.connection = Connection(*std::move(stream), tools_.services.clock), .host = target_.host});
  if (target_.tls == TlsUse::implicit) co_return co_await handshake();
  co_return Checked();
}

Task<Checked> Opening::greet() {
  auto reply = co_await channel_->connection.reply(patience());
  if (!reply) co_return std::unexpected(broken(reply.error(), target_.host, "the greeting"));
  if (!reply->positive()) co_return std::unexpected(refused(*reply, target_.host));
  co_return Checked();
}

// RFC 5321 3.2: a server that does not know EHLO is asked by HELO.
Task<Checked> Opening::hello() {
  std::string ehlo = line(Hello{true, tools_.settings.hostname});
  auto reply = co_await channel_->connection.ask(std::move(ehlo), patience());
  if (!reply) co_return std::unexpected(broken(reply.error(), target_.host, "EHLO"));
  if (reply->positive()) {
    channel_->offers = parse_ehlo(*reply);
    co_return Checked();
  }
  if (reply->transient()) co_return std::unexpected(refused(*reply, target_.host));
  std::string helo = line(Hello{false, tools_.settings.hostname});
  auto second = co_await channel_->connection.ask(std::move(helo), patience());
  if (!second) co_return std::unexpected(broken(second.error(), target_.host, "HELO"));
  if (!second->positive()) co_return std::unexpected(refused(*second, target_.host));
  channel_->offers = Capabilities();
  co_return Checked();
}

Task<Checked> Opening::start_tls() {
  if (channel_->tls || !with_tls_) co_return Checked();
  if (!channel_->offers.starttls) {
    if (!must_have_tls()) co_return Checked();
    co_return std::unexpected(later(fmt::format("451 4.7.10 {} does not offer STARTTLS", target_.host)));
  }
  std::string command = line(StartTls{});
  auto reply = co_await channel_->connection.ask(std::move(command), patience());
  if (!reply) co_return std::unexpected(broken(reply.error(), target_.host, "STARTTLS"));
  if (!reply->positive()) {
    if (must_have_tls()) co_return std::unexpected(refused(*reply, target_.host));
    co_return Checked();
  }
  Checked secured = co_await handshake();
  if (!secured) co_return secured;
  // RFC 3207 4.2: what it said before does not count.
  co_return co_await hello();
}

Task<Checked> Opening::handshake() {
  auto facts = co_await channel_->connection.start_tls(tls_client(), target_.host, tools_.settings.connect_timeout);
  if (!facts) {
    handshake_failed_ = true;
    co_return std::unexpected(
        later(fmt::format("451 4.7.5 TLS with {} failed: {}", target_.host, facts.error().detail)));
  }
  channel_->tls = true;
  co_return Checked();
}

Task<Checked> Opening::sign_in() {
  if (!is_smart_host() || target_.smart_host->username.empty()) co_return Checked();
  // A password never goes over a connection that others can read, nor does a proof they could work on.
  if (!channel_->tls) {
    co_return std::unexpected(later(fmt::format("451 4.7.10 no sign-in at {} without TLS", target_.host)));
  }
  auto exchange = tools_.services.sasl.client(channel_->offers.auth, true, target_.smart_host->username,
                                              target_.smart_host->password);
  if (!exchange) {
    co_return std::unexpected(later(fmt::format("451 4.7.0 {} offers no way to sign in that we know", target_.host)));
  }
  auto reply = co_await this->exchange(**exchange);
  Verdict verdict;
  if (!reply) {
    verdict = std::move(reply).error();
  } else if (reply->positive() && (*exchange)->complete()) {
    co_return Checked();
  } else if (reply->positive()) {
    // RFC 5802 5: it said yes without proving that it knows the password.
    verdict = later(fmt::format("451 4.7.8 {} is not the server it claims to be", target_.host));
  } else {
    verdict = refused(*reply, target_.host);
  }
  tools_.services.log.write(event::kSignInFailed,
                            {{"host", target_.host}, {"user", target_.smart_host->username}, {"reply", verdict.reply}});
  co_return std::unexpected(std::move(verdict));
}

// RFC 4954 4, from AUTH to the reply that ends it.
Task<std::expected<Reply, Verdict>> Opening::exchange(sasl::ClientExchange& exchange) {
  constexpr int kMaxRounds = 10;
  auto initial = exchange.initial();
  if (!initial) co_return std::unexpected(later("451 4.7.0 sign-in: " + initial.error().detail));
  std::string text = line(Auth{std::string(sasl::to_string(exchange.mechanism())), *initial});
  for (int round = 0; round < kMaxRounds; ++round) {
    auto reply = co_await channel_->connection.ask(std::move(text), patience());
    if (!reply) co_return std::unexpected(broken(reply.error(), target_.host, "AUTH"));
    if (reply->code != 334) co_return *std::move(reply);
    const auto challenge = base64::decode(reply->lines.empty() ? std::string_view() : reply->lines.front());
    auto answer = challenge ? exchange.step(*challenge) : Result<std::string>(fail(Errc::invalid, "not base64"));
    // RFC 4954 4: "*" gives up.
    text = answer ? base64::encode(*answer) + "\r\n" : std::string("*\r\n");
  }
  co_return std::unexpected(later(fmt::format("451 4.7.0 {} does not come to an end with AUTH", target_.host)));
}

}  // namespace

Verdict broken(const Error& error, const std::string& host, std::string_view during) {
  const std::string_view what = error.code == Errc::timed_out ? "no answer in time"
                                : error.code == Errc::closed  ? "the connection was closed"
                                : error.code == Errc::invalid || error.code == Errc::too_large
                                    ? "its answer is not SMTP"
                                    : "the connection failed";
  return later(fmt::format("451 4.4.2 {}: {} during {}", host, what, during));
}

Task<std::expected<std::unique_ptr<Channel>, Verdict>> open_channel(Tools tools, Target target) {
  Opening opening(tools, target, target.tls != TlsUse::none);
  auto opened = co_await opening.run();
  const bool again = !opened && opening.handshake_failed() && target.tls == TlsUse::opportunistic;
  if (!again) co_return opened;
  tools.services.log.write(
      event::kTlsDowngraded,
      {{"host", target.host}, {"address", target.at.to_string()}, {"detail", opened.error().reply}});
  Opening plain(tools, target, false);
  co_return co_await plain.run();
}

}  // namespace gatepost::smtp::client
