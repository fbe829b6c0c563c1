#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "account/types.hpp"

namespace gatepost::imap::server {

// The previews made last, for those who will have one only if it is at hand (RFC 8970 4.1). Forgets what was not asked
// for in a long time; bounded memory. Thread-safe.
class PreviewCache {
 public:
  static constexpr std::size_t kKept = 20'000;  // at least half of these, and no more

  std::optional<std::string> find(account::AccountId account, const account::Body& body);
  void keep(account::AccountId account, const account::Body& body, std::string_view text);

 private:
  // By account, so that nobody learns from the time an answer takes what others have.
  struct Key {
    account::AccountId account;
    account::Body body;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const;
  };
  using Texts = std::unordered_map<Key, std::string, Hash>;
  void put(Key key, std::string text);

  std::mutex mutex_;  // guards both
  Texts young_, old_;
};

}  // namespace gatepost::imap::server
