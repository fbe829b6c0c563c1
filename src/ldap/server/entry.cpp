#include "ldap/server/entry.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "directory/attributes.hpp"
#include "directory/photo.hpp"
#include "ldap/protocol/dn.hpp"
#include "ldap/protocol/message.hpp"

namespace gatepost::ldap::server {
namespace {

using directory::ContactField;
using directory::PrincipalKind;

// [MS-SAMR] 2.2.1.9 and [MS-ADTS] 2.2.12: a person; a group for mail alone, in all domains.
constexpr int kSamUser = 0x30000000, kSamDistribution = 0x10000001, kGroupTypeUniversal = 8;

std::string time_text(TimePoint at) {
  return generalized_time(std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch()).count());
}

// [MS-ADA3] 2.175: a FILETIME ([MS-DTYP] 2.3.3), steps of 100 ns since 1601; 0 where it has to be changed. What is not
// known is not shown.
std::string last_set(const directory::PasswordFacts& password) {
  constexpr std::int64_t kUnixEpoch = 116'444'736'000'000'000;
  if (password.must_change) return "0";
  if (password.changed == TimePoint{}) return {};
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(password.changed.time_since_epoch());
  return std::to_string(micros.count() * 10 + kUnixEpoch);
}

std::string_view local_part(std::string_view address) { return address.substr(0, address.rfind('@')); }
std::string_view domain_part(std::string_view address) { return address.substr(address.rfind('@') + 1); }

// Gathers attributes and packs them in the order in which they came.
class Attributes {
 public:
  void add(std::string_view type, std::string value) {
    if (value.empty()) return;
    for (auto& [name, values] : rows_) {
      if (name != type) continue;
      if (std::ranges::find(values, value) == values.end()) values.push_back(std::move(value));
      return;
    }
    rows_.push_back({type, {std::move(value)}});
  }
  std::string packed() const {
    std::string out;
    for (const auto& [type, values] : rows_) pack_attribute(out, type, values);
    out.shrink_to_fit();
    return out;
  }

 private:
  std::vector<std::pair<std::string_view, std::vector<std::string>>> rows_;
};

std::string_view structural_class(EntryKind kind) {
  switch (kind) {
    case EntryKind::domain:
      return "domain";
    case EntryKind::unit:
      return "organizationalUnit";
    case EntryKind::person:
    case EntryKind::shared_mailbox:
    case EntryKind::equipment:
      return "inetOrgPerson";
    case EntryKind::room:
      return "room";
    case EntryKind::group:
      return "groupOfNames";
    case EntryKind::contact:
      return "organizationalPerson";
  }
  return "top";
}

EntryKind entry_kind(PrincipalKind kind) {
  switch (kind) {
    case PrincipalKind::person:
      return EntryKind::person;
    case PrincipalKind::shared_mailbox:
      return EntryKind::shared_mailbox;
    case PrincipalKind::room:
      return EntryKind::room;
    case PrincipalKind::group:
      return EntryKind::group;
    case PrincipalKind::contact:
      return EntryKind::contact;
    case PrincipalKind::equipment:
      return EntryKind::equipment;
  }
  return EntryKind::person;
}

void name_entry(Entry& entry, const std::string& dn) {
  const auto parsed = parse_dn(dn);
  GP_ASSERT(parsed && !parsed->empty());
  entry.set_names(dn, normal_form(*parsed));
  entry.rdn_octets = static_cast<std::uint16_t>(normal_form(parsed->rdns.front()).size());
}

// What all entries have.
void add_common(Attributes& out, const Entry& entry) {
  out.add("distinguishedName", std::string(entry.dn()));
  out.add("objectGUID", guid_octets(entry.uuid));
  out.add("whenCreated", time_text(entry.created));
  out.add("whenChanged", time_text(entry.changed));
  if (entry.is_principal()) out.add("uSNChanged", std::to_string(entry.change));
}

// The names of somebody.
// What has the classes of a person.
bool is_named_by_uid(PrincipalKind kind) {
  return kind == PrincipalKind::person || kind == PrincipalKind::shared_mailbox || kind == PrincipalKind::equipment;
}

void add_names(Attributes& out, const directory::Principal& p) {
  const std::string local(local_part(p.address));
  const std::string shown(directory::shown_name(p));
  if (is_named_by_uid(p.kind) || p.kind == PrincipalKind::contact) {
    out.add("cn", shown);
    out.add("sn", std::string(directory::surname(p)));
    out.add("givenName", std::string(first_of(p.contact.get(), ContactField::given_name)));
    // What names the entry: not for signing in, where nobody does.
    if (p.kind == PrincipalKind::contact) {
      out.add("cn", p.address);
    } else {
      out.add("uid", local);
    }
  } else {
    out.add("cn", local);
    out.add("cn", shown);
  }
  out.add("displayName", shown);
}

// RFC 4516 2.1: what is not unreserved or reserved in a URI is written as %XX, and so is what would end the filter.
std::string url_of_rule(std::string_view rule) {
  std::string out = "ldap:///??sub?";
  for (const char c : rule) {
    if (ascii::is_alpha(c) || ascii::is_digit(c) || std::string_view("-._~()&|!=*<>:+,;@/").contains(c)) {
      out += c;
    } else {
      out += '%' + ascii::to_upper(to_hex({&c, 1}));
    }
  }
  return out;
}

}  // namespace

