#include "runtime/listener.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "runtime/await.hpp"
#include "runtime/connection_observer.hpp"
#include "runtime/events.hpp"
#include "runtime/proxy_protocol.hpp"
#include "runtime/socket_address.hpp"
#include "runtime/tcp_stream.hpp"

namespace gatepost::runtime {

namespace asio = boost::asio;

namespace {

constexpr int kAcceptBatch = 64;  // then others on this thread have their turn
constexpr std::chrono::milliseconds kBackOff{100};
constexpr std::chrono::seconds kProxyHeaderTime{10};
constexpr std::chrono::seconds kLimitLogInterval{1};
constexpr std::string_view kAudience = "audience", kProxyHeader = "proxy_header";

bool out_of_resources(int error) { return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM; }

std::string_view word(Refusal refusal) {
  switch (refusal) {
    case Refusal::none:
      return "none";
    case Refusal::total:
      return "connections";
    case Refusal::address:
      return "connections_per_address";
    case Refusal::rate:
      return "connections_per_minute";
  }
  return "?";
}

}  // namespace

Result<UniqueFd> open_listening_socket(const Endpoint& at, int backlog) {
  const SocketAddress address = to_socket_address(at);
  UniqueFd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  bool ok = static_cast<bool>(fd) && setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0;
  if (ok && address.storage.ss_family == AF_INET6)
    ok = setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0;
  ok = ok && ::bind(fd.get(), address.raw(), address.size) == 0 && ::listen(fd.get(), backlog) == 0;
  if (ok) return fd;
  const int why = errno;
  const Errc code = why == EADDRINUSE                ? Errc::already_exists
                    : why == EACCES || why == EPERM  ? Errc::denied
                    : why == EMFILE || why == ENFILE ? Errc::limit
                                                     : Errc::invalid;
  return fail(code, fmt::format("{}: {}", at.to_string(), std::strerror(why)));
}

// Settings are shared with the connections that run by them.
struct ListenerRules {
  ListenerSettings settings;
  ServeSettings serve;
};

struct Listener::State : std::enable_shared_from_this<State> {
  // A connection between accept(2) and its end.
  struct Arrival {
    std::shared_ptr<State> state;  // destroyed last: the places are counted in it
    std::shared_ptr<const ListenerRules> rules;
    Connections::Ticket ticket;
    ConnectionLimits::Place place, own_place;
    int socket;
    std::unique_ptr<Stream> stream;  // these two until the session runs
    std::unique_ptr<Peer> peer;
  };

  State(Connections& all, ConnectionLimits& daemon, UniqueFd socket, LimitSettings own_settings)
      : connections(all),
        limits(daemon),
        own(std::move(own_settings), all.clock()),
        local(local_endpoint(socket.get()).value_or(Endpoint{})),
        thread(static_cast<std::size_t>(socket.get()) % all.threads().size()),
        fd(socket.get()),
        acceptor(all.threads().executor(thread), socket.release()),
        pause(all.threads().executor(thread)) {}

  Task<> accept_loop(std::shared_ptr<State> self);
  // false: nothing can be accepted just now, and not because nobody calls.
  bool accept_batch();
  void accepted(UniqueFd socket, const SocketAddress& from);
  static Task<> welcome_proxied(std::unique_ptr<Arrival> arrival);
  static void welcome(std::unique_ptr<Arrival> arrival);
  static Task<bool> read_proxy_header(Arrival& arrival);
  void refused(Refusal refusal, bool own_limit, const Endpoint& remote);
  void tell(std::string_view listener, const Endpoint& remote, std::string_view why);
  std::shared_ptr<const ListenerRules> current() const {
    const std::lock_guard lock(mutex);
    return rules;
  }
  void set(ListenerSettings settings);

