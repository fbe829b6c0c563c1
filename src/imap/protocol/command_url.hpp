#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gatepost::imap {

inline constexpr std::size_t kMaxUrls = 100;  // in one command

struct ResetKey {  // RFC 4467 7. Without mailbox: all keys
  std::optional<std::string> mailbox;
  std::vector<std::string> mechanisms;  // upper case
  bool operator==(const ResetKey&) const = default;
};

struct GenUrlAuth {                                           // RFC 4467 7
  std::vector<std::pair<std::string, std::string>> requests;  // URL and mechanism, the latter in upper case
  bool operator==(const GenUrlAuth&) const = default;
};

struct UrlFetch {  // RFC 4467 7, RFC 5524 3
  struct Request {
    std::string url;
    // Nothing of these: the octets as they are, without saying so.
    bool body = false, binary = false, structure = false;
    bool operator==(const Request&) const = default;
  };
  std::vector<Request> requests;
  bool operator==(const UrlFetch&) const = default;
};

}  // namespace gatepost::imap
