#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mime/fold.hpp"

namespace gatepost::imap::server {

// By what the texts of messages are compared in SEARCH, SORT and THREAD (RFC 5255 4): a collation of RFC 4790 that can
// find parts of texts and put them in order, and whether that order is turned round (RFC 4790 3.3).
struct Collation {
  mime::Casemap casemap = mime::Casemap::unicode;
  bool reversed = false;
  bool operator==(const Collation&) const = default;
};

std::string to_string(const Collation& collation);  // "i;octet", "-i;octet"
// Those that `order` means, the default before others: a name with "*" in it for anything, "+" or "-" in front or not,
// or "default".
std::vector<Collation> collations_of(std::string_view order);

}  // namespace gatepost::imap::server