  Connections& connections;
  ConnectionLimits& limits;
  ConnectionLimits own;
  const Endpoint local;
  const std::size_t thread;
  const int fd;
  asio::posix::stream_descriptor acceptor;  // on its thread only
  asio::steady_timer pause;                 // on its thread only
  bool accepting = false;                   // on its thread only
  bool loop_runs = false;                   // on its thread only
  mutable std::mutex mutex;                 // guards the next three
  std::shared_ptr<const ListenerRules> rules;
  SteadyPoint limit_logged{};
  std::uint64_t unlogged = 0;
};

void Listener::State::set(ListenerSettings settings) {
  const auto fresh = std::make_shared<ListenerRules>();
  fresh->serve = {settings.deadlines, settings.tls,          settings.implicit_tls,
                  settings.handshake, settings.speaks_first, settings.own_protocol};
  fresh->settings = std::move(settings);
  const std::lock_guard lock(mutex);
  rules = fresh;
}

Task<> Listener::State::accept_loop(std::shared_ptr<State>) {
  while (accepting && acceptor.is_open()) {
    auto [error] = co_await acceptor.async_wait(asio::posix::stream_descriptor::wait_read, kAwait);
    if (error || !accepting) continue;
    if (accept_batch()) continue;
    // Waiting beats spinning: the socket stays readable until descriptors are free again.
    pause.expires_after(kBackOff);
    co_await pause.async_wait(kAwait);
  }
  loop_runs = false;
}

bool Listener::State::accept_batch() {
  for (int i = 0; i < kAcceptBatch; ++i) {
    SocketAddress from;
    UniqueFd socket(::accept4(fd, from.raw(), &from.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket) {
      accepted(std::move(socket), from);
      continue;
    }
    const int why = errno;
    if (why == EAGAIN || why == EWOULDBLOCK) return true;
    if (out_of_resources(why)) {
      connections.log().write(event::kOutOfDescriptors,
                              {{"listener", current()->settings.name}, {"why", std::strerror(why)}});
      return false;
    }
    if (why == EBADF || why == EINVAL || why == ENOTSOCK) {
      connections.log().write(event::kAcceptFailed,
                              {{"listener", current()->settings.name}, {"why", std::strerror(why)}});
      return false;
    }
    // Else that one connection broke while it waited (accept(2)).
  }
  return true;
}

void Listener::State::accepted(UniqueFd socket, const SocketAddress& from) {
  const auto remote = to_endpoint(from);
  if (!remote) return;
  auto chosen = current();
  const ListenerSettings& settings = chosen->settings;
  const bool proxied = contains(settings.proxies, remote->address);
  if (!proxied && settings.admits && !settings.admits(remote->address)) return tell(settings.name, *remote, kAudience);
  auto place = limits.enter();
  if (!place) return refused(Refusal::total, false, *remote);
  auto own_place = own.enter();
  if (!own_place) return refused(Refusal::total, true, *remote);
  const auto peer_at = *remote;
  const int raw = socket.get();
  std::unique_ptr<Arrival> arrival(new Arrival{shared_from_this(), std::move(chosen), connections.place(),
                                               *std::move(place), *std::move(own_place), raw, nullptr, nullptr});
  arrival->peer = std::make_unique<Peer>();
  arrival->peer->remote = peer_at;
  const std::size_t target = arrival->ticket.thread;
  // The descriptor is registered with the loop that will serve it, on that loop's thread.
  connections.threads().post(target, [arrival = std::move(arrival), socket = std::move(socket), proxied]() mutable {
    State& state = *arrival->state;
    arrival->peer->connection_id = state.connections.next_id();
    arrival->peer->local = local_endpoint(socket.get()).value_or(state.local);
    arrival->peer->listener = arrival->rules->settings.name;
    const std::size_t here = arrival->ticket.thread;
    arrival->stream = make_tcp_stream(state.connections.threads().executor(here), socket.release());
    if (!proxied) return welcome(std::move(arrival));
    state.connections.threads().spawn(
        here, [arrival = std::move(arrival)]() mutable { return welcome_proxied(std::move(arrival)); });
  });
}

Task<> Listener::State::welcome_proxied(std::unique_ptr<Arrival> arrival) {
  const ListenerSettings& settings = arrival->rules->settings;
  const Endpoint proxy = arrival->peer->remote;
  if (!co_await read_proxy_header(*arrival)) {
    arrival->state->connections.log().write(event::kProxyRefused,
                                            {{"listener", settings.name}, {"remote", proxy.to_string()}});
    arrival->state->tell(settings.name, proxy, kProxyHeader);
    co_return;
  }
  arrival->peer->proxied = true;
  if (settings.admits && !settings.admits(arrival->peer->remote.address)) {
    arrival->state->tell(settings.name, arrival->peer->remote, kAudience);
    co_return;
  }
  welcome(std::move(arrival));
}

// Starts the conversation, whose end drops the arrival.
void Listener::State::welcome(std::unique_ptr<Arrival> arrival) {
  State& state = *arrival->state;
  for (ConnectionLimits::Place* const counted : {&arrival->place, &arrival->own_place}) {
    const Refusal refusal = counted->admit(arrival->peer->remote.address);
    if (refusal != Refusal::none) return state.refused(refusal, counted == &arrival->own_place, arrival->peer->remote);
  }
  // The rules live as long as the conversation.
  const ListenerSettings& settings = arrival->rules->settings;
  arrival->peer->witness = &settings.witness;
  if (settings.speaks_first && !settings.implicit_tls && settings.witness) {
    char octet = 0;
    if (::recv(arrival->socket, &octet, 1, MSG_PEEK | MSG_DONTWAIT) > 0) arrival->peer->tell(Conduct::early_talk);
  }
  const std::size_t here = arrival->ticket.thread;
  Peer peer = std::move(*arrival->peer);
  arrival->peer.reset();
  Task<> conversation = serve(std::move(arrival->stream), std::move(peer), arrival->rules->settings.make,
                              arrival->rules->serve, state.connections.parts(here));
  asio::co_spawn(state.connections.threads().executor(here), std::move(conversation),
                 [arrival = std::move(arrival)](std::exception_ptr failure) {
                   if (failure) std::rethrow_exception(failure);
                 });
}

void Listener::State::tell(std::string_view listener, const Endpoint& remote, std::string_view why) {
  if (connections.observer() != nullptr) connections.observer()->refused(listener, remote, why);
}

void Listener::State::refused(Refusal refusal, bool own_limit, const Endpoint& remote) {
  tell(current()->settings.name, remote, word(refusal));
  std::uint64_t count = 0;
  {
    const std::lock_guard lock(mutex);
    ++unlogged;
    const SteadyPoint now = connections.clock().steady();
    if (now - limit_logged < kLimitLogInterval) return;
    limit_logged = now;
    count = std::exchange(unlogged, 0);
  }
  connections.log().write(event::kLimit, {{"listener", current()->settings.name},
                                          {"limit", word(refusal)},
                                          {"scope", own_limit ? "listener" : "server"},
                                          {"remote", remote.to_string()},
                                          {"count", count}});
}

// While the header is incomplete all that has come is part of it, so it is taken; what follows it stays in the socket.
Task<bool> Listener::State::read_proxy_header(Arrival& arrival) {
  std::string header;
  arrival.stream->set_deadline(std::chrono::steady_clock::now() + kProxyHeaderTime);
  for (;;) {
    auto readable = co_await arrival.stream->wait_readable();
    if (!readable) co_return false;
    const std::size_t had = header.size();
    header.resize(kMaxProxyHeader);
    const ssize_t got = ::recv(arrival.socket, header.data() + had, header.size() - had, MSG_PEEK);
    header.resize(had + (got > 0 ? static_cast<std::size_t>(got) : 0));
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got <= 0) co_return false;
    const ProxyHeader parsed = parse_proxy_header(header);
    if (parsed.kind == ProxyHeader::Kind::invalid) co_return false;
    const bool complete = parsed.kind == ProxyHeader::Kind::complete;
    const std::size_t taken = (complete ? parsed.size : header.size()) - had;
    if (::recv(arrival.socket, header.data() + had, taken, 0) != static_cast<ssize_t>(taken)) co_return false;
    if (!complete) continue;
    if (parsed.source) arrival.peer->remote = *parsed.source;
    if (parsed.destination) arrival.peer->local = *parsed.destination;
    co_return true;
  }
}

Listener::Listener(Connections& connections, ConnectionLimits& limits, UniqueFd socket, ListenerSettings settings,
                   LimitSettings own)
    : state_(std::make_shared<State>(connections, limits, std::move(socket), std::move(own))) {
  state_->set(std::move(settings));
}

Listener::~Listener() {
  state_->connections.threads().post(state_->thread, [state = state_] {
    state->accepting = false;
    state->pause.cancel();
    boost::system::error_code ignored;
    state->acceptor.close(ignored);
  });
}

void Listener::start() {
  state_->connections.threads().post(state_->thread, [state = state_] {
    state->accepting = true;
    if (std::exchange(state->loop_runs, true)) return;
    state->connections.threads().spawn(state->thread, [state] { return state->accept_loop(state); });
  });
}

void Listener::stop_accepting() {
  state_->connections.threads().post(state_->thread, [state = state_] {
    state->accepting = false;
    state->pause.cancel();
    boost::system::error_code ignored;
    state->acceptor.cancel(ignored);
  });
}

void Listener::reload(ListenerSettings settings, LimitSettings own) {
  state_->own.reload(std::move(own));
  state_->set(std::move(settings));
}

Endpoint Listener::local() const { return state_->local; }
int Listener::fd() const { return state_->fd; }
std::size_t Listener::connections() const { return state_->own.count(); }

}  // namespace gatepost::runtime
