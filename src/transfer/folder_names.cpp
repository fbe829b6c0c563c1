#include "transfer/folder_names.hpp"

#include "base/ascii.hpp"
#include "base/utf8.hpp"
#include "imap/protocol/mailbox_name.hpp"

namespace gatepost::transfer {
namespace {

constexpr std::string_view kInbox = "INBOX";
constexpr std::size_t kMaxNameOctets = 255;

// "%25" and "%2E" alone are ours.
std::string unescape(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const bool percent = text.starts_with("%25");
    if (percent || ascii::iequals(text.substr(0, 3), "%2E")) {
      out.push_back(percent ? '%' : '.');
      text.remove_prefix(3);
      continue;
    }
    out.push_back(text.front());
    text.remove_prefix(1);
  }
  return out;
}

}  // namespace

std::string maildir_name(std::string_view path) {
  if (path == kInbox) return {};
  std::string out;
  for (const std::string_view name : ascii::split(path, '/')) {
    out.push_back('.');
    std::string escaped;
    for (const char c : name) {
      if (c == '.')
        escaped += "%2E";
      else if (c == '%')
        escaped += "%25";
      else
        escaped.push_back(c);
    }
    out += imap::utf8_to_modified_utf7(escaped).value_or(escaped);
  }
  return out;
}

std::string path_of_maildir(std::string_view name) {
  if (name.starts_with('.')) name.remove_prefix(1);
  std::string path;
  for (const std::string_view part : ascii::split(name, '.')) {
    if (!path.empty()) path.push_back('/');
    path += unescape(imap::modified_utf7_to_utf8(part).value_or(std::string(part)));
  }
  return clean_path(path);
}

std::string directory_name(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '%')
      out += "%25";
    else if (name[i] == '.' && i == 0)
      out += "%2E";
    else
      out.push_back(name[i]);
  }
  return out;
}

std::string name_of_directory(std::string_view directory) { return unescape(directory); }

std::string clean_path(std::string_view path) {
  std::string out;
  for (std::string_view name : ascii::split(utf8::sanitize(path), '/')) {
    if (name.empty()) continue;
    std::string clean;
    for (std::string_view rest = name; !rest.empty();) {
      const char32_t c = utf8::next(rest);
      std::string octets;
      utf8::append(octets, c < 0x20 || (c >= 0x7f && c < 0xa0) ? U'_' : c);
      if (clean.size() + octets.size() <= kMaxNameOctets) clean += octets;
    }
    if (!out.empty()) out.push_back('/');
    out += out.empty() && ascii::iequals(clean, kInbox) ? std::string(kInbox) : clean;
  }
  return out.empty() ? std::string(kInbox) : out;
}

}  // namespace gatepost::transfer
