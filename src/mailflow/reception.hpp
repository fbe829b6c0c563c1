#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "account/account.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/random.hpp"
#include "directory/directory.hpp"
#include "directory/outside.hpp"
#include "mailflow/envelope.hpp"
#include "mailflow/queue.hpp"
#include "mailflow/scripts.hpp"
#include "runtime/workers.hpp"

namespace gatepost::mailflow {

struct ReceptionOptions {
  std::string hostname;  // in Received and generated Message-IDs
  std::uint64_t max_message_octets = 50 << 20;
  std::uint32_t max_recipients = 1000;
  std::uint32_t max_received = 50;  // Received fields: more is a loop (RFC 5321 6.3)
  std::uint64_t max_header_octets = 1 << 20;
  bool foreign_from = true;                       // who signed in may write From addresses that are nobody's here
  std::vector<std::string> forward_outside = {};  // domains, or "*": where people may have mail sent on to
  // Whether mail may be sent on to this address outside; those of local domains are not asked about.
  bool may_forward_to(std::string_view address) const;
};

struct Accepted {
  std::string queue_id;  // names the message in replies and logs
  std::uint64_t octets = 0;
  std::uint32_t local = 0, queued = 0;  // destinations
  // The only recipient's script refuses the message, in these words: "550 5.7.1 ...". Then nothing was accepted. Only
  // with Envelope::may_refuse; others are told by a report.
  std::string refusal = {};
};

// What became of a message that was brought to an account.
struct Delivered {
  std::string refusal;  // its script refuses the message, in these words ("550 5.7.1 ..."); empty: it was taken
  bool kept = true;     // it is somewhere: neither refused, rejected nor discarded
};

// One message on its way in, in bounded memory. Belongs to one session.
class Intake {
 public:
  virtual ~Intake() = default;
  // Content exactly as it shall be stored (dots removed, CRLF line ends). Never waits. Errors stick: the session keeps
  // consuming the client's data and reports the error of finish(). Returns true when flush() should be awaited before
  // more.
  virtual bool append(std::string_view octets) = 0;
  virtual runtime::Task<> flush() = 0;
  // The end of the message. Ok = everything acknowledged is durable: delivered to local accounts or in the queue.
  // too_large, limit (mail loop), over_quota, disk_full, unavailable; of who signed in forbidden (the From is not his
  // to use) and invalid (From makes no sense), too.
  virtual runtime::Task<Result<Accepted>> finish() = 0;
};

// Why a recipient is not taken. Each protocol says it in its own words.
enum class RecipientRefusal {
  relay_denied,  // not ours, and the client did not sign in
  no_such_user,  // our domain, nobody there
  disabled,      // the account is switched off
  bad_address,   // not an address
  try_later,     // could not be decided now
};

// Decides what is taken in and makes it durable. Thread-safe.
class Reception {
 public:
  static std::unique_ptr<Reception> create(ReceptionOptions, directory::Directory&, account::Accounts&, Queue&,
                                           runtime::Workers&, const Clock&, Random&, Log&, Metrics&);
  virtual ~Reception() = default;
  virtual void set_options(ReceptionOptions) = 0;  // at reload
  virtual ReceptionOptions options() const = 0;

  // May `source` send as `reverse_path`? denied: signed in, but the address is neither the account's nor of anybody who
  // granted it a right to send. invalid: no address.
  virtual Result<> check_sender(const Source&, std::string_view reverse_path) = 0;
  // Reads memory only.
  virtual std::expected<Recipient, RecipientRefusal> check_recipient(const Source&, std::string_view address) = 0;
  // Whether look_up() may find somebody where check_recipient() found nobody. Reads memory only.
  virtual bool may_look_up(std::string_view) { return false; }
  // Asks outside directories for an address; afterwards check_recipient() knows it, if they do. Blocks: on a worker.
  // Errc::unavailable and others: they could not be asked.
  virtual Result<> look_up(std::string_view) { return {}; }
  // Whom to ask; before the first recipient. Borrowed for life.
  virtual void set_outside(directory::OutsidePeople&) {}
  // Errc::too_large by the hint; what the store says comes with finish(). Reads memory only.
  virtual Result<std::unique_ptr<Intake>> begin(Source, Envelope, std::uint64_t size_hint) = 0;
  // A whole message at once, for those that have it already: `next` appends the next piece of it and says whether there
  // is more. Refusals as of begin() and Intake::finish(). Blocks: on a worker.
  using Pieces = std::function<Result<bool>(std::string& out)>;
  virtual Result<Accepted> submit(Source, Envelope, std::uint64_t octets, const Pieces& next) = 0;
  // Mail that the server itself makes (bounces): a complete message. Blocks.
  virtual Result<> inject(std::string_view reverse_path, std::string_view recipient, std::string_view message) = 0;
  // Brings a message to one account here, as its script says, and does what the account does of itself (a vacation's
  // answer). Idempotent by queue id and account when `retry`. Blocks.
  virtual Result<Delivered> deliver_here(const QueueEntry&, const RecipientState&, TimePoint /*received*/,
                                         bool /*retry*/) {
    return fail(Errc::unsupported, "no delivery here");
  }
  // Scripts that deliver_here() runs. Only of receptions that deliver.
  virtual Scripts* scripts() { return nullptr; }
};

}  // namespace gatepost::mailflow
