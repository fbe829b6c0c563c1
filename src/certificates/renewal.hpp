#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/date.hpp"
#include "base/result.hpp"

// When a certificate is renewed, as pure functions of what is known.
namespace gatepost::certificates {

// What the authority suggests (RFC 9773 4.2).
struct Suggestion {
  TimePoint start{}, end{};
  TimePoint ask_again{};
  std::string explanation;  // URL, may be empty
  bool operator==(const Suggestion&) const = default;
};

// What is kept of one certificate beside the certificate itself; survives the process.
struct State {
  double share = 0;  // 0 to 1, drawn once for each certificate: where in the window, or how much earlier
  std::optional<Suggestion> suggestion;
  unsigned failures = 0;      // since the last success
  TimePoint retry_at{};       // not before; epoch: no failure, or the next may come at once
  TimePoint tried_at{};       // the last attempt
  std::string cause, remedy;  // of the last failure, for people; empty after a success
  bool operator==(const State&) const = default;
};

// From a third of its lifetime before the end, and up to a twentieth of it earlier, so that not all who started
// together renew together; or the moment in the authority's window, when it gave one. Epoch: at once.
TimePoint renewal_time(TimePoint not_before, TimePoint not_after, const State& state);
// The same, when a failure makes it later.
TimePoint next_attempt(TimePoint not_before, TimePoint not_after, const State& state);
// After `failures` failures in a row: minutes at first, then hours, at most a day. Within what public authorities allow
// (five failed validations of a name in an hour). `share`: 0 to 1, spreads it by a fifth.
std::chrono::seconds back_off(unsigned failures, double share);

std::string to_json(const State& state);
// Unknown and missing members are left alone; Errc::corrupt.
Result<State> state_from_json(std::string_view text);

}  // namespace gatepost::certificates
