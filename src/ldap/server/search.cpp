#include "ldap/server/search.hpp"

#include <algorithm>
#include <utility>

#include "ldap/protocol/ber.hpp"
#include "ldap/protocol/dn.hpp"
#include "ldap/protocol/matching.hpp"

namespace gatepost::ldap::server {

std::uint32_t least_limit(std::uint32_t a, std::uint32_t b) { return a == 0 ? b : b == 0 ? a : std::min(a, b); }

// ---- what is shown

ValueChoice::ValueChoice(Tree& tree, const std::optional<std::vector<Filter>>& filters, const Viewer& viewer) {
  if (!viewer.sight.sees_all()) {
    tree_ = &tree;
    viewer_ = viewer;
  }
  if (!filters) return;
  for (const Filter& filter : *filters) matchers_.push_back(tree.matcher(filter));
}

// RFC 3876 2: of an attribute that no item is about, no value.
bool ValueChoice::shows(const AttributeType& type, std::string_view value) const {
  const bool link = type.name == "member" || type.name == "memberOf" || type.name == "manager" ||
                    type.name == "publicDelegates" || type.name == "publicDelegatesBL";
  if (link && tree_ != nullptr) {
    const auto dn = parse_dn(value);
    const EntryPtr entry = dn ? tree_->find(normal_form(*dn)) : nullptr;
    if (entry == nullptr || !viewer_.sees(*entry)) return false;
  }
  if (matchers_.empty()) return true;
  return std::ranges::any_of(matchers_, [&](const Matcher& matcher) {
    const Matcher::Node& node = matcher.nodes.front();
    if (node.undefined || node.rule == Rule::transitive_membership) return false;
    const bool meant = node.any_type ? type.equality == node.rule : node.type == &type;
    return meant && value_fits(node, value);
  });
}

Selector::Selector(const std::vector<std::string>& names, bool types_only) : types_only_(types_only) {
  all_user_ = names.empty();
  for (const std::string& name : names) {
    if (name == "*") {
      all_user_ = true;
    } else if (name == "+") {  // RFC 3673
      all_operational_ = true;
    } else if (const AttributeType* type = find_attribute(name)) {
      chosen_.push_back(type);
      if (type->operational()) any_operational_ = true;
    }
    // "1.1" and whatever nobody knows choose nothing.
  }
}

bool Selector::chooses(std::string_view name) const {
  return std::ranges::find(chosen_, name, &AttributeType::name) != chosen_.end();
}

void Selector::append(std::string& out, const Entry& entry, const ValueChoice& values) const {
  append_some(out, entry.attributes, all_user_, values);
  if (all_operational_ || any_operational_) append_some(out, operational_attributes(entry), all_operational_, values);
}

std::vector<std::string_view> Selector::photo_attributes(const Entry& entry) const {
  std::vector<std::string_view> out;
  for (const std::string_view name : {"jpegPhoto", "thumbnailPhoto"}) {
    if ((all_user_ || chooses(name)) && shows_photo(name, entry.photo)) out.push_back(name);
  }
  return out;
}

void Selector::append_special(std::string& out, std::string_view attributes) const {
  append_some(out, attributes, all_user_ || all_operational_, {});
}

void Selector::append_some(std::string& out, std::string_view packed, bool all, const ValueChoice& values) const {
  if (!all && chosen_.empty()) return;
  each_attribute(packed, [&](const AttributeType& type, std::string_view set) {
    if (!all && std::ranges::find(chosen_, &type) == chosen_.end()) return true;
    if (types_only_) {
      append_attribute(out, type.name, {});
    } else if (values.all()) {
      append_attribute_set(out, type.name, set);
    } else {
      std::vector<std::string> shown;
      ber::Reader in(set);
      while (in.ok() && !in.at_end()) {
        const std::string_view value = in.octets();
        if (values.shows(type, value)) shown.emplace_back(value);
      }
      // RFC 3876 2 wants the attribute without values; of what is hidden, not even that it is there.
      if (!shown.empty() || values.by_value()) append_attribute(out, type.name, shown);
    }
    return true;
  });
}

// ---- what is found

Walk::Walk(Tree& tree, const SearchRequest& request, std::string base, Viewer viewer, std::uint64_t after_key,
           bool select)
    : tree_(tree),
      scope_(request.scope),
      base_(std::move(base)),
      viewer_(std::move(viewer)),
      matcher_(tree.matcher(request.filter)),
      after_(after_key) {
  if (!select) return;
  if (scope_ == Scope::base) {
    if (EntryPtr entry = tree_.find(base_); entry != nullptr && entry->key > after_key) {
      selection_.entries.push_back(std::move(entry));
    }
  } else {
    selection_ = tree_.select(matcher_, after_key);
  }
}

bool Walk::fits(const Entry& entry) const {
  const bool here = scope_ == Scope::base ? entry.normal() == base_ : in_scope(entry);
  return here && viewer_.sees(entry) && matches(matcher_, entry) == Truth::yes;
}

bool Walk::in_scope(const Entry& entry) const {
  // Below the root lie the domains' entries and nothing else.
  if (scope_ == Scope::one) return base_.empty() ? entry.kind == EntryKind::domain : entry.parent() == base_;
  if (base_.empty() || entry.normal() == base_) return true;
  const std::string_view normal = entry.normal();
  return normal.size() > base_.size() && normal.ends_with(base_) && normal[normal.size() - base_.size() - 1] == ',';
}

bool Walk::next(std::size_t count, std::vector<EntryPtr>& found) {
  const auto look = [&](EntryPtr entry) {
    if (fits(*entry)) found.push_back(std::move(entry));
  };
  if (!selection_.everything) {
    const std::size_t end = std::min(selection_.entries.size(), at_ + count);
    for (; at_ < end; ++at_) look(std::move(selection_.entries[at_]));
    return at_ < selection_.entries.size();
  }
  std::vector<EntryPtr> page = tree_.page(after_, count);
  if (page.empty()) return false;
  after_ = page.back()->key;
  const bool more = page.size() == count;
  for (EntryPtr& entry : page) look(std::move(entry));
  return more;
}

bool matches_special(const Matcher& matcher, std::string_view attributes) {
  // Its operational attributes are stored like user attributes, where assertions would not look for them.
  const Matcher::Node& node = matcher.nodes.front();
  if (matcher.nodes.size() == 1 && node.type != nullptr && !node.undefined) {
    bool found = false;
    each_attribute(attributes, [&](const AttributeType& type, std::string_view set) {
      if (&type != node.type) return true;
      ber::Reader in(set);
      while (in.ok() && !in.at_end()) found = value_fits(node, in.octets()) || found;
      return false;
    });
    return found;
  }
  Entry entry;
  entry.attributes = attributes;
  return matches(matcher, entry) == Truth::yes;
}

const std::string& subschema_attributes() {
  static const std::string all = [] {
    std::string out;
    pack_attribute(out, "objectClass", {"top", "subentry", "subschema"});
    pack_attribute(out, "cn", {"Subschema"});
    pack_attribute(out, "subtreeSpecification", {"{ }"});
    pack_attribute(out, "structuralObjectClass", {"subentry"});
    pack_attribute(out, "subschemaSubentry", {std::string(kSubschemaDn)});
    pack_attribute(out, "entryDN", {std::string(kSubschemaDn)});
    pack_attribute(out, "attributeTypes", attribute_type_descriptions());
    pack_attribute(out, "objectClasses", object_class_descriptions());
    pack_attribute(out, "matchingRules", matching_rule_descriptions());
    pack_attribute(out, "matchingRuleUse", matching_rule_use_descriptions());
    pack_attribute(out, "ldapSyntaxes", syntax_descriptions());
    return out;
  }();
  return all;
}

// ---- in which order

SortCheck check_sort(const std::vector<SortKey>& keys) {
  for (const SortKey& key : keys) {
    if (key.type == nullptr) return {ResultCode::no_such_attribute, key.name};
    if (!has_order(key.rule) && key.rule != Rule::telephone_number) {
      return {ResultCode::inappropriate_matching, key.name};
    }
  }
  return {};
}

void SortedList::fill(std::vector<EntryPtr> entries) {
  rows_.reserve(entries.size());
  for (EntryPtr& entry : entries) {
    Row row;
    for (const SortKey& key : keys_) {
      std::optional<std::string>& least = row.values.emplace_back();
      std::string room;
      const auto values = key.type != nullptr ? values_of(*entry, *key.type, room) : std::nullopt;
      ber::Reader in(values.value_or(std::string_view()));
      while (in.ok() && !in.at_end()) {
        auto value = prepare(key.rule, in.octets());
        if (value && (!least || compare(key.rule, *value, *least) < 0)) least = std::move(value);
      }
    }
    row.entry = std::move(entry);
    rows_.push_back(std::move(row));
  }
  std::ranges::sort(rows_, [this](const Row& a, const Row& b) { return comes_before(a, b); });
}

bool SortedList::comes_before(const Row& a, const Row& b) const {
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    const auto &x = a.values[i], &y = b.values[i];
    if (x.has_value() != y.has_value()) return x.has_value() != keys_[i].reverse;
    if (!x) continue;
    const int order = compare(keys_[i].rule, *x, *y);
    if (order != 0) return (order < 0) != keys_[i].reverse;
  }
  return a.entry->key < b.entry->key;
}

