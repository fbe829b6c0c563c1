#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "gate/kernel/nft.hpp"
#include "gate/kernel/revisions.hpp"
#include "gate/policy/policy.hpp"

// Changing the rules of this host, with a way back that needs nobody.
namespace gatepost::gate {

struct Applied {
  std::uint64_t revision = 0;
  std::string batch;  // what the kernel was told; empty: nothing was to do
  bool pending = false;
  TimePoint deadline{};
};

struct ApplyOptions {
  std::chrono::seconds confirm{120};  // 0: confirmed at once
  std::string by;
  std::optional<SshConnection> ssh;
};

// One transaction: the intent's rules take the place of those of the table `inet gatepost`, what stays keeps counters
// and meters. The way back is written and its processes run before the kernel is told. Errc::conflict: another revision
// waits for its confirmation, or another admin applies.
Result<Applied> apply(Revisions&, Nft&, const Intent&, const ApplyOptions&, TimePoint now);

// The rules of an older revision once more, as a new one.
Result<Applied> roll_back(Revisions&, Nft&, std::uint64_t revision, const ApplyOptions&, TimePoint now);

// Keeps the pending revision. `ssh`: where whoever confirms comes from; it has to be another connection than the one
// that applied, for that one proves nothing. Errc::not_found: nothing waits. Errc::denied: the same connection.
// Errc::timed_out: it was too late, and is undone.
Result<std::uint64_t> confirm(Revisions&, Nft&, const std::optional<SshConnection>& ssh);

// Undoes the pending revision now. Errc::not_found: nothing waits.
Result<std::uint64_t> undo(Revisions&, Nft&, std::string why);

// Undoes what waits longer than it may, and what a boot has interrupted. True: something was undone.
Result<bool> undo_if_due(Revisions&, Nft&);

// At boot: an unconfirmed revision is forgotten, and the last confirmed one loaded. nullopt: there is none.
Result<std::optional<std::uint64_t>> restore(Revisions&, Nft&, TimePoint now);

}  // namespace gatepost::gate
