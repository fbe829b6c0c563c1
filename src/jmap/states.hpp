#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "jmap/context.hpp"

namespace gatepost::jmap {

// The states of all types of an account (RFC 8620 7.1), as their /get tells them. What is not of messages is read again
// only when something of the account itself has changed: news are asked for after each delivery. Thread-safe.
class States {
 public:
  // Those of `types`, or of all when there are none, by type. Blocks.
  json::object of(Context& context, const Access& access, const std::vector<std::string>& types);
  // Whether those of `types` change with the directory, of which no account's watch tells.
  static bool tell_of_directory(const std::vector<std::string>& types);

 private:
  struct Known {
    account::Modseq at = 0;         // of what follows
    account::Modseq delivered = 0;  // when something came last (RFC 8621 1.5)
    std::uint64_t directory = 0;    // its change, which identities depend on
    json::object others;            // types whose states are not the account's version
  };
  static bool follow(Context& context, const Access& access, Known& known);

  std::mutex mutex_;                                            // guards what follows
  std::map<std::pair<account::AccountId, bool>, Known> known_;  // true: as the owner is told
};

}  // namespace gatepost::jmap
