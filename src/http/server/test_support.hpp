#pragma once

// Tests and fuzzers only.

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/base64.hpp"
#include "base/random.hpp"
#include "directory/door.hpp"
#include "directory/web_sessions.hpp"
#include "http/server/content.hpp"
#include "http/server/server.hpp"
#include "http/server/status_for.hpp"
#include "runtime/connection.hpp"
#include "runtime/foreign_protocol.hpp"
#include "runtime/memory_stream.hpp"
#include "runtime/run_to_end.hpp"
#include "runtime/timer.hpp"
#include "runtime/workers.hpp"
#include "store/memory_store.hpp"

namespace gatepost::http::server {

inline constexpr std::string_view kAnna = "anna@example.org", kPassword = "the password of anna";

inline Task<> echo(Exchange& exchange) {
  auto content = co_await exchange.read_all(1 << 20);
  if (!content) {
    exchange.respond(content.error());
    co_return;
  }
  exchange.respond(Response(200, "application/octet-stream", *std::move(content)));
}

// Answers with what comes, as it comes.
inline Task<> stream(Exchange& exchange) {
  exchange.begin(Response(200));
  for (;;) {
    auto piece = co_await exchange.read();
    if (!piece) co_return;
    if (piece->empty()) break;
    const Result<> written = co_await exchange.write(*piece);
    if (!written) co_return;
  }
  exchange.finish();
}

inline Task<> large(Exchange& exchange) {
  const std::string piece(10'000, 'x');
  exchange.begin(Response(200), 1'000'000);
  for (int i = 0; i < 100; ++i) {
    const Result<> written = co_await exchange.write(piece);
    if (!written) co_return;
  }
  exchange.finish();
}

inline Task<> cut_short(Exchange& exchange) {
  exchange.begin(Response(200), 100);
  (void)co_await exchange.write("only this");
}

inline Task<> who(Exchange& exchange) {
  exchange.respond(Response(200, "text/plain", exchange.signed_in().principal().address + "\n"));
  co_return;
}

inline Task<> throws(Exchange&) {
  throw std::runtime_error("on purpose");
  co_return;
}

// A server with all it needs, in memory, and one account.
struct World {
  ManualClock clock;
  SeededRandom random{1};
  Metrics metrics;
  MemorySink sink;
  Log log{sink, clock};
  runtime::Workers workers{0};
  std::unique_ptr<store::Store> store = store::open_memory({.engine = "memory"}, clock);
  std::unique_ptr<directory::Directory> directory =
      *directory::Directory::open(store->keys(), {.argon2_memory_kib = 8, .argon2_iterations = 1}, clock, random);
  std::unique_ptr<sasl::Library> library = *sasl::Library::create("decoy");
  directory::Authenticator authenticator{*directory, {}, clock, log, metrics};
  directory::Door door{*library, authenticator, {}, log, metrics};
  std::unique_ptr<directory::WebSessions> web_sessions =
      *directory::WebSessions::open(store->keys(), *directory, {}, clock, random);
  Router router;
  Settings settings{.hostname = "mail.example.org",
                    .header_octets = 4096,
                    .header_fields = 20,
                    .body_octets = 2 << 20,
                    .streams = 10,
                    .hsts = std::chrono::seconds(3600)};
  std::unique_ptr<Server> server;
  std::vector<std::pair<runtime::Conduct, std::string>> conduct;
  std::string whom;  // it was told of last
  std::function<bool(const IpAddress&)> refuses;
  runtime::Witness witness = [this](const runtime::Peer& peer, runtime::Conduct what, std::string_view detail) {
    conduct.emplace_back(what, detail);
    whom = peer.remote.address.to_string() + (peer.proxied ? " by a proxy" : "");
  };
  int waiting = 0, told = 0;  // of /wait: handlers that wait, and how many were told that it is over

  World() {
    (void)directory->add_domain("example.org");
    const auto anna = directory->add_principal(directory::PrincipalKind::person, kAnna, "");
    (void)directory->set_password(anna->id, Secret(kPassword));
    router.add({.path = "/hello", .methods = {"GET"}, .handler = [](Exchange& x) -> Task<> {
                  x.respond(Response(200, "text/plain", "hello\n"));
                  co_return;
                }});
    router.add({.path = "/client", .methods = {"GET"}, .handler = [](Exchange& x) -> Task<> {
                  x.respond(Response(200, "text/plain", x.request().client.to_string()));
                  co_return;
                }});
    router.add({.path = "/echo", .methods = {"POST"}, .handler = echo});
    router.add({.path = "/small", .methods = {"POST"}, .handler = echo, .content_octets = 10});
    router.add({.path = "/stream", .methods = {"POST"}, .handler = stream});
    router.add({.path = "/large", .methods = {"GET"}, .handler = large});
    router.add({.path = "/short", .methods = {"GET"}, .handler = cut_short});
    router.add({.path = "/who", .methods = {"GET"}, .handler = who, .access = Access::signed_in});
    router.add({.path = "/change", .methods = {"POST"}, .handler = who, .access = Access::signed_in});
    router.add({.path = "/throws", .methods = {"GET"}, .handler = throws});
    router.add({.path = "/silent", .methods = {"GET"}, .handler = [](Exchange&) -> Task<> { co_return; }});
    router.add({.path = "/wait", .methods = {"GET"}, .handler = [this](Exchange& x) -> Task<> {
                  ++waiting;
                  const Exchange::News news = co_await x.wait(std::chrono::hours(1));
                  --waiting;
                  if (news == Exchange::News::over) ++told;
                  x.respond(Response(200, "text/plain", "waited\n"));
                }});
    router.add({.path = "/tunnel",
                .methods = {"GET"},
                .handler = [](Exchange& x) -> Task<> {
                  if (!x.asks_for("echo")) {
                    x.respond(plain_answer(426));
                    co_return;
                  }
                  x.upgrade("echo");
                  for (;;) {
                    auto piece = co_await x.read();
                    if (!piece || piece->empty()) break;
                    const bool last = piece->ends_with("bye");
                    const Result<> written = co_await x.write("<" + *piece + ">");
                    if (!written || last) break;
                  }
                  x.finish();
                },
                .tunnels = true});
    start();
  }
  void start() {
    server =
        std::make_unique<Server>(Services{door, workers, clock, log, metrics, nullptr, web_sessions.get(), {}, refuses},
                                 settings, "https", router);
  }
  std::string browser() {
    const auto begun = web_sessions->begin(*directory->find(kAnna), false, "test", *IpAddress::parse("192.0.2.7"));
    return std::string(begun->token.reveal());
  }
  std::string authorization() const {
    return "Authorization: Basic " + base64::encode(std::string(kAnna) + ":" + std::string(kPassword)) + "\r\n";
  }
};

struct Wire {
  std::size_t chunk = 1 << 20;  // octets of each write
  std::string alpn = "";
  std::string remote = "192.0.2.7";
  std::size_t until = SIZE_MAX;  // octets after which the client stops reading and closes
};

// One connection that is fed `input`; what the server wrote until it closed, or until the client had enough.
inline std::string talk(World& world, const std::string& input, const Wire& wire = {}) {
  std::string output;
  auto conversation = [&]() -> Task<> {
    SystemClock real;
    auto executor = co_await boost::asio::this_coro::executor;
    auto [here, there] = runtime::make_memory_streams(real, {.version = "TLSv1.3", .alpn = wire.alpn});
    runtime::BufferPool buffers;
    runtime::LiveConnections live;
    runtime::Peer peer;
    peer.connection_id = "c1";
    peer.witness = &world.witness;
    peer.remote = {*IpAddress::parse(wire.remote), 40000};
    peer.tls.emplace();
    peer.tls->alpn = wire.alpn;
    const runtime::SessionFactory make = [&](runtime::Peer& p, runtime::Output& o, std::shared_ptr<runtime::Waker> w) {
      return world.server->session(p, o, std::move(w));
    };
    runtime::ServeSettings settings;
    settings.own_protocol = runtime::kHttp;
    runtime::ServeParts parts{real, world.log, buffers, live};
    bool served = false;
    auto serving = runtime::serve(std::move(there), std::move(peer), make, settings, parts);
    boost::asio::co_spawn(executor, std::move(serving), [&](std::exception_ptr) { served = true; });
    auto reading = [&]() -> Task<> {
      std::string buffer(16 << 10, '\0');
      while (output.size() < wire.until) {
        here->set_deadline(real.steady() + std::chrono::seconds(60));
        const auto got = co_await here->read_some(buffer);
        if (!got || *got == 0) break;
        output.append(buffer, 0, *got);
      }
      here->close();
    };
    bool read = false;
    boost::asio::co_spawn(executor, reading(), [&](std::exception_ptr) { read = true; });
    for (std::size_t at = 0; at < input.size(); at += wire.chunk) {
      const std::string piece = input.substr(at, wire.chunk);
      const Result<> written = co_await here->write_all(piece);
      if (!written) break;
      if (wire.chunk < input.size()) co_await runtime::sleep_for(std::chrono::milliseconds(1));
    }
    while (!read || !served) co_await runtime::sleep_for(std::chrono::milliseconds(1));
  };
  runtime::run_to_end(conversation());
  return output;
}

}  // namespace gatepost::http::server
