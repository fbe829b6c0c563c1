#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "mailflow/delivery.hpp"
#include "smtp/protocol/reply.hpp"

namespace gatepost::smtp::client {

using Outcome = mailflow::AttemptResult::Outcome;

// What became of something, in the words of a reply.
struct Verdict {
  Outcome outcome = Outcome::try_later;
  std::string reply;     // "451 4.4.1 connection timed out"
  std::string host;      // who said it; empty: we ourselves
  bool reports = false;  // RFC 3461: it took over to tell the sender
};
Verdict later(std::string reply, std::string host = {});
Verdict failed(std::string reply, std::string host = {});
// 2xx: delivered, 5xx: failed, all else: try later.
Verdict verdict_of(const Reply& reply, std::string host);

// The results of an attempt, recipient by recipient.
class Tally {
 public:
  explicit Tally(const mailflow::Attempt& attempt);

  // Recipients whose fate is open, as indexes into the entry's recipients.
  std::vector<std::size_t> open() const;
  bool done() const { return open_ == 0; }
  std::size_t open_count() const { return open_; }
  void decide(std::size_t recipient, const Verdict& verdict);  // one that is open
  void decide_all(const Verdict& verdict);                     // those that are open

  // Why one host was of no use: what open recipients get when no other helps. One that may help later outweighs all
  // that never will.
  void note(Verdict verdict);
  void forget_note() { noted_.reset(); }
  // All recipients; no more calls.
  mailflow::AttemptResult finish();

 private:
  struct Line {
    std::size_t recipient;
    std::optional<Verdict> verdict;
  };
  std::vector<Line> lines_;
  std::size_t open_;
  std::optional<Verdict> noted_;
};

}  // namespace gatepost::smtp::client
