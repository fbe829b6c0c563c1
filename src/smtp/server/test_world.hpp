#pragma once

// Tests only: what sessions work with, and a client that talks to one.

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/random.hpp"
#include "directory/door.hpp"
#include "runtime/memory_stream.hpp"
#include "runtime/run_to_end.hpp"
#include "smtp/server/server.hpp"
#include "store/store.hpp"

namespace gatepost::smtp::server::test {

inline constexpr std::string_view kAnna = "anna@demo.example", kPassword = "correct horse";

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().detail);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

// A directory with one account behind a door; hashing as cheap as it gets.
struct DirectoryWorld {
  explicit DirectoryWorld(directory::DoorPolicy policy = {}, directory::SignInLimits limits = {}) {
    authenticator.set_limits(std::move(limits));
    must(directory->add_domain("demo.example"));
    anna = must(directory->add_principal(directory::PrincipalKind::person, kAnna, "Anna"));
    must(directory->set_password(anna.id, Secret(kPassword)));
    door.set_policy(std::move(policy));
  }

  ManualClock clock;
  SeededRandom random{1};
  Metrics metrics;
  MemorySink sink;
  Log log{sink, clock};
  runtime::Workers workers{0};
  std::unique_ptr<store::Store> store = must(store::open({.engine = "memory"}, log, metrics, clock));
  std::unique_ptr<directory::Directory> directory =
      must(directory::Directory::open(store->keys(), {.argon2_memory_kib = 8, .argon2_iterations = 1}, clock, random));
  std::unique_ptr<sasl::Library> library = must(sasl::Library::create("decoy"));
  directory::Authenticator authenticator{*directory, {}, clock, log, metrics};
  directory::Door door{*library, authenticator, {}, log, metrics};
  directory::Principal anna;
};

class CountingWaker final : public runtime::Waker {
 public:
  void wake() override { ++count; }
  int count = 0;
};

inline runtime::TlsFacts tls_facts() {
  return {.version = "TLSv1.3", .cipher = "TLS_AES_256_GCM_SHA384", .tls_exporter = std::string(32, 'x')};
}

// A client without a connection: feeds a session as runtime/connection does.
class Client {
 public:
  Client(Server& server, Service service, bool tls, bool starttls = true, IpAddress from = IpAddress::v4(0xc0000201)) {
    peer.connection_id = "c1";
    peer.remote = {from, 40000};
    if (tls) peer.tls = tls_facts();
    session = server.session(service, starttls, peer, output, waker);
    apply(runtime::run_to_end(session->opened()));
    greeting = output.take();
  }

  // The replies to `octets`, which arrive in pieces of at most `chunk`; 0: whole.
  std::string send(std::string_view octets, std::size_t chunk = 0) {
    runtime::run_to_end(feed(octets, chunk == 0 ? octets.size() : chunk));
    return output.take();
  }
  std::string wake() {
    apply(runtime::run_to_end(session->woken()));
    return output.take();
  }
  void kill() { session.reset(); }

  runtime::Peer peer;
  runtime::MemoryOutput output;
  std::shared_ptr<CountingWaker> waker = std::make_shared<CountingWaker>();  // the door has copies
  std::unique_ptr<runtime::Session> session;
  std::string greeting;
  bool closed = false;
  int upgrades = 0;

 private:
  runtime::Task<> feed(std::string_view octets, std::size_t chunk) {
    while (!octets.empty() && !closed) {
      const std::string_view piece = octets.substr(0, chunk);
      octets.remove_prefix(piece.size());
      unread_ += piece;
      while (!unread_.empty() && !closed) {
        const std::string_view input = std::string_view(unread_).substr(begin_);
        const runtime::Step step = co_await session->step(input);
        begin_ += step.consumed;
        if (step.next == runtime::Next::start_tls) begin_ = unread_.size();
        apply(step);
        if (begin_ == unread_.size()) {
          unread_.clear();
          begin_ = 0;
        }
        if (step.consumed == 0) break;
      }
      if (unread_.size() - begin_ > session->max_buffered()) throw std::logic_error("the session takes nothing");
    }
  }

  void apply(const runtime::Step& step) {
    if (step.next == runtime::Next::close) closed = true;
    if (step.next == runtime::Next::start_tls) {
      ++upgrades;
      peer.tls = tls_facts();
      session->tls_started(*peer.tls);
    }
  }

  std::string unread_;
  std::size_t begin_ = 0;
};

}  // namespace gatepost::smtp::server::test