void Entry::set_names(std::string_view dn, std::string_view normal) {
  names_.reserve(dn.size() + (normal == dn ? 0 : normal.size()));
  names_ = dn;
  if (normal != dn) names_ += normal;
  dn_octets_ = static_cast<std::uint32_t>(dn.size());
}

void Entry::set_links(std::span<const directory::PrincipalId> groups, std::span<const directory::PrincipalId> members) {
  links_.reserve(groups.size() + members.size());
  links_.assign(groups.begin(), groups.end());
  links_.insert(links_.end(), members.begin(), members.end());
  groups_ = static_cast<std::uint32_t>(groups.size());
}

std::string uuid_text(const std::array<char, 16>& uuid) {
  const std::string hex = to_hex({uuid.data(), uuid.size()});
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4), hex.substr(16, 4),
                     hex.substr(20));
}

std::string guid_octets(const std::array<char, 16>& uuid) {
  std::string out(uuid.data(), uuid.size());
  std::reverse(out.begin(), out.begin() + 4);
  std::reverse(out.begin() + 4, out.begin() + 6);
  std::reverse(out.begin() + 6, out.begin() + 8);
  return out;
}

std::optional<ContactField> contact_field_of(std::string_view attribute) {
  if (attribute == "sn") return ContactField::surname;
  if (attribute == "givenName") return ContactField::given_name;
  if (attribute == "manager") return ContactField::manager;
  const auto rows = directory::field_attributes();
  const auto row = std::ranges::find(rows, attribute, &directory::FieldAttribute::attribute);
  return row == rows.end() ? std::nullopt : std::optional(row->field);
}

std::uint32_t account_control(const directory::Principal& principal) {
  const bool signs_in = principal.enabled && principal.kind == PrincipalKind::person;
  return kNormalAccount | (signs_in ? 0 : kAccountDisabled) |
         (principal.password_never_expires ? kPasswordNeverExpires : 0);
}

bool is_photo(std::string_view attribute) { return attribute == "jpegPhoto" || attribute == "thumbnailPhoto"; }

bool shows_photo(std::string_view attribute, const directory::PhotoMark& photo) {
  if (attribute == "jpegPhoto") return photo.type == directory::PhotoType::jpeg;
  return attribute == "thumbnailPhoto" && photo.type != directory::PhotoType::none &&
         photo.octets <= directory::kMaxThumbnailOctets;
}

void pack_attribute(std::string& out, std::string_view type, const std::vector<std::string>& values) {
  const AttributeType* const known = find_attribute(type);
  GP_ASSERT(known != nullptr);
  std::size_t octets = 0;
  for (const std::string& value : values) octets += ber::head_octets(value.size()) + value.size();
  out.push_back(static_cast<char>(index_of(*known)));
  out.push_back(static_cast<char>(std::min<std::size_t>(octets, 255)));
  if (octets >= 255) {
    GP_ASSERT(octets <= std::numeric_limits<std::uint32_t>::max());
    const auto whole = static_cast<std::uint32_t>(octets);
    out.append(reinterpret_cast<const char*>(&whole), sizeof whole);
  }
  ber::Writer writer(out);
  for (const std::string& value : values) writer.octets(value);
}

