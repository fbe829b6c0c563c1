#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "directory/principal.hpp"
#include "directory/sight.hpp"
#include "sasl/mechanism.hpp"

namespace gatepost::store {
class KeyValue;
}

namespace gatepost::directory {

inline constexpr std::size_t kMinPasswordOctets = 8;
inline constexpr std::size_t kMaxPasswordOctets = 1024;

// What a new password has to be.
struct PasswordPolicy {
  std::size_t min_characters = 8;         // at least kMinPasswordOctets
  bool refuse_common = true;              // known from every list of stolen ones, or made of the own name
  std::chrono::days remember_former{30};  // how long a replaced password is told from a guess; 0: not
  std::size_t history = 0;                // so many replaced ones, and the present one, are not taken again
  // More that are refused, whatever is put behind them: in lower case, sorted, none twice.
  std::vector<std::string> refused = {};
};

struct Options {
  std::string recipient_delimiter = "+";  // "anna+lists@": delivered to anna; empty = off
  std::uint32_t argon2_memory_kib = 64 << 10;
  std::uint32_t argon2_iterations = 3;
  std::uint32_t scram_iterations = 4096;
  std::size_t parallel_hashes = 2;            // each costs argon2_memory_kib; further ones wait ...
  std::size_t waiting_hashes = 4;             // ... at most so many, each in a worker thread that others could use ...
  std::chrono::milliseconds hash_wait{5000};  // ... for at most so long, then Errc::unavailable
  // Where mail for postmaster@ and abuse@ of a local domain goes while nobody has that address (RFC 5321 4.5.1, RFC
  // 2142): an address, local or outside. Empty, or leading nowhere: the enabled person that was added first.
  std::string postmaster;
  PasswordPolicy password_policy;
};

// What somebody signs in for, and from where.
struct SignInPurpose {
  std::string_view service;  // as DoorContext::service; empty: not said
  IpAddress remote{};
  bool renewing = false;  // to replace the main password, which may have expired; app passwords are refused
};

// initial: its owner has to replace it when he signs in.
enum class PasswordKind : std::uint8_t { own, initial };

inline constexpr std::size_t kMembersAtOnce = 400;  // with all that is kept of them in one commit
inline constexpr std::size_t kMaxMembers = 10'000;  // of one group, those of groups in it not counted
inline constexpr std::size_t kMaxSenders = 200;     // grantees of one principal's send rights

// Where a recipient address leads.
struct Destination {
  enum class Kind { account, outside } kind = Kind::account;
  PrincipalId account{};  // kind account
  std::string address;    // canonical address that was reached (account's primary, or the outside address)
  std::string detail;     // "lists" of anna+lists
};

// Destroying it ends the watch; the callback does not run afterwards.
class ShareWatch {
 public:
  virtual ~ShareWatch() = default;
};

// Principals, domains, aliases and credentials, kept in the store's directory partition. Thread-safe; calls may block
// on the disk (run them on workers); look-ups that hit the in-memory index do not. Addresses are compared in canonical
// form: domain as A-labels in lower case, local part lower-cased (ASCII).
class Directory {
 public:
  // Loads everything into memory; the references outlive the directory, which expects to be the partition's only
  // writer. Errc::invalid: an option makes no sense. Errc::corrupt, Errc::unsupported: a stored record cannot be read.
  static Result<std::unique_ptr<Directory>> open(store::KeyValue&, Options, const Clock&, Random&);
  virtual ~Directory() = default;

  // Domains.
  virtual Result<> add_domain(std::string_view name) = 0;     // already_exists, invalid
  virtual Result<> remove_domain(std::string_view name) = 0;  // conflict while addresses exist
  virtual Result<> set_catch_all(std::string_view domain, std::string_view address) = 0;  // empty address: none
  virtual Result<std::vector<Domain>> domains() = 0;
  virtual Result<bool> is_local_domain(std::string_view domain) = 0;

  // Principals.
  virtual Result<Principal> add_principal(PrincipalKind, std::string_view address, std::string_view display_name) = 0;
  // A contact: `address` is of no domain of ours, `home` is one. Groups that had the address as a member have the
  // contact.
  virtual Result<Principal> add_contact(std::string_view address, std::string_view display_name,
                                        std::string_view home) = 0;
  // A group whose members are all enabled people, shared mailboxes, rooms and contacts that the rule fits, as they come
  // and go. Errc::invalid: none that member_rule.hpp knows.
  virtual Result<Principal> add_rule_group(std::string_view address, std::string_view display_name,
                                           std::string_view rule) = 0;
  // Display name, enabled, quotas, role, contact, copy_sent, password_never_expires and rule; the address does not
  // change. A rule is changed, not taken away or given to a group of named members: Errc::invalid.
  virtual Result<> update_principal(const Principal&) = 0;
  virtual Result<> remove_principal(PrincipalId) = 0;  // its addresses and credentials too; not its account data
  virtual Result<Principal> principal(PrincipalId) = 0;
  // By primary address or one-target local alias. Never a contact: whoever is found owns mail here, or is a group.
  virtual Result<Principal> find(std::string_view address) = 0;
  virtual Result<Principal> find_contact(std::string_view address) = 0;
  virtual Result<std::vector<Principal>> principals() = 0;

