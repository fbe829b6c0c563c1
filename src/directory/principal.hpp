#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/ip.hpp"
#include "directory/contact.hpp"

namespace gatepost::directory {

// Who owns an account; also the number of its store partition.
enum class PrincipalId : std::uint64_t {};

// contact: somebody elsewhere whom address books show. It has no mailbox and never signs in; its address is one of
// another domain, and the aliases that lead there are its addresses here. The numbers are kept on disk.
// equipment: what is booked as a room is, such as a car.
enum class PrincipalKind : std::uint8_t { person, shared_mailbox, room, group, contact, equipment };
inline constexpr auto kLastPrincipalKind = PrincipalKind::equipment;
// Does it own an account, with mail in it?
constexpr bool has_mailbox(PrincipalKind kind) {
  return kind != PrincipalKind::group && kind != PrincipalKind::contact;
}

// What somebody may do to others. helpdesk: new passwords, contact details, groups. admin: accounts, too. auditor:
// reads what people do not see of each other.
enum class Role : std::uint8_t { none, auditor, helpdesk, admin };

std::string_view to_string(Role role);  // "none", "auditor", ...
std::optional<Role> role_named(std::string_view name);

// What is known of a picture of somebody; its octets are in the store alone.
enum class PhotoType : std::uint8_t { none, jpeg, png };
struct PhotoMark {
  PhotoType type = PhotoType::none;
  std::uint32_t octets = 0;
  std::array<char, 16> digest{};  // of the octets: another picture has another one
  bool operator==(const PhotoMark&) const = default;
};

struct Principal {
  PrincipalId id{};
  PrincipalKind kind = PrincipalKind::person;
  std::string address;  // primary, canonical: "anna@example.org"; also the sign-in name
  std::string display_name;
  bool enabled = true;               // false: no sign-in; mail is refused with a permanent error
  std::uint64_t quota_octets = 0;    // 0 = unlimited
  std::uint64_t quota_messages = 0;  // 0 = unlimited
  TimePoint created{};
  Role role = Role::none;
  TimePoint changed{};       // when what is here changed last; aliases, members and groups count, too
  std::uint64_t change = 0;  // the directory's version then; 0: before such numbers were kept
  std::shared_ptr<const Contact> contact = nullptr;  // immutable, shared by copies; null: none
  bool copy_sent = false;                            // what others send in its name is put into its Sent folder, too
  std::string home;                                  // of a contact: the domain of ours whose address book it is in
  std::string rule;   // of a group whose members follow from it (member_rule.hpp); empty: they are named one by one
  PhotoMark photo{};  // Directory::photo() has the octets
  bool password_never_expires = false;  // whatever the policy says (password_age.hpp)
};

// What is known of a main password that is kept here.
struct PasswordFacts {
  TimePoint changed{};       // epoch: before such times were kept
  bool must_change = false;  // at the next sign-in, by its owner
  bool operator==(const PasswordFacts&) const = default;
};

// What somebody may be allowed beside writing in his own name. Readers of mail that is sent as somebody see nobody
// else; of mail on behalf of somebody they see who sent it (Sender, RFC 5322 3.6.2).
enum class SendRight : std::uint8_t { on_behalf, as };
std::string_view to_string(SendRight right);  // "send-on-behalf", "send-as"
std::optional<SendRight> send_right_named(std::string_view name);

// How an address may be used as a message's sender, the better the larger.
struct Authorship {
  enum class Kind : std::uint8_t { none, on_behalf, send_as, own } kind = Kind::none;
  PrincipalId of{};  // whose address it is; unless `none`
};

// The domain of ours that somebody belongs to: that of the address, or a contact's home.
std::string_view home_domain(const Principal& principal);

// Whom rights are granted to, as it is kept: kAnyone, "#1024" for a principal (whose address may once be another's), or
// the address of an alias, which stands for all that it leads to.
inline constexpr std::string_view kAnyone = "anyone";
std::string grantee(PrincipalId id);
std::optional<PrincipalId> principal_of(std::string_view grantee);

struct Domain {
  std::string name;       // A-labels, lower case
  std::string catch_all;  // address, empty = none
  TimePoint created{};
};

// An address book policy: whoever is of the viewers sees those whom it shows, and nobody else. Both are groups, people
// and whole domains, by address or name.
struct AddressBook {
  std::string name;
  std::vector<std::string> viewers, shown;
  bool operator==(const AddressBook&) const = default;
};
inline constexpr std::size_t kMaxAddressBooks = 500;
inline constexpr std::size_t kMaxAddressBookNames = 500;  // viewers, and shown

struct Alias {
  std::string address;
  std::vector<std::string> targets;  // local or outside addresses
};

// A principal with what others have to do with it, as directory services show it. Views into the directory.
struct Profile {
  const Principal& principal;
  std::vector<std::string_view> aliases;  // that lead to it alone
  std::vector<const Principal*> groups;   // that it is a member of itself
  struct Member {
    const Principal* principal = nullptr;  // null: an alias or an outside address
    std::string_view address;
  };
  std::vector<Member> members;               // of a group
  std::vector<const Principal*> delegates;   // who may send on its behalf, as it was granted
  std::vector<const Principal*> delegators;  // who granted that to it
  std::optional<PasswordFacts> password;     // none is kept here: empty
};

// One that is gone.
struct Removed {
  std::uint64_t change = 0;  // the directory's version that removed it
  PrincipalId id{};
  PrincipalKind kind = PrincipalKind::person;
  std::string address;
  std::string home = {};  // as Principal::home
};

// What an app password may be used for.
struct AppScope {
  std::vector<std::string> services;  // as DoorContext::service: "imap", "submission"; empty: all
  std::vector<Network> networks;      // where from; empty: everywhere
  TimePoint expires{};                // the first moment it does not work any more; epoch: never
  bool blocked = false;               // for the time being, until it is let in again
  bool operator==(const AppScope&) const = default;
};
// The words a scope may have in `services`.
inline constexpr std::array<std::string_view, 5> kAppServices{"imap", "pop3", "submission", "ldap", "http"};
inline constexpr std::size_t kMaxAppNetworks = 50;

// One device or program, by the password it was given.
struct AppPassword {
  std::uint32_t id = 0;
  std::string name;  // "Anna's phone"
  TimePoint created{};
  AppScope scope;
  std::optional<TimePoint> last_used;
  std::string last_service;              // with last_used; empty: not known
  std::optional<IpAddress> last_remote;  // likewise
};

}  // namespace gatepost::directory
