#include "outside/person.hpp"

#include <algorithm>
#include <charconv>

#include "base/ascii.hpp"
#include "base/utf8.hpp"
#include "directory/addresses.hpp"
#include "ldap/protocol/dn.hpp"

namespace gatepost::outside {
namespace {

constexpr std::size_t kMaxAddresses = 200;  // of one person
constexpr std::size_t kMaxDisplayNameOctets = 200;
constexpr std::size_t kMaxIdOctets = 200;  // 16 or 36 of those there are

std::uint64_t number_in(std::string_view text) {
  std::uint64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

void add_address(const Settings& settings, std::string_view text, bool first, std::vector<std::string>& out) {
  const auto address = directory::canonical_address(text);
  if (!address) return;
  if (!settings.domains.empty() && std::ranges::find(settings.domains, address->domain) == settings.domains.end())
    return;
  std::string canonical = address->to_string();
  if (const auto at = std::ranges::find(out, canonical); at != out.end()) {
    if (first) std::rotate(out.begin(), at, at + 1);
    return;
  }
  if (out.size() >= kMaxAddresses) return;
  out.insert(first ? out.begin() : out.end(), std::move(canonical));
}

// proxyAddresses has one of each kind in capitals, which is the primary one; kinds other than SMTP (X400, SIP) are no
// mail addresses.
void add_value(const Settings& settings, std::string_view value, std::vector<std::string>& out) {
  const auto colon = value.find(':');
  if (colon == std::string_view::npos) {
    add_address(settings, value, false, out);
  } else if (ascii::iequals(value.substr(0, colon), "smtp")) {
    add_address(settings, value.substr(colon + 1), value.starts_with("SMTP"), out);
  }
}

// MS-ADTS 2.2.16: ADS_UF_ACCOUNT_DISABLE. accountExpires (MS-ADA1 2.1) counts 100 ns from 1601; 0 and the largest
// number are never.
void read_control(const Entry& entry, TimePoint now, Person& out) {
  constexpr std::uint64_t kDisabled = 0x2;
  constexpr std::uint64_t kNever = 0x7fffffffffffffff;
  constexpr std::uint64_t kFrom1601To1970 = 11'644'473'600;
  if ((number_in(entry.first("userAccountControl")) & kDisabled) != 0) {
    out.enabled = false;
    out.why_disabled = "userAccountControl says disabled";
    return;
  }
  const std::uint64_t ticks = number_in(entry.first("accountExpires"));
  if (ticks == 0 || ticks >= kNever) return;
  const auto until = static_cast<std::int64_t>(ticks / 10'000'000) - static_cast<std::int64_t>(kFrom1601To1970);
  if (until <= std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count()) {
    out.enabled = false;
    out.why_disabled = "accountExpires is over";
  }
}

}  // namespace

std::string normal_dn(std::string_view dn) {
  const auto parsed = ldap::parse_dn(dn);
  return parsed ? ldap::normal_form(*parsed) : ascii::to_lower(dn);
}

namespace {

std::vector<std::string> names_in(const Entry& entry, std::string_view attribute) {
  std::vector<std::string> out;
  for (const std::string& value : entry.all(attribute)) out.push_back(normal_dn(value));
  return out;
}

std::vector<std::string> addresses_in(const Settings& settings, const Entry& entry) {
  const Attributes& a = settings.attributes;
  std::vector<std::string> out;
  for (const std::string& attribute : a.addresses) {
    for (const std::string& value : entry.all(attribute)) add_value(settings, value, out);
  }
  const auto& primary = entry.all(a.address);
  for (std::size_t i = 0; i < primary.size(); ++i) add_address(settings, primary[i], i == 0, out);
  // Where proxyAddresses names a primary one, it is that (Exchange keeps mail the same).
  for (const std::string& attribute : a.addresses) {
    for (const std::string& value : entry.all(attribute)) {
      if (value.starts_with("SMTP:")) add_value(settings, value, out);
    }
  }
  return out;
}

std::string name_in(const Settings& settings, const Entry& entry) {
  std::string out = utf8::sanitize(entry.first(settings.attributes.display_name).substr(0, kMaxDisplayNameOctets));
  std::erase_if(out, ascii::is_control);
  return out;
}

}  // namespace

Group read_group(const Settings& settings, Entry entry) {
  Group out;
  out.dn = normal_dn(entry.dn);
  out.unique_id = entry.first(settings.attributes.unique_id).substr(0, kMaxIdOctets);
  out.addresses = addresses_in(settings, entry);
  out.display_name = name_in(settings, entry);
  if (out.display_name.empty()) out.display_name = utf8::sanitize(entry.first("cn").substr(0, kMaxDisplayNameOctets));
  std::erase_if(out.display_name, ascii::is_control);
  out.members = names_in(entry, "member");
  for (std::string& one : names_in(entry, "uniqueMember")) out.members.push_back(std::move(one));
  out.uids = entry.all("memberUid");
  out.member_of = names_in(entry, "memberOf");
  return out;
}

Person read_person(const Settings& settings, Entry entry, TimePoint now) {
  const Attributes& a = settings.attributes;
  Person out;
  out.unique_id = entry.first(a.unique_id).substr(0, kMaxIdOctets);
  out.addresses = addresses_in(settings, entry);
  out.display_name = name_in(settings, entry);
  if (settings.groups) {
    out.uid = entry.first("uid");
    out.member_of = names_in(entry, "memberOf");
  }
  if (!settings.changed_attribute.empty()) out.changed = entry.first(settings.changed_attribute);
  if (a.account_control) read_control(entry, now, out);
  if (!a.disabled.empty() && !entry.first(a.disabled).empty()) {
    out.enabled = false;
    out.why_disabled = a.disabled + " is set";
  }
  out.dn = std::move(entry.dn);
  return out;
}

namespace {

std::vector<std::string> each_once(std::vector<std::string> all) {
  std::ranges::sort(all);
  const auto repeated = std::ranges::unique(all);
  all.erase(repeated.begin(), repeated.end());
  std::erase(all, std::string());
  return all;
}

}  // namespace

std::vector<std::string> person_attributes(const Settings& settings) {
  const Attributes& a = settings.attributes;
  std::vector<std::string> out{a.address, a.display_name, a.unique_id, a.disabled};
  out.insert(out.end(), a.addresses.begin(), a.addresses.end());
  if (a.account_control) out.insert(out.end(), {"userAccountControl", "accountExpires"});
  if (settings.groups) out.insert(out.end(), {"uid", "memberOf"});
  if (settings.people) out.push_back(settings.changed_attribute);
  return each_once(std::move(out));
}

std::vector<std::string> group_attributes(const Settings& settings) {
  const Attributes& a = settings.attributes;
  std::vector<std::string> out{a.address, a.display_name, a.unique_id, "cn",
                               "member",  "uniqueMember", "memberUid", "memberOf"};
  out.insert(out.end(), a.addresses.begin(), a.addresses.end());
  return each_once(std::move(out));
}

}  // namespace gatepost::outside
