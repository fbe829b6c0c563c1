#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "directory/directory.hpp"
#include "ldap/protocol/ber.hpp"
#include "ldap/protocol/schema.hpp"

namespace gatepost::ldap::server {

enum class EntryKind : std::uint8_t { domain, unit, person, shared_mailbox, room, group, contact, equipment };

// One entry, with values that answers are copied from. Immutable; shared by the tree and the searches that found it.
struct Entry {
  std::uint64_t key = 0;        // its place among all entries; stays while the server runs
  directory::PrincipalId id{};  // 0: a domain or a unit
  EntryKind kind = EntryKind::person;
  bool enabled = true;
  bool has_children = false;
  std::uint16_t rdn_octets = 0;  // of normal(), the comma behind it not counted
  std::string domain;
  std::string attributes;  // user attributes, packed
  std::array<char, 16> uuid{};
  TimePoint created{}, changed{};
  std::uint64_t change = 0;
  std::optional<directory::PasswordFacts> password;
  directory::PhotoMark photo{};  // append_photo() has the octets as attributes

  // There are many of these, so that what most have not or have twice takes no room.
  void set_names(std::string_view dn, std::string_view normal);
  std::string_view dn() const { return std::string_view(names_).substr(0, dn_octets_); }  // as it is shown
  // The normal form of dn().
  std::string_view normal() const {
    return dn_octets_ == names_.size() ? names_ : std::string_view(names_).substr(dn_octets_);
  }
  // Direct ones; members: of ours.
  void set_links(std::span<const directory::PrincipalId> groups, std::span<const directory::PrincipalId> members);
  std::span<const directory::PrincipalId> groups() const { return std::span(links_).first(groups_); }
  std::span<const directory::PrincipalId> members() const { return std::span(links_).subspan(groups_); }

  bool is_principal() const { return id != directory::PrincipalId{}; }
  // The normal form of what it lies under.
  std::string_view parent() const {
    return rdn_octets < normal().size() ? normal().substr(rdn_octets + 1) : std::string_view();
  }

 private:
  std::string names_;  // dn(), then normal() unless it is the same
  std::vector<directory::PrincipalId> links_;
  std::uint32_t dn_octets_ = 0, groups_ = 0;
};
using EntryPtr = std::shared_ptr<const Entry>;

// Attributes one after the other as they are kept in memory: names and frames, which are the same in every entry, are
// half of what an answer has. Of each attribute an octet, its type's place in attribute_types(); how long the rest is,
// in an octet, or 255 and four octets in the machine's order; the content of its SET of values as in an answer.
// The type has to be one of the schema.
void pack_attribute(std::string& out, std::string_view type, const std::vector<std::string>& values);

// Calls visit(type, content of the SET of values) for each attribute that is packed there, until it returns false.
template <class F>
void each_attribute(std::string_view packed, F&& visit) {
  const std::span<const AttributeType> types = attribute_types();
  while (!packed.empty()) {
    const AttributeType& type = types[static_cast<std::uint8_t>(packed[0])];
    std::uint32_t octets = static_cast<std::uint8_t>(packed[1]);
    packed.remove_prefix(2);
    if (octets == 255) {
      std::memcpy(&octets, packed.data(), sizeof octets);
      packed.remove_prefix(sizeof octets);
    }
    if (!visit(type, packed.substr(0, octets))) return;
    packed.remove_prefix(octets);
  }
}

// What the server says of an entry beside its user attributes (RFC 4512 3.4), packed.
std::string operational_attributes(const Entry& entry);
// The values of one attribute: a SET's content within `entry` or `room`, which keeps what had to be made. nullopt: it
// has none.
std::optional<std::string_view> values_of(const Entry& entry, const AttributeType& type, std::string& room);

// Pictures are no part of `attributes`: they are read when somebody asks.
bool is_photo(std::string_view attribute);
// Whether `attribute` would show this picture: jpegPhoto a JPEG (RFC 2798 2.6), thumbnailPhoto any that Active
// Directory would take.
bool shows_photo(std::string_view attribute, const directory::PhotoMark& photo);

// userAccountControl ([MS-ADTS] 2.2.16) of somebody who has one: a person, a shared mailbox, equipment.
inline constexpr std::uint32_t kNormalAccount = 0x200, kAccountDisabled = 0x2, kPasswordNeverExpires = 0x10000;
std::uint32_t account_control(const directory::Principal& principal);

// Which contact field an attribute shows; nullopt: none.
std::optional<directory::ContactField> contact_field_of(std::string_view attribute);

inline constexpr std::string_view kSubschemaDn = "cn=Subschema";

// Names of entries. A domain is dc=example,dc=org; what is in it lies under ou=people, ou=shared, ou=rooms,
// ou=equipment, ou=groups, ou=contacts.
std::string domain_dn(std::string_view domain);
std::string unit_dn(directory::PrincipalKind kind, std::string_view domain);
// `home`: of a contact (directory::Principal::home).
std::string principal_dn(directory::PrincipalKind kind, std::string_view address, std::string_view home = {});
std::string principal_dn(const directory::Principal& principal);
// The attribute that names an entry of the kind: "uid" or "cn".
std::string_view naming_attribute(directory::PrincipalKind kind);
std::string_view unit_name(directory::PrincipalKind kind);

// Makes entries. `identity`: of this server, any octets; UUIDs come from it and from what the entry is, so that they
// stay over restarts and are nobody else's.
class EntryMaker {
 public:
  explicit EntryMaker(std::string identity) : identity_(std::move(identity)) {}
  Entry domain(const directory::Domain& domain) const;
  Entry unit(const directory::Domain& domain, directory::PrincipalKind kind) const;
  Entry principal(const directory::Profile& profile) const;
  std::array<char, 16> uuid_of(directory::PrincipalId id) const;

 private:
  std::array<char, 16> uuid(std::string_view what) const;

  std::string identity_;
};

std::string uuid_text(const std::array<char, 16>& uuid);
// As Active Directory writes a GUID: its first three numbers with the low octet first ([MS-DTYP] 2.3.4.2).
std::string guid_octets(const std::array<char, 16>& uuid);

}  // namespace gatepost::ldap::server
