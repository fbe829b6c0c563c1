#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ldap/protocol/message.hpp"
#include "ldap/server/controls.hpp"
#include "ldap/server/tree.hpp"

// The parts of a search that need no session.
namespace gatepost::ldap::server {

// The smaller of two limits of which 0 is none.
std::uint32_t least_limit(std::uint32_t a, std::uint32_t b);

// RFC 3876: which values of an attribute are shown.
class ValueChoice {
 public:
  ValueChoice() = default;
  // Names of those whom the viewer does not see are not shown to him either.
  ValueChoice(Tree& tree, const std::optional<std::vector<Filter>>& filters, const Viewer& viewer);
  bool all() const { return matchers_.empty() && tree_ == nullptr; }
  // Whether values were asked for, by what they are.
  bool by_value() const { return !matchers_.empty(); }
  bool shows(const AttributeType& type, std::string_view value) const;

 private:
  std::vector<Matcher> matchers_;  // of one node each
  Tree* tree_ = nullptr;           // with a viewer who does not see all
  Viewer viewer_;
};

// Which attributes are shown (RFC 4511 4.5.1.8).
class Selector {
 public:
  Selector(const std::vector<std::string>& names, bool types_only);
  // Appends what is chosen, encoded.
  void append(std::string& out, const Entry& entry, const ValueChoice& values = {}) const;
  // The same of the root DSE and the subschema, whose attributes are all operational: asked for nothing special, all of
  // them are given, as programs expect.
  void append_special(std::string& out, std::string_view attributes) const;
  // The attributes that are chosen and show the picture; append() leaves them out.
  std::vector<std::string_view> photo_attributes(const Entry& entry) const;
  bool types_only() const { return types_only_; }
  bool shows(std::string_view name) const { return all_user_ || chooses(name); }  // of user attributes

 private:
  bool chooses(std::string_view name) const;
  void append_some(std::string& out, std::string_view packed, bool all, const ValueChoice& values) const;

  bool all_user_ = false, all_operational_ = false, types_only_ = false;
  bool any_operational_ = false;
  std::vector<const AttributeType*> chosen_;
};

// Goes through what a search may find, in order of keys.
class Walk {
 public:
  // Without `select` only fits() may be asked.
  Walk(Tree& tree, const SearchRequest& request, std::string base, Viewer viewer, std::uint64_t after_key,
       bool select = true);
  // Looks at up to `count` more and appends those that match. False: there are no more. May run on any thread, one call
  // at a time.
  bool next(std::size_t count, std::vector<EntryPtr>& found);
  // Would it be found?
  bool fits(const Entry& entry) const;

 private:
  bool in_scope(const Entry& entry) const;

  Tree& tree_;
  const Scope scope_;
  const std::string base_;  // normal form
  const Viewer viewer_;
  const Matcher matcher_;
  Selection selection_;
  std::size_t at_ = 0;   // in selection_.entries
  std::uint64_t after_;  // key, when everything is looked at
};

// Does the filter match what is in no naming context? Operational attributes are looked at in `attributes` alone.
bool matches_special(const Matcher& matcher, std::string_view attributes);
// The subschema's entry (RFC 4512 4.2), packed.
const std::string& subschema_attributes();

// RFC 2891 1.2: what is wrong with the keys.
struct SortCheck {
  ResultCode code = ResultCode::success;
  std::string attribute;
};
SortCheck check_sort(const std::vector<SortKey>& keys);

// Entries [begin, end), around `position`, which counts from 1.
struct Window {
  std::uint64_t begin = 0, end = 0;
  std::uint32_t position = 0;
  ResultCode code = ResultCode::success;
};

// Entries in the order of sort keys; those without a value come last (RFC 2891 2.2).
class SortedList {
 public:
  explicit SortedList(std::vector<SortKey> keys) : keys_(std::move(keys)) {}
  void fill(std::vector<EntryPtr> entries);
  std::uint64_t size() const { return rows_.size(); }
  const Entry& operator[](std::uint64_t at) const { return *rows_[at].entry; }
  Window window(const ListView& view) const;

 private:
  struct Row {
    std::vector<std::optional<std::string>> values;  // prepared, the least of each attribute
    EntryPtr entry;
  };
  bool comes_before(const Row& a, const Row& b) const;

  std::vector<SortKey> keys_;
  std::vector<Row> rows_;
};

}  // namespace gatepost::ldap::server
