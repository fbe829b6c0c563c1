#include "smtp/client/tally.hpp"

#include <utility>

#include "base/result.hpp"

namespace gatepost::smtp::client {

Verdict later(std::string reply, std::string host) { return {Outcome::try_later, std::move(reply), std::move(host)}; }

Verdict failed(std::string reply, std::string host) { return {Outcome::failed, std::move(reply), std::move(host)}; }

Verdict verdict_of(const Reply& reply, std::string host) {
  const Outcome outcome = reply.positive()    ? Outcome::delivered
                          : reply.permanent() ? Outcome::failed
                                              : Outcome::try_later;
  return {outcome, reply.summary(), std::move(host)};
}

Tally::Tally(const mailflow::Attempt& attempt) : open_(attempt.recipients.size()) {
  lines_.reserve(attempt.recipients.size());
  for (const std::size_t recipient : attempt.recipients) lines_.push_back({recipient, std::nullopt});
}

std::vector<std::size_t> Tally::open() const {
  std::vector<std::size_t> out;
  for (const Line& line : lines_) {
    if (!line.verdict) out.push_back(line.recipient);
  }
  return out;
}

void Tally::decide(std::size_t recipient, const Verdict& verdict) {
  for (Line& line : lines_) {
    if (line.recipient != recipient || line.verdict) continue;
    line.verdict = verdict;
    --open_;
    return;
  }
}

void Tally::decide_all(const Verdict& verdict) {
  for (Line& line : lines_) {
    if (!line.verdict) line.verdict = verdict;
  }
  open_ = 0;
}

void Tally::note(Verdict verdict) {
  if (noted_ && noted_->outcome == Outcome::try_later && verdict.outcome == Outcome::failed) return;
  noted_ = std::move(verdict);
}

mailflow::AttemptResult Tally::finish() {
  if (!noted_) noted_ = later("451 4.4.0 no server took the message");
  decide_all(*noted_);
  mailflow::AttemptResult result;
  result.recipients.reserve(lines_.size());
  for (Line& line : lines_) {
    result.recipients.push_back({line.recipient, line.verdict->outcome, std::move(line.verdict->reply),
                                 std::move(line.verdict->host), line.verdict->reports});
  }
  return result;
}

}  // namespace gatepost::smtp::client
