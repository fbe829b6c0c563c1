#pragma once

// Tests only.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "account/account.hpp"
#include "directory/directory.hpp"
#include "mailflow/delivery.hpp"
#include "mailflow/queue.hpp"
#include "mailflow/reception.hpp"
#include "runtime/run_to_end.hpp"
#include "runtime/workers.hpp"
#include "store/memory_store.hpp"
#include "store/test_faults.hpp"

namespace gatepost::mailflow {

inline constexpr std::string_view kAnna = "anna@example.org", kBert = "bert@example.org";

// Why it failed; nullopt: it did not.
inline std::optional<Errc> code(const auto& result) {
  return result ? std::nullopt : std::optional(result.error().code);
}

// The product in memory with two accounts; the queue may be opened again.
struct World {
  explicit World(std::size_t threads = 0) : workers(threads) {
    (void)directory->add_domain("example.org");
    add(kAnna);
    add(kBert);
    open();
  }
  void open() {
    reception.reset();
    queue.reset();
    queue = *Queue::open(store, random, log, metrics);
    reception = Reception::create(options(), *directory, *accounts, *queue, workers, clock, random, log, metrics);
  }
  static ReceptionOptions options() {
    return {.hostname = "mail.example.org",
            .max_message_octets = 1 << 20,
            .max_header_octets = 64 << 10,
            .forward_outside = {"*"}};
  }
  void add(std::string_view address) { (void)directory->add_principal(directory::PrincipalKind::person, address, ""); }
  directory::Principal principal(std::string_view address) { return *directory->find(address); }
  std::shared_ptr<account::Account> account(std::string_view address) {
    return *accounts->open(static_cast<account::AccountId>(principal(address).id));
  }

  Source stranger() {
    Source source;
    source.connection_id = "c1";
    source.service = "smtp";
    source.remote = {*IpAddress::parse("192.0.2.7"), 40000};
    source.hello = "client.example";
    source.esmtp = true;
    return source;
  }
  Source submitter(std::string_view address = kAnna) {
    Source source = stranger();
    source.service = "submission";
    source.submitter = principal(address);
    source.tls_version = "TLSv1.3";
    source.tls_cipher = "TLS_AES_256_GCM_SHA384";
    return source;
  }
  Envelope envelope(const Source& source, std::string from, const std::vector<std::string>& to) {
    Envelope out;
    out.reverse_path = std::move(from);
    for (const std::string& address : to) {
      auto recipient = reception->check_recipient(source, address);
      GP_ASSERT(recipient.has_value());
      out.recipients.push_back(*std::move(recipient));
    }
    return out;
  }
  // Takes a message in, given in pieces.
  Result<Accepted> take(const Source& source, const Envelope& envelope, std::string_view message,
                        std::size_t piece = 10'000) {
    auto intake = reception->begin(source, envelope, 0);
    if (!intake) return std::unexpected(intake.error());
    while (!message.empty()) {
      const bool full = (*intake)->append(message.substr(0, piece));
      message.remove_prefix(std::min(piece, message.size()));
      if (full) runtime::run_to_end((*intake)->flush());
    }
    return runtime::run_to_end((*intake)->finish());
  }
  Result<Accepted> take(std::string from, const std::vector<std::string>& to, std::string_view message) {
    const Source source = submitter();
    return take(source, envelope(source, std::move(from), to), message);
  }

  std::vector<std::string> inbox(std::string_view address) {
    std::vector<std::string> out;
    const auto owner = account(address);
    const auto folder = *owner->find_folder("INBOX");
    (void)owner->rows(folder.id, NumberSet::of(1, 0xffffffff), [&](const account::Row& row) {
      out.push_back(text(owner->item(row.item)->body));
      return true;
    });
    return out;
  }
  std::string text(const account::Body& body) {
    std::string out(body.size, '\0');
    (void)accounts->read_body(body, 0, out);
    return out;
  }
  std::vector<QueueEntry> queued() { return *queue->list(1000); }
  QueueEntry entry(std::vector<std::string> to, std::string from = std::string(kAnna)) {
    auto writer = *accounts->new_body(0);
    (void)writer->append("Subject: queued\r\n\r\nbody\r\n");
    QueueEntry out;
    out.body = *writer->finish();
    out.reverse_path = std::move(from);
    out.created = out.due = clock.now();
    for (std::string& address : to) {
      RecipientState state;
      state.original = address;
      state.address = std::move(address);
      out.recipients.push_back(std::move(state));
    }
    return out;
  }

  ManualClock clock;
  SeededRandom random{1};
  Metrics metrics;
  MemorySink sink;
  Log log{sink, clock};
  store::FaultyStore store{store::open_memory({.engine = "memory"}, clock)};
  std::unique_ptr<directory::Directory> directory =
      *directory::Directory::open(store.keys(), {.argon2_memory_kib = 8, .argon2_iterations = 1}, clock, random);
  std::unique_ptr<account::Accounts> accounts = account::Accounts::create(
      store, {},
      [this](account::AccountId id) {
        const auto owner = directory->principal(static_cast<directory::PrincipalId>(id));
        return owner ? owner->quota_octets : 0;
      },
      clock, random, log, metrics);
  std::unique_ptr<Queue> queue;
  runtime::Workers workers;
  std::unique_ptr<Reception> reception;
};

// Other servers: what each recipient is told, by address; else it is delivered. Notes who was tried.
class FakeRemote final : public RemoteDelivery {
 public:
  using Outcome = AttemptResult::Outcome;
  struct Answer {
    Outcome outcome = Outcome::delivered;
    std::string reply = "250 2.0.0 ok";
    std::string host = "mx.example";
    bool reports = false;
  };
  std::map<std::string, Answer> answers;
  std::vector<std::string> tried;
  std::function<void(const Attempt&)> before;
  std::function<runtime::Task<>()> wait;
  int running = 0, most_running = 0;

  runtime::Task<AttemptResult> attempt(Attempt attempt) override {
    most_running = std::max(most_running, ++running);
    if (before) before(attempt);
    if (wait) co_await wait();
    AttemptResult result;
    for (const std::size_t i : attempt.recipients) {
      const std::string& address = attempt.entry->recipients[i].address;
      tried.push_back(address);
      const auto found = answers.find(address);
      const Answer answer = found == answers.end() ? Answer() : found->second;
      result.recipients.push_back({i, answer.outcome, answer.reply, answer.host, answer.reports});
    }
    --running;
    co_return result;
  }
};

}  // namespace gatepost::mailflow
