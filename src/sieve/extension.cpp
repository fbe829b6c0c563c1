#include "sieve/extension.hpp"

#include <algorithm>
#include <array>

namespace gatepost::sieve {
namespace {

constexpr std::array<std::string_view, 24> kNames = {
    "body",
    "comparator-i;ascii-casemap",
    "comparator-i;ascii-numeric",
    "comparator-i;octet",
    "comparator-i;unicode-casemap",
    "copy",
    "date",
    "duplicate",
    "encoded-character",
    "envelope",
    "environment",
    "ereject",
    "fileinto",
    "ihave",
    "imap4flags",
    "index",
    "mailbox",
    "reject",
    "relational",
    "special-use",
    "subaddress",
    "vacation",
    "vacation-seconds",
    "variables",
};
static_assert(kNames.size() == static_cast<std::size_t>(Extension::variables) + 1);

}  // namespace

std::optional<Extension> find_extension(std::string_view capability) {
  const auto found = std::ranges::find(kNames, capability);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Extension>(found - kNames.begin());
}

std::string_view to_string(Extension e) { return kNames[static_cast<std::size_t>(e)]; }

std::vector<std::string_view> announced_extensions() {
  std::vector<std::string_view> out;
  for (const std::string_view name : kNames) {
    // RFC 5228 6.1: these may be used without being asked for.
    if (name != "comparator-i;octet" && name != "comparator-i;ascii-casemap") out.push_back(name);
  }
  return out;
}

}  // namespace gatepost::sieve
