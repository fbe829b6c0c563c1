#include "transfer/folder_names.hpp"

#include "base/ascii.hpp"
#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/utf8.hpp"
#include "imap/protocol/mailbox_name.hpp"

namespace gatepost::transfer {
namespace {

constexpr std::string_view kInbox = "INBOX";
constexpr std::size_t kMaxNameOctets = 255;
constexpr std::size_t kMaxFileName = 240;  // a file's is 255, with what is put around it
constexpr std::size_t kDigestOctets = 16;
constexpr std::size_t kMaxLongNames = 100'000;

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

LongNames LongNames::parse(std::string_view file) {
  LongNames out;
  for (std::string_view line : ascii::split(file, '\n')) {
    const std::size_t tab = line.find('\t');
    if (tab == std::string_view::npos || tab == 0 || out.names_.size() >= kMaxLongNames) continue;
    out.names_.emplace(line.substr(0, tab), line.substr(tab + 1));
  }
  return out;
}

std::string LongNames::format() const {
  std::string out;
  for (const auto& [on_disk, name] : names_) out.append(on_disk).append("\t").append(name).append("\n");
  return out;
}

std::string LongNames::fit(std::string escaped, std::string_view name) {
  if (escaped.size() <= kMaxFileName) return escaped;
  const auto digest = sha256(name);
  const std::string_view octets(reinterpret_cast<const char*>(digest.data()), digest.size());
  std::size_t cut = kMaxFileName - 1 - kDigestOctets * 2;
  // Not within a character.
  while (cut > 0 && (static_cast<unsigned char>(escaped[cut]) & 0xc0) == 0x80) --cut;
  escaped.resize(cut);
  escaped.append("~").append(to_hex(octets.substr(0, kDigestOctets)));
  names_.emplace(escaped, name);
  return escaped;
}

const std::string* LongNames::find(std::string_view on_disk) const {
  const auto found = names_.find(on_disk);
  return found == names_.end() ? nullptr : &found->second;
}

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
