#include "smtp/client/delivery.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "runtime/dialer.hpp"
#include "runtime/tls_context.hpp"
#include "smtp/client/channel.hpp"
#include "smtp/client/idle_channels.hpp"
#include "smtp/client/message.hpp"
#include "smtp/client/route.hpp"
#include "smtp/client/transaction.hpp"

namespace gatepost::smtp::client {
namespace {

// Hosts that were tried in vain, before the rest waits for the next attempt.
constexpr int kMaxConnections = 12;

// The settings with what was made of them. Immutable; shared by the attempts that began under them.
struct Prepared {
  Settings settings;
  std::uint64_t generation = 0;
  std::unique_ptr<runtime::TlsClient> any_certificate, good_certificate;
};

Result<std::shared_ptr<Prepared>> prepare(Settings settings) {
  using Verify = runtime::TlsClientSettings::Verify;
  auto made = std::make_shared<Prepared>();
  GP_TRY(made->any_certificate, runtime::TlsClient::create({.verify = Verify::none}));
  GP_TRY(made->good_certificate,
         runtime::TlsClient::create({.verify = Verify::name_and_chain, .ca_file = settings.ca_file}));
  settings.own_names.push_back(settings.hostname);
  for (std::string& name : settings.own_names) name = ascii::to_lower(name);
  made->settings = std::move(settings);
  return made;
}

}  // namespace

struct Delivery::State {
  explicit State(Services s)
      : services(std::move(s)),
        idle(services.clock),
        connections(services.metrics.counter("gatepost_relay_connections_total", "",
                                             "Connections to other mail servers that were opened.")),
        sent(services.metrics.counter("gatepost_relay_sent_total", "", "Messages that other mail servers took.")) {
    if (!services.dial) services.dial = runtime::dial;
  }
  Services services;
  IdleChannels idle;  // on the attempts' I/O thread
  Counter &connections, &sent;
  std::mutex mutex;  // guards what follows
  std::uint64_t generation = 0;
  std::shared_ptr<const Prepared> prepared;
};

namespace {

// One attempt.
class Sending {
 public:
  Sending(const Services& services, const Prepared& prepared, IdleChannels& idle, Counter& connections, Counter& sent,
          const mailflow::Attempt& attempt)
      : tools_{services, prepared.settings, *prepared.any_certificate, *prepared.good_certificate},
        generation_(prepared.generation),
        idle_(idle),
        connections_(connections),
        sent_(sent),
        attempt_(attempt),
        message_(services.accounts, services.workers, attempt.entry->body),
        tally_(attempt) {}

  Task<mailflow::AttemptResult> run() {
    auto opened = co_await message_.open();
    if (!opened) {
      tally_.note(later("451 4.3.0 the message cannot be read at present"));
      co_return tally_.finish();
    }
    co_await by_waiting_channel();
    if (!tally_.done()) co_await by_hosts();
    co_return tally_.finish();
  }

 private:
  const SmartHost* smart_host() const { return tools_.settings.smart_host ? &*tools_.settings.smart_host : nullptr; }
  // What connections are shared by: mail to one place, under the same settings.
  std::string place() const {
    const SmartHost* const host = smart_host();
    return host != nullptr ? fmt::format("{} {}:{}", generation_, host->host, host->port)
                           : fmt::format("{} {}:{}", generation_, attempt_.domain, tools_.settings.port);
  }

  // A connection that another message left. When it breaks it was just too old.
  Task<> by_waiting_channel() {
    std::unique_ptr<Channel> channel = idle_.take(place());
    if (!channel) co_return;
    co_await use(std::move(channel));
    tally_.forget_note();
  }

  Task<> by_hosts() {
    std::vector<std::string> hosts;
    if (const SmartHost* const host = smart_host()) {
      hosts.push_back(host->host);
    } else {
      auto found = co_await find_hosts(tools_.services.resolver, tools_.services.random, tools_.settings.own_names,
                                       attempt_.domain);
      if (!found) {
        tally_.decide_all(found.error());
        co_return;
      }
      hosts = *std::move(found);
    }
    for (const std::string& host : hosts) {
      if (tally_.done() || tries_ >= kMaxConnections) co_return;
      co_await by_host(host);
    }
  }

  Task<> by_host(std::string host) {
    auto addresses = co_await find_addresses(tools_.services.resolver, host);
    if (!addresses) {
      tally_.note(std::move(addresses).error());
      co_return;
    }
    const SmartHost* const smart = smart_host();
    for (const IpAddress& address : *addresses) {
      if (tally_.done() || tries_ >= kMaxConnections) co_return;
      ++tries_;
      Target target{.host = host,
                    .at = {address, smart != nullptr ? smart->port : tools_.settings.port},
                    .tls = smart != nullptr ? smart->tls : tools_.settings.tls,
                    .smart_host = smart};
      auto channel = co_await open_channel(tools_, std::move(target));
      if (!channel) {
        tally_.note(std::move(channel).error());
        continue;
      }
      connections_.add();
      co_await use(*std::move(channel));
    }
  }

  Task<> use(std::unique_ptr<Channel> channel) {
    const std::uint32_t before = channel->messages;
    const bool stands = co_await send_message(tools_, *channel, message_, *attempt_.entry, tally_);
    sent_.add(channel->messages - before);
    if (!stands) co_return;
    const bool again = tally_.done() && channel->messages < tools_.settings.messages_per_connection &&
                       tools_.settings.idle_time.count() > 0;
    if (again) {
      co_await idle_.keep(place(), std::move(channel), tools_.settings.idle_time);
    } else {
      co_await channel->connection.quit();
    }
  }

  Tools tools_;
  std::uint64_t generation_;
  IdleChannels& idle_;
  Counter &connections_, &sent_;
  const mailflow::Attempt& attempt_;
  Message message_;
  Tally tally_;
  int tries_ = 0;
};

}  // namespace

Delivery::Delivery(std::unique_ptr<State> state) : state_(std::move(state)) {}
Delivery::~Delivery() = default;

Result<std::unique_ptr<Delivery>> Delivery::create(Services services, Settings settings) {
  std::unique_ptr<Delivery> delivery(new Delivery(std::make_unique<State>(std::move(services))));
  GP_CHECK(delivery->reload(std::move(settings)));
  return delivery;
}

Result<> Delivery::reload(Settings settings) {
  GP_TRY(auto prepared, prepare(std::move(settings)));
  const std::scoped_lock lock(state_->mutex);
  prepared->generation = ++state_->generation;
  state_->prepared = std::move(prepared);
  return {};
}

Task<mailflow::AttemptResult> Delivery::attempt(mailflow::Attempt attempt) {
  std::shared_ptr<const Prepared> prepared;
  {
    const std::scoped_lock lock(state_->mutex);
    prepared = state_->prepared;
  }
  Sending sending(state_->services, *prepared, state_->idle, state_->connections, state_->sent, attempt);
  co_return co_await sending.run();
}

}  // namespace gatepost::smtp::client