std::string operational_attributes(const Entry& entry) {
  Attributes out;
  out.add("structuralObjectClass", std::string(structural_class(entry.kind)));
  out.add("createTimestamp", time_text(entry.created));
  out.add("modifyTimestamp", time_text(entry.changed));
  out.add("entryUUID", uuid_text(entry.uuid));
  if (entry.password && entry.password->changed != TimePoint{}) {
    out.add("pwdChangedTime", time_text(entry.password->changed));
  }
  if (entry.password && entry.password->must_change) out.add("pwdReset", "TRUE");
  out.add("entryDN", std::string(entry.dn()));
  out.add("hasSubordinates", entry.has_children ? "TRUE" : "FALSE");
  out.add("subschemaSubentry", std::string(kSubschemaDn));
  return out.packed();
}

std::optional<std::string_view> values_of(const Entry& entry, const AttributeType& type, std::string& room) {
  if (type.operational()) room = operational_attributes(entry);
  std::optional<std::string_view> found;
  // There, and nothing to compare with.
  if (is_photo(type.name)) return shows_photo(type.name, entry.photo) ? std::optional(std::string_view()) : found;
  each_attribute(type.operational() ? std::string_view(room) : std::string_view(entry.attributes),
                 [&](const AttributeType& one, std::string_view values) {
                   if (&one != &type) return true;
                   found = values;
                   return false;
                 });
  return found;
}

std::string domain_dn(std::string_view domain) {
  std::string out;
  for (const std::string_view label : ascii::split(domain, '.')) {
    out += (out.empty() ? "dc=" : ",dc=") + escape_dn_value(label);
  }
  return out;
}

std::string_view unit_name(PrincipalKind kind) {
  switch (kind) {
    case PrincipalKind::person:
      return "people";
    case PrincipalKind::shared_mailbox:
      return "shared";
    case PrincipalKind::room:
      return "rooms";
    case PrincipalKind::group:
      return "groups";
    case PrincipalKind::contact:
      return "contacts";
    case PrincipalKind::equipment:
      return "equipment";
  }
  return "people";
}

std::string unit_dn(PrincipalKind kind, std::string_view domain) {
  return fmt::format("ou={},{}", unit_name(kind), domain_dn(domain));
}

std::string_view naming_attribute(PrincipalKind kind) { return is_named_by_uid(kind) ? "uid" : "cn"; }

std::string principal_dn(PrincipalKind kind, std::string_view address, std::string_view home) {
  const bool elsewhere = kind == PrincipalKind::contact;
  return fmt::format("{}={},{}", naming_attribute(kind), escape_dn_value(elsewhere ? address : local_part(address)),
                     unit_dn(kind, elsewhere ? home : domain_part(address)));
}

std::string principal_dn(const directory::Principal& principal) {
  return principal_dn(principal.kind, principal.address, principal.home);
}

// RFC 9562 5.8: a UUID of one's own making.
std::array<char, 16> EntryMaker::uuid(std::string_view what) const {
  const std::string octets = hmac_sha256(identity_, what);
  std::array<char, 16> out{};
  std::copy_n(octets.begin(), out.size(), out.begin());
  out[6] = static_cast<char>((out[6] & 0x0f) | 0x80);
  out[8] = static_cast<char>((out[8] & 0x3f) | 0x80);
  return out;
}

std::array<char, 16> EntryMaker::uuid_of(directory::PrincipalId id) const {
  return uuid(fmt::format("principal {}", static_cast<std::uint64_t>(id)));
}

Entry EntryMaker::domain(const directory::Domain& domain) const {
  Entry entry;
  entry.kind = EntryKind::domain;
  entry.has_children = true;
  entry.domain = domain.name;
  entry.uuid = uuid("domain " + domain.name);
  entry.created = entry.changed = domain.created;
  name_entry(entry, domain_dn(domain.name));
  Attributes out;
  for (const char* name : {"top", "domain"}) out.add("objectClass", name);
  out.add("dc", domain.name.substr(0, domain.name.find('.')));
  add_common(out, entry);
  entry.attributes = out.packed();
  return entry;
}