Window SortedList::window(const ListView& view) const {
  Window out;
  const std::uint64_t count = rows_.size();
  std::uint64_t target = 0;  // from 0; count: behind the last
  if (view.value) {
    const auto wanted = prepare(keys_.front().rule, *view.value);
    Row row;
    row.values.assign(keys_.size(), std::nullopt);
    row.values.front() = wanted.value_or(*view.value);
    const auto first = std::ranges::lower_bound(rows_, row, [this](const Row& a, const Row& b) {
      const auto &x = a.values.front(), &y = b.values.front();
      if (x.has_value() != y.has_value()) return x.has_value() != keys_.front().reverse;
      const int order = x ? compare(keys_.front().rule, *x, *y) : 0;
      return order != 0 && (order < 0) != keys_.front().reverse;
    });
    target = static_cast<std::uint64_t>(first - rows_.begin());
  } else if (view.content == 0 || view.content == count) {
    if (view.offset == 0) return {0, 0, 0, ResultCode::offset_range_error};
    target = std::min<std::uint64_t>(view.offset - 1, count);
  } else {
    // The client's list is longer or shorter: the same part of ours.
    if (view.offset == 0) return {0, 0, 0, ResultCode::offset_range_error};
    target = view.offset >= view.content ? (count == 0 ? 0 : count - 1) : (view.offset - 1) * count / view.content;
  }
  out.position = static_cast<std::uint32_t>(target + 1);
  out.begin = target > view.before ? target - view.before : 0;
  out.end = std::min<std::uint64_t>(count, target + 1 + view.after);
  out.begin = std::min(out.begin, out.end);
  return out;
}

}  // namespace gatepost::ldap::server
