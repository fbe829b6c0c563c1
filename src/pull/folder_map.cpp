#include "pull/folder_map.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/ascii.hpp"

namespace gatepost::pull {
namespace {

constexpr std::string_view kInbox = "INBOX";

struct Use {
  std::string_view attribute, path;
};
constexpr Use kUses[] = {{"\\drafts", "Drafts"}, {"\\sent", "Sent"},       {"\\trash", "Trash"},
                         {"\\junk", "Junk"},     {"\\archive", "Archive"}, {"\\spam", "Junk"}};  // XLIST says Spam

// What Exchange and Outlook call such folders where no special use is told.
struct Named {
  std::string_view name, path;
};
constexpr Named kNames[] = {
    {"Sent Items", "Sent"},
    {"Sent Messages", "Sent"},
    {"Sent Mail", "Sent"},
    {"Deleted Items", "Trash"},
    {"Deleted Messages", "Trash"},
    {"Junk E-mail", "Junk"},
    {"Junk Email", "Junk"},
    {"Spam", "Junk"},
    {"Gesendete Elemente", "Sent"},
    {"Gesendete Objekte", "Sent"},
    {"Gel\u00f6schte Elemente", "Trash"},
    {"Gel\u00f6schte Objekte", "Trash"},
    {"Entw\u00fcrfe", "Drafts"},
    {"Junk-E-Mail", "Junk"},
    {"Archiv", "Archive"},
    {"\u00c9l\u00e9ments envoy\u00e9s", "Sent"},
    {"\u00c9l\u00e9ments supprim\u00e9s", "Trash"},
    {"Brouillons", "Drafts"},
    {"Courrier ind\u00e9sirable", "Junk"},
    {"Elementos enviados", "Sent"},
    {"Elementos eliminados", "Trash"},
    {"Borradores", "Drafts"},
    {"Correo no deseado", "Junk"},
};

bool is_below(std::string_view path, std::string_view top) {
  return path == top || (path.size() > top.size() && path.starts_with(top) && path[top.size()] == '/');
}

// Levels parted by '/', whatever the other server parts them by; a '/' within a name becomes '_'.
std::string path_of(const Listed& one, const std::optional<Namespace>& personal) {
  std::string_view name = one.name;
  // Courier keeps all below the inbox: that is no level.
  if (personal && !personal->prefix.empty() && name.starts_with(personal->prefix)) {
    name.remove_prefix(personal->prefix.size());
  }
  std::string out;
  for (const char c : name) {
    if (c == one.delimiter && c != '\0') {
      if (!out.empty() && out.back() != '/') out.push_back('/');
    } else {
      out.push_back(c == '/' ? '_' : c);
    }
  }
  while (out.ends_with('/')) out.pop_back();
  const std::string_view first = std::string_view(out).substr(0, out.find('/'));
  if (ascii::iequals(first, kInbox)) out.replace(0, kInbox.size(), kInbox);
  return out;
}

std::string_view use_of(const Listed& one) {
  for (const Use& use : kUses) {
    if (one.has(use.attribute)) return use.path;
  }
  return {};
}

bool shows_others(const Listed& one) {
  return std::ranges::any_of(std::array{"\\all", "\\allmail", "\\flagged", "\\starred", "\\important"},
                             [&](const char* attribute) { return one.has(attribute); });
}

}  // namespace

std::vector<PulledFolder> map_folders(const std::vector<Listed>& listed, const std::optional<Namespace>& personal,
                                      const std::vector<std::string>& only, const std::vector<std::string>& skip) {
  std::vector<std::pair<std::string, const Listed*>> all;  // by path there
  for (const Listed& one : listed) {
    if (std::string path = path_of(one, personal); !path.empty()) all.emplace_back(std::move(path), &one);
  }
  std::ranges::sort(all, {}, [](const auto& one) { return std::pair(one.first != kInbox, one.first); });

  // What has a use has it, then what looks like it; each use once.
  std::vector<std::pair<std::string, std::string>> moved;  // from, to
  std::set<std::string_view> taken;
  for (const auto& [path, one] : all) {
    const std::string_view use = use_of(*one);
    if (!use.empty() && taken.insert(use).second) moved.emplace_back(path, use);
  }
  for (const auto& [path, one] : all) {
    const auto* const known =
        std::ranges::find_if(kNames, [&](const Named& row) { return ascii::iequals(row.name, path); });
    if (known != std::end(kNames) && taken.insert(known->path).second) moved.emplace_back(path, known->path);
  }

  const auto named = [](const std::vector<std::string>& names, const std::string& path) {
    return std::ranges::any_of(names, [&](const std::string& name) { return is_below(path, name); });
  };
  std::vector<PulledFolder> out;
  std::set<std::string_view> seen;
  for (const auto& [path, one] : all) {
    if (one->has("\\noselect") || one->has("\\nonexistent") || shows_others(*one)) continue;
    if (named(skip, path) || (!only.empty() && !named(only, path))) continue;
    if (!seen.insert(one->name).second) continue;
    PulledFolder folder{one->name, path};
    for (const auto& [from, to] : moved) {
      if (is_below(path, from)) folder.path = to + path.substr(from.size());
    }
    out.push_back(std::move(folder));
  }
  return out;
}

}  // namespace gatepost::pull
