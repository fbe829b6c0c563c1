#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "account/types.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "store/key_value.hpp"

namespace gatepost::account {

// What others have found out about items and want to find again after a restart: for each kind a value about each
// kNotedItems items of neighbouring numbers. Kept in memory until somebody writes them down; what is too much before
// that is forgotten. All accounts'. Thread-safe; blocks on the disk but for keep().
class ItemNotes {
 public:
  explicit ItemNotes(store::KeyValue& keys) : keys_(keys) {}

  Result<std::optional<std::string>> read(AccountId account, std::uint8_t kind, std::uint64_t block);
  // Those of `count` blocks from `first` on, ascending. `visit` may not call back.
  Result<> read(AccountId account, std::uint8_t kind, std::uint64_t first, std::uint64_t count,
                const std::function<void(std::uint64_t block, std::string_view value)>& visit);
  void keep(AccountId account, std::uint8_t kind, std::uint64_t block, std::string value);
  // keep() of what `change` makes of what is there; one after the other. An empty text: nothing is.
  void change(AccountId account, std::uint8_t kind, std::uint64_t block,
              const std::function<void(std::string& value)>& change);
  Result<> write(std::stop_token stop);  // what was given to keep()

  struct Name {
    std::uint8_t kind = 0;
    std::uint64_t block = 0;
  };
  Result<std::vector<Name>> names(AccountId account);
  Result<std::vector<AccountId>> accounts();
  Result<> erase(AccountId account, const std::vector<Name>& names);
  Result<> erase(AccountId account);
  // The same in every process that ever uses the store, for hashes in notes.
  Result<std::array<std::uint64_t, 2>> secret(Random& random);

 private:
  static constexpr std::size_t kMaxPending = 32 << 20;  // octets
  using Key = std::tuple<AccountId, std::uint8_t, std::uint64_t>;

  std::optional<std::string> pending(const Key& key);

  store::KeyValue& keys_;
  std::mutex changing_;  // taken before the next ones
  std::mutex writing_;   // taken before the next one
  std::mutex mutex_;     // guards what follows
  std::map<Key, std::string> pending_;
  std::map<Key, std::string> on_their_way_;  // to the disk; still found
  std::size_t octets_ = 0;                   // of pending_
};

}  // namespace gatepost::account
