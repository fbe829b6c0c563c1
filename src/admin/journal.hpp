#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "admin/command.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"

// Who changed what. docs/formats/changes.md has the records.
namespace gatepost::admin {

inline constexpr std::uint64_t kMaxChanges = 100'000;  // that are kept: the oldest go
inline constexpr std::size_t kMaxChangeText = 1'000;   // octets of each text of one; what is longer is cut

// Something an administrator had done, or tried to.
struct Change {
  std::uint64_t number = 0;  // counts up; given by the journal
  TimePoint at{};
  std::string who;     // an account's address, or Request::kCommandLine
  std::string from;    // the client's address; empty: this machine
  std::string verb;    // "account set"
  std::string what;    // the address or the name it was about
  std::string detail;  // its other options: "set=role=admin". Never a password, nor what people write
  bool done = true;    // false: refused, or failed
};

// Whether the verb may change something; what merely looks is not worth a record. Verbs that are not known change.
bool changes_something(std::string_view verb);

// The record of `request`, without number.
Change change_of(const Request& request, const Reply& reply, TimePoint now);

// Durable when it returns. Blocks on the disk; thread-safe.
Result<> record(store::KeyValue& keys, const Change& change);

// The newest first, at most `most`, numbers below `before` only (0: all). A damaged record is left out.
Result<std::vector<Change>> changes(store::KeyValue& keys, std::uint64_t before, std::size_t most,
                                    std::string_view wanted = {});

}  // namespace gatepost::admin