  // Pictures (photo.hpp says which). Empty octets: none any more. Errc::invalid, too_large.
  virtual Result<> set_photo(PrincipalId, std::string_view octets) = 0;
  virtual Result<std::string> photo(PrincipalId) = 0;  // reads the store. Errc::not_found: there is none

  // Address book policies, by name. What sight() says follows at once.
  virtual Result<> put_address_book(const AddressBook&) = 0;  // adds or replaces. invalid, limit, not_found: a name
  virtual Result<> remove_address_book(std::string_view name) = 0;
  virtual Result<std::vector<AddressBook>> address_books() = 0;
  // Whom somebody sees in address books. Cheap; asked for again with each request.
  virtual Sight sight(const Principal& viewer, bool own_domain_only) = 0;

  // Aliases.
  virtual Result<> add_alias(std::string_view address, const std::vector<std::string>& targets) = 0;
  // Lets one that is there lead elsewhere; mail finds it all the while. not_found: no such alias.
  virtual Result<> change_alias(std::string_view address, const std::vector<std::string>& targets) = 0;
  virtual Result<> remove_alias(std::string_view address) = 0;
  virtual Result<std::vector<Alias>> aliases() = 0;

  // Groups: principals that have members instead of mail. Members are accounts, other groups, aliases and outside
  // addresses; groups may be members of each other in any way, circles included. Errc::not_found: no such group, or no
  // such member; Errc::limit: over kMaxMembers; Errc::conflict: its members follow from a rule. Members that are there
  // already do not matter.
  virtual Result<> add_members(PrincipalId group, const std::vector<std::string>& addresses) = 0;
  virtual Result<> remove_member(PrincipalId group, std::string_view address) = 0;  // not_found: it is none
  // Both at once: all or nothing up to kMembersAtOnce, in steps of so many beyond.
  virtual Result<> change_members(PrincipalId group, const std::vector<std::string>& added,
                                  const std::vector<std::string>& removed) = 0;
  virtual Result<std::vector<std::string>> members(PrincipalId group) = 0;  // addresses, in order; by a rule, too
  // Who a group with this rule would have, by address.
  virtual Result<std::vector<Principal>> members_by(std::string_view rule) = 0;
  // Through groups in groups, too.
  virtual bool is_member(PrincipalId group, PrincipalId id) = 0;

  // Expands a recipient: aliases and groups (nested, each address once, at most 10,000), plus-addressing, catch-all.
  // Errc::not_found: local domain, no such user. Errc::denied: disabled account, or a group of nobody. An outside
  // address gives itself, kind outside.
  virtual Result<std::vector<Destination>> resolve(std::string_view address) = 0;
  // May this principal write this address as sender? Primary, aliases that lead to it, plus forms.
  virtual Result<bool> owns_address(PrincipalId, std::string_view address) = 0;

  // Rights to send in somebody else's name. Who may see a mailbox may not write in its name for that. Grantees are
  // principals; a group stands for all who are in it, through groups in groups, too. Errc::not_found: one of them is
  // not there, or had not what is taken back; Errc::invalid: somebody to himself; Errc::limit: over kMaxSenders.
  // Grants that are there already do not matter.
  virtual Result<> change_senders(PrincipalId of, SendRight, const std::vector<PrincipalId>& granted,
                                  const std::vector<PrincipalId>& revoked) = 0;
  virtual std::vector<Principal> senders(PrincipalId of, SendRight) = 0;  // as it was granted, by address
  // In whose name this principal may write, itself not counted; the larger right, by address. Nobody who is disabled.
  struct SendsFor {
    Principal principal;
    SendRight right = SendRight::on_behalf;
  };
  virtual std::vector<SendsFor> sends_for(PrincipalId) = 0;
  // As what this principal may use the address. invalid: it is no address. Does not block.
  virtual Result<Authorship> authorship(PrincipalId, std::string_view address) = 0;

