#pragma once

// Tests and fuzzers only.

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "account/account.hpp"
#include "base/random.hpp"
#include "directory/door.hpp"
#include "imap/server/server.hpp"
#include "mime/structure.hpp"
#include "mime/summary.hpp"
#include "runtime/memory_stream.hpp"
#include "runtime/run_to_end.hpp"
#include "runtime/workers.hpp"
#include "store/memory_store.hpp"
#include "store/test_faults.hpp"

namespace gatepost::imap::server {

inline constexpr std::string_view kAnna = "anna@example.org", kPassword = "the-password-of-anna";
inline constexpr std::string_view kBob = "bob@example.org", kBobsPassword = "the-password-of-bob";

// A message with this subject.
inline std::string mail(std::string_view subject) { return "Subject: " + std::string(subject) + "\r\n\r\ntext\r\n"; }

// A server with all it needs, in memory, and one account.
struct World {
  ManualClock clock;
  SeededRandom random{1};
  Metrics metrics;
  MemorySink sink;
  Log log{sink, clock};
  runtime::Workers workers{0};
  store::FaultyStore store{store::open_memory({.engine = "memory"}, clock)};
  std::uint64_t quota = 0;  // of every account
  std::unique_ptr<directory::Directory> directory =
      *directory::Directory::open(store.keys(), {.argon2_memory_kib = 8, .argon2_iterations = 1}, clock, random);
  account::AccountsOptions options;
  std::unique_ptr<account::Accounts> accounts = make_accounts();
  std::unique_ptr<sasl::Library> library = *sasl::Library::create("decoy");
  directory::Authenticator authenticator{*directory, {}, clock, log, metrics};
  directory::Door door{*library, authenticator, {}, log, metrics};
  Settings settings{.hostname = "mail.example.org", .version = "1"};
  std::unique_ptr<Server> server = make_server();

  World() {
    (void)directory->add_domain("example.org");
    add(kAnna, kPassword);
  }
  // What the process knew is forgotten; what is stored stays. No Talk may be open.
  void restart() {
    server.reset();
    accounts.reset();
    accounts = make_accounts();
    server = make_server();
  }
  void add(std::string_view address, std::string_view password) {
    const auto principal = directory->add_principal(directory::PrincipalKind::person, address, "");
    (void)directory->set_password(principal->id, Secret(password));
  }
  directory::PrincipalId id(std::string_view address = kAnna) { return directory->find(address)->id; }
  std::shared_ptr<account::Account> account(std::string_view address = kAnna) {
    return *accounts->open(static_cast<account::AccountId>(id(address)));
  }
  // As a delivery brings it. Its UID.
  account::Uid deliver(std::string_view message, std::string_view folder = "INBOX", std::uint8_t flags = 0) {
    auto writer = *accounts->new_body(message.size());
    (void)writer->append(message);
    account::NewItem item;
    item.body = *writer->finish();
    item.summary = mime::encode(mime::scan(message));
    item.system_flags = flags;
    item.received = clock.now();
    const auto owner = account();
    return owner->append(owner->find_folder(folder)->id, std::span(&item, 1))->uids.front();
  }

 private:
  std::unique_ptr<account::Accounts> make_accounts() {
    return account::Accounts::create(
        store, options, [this](account::AccountId) { return quota; }, clock, random, log, metrics);
  }
  std::unique_ptr<Server> make_server() {
    return std::make_unique<Server>(Services{*accounts, door, workers, clock, log, metrics}, settings);
  }
};

// One connection, driven as runtime::serve() does it, but step by step.
class Talk {
 public:
  explicit Talk(World& world, bool tls = true, std::size_t chunk = 0) : chunk_(chunk) {
    peer_.connection_id = "c1";
    peer_.remote = {*IpAddress::parse("192.0.2.7"), 40000};
    if (tls) peer_.tls = facts();
    session_ = world.server->session(peer_, output_, waker_);
    greeting = finish(runtime::run_to_end(session_->opened()));
  }

  // What the server answers to these octets.
  std::string say(std::string_view octets) {
    std::string answer;
    while (!octets.empty() && !closed) {
      const std::size_t size = chunk_ == 0 ? octets.size() : std::min(chunk_, octets.size());
      input_ += octets.substr(0, size);
      octets.remove_prefix(size);
      answer += feed();
    }
    return answer;
  }
  std::string line(std::string_view text) { return say(std::string(text) + "\r\n"); }
  // The answer to LOGIN.
  std::string enter(std::string_view name = kAnna, std::string_view password = kPassword) {
    return line("in LOGIN " + std::string(name) + " " + std::string(password));
  }
  // What runs when the session was woken, if it was.
  std::string wake() {
    if (closed || !std::exchange(waker_->woken, false)) return {};
    return finish(runtime::run_to_end(session_->woken()));
  }
  std::string stop() {
    session_->stopping();
    return output_.take();
  }
  std::string announce(std::string_view text) {
    session_->announced(text);
    return output_.take();
  }
  std::string time_out() {
    closed = !session_->timed_out();
    return output_.take();
  }
  runtime::Session& session() { return *session_; }
  void drop() { session_.reset(); }

  std::string greeting;
  bool closed = false;

 private:
  struct Flag final : runtime::Waker {
    void wake() override { woken = true; }
    bool woken = false;
  };
  static runtime::TlsFacts facts() { return {.version = "TLSv1.3", .tls_exporter = std::string(32, 'x')}; }

  std::string feed() {
    std::string answer;
    while (!closed) {
      const runtime::Step step = runtime::run_to_end(session_->step(input_));
      GP_ASSERT(step.consumed <= input_.size());
      GP_ASSERT(step.consumed != 0 || step.next != runtime::Next::more || input_.size() < session_->max_buffered());
      input_.erase(0, step.consumed);
      answer += finish(step);
      if (step.consumed == 0 || input_.empty()) break;
    }
    return answer;
  }
  std::string finish(runtime::Step step) {
    if (step.next == runtime::Next::close) closed = true;
    if (step.next == runtime::Next::start_tls) {
      input_.clear();
      peer_.tls = facts();
      session_->tls_started(*peer_.tls);
    }
    return output_.take();
  }

  std::size_t chunk_;
  runtime::Peer peer_;
  runtime::MemoryOutput output_;
  std::shared_ptr<Flag> waker_ = std::make_shared<Flag>();  // shared with the door and the account
  std::string input_;
  std::unique_ptr<runtime::Session> session_;
};

// Its last line.
inline std::string last_line(std::string_view answer) {
  if (answer.ends_with("\r\n")) answer.remove_suffix(2);
  const std::size_t at = answer.rfind("\r\n");
  return std::string(at == std::string_view::npos ? answer : answer.substr(at + 2));
}

}  // namespace gatepost::imap::server
