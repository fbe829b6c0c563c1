#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace gatepost::gate {

// nft(8) in this process, by libnftables, in the network namespace of the thread that opened it. Not thread-safe.
// Errors carry nft's own text, with line and column.
class Nft {
 public:
  static Result<Nft> open();
  // One batch: all of it or nothing. The output is empty unless it lists.
  Result<std::string> run(const std::string& commands);
  // The same, written as JSON (libnftables-json(5)).
  Result<std::string> run_json(const std::string& commands);
  // Whether the kernel would take the batch; changes nothing.
  Result<> check(const std::string& commands);
  // The whole ruleset, as read_ruleset() takes it. Errc::denied without the right to.
  Result<std::string> list_json();
  // The table as text that `run` takes; empty when there is none.
  Result<std::string> list_table(std::string_view table);

 private:
  Nft() = default;
  Result<std::string> run(const std::string& commands, unsigned flags, bool dry);
};

// What the kernel makes of `commands` in an empty network namespace: its JSON listing. Errc::invalid: it refuses them;
// Errc::denied: this process may not make a namespace. Forks; the caller has one thread.
Result<std::string> listing_in_empty_namespace(const std::string& commands);

}  // namespace gatepost::gate
