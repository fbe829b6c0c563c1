#include "imap/server/namespaces.hpp"

namespace gatepost::imap::server {
namespace {

std::string encoded(std::string_view address) {
  std::string out;
  for (const char c : address) {
    if (c == '/') {
      out += "%2F";
    } else if (c == '%') {
      out += "%25";
    } else {
      out += c;
    }
  }
  return out;
}

// Only what encoded() writes: nothing else names an account.
std::string decoded(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const bool slash = text.starts_with("%2F");
    const bool percent = text.starts_with("%25");
    out += slash ? '/' : text.front();
    text.remove_prefix(slash || percent ? 3 : 1);
  }
  return out;
}

}  // namespace

std::string_view namespace_of(const directory::Principal& principal) {
  return principal.kind == directory::PrincipalKind::person ? kOtherUsers : kShared;
}

std::string root_of(const directory::Principal& principal) {
  return std::string(namespace_of(principal)).append("/").append(encoded(principal.address));
}

std::optional<ForeignName> parse_foreign(std::string_view name) {
  for (const std::string_view root : {kOtherUsers, kShared}) {
    if (!name.starts_with(root)) continue;
    std::string_view rest = name.substr(root.size());
    if (rest.empty()) return ForeignName{.root = root, .address = {}, .path = {}};
    if (rest.front() != '/') continue;
    rest.remove_prefix(1);
    const std::size_t end = rest.find('/');
    ForeignName out{.root = root, .address = decoded(rest.substr(0, end)), .path = {}};
    if (end != std::string_view::npos) out.path = rest.substr(end + 1);
    return out;
  }
  return std::nullopt;
}

}  // namespace gatepost::imap::server
