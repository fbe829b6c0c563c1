#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "account/account.hpp"
#include "base/mutex.hpp"
#include "sieve/program.hpp"

namespace gatepost::mailflow {

enum class ScriptId : std::uint32_t {};  // of one account, from 1, never used again

struct Script {
  ScriptId id{};
  std::string name;  // UTF-8; of one account each once
  std::uint32_t octets = 0;
  bool active = false;
};

struct ScriptList {
  std::vector<Script> scripts;  // by id
  // Another one after every change, of names, contents or of which is active.
  std::string state;
};

// What delivery runs: null: nothing.
struct ActiveScript {
  std::string name;
  sieve::Parsed<std::shared_ptr<const sieve::Program>> program;
};

inline constexpr std::size_t kMaxScripts = 32;
inline constexpr std::size_t kMaxScriptName = 512;  // octets; RFC 9661 1.2.1 asks for so many

// The Sieve scripts of accounts, of which one may be active: kept as annotations of the account that no client sees.
// All that changes them goes through here. Thread-safe; blocks.
class Scripts {
 public:
  explicit Scripts(account::Accounts& accounts) : accounts_(accounts) {}

  Result<ScriptList> list(account::Account& account);
  // Errc::not_found.
  Result<std::string> content(account::Account& account, ScriptId id);
  // Keeps a new one (no `id`), or another name or content of one; what is not given stays. The caller has looked
  // whether the content is a script. Errc::already_exists: the name is another one's; invalid: no name; limit:
  // kMaxScripts; too_large: sieve::kMaxScriptOctets; not_found.
  Result<ScriptId> put(account::Account& account, std::optional<ScriptId> id, std::optional<std::string_view> name,
                       std::optional<std::string_view> content);
  // Errc::conflict: it is the active one; not_found.
  Result<> remove(account::Account& account, ScriptId id);
  // None: nothing is run. Errc::not_found.
  Result<> activate(account::Account& account, std::optional<ScriptId> id);

  // From memory but for the first time; null: the account has none.
  Result<std::shared_ptr<const ActiveScript>> active(account::AccountId id);

 private:
  struct Known {
    std::shared_ptr<const ActiveScript> script;
    std::size_t octets = 0;
  };
  void forget(account::AccountId id);

  account::Accounts& accounts_;
  Mutex writer_;  // from reading to writing of a change; before mutex_
  Mutex mutex_;
  std::map<account::AccountId, Known> known_ GP_GUARDED_BY(mutex_);
  std::size_t known_octets_ GP_GUARDED_BY(mutex_) = 0;
  std::uint64_t changes_ GP_GUARDED_BY(mutex_) = 0;
};

}  // namespace gatepost::mailflow
