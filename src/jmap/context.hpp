#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "account/account.hpp"
#include "account/object_ids.hpp"
#include "directory/directory.hpp"
#include "jmap/capabilities.hpp"
#include "jmap/request.hpp"
#include "jmap/server.hpp"
#include "sharing/sharing.hpp"

namespace gatepost::jmap {

class CopiedEmails;
class Pusher;
class Snoozer;
class Submissions;
class Views;

// An account, and what the user may do in it.
struct Access {
  std::shared_ptr<account::Account> account;
  directory::Principal owner;
  directory::PrincipalId reader{};
  const sharing::Sharing* sharing = nullptr;
  bool own = false;
  bool read_only = false;  // nothing in it may be changed (RFC 8620 2, isReadOnly)

  account::AccountId id() const { return account->id(); }
  account::ObjectIds ids() const { return account::ObjectIds(id()); }
  sharing::Rights rights(const account::Folder& folder) const;
  // Folders that the user may know of, by path. Errc as Account::folders().
  Result<std::vector<account::Folder>> folders() const;
  // Errc::not_found also of one that he may not know of.
  Result<account::Folder> folder(account::FolderId id) const;
};

// What the method calls of one request share. One thread.
class Context {
 public:
  Context(const Services& given, const Limits& limits_in, Views& views_in, Submissions& submissions_in,
          const directory::Principal& user_in, Request& request);

  const Services& services;
  const Limits& limits;
  Views& views;
  Submissions& submissions;
  const directory::Principal& user;
  const std::set<std::string>& uses;
  std::map<std::string, std::string>& created;
  // Who has no role, and is of no address book policy, knows of those in his own domain alone. Before sight().
  bool own_domain_only = false;
  Snoozer* snoozer = nullptr;  // null: nothing is put off
  RemovedPolicy removed;
  Pusher* pusher = nullptr;  // null: news are sent to nobody who is not connected

  // RFC 8620 3.6.2: accountNotFound, also of one that shares nothing with the user.
  Outcome<Access*> access(std::string_view account_id);
  // The id behind "#creation-id", or the id itself. nullopt: nothing was created under that name.
  std::optional<std::string> id_of(std::string_view id_or_reference) const;
  // Whom the user may know of; the same for the whole request.
  const directory::Sight& sight() const;

 private:
  mutable std::optional<directory::Sight> sight_;
  sharing::Sharing sharing_;
  std::map<account::AccountId, Access> accesses_;
};

// What copies are in the account together with what they are copies of, as far as the user sees them; null: there are
// none. Blocks.
Result<std::shared_ptr<const CopiedEmails>> copied_emails(Context& context, const Access& access);

// The session's object of an account (RFC 8620 2).
json::object account_object(const Context& context, const Access& access);

// One method call on its way to its responses.
struct Call {
  Context& context;
  const json::object& given;
  std::string id;
  std::vector<Invocation> implicit;  // responses of calls that this one makes, after its own
};

// What a method answers with: the arguments of the response that has the method's name.
using Answer = Outcome<json::object>;

struct Method {
  std::string_view name;
  std::string_view capability;
  Answer (*run)(Call& call);
};
// All methods, by name. Null: there is none.
const Method* find_method(std::string_view name);

}  // namespace gatepost::jmap