  // Rights (RFC 4314) are kept with the accounts; here is who may be granted some, and which accounts to look at.
  // A grantee by the name people write: "anyone", an account's address, an alias. Errc::not_found, invalid.
  virtual Result<std::string> find_grantee(std::string_view name) = 0;
  // The other way; nullopt when what it names is gone.
  virtual std::optional<std::string> name_of_grantee(std::string_view grantee) = 0;
  // Is this principal meant by it?
  virtual bool stands_for(std::string_view grantee, PrincipalId) = 0;
  // Notes that the account may have granted something to the grantee, or that it has not any more. Errc::not_found: the
  // account. Both go with the principals they name.
  virtual Result<> add_share(PrincipalId account, std::string_view grantee) = 0;
  virtual Result<> remove_share(PrincipalId account, std::string_view grantee) = 0;
  virtual bool has_share(PrincipalId account, std::string_view grantee) = 0;
  // Runs `changed` whenever sharers() or stands_for() may answer otherwise, on any thread; must not block, nor call
  // back. Ends with the handle, which may outlive the directory.
  virtual std::unique_ptr<ShareWatch> watch_shares(std::function<void()> changed) = 0;
  // Accounts other than its own that may have granted something to this principal, by address.
  virtual std::vector<Principal> sharers(PrincipalId) = 0;

  // The change log. Each change of a principal has the directory's version as its number; coming into a group or
  // leaving it is a change of the member, too. change(): the latest one, of whatever kind; costs nothing.
  virtual std::uint64_t change() const = 0;
  struct Changes {
    std::uint64_t up_to = 0;       // ask from here next time
    bool complete = true;          // false: who was removed so long ago is not known any more; begin anew
    std::vector<Removed> removed;  // in order
    std::vector<Domain> domains;   // all there are
  };
  // Those who changed after `since`, in order of change; without it all. `visit` runs under the directory's lock: it
  // must not call back.
  virtual Changes changes_since(std::optional<std::uint64_t> since,
                                const std::function<void(const Profile&)>& visit) = 0;

  // `changed` runs after changes, on any thread, late or once for several; it must not block. Dropping the watch ends
  // it.
  class Watch {
   public:
    virtual ~Watch() = default;
  };
  virtual std::unique_ptr<Watch> watch(std::function<void()> changed) = 0;

  // Credentials. Passwords are stored as argon2id, with SCRAM-SHA-256 and SCRAM-SHA-1 verifiers beside.
  // Errc::invalid: shorter than the policy wants, longer than kMaxPasswordOctets, not UTF-8, or easily guessed.
  virtual Result<> set_password(PrincipalId, const Secret& password, PasswordKind kind = PasswordKind::own) = 0;
  // Drops what is kept of replaced passwords for longer than the policy says. For now and then.
  virtual Result<> forget_former_passwords() = 0;
  // Adds an app password with a generated secret, which is returned once and never again. Errc::invalid: a name or a
  // scope that is none. Errc::limit: the account has many already.
  virtual Result<Secret> add_app_password(PrincipalId, std::string_view name, const AppScope& scope = {}) = 0;
  // Changes what it may be used for. Sessions that are open go on: Door::revoke ends them.
  virtual Result<> set_app_scope(PrincipalId, std::uint32_t id, const AppScope& scope) = 0;
  virtual Result<> remove_app_password(PrincipalId, std::uint32_t id) = 0;
  virtual Result<std::vector<AppPassword>> app_passwords(PrincipalId) = 0;
  // True password check (main password, then app passwords); a right one is slow by intent, repeated successes are
  // remembered in memory for some minutes (keyed hash only). Unknown names cost the time of wrong passwords. `purpose`:
  // what an app password has to be good for; without a service its scope is not looked at. Errc::unauthenticated: wrong
  // name or password. Errc::denied: right password, but the account is disabled, or the app password is not for this.
  // Errc::forbidden: the right main password, but a second factor is wanted, and only service "web" asks for one: it is
  // for that caller to do (second_factor.hpp). Errc::expired: the right main password, which has to be replaced first
  // (password_age.hpp); `purpose` may say that this is what it is shown for.
  // Errc::unavailable: too many waited for a hash. No limits here: see authenticate.hpp.
  virtual Result<Principal> verify_password(std::string_view name, const Secret& password,
                                            const SignInPurpose& purpose = {}) = 0;
  // Whether a password that somebody signed in with just now is good for `purpose`, too: his own is, an app password
  // may be for other things. Reads memory alone.
  virtual bool is_for(PrincipalId id, const Secret& password, const SignInPurpose& purpose) = 0;
  // Whether somebody of that name is there; for limits, which hold more against guessed names.
  virtual bool is_known(std::string_view name) = 0;
  // For SCRAM. `hash`: "SHA-256" or "SHA-1" in any case ("SCRAM-" before it is fine); another one gives nullopt. A name
  // without a password or without an account gets a decoy, the same at each question, that no proof fits. A disabled
  // account has its true one: Authenticator::proven() refuses it afterwards.
  virtual Result<std::optional<sasl::ScramVerifier>> scram_verifier(std::string_view name, std::string_view hash) = 0;
};

}  // namespace gatepost::directory