Entry EntryMaker::unit(const directory::Domain& domain, PrincipalKind kind) const {
  Entry entry;
  entry.kind = EntryKind::unit;
  entry.has_children = true;
  entry.domain = domain.name;
  entry.uuid = uuid(fmt::format("unit {} {}", unit_name(kind), domain.name));
  entry.created = entry.changed = domain.created;
  name_entry(entry, unit_dn(kind, domain.name));
  Attributes out;
  for (const char* name : {"top", "organizationalUnit"}) out.add("objectClass", name);
  out.add("ou", std::string(unit_name(kind)));
  add_common(out, entry);
  entry.attributes = out.packed();
  return entry;
}

Entry EntryMaker::principal(const directory::Profile& profile) const {
  const directory::Principal& p = profile.principal;
  Entry entry;
  entry.id = p.id;
  entry.kind = entry_kind(p.kind);
  entry.enabled = p.enabled;
  entry.domain = directory::home_domain(p);
  entry.photo = p.photo;
  entry.password = profile.password;
  entry.uuid = uuid_of(p.id);
  entry.created = p.created;
  entry.changed = p.changed;
  entry.change = p.change;
  name_entry(entry, principal_dn(p));

  Attributes out;
  for (const std::string_view name : directory::object_classes(p.kind)) out.add("objectClass", std::string(name));
  if (!p.rule.empty()) out.add("objectClass", "groupOfURLs");
  add_names(out, p);
  const std::string local(local_part(p.address));
  out.add("mail", p.address);
  // [MS-ADA3] 2.208: what begins in capitals is the address that replies go to.
  out.add("proxyAddresses", "SMTP:" + p.address);
  for (const std::string_view alias : profile.aliases) out.add("proxyAddresses", "smtp:" + std::string(alias));
  if (entry.kind == EntryKind::contact) {
    // As Exchange has it of its mail contacts: where mail goes.
    out.add("targetAddress", "SMTP:" + p.address);
  } else {
    out.add("mailNickname", local);
  }
  // As in Active Directory, where shared mailboxes and equipment are users that are disabled.
  if (is_named_by_uid(p.kind)) {
    out.add("sAMAccountName", local);
    out.add("userPrincipalName", p.address);
    out.add("userAccountControl", std::to_string(account_control(p)));
    if (profile.password) out.add("pwdLastSet", last_set(*profile.password));
    out.add("sAMAccountType", std::to_string(kSamUser));
  } else if (entry.kind == EntryKind::group) {
    out.add("sAMAccountName", local);
    out.add("sAMAccountType", std::to_string(kSamDistribution));
    out.add("groupType", std::to_string(kGroupTypeUniversal));
    if (!p.rule.empty()) out.add("memberURL", url_of_rule(p.rule));
  }
  if (p.contact != nullptr) {
    for (const auto& [field, value] : *p.contact) {
      for (const directory::FieldAttribute& row : directory::field_attributes()) {
        if (row.field == field) out.add(row.attribute, value);
      }
      // Only people manage; whether it is one is not looked up.
      if (field == ContactField::manager) out.add("manager", principal_dn(PrincipalKind::person, value));
    }
  }
  for (const directory::Principal* group : profile.groups) {
    out.add("memberOf", principal_dn(*group));
  }
  std::vector<std::string> members;
  std::vector<directory::PrincipalId> group_ids, member_ids;
  for (const directory::Principal* group : profile.groups) group_ids.push_back(group->id);
  for (const directory::Profile::Member& member : profile.members) {
    if (member.principal == nullptr) continue;  // an outside address is no entry
    member_ids.push_back(member.principal->id);
    members.push_back(principal_dn(*member.principal));
  }
  entry.set_links(group_ids, member_ids);
  add_common(out, entry);
  entry.attributes = out.packed();
  // Beside the others, which look for doubles: there may be many.
  if (!members.empty()) pack_attribute(entry.attributes, "member", members);
  const auto append_names = [&](std::string_view type, const std::vector<const directory::Principal*>& principals) {
    std::vector<std::string> names;
    for (const directory::Principal* one : principals) names.push_back(principal_dn(*one));
    if (!names.empty()) pack_attribute(entry.attributes, type, names);
  };
  append_names("publicDelegates", profile.delegates);
  append_names("publicDelegatesBL", profile.delegators);
  return entry;
}

}  // namespace gatepost::ldap::server
