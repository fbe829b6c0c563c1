#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/mutex.hpp"
#include "directory/directory.hpp"
#include "ldap/protocol/message.hpp"
#include "ldap/server/entry.hpp"
#include "ldap/server/matcher.hpp"
#include "ldap/server/posting_index.hpp"

namespace gatepost::ldap::server {

// Who asks, and so what there is for him.
struct Viewer {
  directory::PrincipalId id{};
  directory::Role role = directory::Role::none;
  directory::Sight sight{};

  // Domains and units are what the names of those he sees are made of.
  bool sees(const Entry& entry) const {
    if (entry.is_principal()) return sight.sees(entry.id, entry.domain, entry.enabled);
    return sight.sees_domain(entry.domain);
  }
};

// What a search looks at. Entries come in order of their keys.
struct Selection {
  bool everything = false;        // nothing narrower is known: page through all
  std::vector<EntryPtr> entries;  // otherwise these, each of which still has to match
};

// All entries in memory with their indexes, made from the directory and kept in step with its change log. Thread-safe:
// readers share a lock for the moment of a look-up, and hold entries, not the lock, while they work.
class Tree {
 public:
  // `directory` outlives the tree.
  Tree(directory::Directory& directory, EntryMaker maker) : directory_(directory), maker_(std::move(maker)) {}

  // Takes over what changed; costs one load when nothing did. Long only the first time (a second for 200,000 entries).
  // Up to which change of the directory everything is here now.
  std::uint64_t refresh() GP_EXCLUDES(mutex_);

  EntryPtr find(std::string_view normal) GP_EXCLUDES(mutex_);
  EntryPtr find(directory::PrincipalId id) GP_EXCLUDES(mutex_);
  Matcher matcher(const Filter& filter) GP_EXCLUDES(mutex_);
  Selection select(const Matcher& matcher, std::uint64_t after_key) GP_EXCLUDES(mutex_);
  // Up to `count` entries with keys above `after`; none: that was all.
  std::vector<EntryPtr> page(std::uint64_t after, std::size_t count) GP_EXCLUDES(mutex_);
  // The domains' entries (RFC 4512 5.1, namingContexts), in order.
  std::vector<std::string> contexts() GP_EXCLUDES(mutex_);
  std::size_t size() GP_EXCLUDES(mutex_);
  // Of a principal, also of one that is gone.
  std::array<char, 16> uuid_of(directory::PrincipalId id) const { return maker_.uuid_of(id); }
  directory::Directory& directory() { return directory_; }

 private:
  using Slots = std::vector<Slot>;

  void begin_anew() GP_REQUIRES(mutex_);
  void put(Entry entry) GP_REQUIRES(mutex_);
  void drop(std::uint64_t key) GP_REQUIRES(mutex_);
  void put_domains(const std::vector<directory::Domain>& domains) GP_REQUIRES(mutex_);
  void index(const Entry& entry, Slot slot) GP_REQUIRES(mutex_);
  void compact() GP_REQUIRES(mutex_);
  std::uint64_t structural_key(const std::string& normal) GP_REQUIRES(mutex_);
  EntryPtr find_locked(std::string_view normal) const GP_REQUIRES_SHARED(mutex_);
  EntryPtr find_locked(directory::PrincipalId id) const GP_REQUIRES_SHARED(mutex_);
  // Slots that may match the node, or nullopt: no index knows.
  std::optional<Slots> candidates(const Matcher& matcher, std::uint32_t at) const GP_REQUIRES_SHARED(mutex_);
  std::optional<Slots> candidates_of_all(const Matcher& matcher, std::uint32_t at) const GP_REQUIRES_SHARED(mutex_);
  std::optional<Slots> candidates_of_any(const Matcher& matcher, std::uint32_t at) const GP_REQUIRES_SHARED(mutex_);
  std::shared_ptr<const IdSet> linked(const AttributeType& type, std::string_view normal) const
      GP_REQUIRES_SHARED(mutex_);

  directory::Directory& directory_;
  const EntryMaker maker_;
  std::atomic<std::uint64_t> seen_{0};  // change number of the directory
  std::atomic<bool> filled_{false};

  SharedMutex mutex_;
  KeyIndex by_key_ GP_GUARDED_BY(mutex_);
  std::vector<EntryPtr> slots_ GP_GUARDED_BY(mutex_);  // null: replaced or gone
  // What the indexes have, roughly in values: of all slots, and of those that are dead.
  std::size_t weight_ GP_GUARDED_BY(mutex_) = 0, dead_ GP_GUARDED_BY(mutex_) = 0;
  EqualityIndex equal_ GP_GUARDED_BY(mutex_);
  TrigramIndex parts_ GP_GUARDED_BY(mutex_);
  std::map<std::string, std::uint64_t> structural_keys_ GP_GUARDED_BY(mutex_);
  std::vector<directory::Domain> domains_ GP_GUARDED_BY(mutex_);
};

}  // namespace gatepost::ldap::server
