#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "directory/directory.hpp"
#include "outside/links.hpp"
#include "outside/person.hpp"

namespace gatepost::outside {

// Keeps accounts here as the entries of outside directories say: adds, renames, gives addresses, disables. Deletes
// nothing. One thread at a time; blocks on the disk.
class Steward {
 public:
  // Borrowed for life. `disabled`: ends the sessions of an account.
  Steward(directory::Directory& directory, Links& links, const Clock& clock, Log& log,
          std::function<void(directory::PrincipalId)> disabled);

  // The account of an entry: the one linked to it, else the one that has one of its addresses.
  std::optional<directory::Principal> account_of(const Settings& settings, const Person& person) const;

  // Brings the account in step, and adds it when there is none and its first address of a domain of ours is free.
  // nullopt: there is none and none was added.
  Result<std::optional<directory::Principal>> bring(const Settings& settings, const Person& person);
  // The same for a group; with the addresses of its members, all of them accounts or groups here, unless they come
  // later.
  Result<> bring_group(const Settings& settings, const Group& group,
                       const std::optional<std::vector<std::string>>& members);
  // The account is to be disabled; false: it was already.
  Result<bool> disable(const Link& link, std::string_view why);
  // Would bring() disable it?
  bool would_disable(const Settings& settings, const Person& person) const;

 private:
  Result<std::optional<directory::Principal>> add(const Settings& settings, const Person& person, Link& link);
  void bring_addresses(const directory::Principal& account, const std::vector<std::string>& addresses, Link& link);
  Result<> bring_members(const directory::Principal& group, const std::vector<std::string>& members);
  bool is_ours(std::string_view address) const;

  directory::Directory& directory_;
  Links& links_;
  const Clock& clock_;
  Log& log_;
  const std::function<void(directory::PrincipalId)> disabled_;
};

}  // namespace gatepost::outside
