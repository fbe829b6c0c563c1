#include "imap/server/collation.hpp"

#include "base/ascii.hpp"

namespace gatepost::imap::server {
namespace {

struct Known {
  std::string_view name;
  mime::Casemap casemap;
};
// i;ascii-numeric, the fourth that everybody knows, finds no parts of texts.
constexpr Known kKnown[] = {{"i;unicode-casemap", mime::Casemap::unicode},
                            {"i;ascii-casemap", mime::Casemap::ascii},
                            {"i;octet", mime::Casemap::none}};

// Linear in both: what stood behind the last "*" is tried again one octet further on.
bool matches_wildcards(std::string_view pattern, std::string_view name) {
  std::size_t p = 0, n = 0, star = std::string_view::npos, tried = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      tried = n;
    } else if (p < pattern.size() && ascii::lower(pattern[p]) == name[n]) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++tried;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace

std::string to_string(const Collation& collation) {
  std::string out = collation.reversed ? "-" : "";
  for (const Known& known : kKnown) {
    if (known.casemap == collation.casemap) out += known.name;
  }
  return out;
}

std::vector<Collation> collations_of(std::string_view order) {
  if (ascii::iequals(order, "default")) return {Collation()};
  const bool reversed = order.starts_with('-');
  if (reversed || order.starts_with('+')) order.remove_prefix(1);
  std::vector<Collation> out;
  for (const Known& known : kKnown) {
    if (matches_wildcards(order, known.name)) out.push_back({known.casemap, reversed});
  }
  return out;
}

}  // namespace gatepost::imap::server
