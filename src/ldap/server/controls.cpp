#include "ldap/server/controls.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "ldap/protocol/ber.hpp"
#include "ldap/protocol/matching.hpp"
#include "ldap/protocol/oids.hpp"

namespace gatepost::ldap::server {
namespace {

constexpr std::size_t kMaxSortKeys = 8;
constexpr std::size_t kMaxMatchedValues = 64;

std::optional<std::uint32_t> number(std::int64_t value) {
  if (value < 0 || value > std::numeric_limits<std::int32_t>::max()) return std::nullopt;
  return static_cast<std::uint32_t>(value);
}

// realSearchControlValue ::= SEQUENCE { size INTEGER, cookie OCTET STRING }
bool read_paged(std::string_view value, Controls& into) {
  ber::Reader outer(value);
  ber::Reader in = outer.inside(ber::kSequence);
  const auto size = number(in.integer());
  Paged paged{size.value_or(0), std::string(in.octets())};
  into.paged = std::move(paged);
  return outer.at_end() && in.ok() && in.at_end() && size.has_value();
}

// SortKeyList ::= SEQUENCE OF SEQUENCE { attributeType, orderingRule [0] OPTIONAL, reverseOrder [1] DEFAULT FALSE }
bool read_sort(std::string_view value, Controls& into) {
  ber::Reader outer(value);
  ber::Reader list = outer.inside(ber::kSequence);
  std::vector<SortKey> keys;
  while (!list.at_end() && keys.size() < kMaxSortKeys) {
    ber::Reader in = list.inside(ber::kSequence);
    SortKey key;
    key.name = in.octets();
    key.type = find_attribute(key.name);
    if (key.type != nullptr) key.rule = key.type->equality;
    if (in.next_is(ber::context(0))) key.rule = find_rule(in.octets(ber::context(0)));
    if (in.next_is(ber::context(1))) key.reverse = in.boolean(ber::context(1));
    if (!in.ok() || !in.at_end()) return false;
    keys.push_back(std::move(key));
  }
  const bool good = list.ok() && list.at_end() && outer.at_end() && !keys.empty();
  into.sort = std::move(keys);
  return good;
}

// VirtualListViewRequest ::= SEQUENCE { beforeCount, afterCount, target CHOICE { byOffset [0] SEQUENCE { offset,
// contentCount }, greaterThanOrEqual [1] AssertionValue }, contextID OPTIONAL }
bool read_view(std::string_view value, Controls& into) {
  ber::Reader outer(value);
  ber::Reader in = outer.inside(ber::kSequence);
  ListView view;
  const auto before = number(in.integer()), after = number(in.integer());
  if (in.next_is(ber::context_constructed(0))) {
    ber::Reader place = in.inside(ber::context_constructed(0));
    const auto offset = number(place.integer()), content = number(place.integer());
    if (!place.ok() || !place.at_end() || !offset || !content) return false;
    view.offset = *offset;
    view.content = *content;
  } else {
    view.value = in.octets(ber::context(1));
  }
  if (!in.at_end()) (void)in.octets();  // the context: we keep none between requests
  if (!in.ok() || !in.at_end() || !outer.at_end() || !before || !after) return false;
  view.before = *before;
  view.after = *after;
  into.view = std::move(view);
  return true;
}

// ValuesReturnFilter ::= SEQUENCE OF SimpleFilterItem: as in a filter, without and, or and not.
bool read_matched_values(std::string_view value, Controls& into) {
  ber::Reader outer(value);
  ber::Reader list = outer.inside(ber::kSequence);
  std::vector<Filter> filters;
  while (!list.at_end() && filters.size() < kMaxMatchedValues) {
    const auto filter = parse_filter(list.element());
    if (!filter || filter->nodes.size() != 1 || filter->nodes.front().dn_attributes) return false;
    const Filter::Kind kind = filter->nodes.front().kind;
    if (kind == Filter::Kind::all || kind == Filter::Kind::any) return false;
    filters.push_back(*filter);
  }
  const bool good = list.ok() && list.at_end() && outer.at_end() && !filters.empty();
  into.matched_values = std::move(filters);
  return good;
}

bool read_assertion(std::string_view value, Controls& into) {
  auto filter = parse_filter(value);
  if (!filter) return false;
  into.assertion = *std::move(filter);
  return true;
}

// AttributeSelection ::= SEQUENCE OF selector
std::optional<std::vector<std::string>> read_selection(std::string_view value) {
  ber::Reader outer(value);
  ber::Reader list = outer.inside(ber::kSequence);
  std::vector<std::string> names;
  while (!list.at_end() && names.size() < kMaxSelectedAttributes) names.emplace_back(list.octets());
  if (!list.ok() || !list.at_end() || !outer.at_end()) return std::nullopt;
  return names;
}
bool read_pre_read(std::string_view value, Controls& into) {
  into.pre_read = read_selection(value);
  return into.pre_read.has_value();
}
bool read_post_read(std::string_view value, Controls& into) {
  into.post_read = read_selection(value);
  return into.post_read.has_value();
}

// There are neither referrals nor aliases that could hide an entry.
bool read_manage_dsa_it(std::string_view, Controls&) { return true; }

bool read_subentries(std::string_view value, Controls& into) {
  ber::Reader in(value);
  into.subentries = in.boolean();
  return in.ok() && in.at_end();
}

// RFC 4370 3: an authzId, "" for anonymous. A sequence around it is what an older draft had.
bool read_authorization(std::string_view value, Controls& into) {
  into.authorization = std::string(value);
  return true;
}

bool read_password_policy(std::string_view, Controls& into) {
  into.password_policy = true;
  return true;
}

// syncRequestValue ::= SEQUENCE { mode ENUMERATED { refreshOnly (1), refreshAndPersist (3) }, cookie OPTIONAL,
// reloadHint BOOLEAN DEFAULT FALSE }
bool read_sync(std::string_view value, Controls& into) {
  ber::Reader outer(value);
  ber::Reader in = outer.inside(ber::kSequence);
  const std::int64_t mode = in.integer(ber::kEnumerated);
  SyncRequest request{.persist = mode == 3};
  if (in.next_is(ber::kOctetString)) request.cookie = in.octets();
  if (!in.at_end()) (void)in.boolean();
  into.sync = std::move(request);
  return outer.at_end() && in.ok() && in.at_end() && (mode == 1 || mode == 3);
}

// DirSyncRequestValue ::= SEQUENCE { Flags INTEGER, MaxBytes INTEGER, Cookie OCTET STRING }
bool read_dirsync(std::string_view value, Controls& into) {
  constexpr std::int64_t kObjectSecurity = 1;
  ber::Reader outer(value);
  ber::Reader in = outer.inside(ber::kSequence);
  const std::int64_t flags = in.integer();
  const auto most = number(in.integer());
  DirSyncRequest request{.object_security = (flags & kObjectSecurity) != 0, .max_octets = most.value_or(0)};
  request.cookie = in.octets();
  into.dirsync = std::move(request);
  return outer.at_end() && in.ok() && in.at_end() && most.has_value();
}

constexpr std::uint16_t on(std::initializer_list<On> operations) {
  std::uint16_t out = 0;
  for (const On one : operations) out |= static_cast<std::uint16_t>(one);
  return out;
}
constexpr std::uint16_t kAnyOfEntries = on({On::search, On::compare, On::modify, On::add, On::remove, On::modify_dn});

struct Row {
  std::string_view oid;
  std::uint16_t operations;
  bool (*read)(std::string_view value, Controls& into);
  bool valued = true;
};
constexpr auto kControlRows = std::to_array<Row>({
    {oid::kPagedResults, on({On::search}), read_paged},
    {oid::kSortRequest, on({On::search}), read_sort},
    {oid::kListViewRequest, on({On::search}), read_view},
    {oid::kMatchedValues, on({On::search}), read_matched_values},
    {oid::kAssertion, on({On::search, On::compare, On::modify, On::remove}), read_assertion},
    {oid::kPreRead, on({On::modify, On::remove}), read_pre_read},
    {oid::kPostRead, on({On::modify, On::add}), read_post_read},
    {oid::kManageDsaIt, kAnyOfEntries, read_manage_dsa_it, false},
    {oid::kSubentries, on({On::search}), read_subentries},
    {oid::kSyncRequest, on({On::search}), read_sync},
    {oid::kDirSync, on({On::search}), read_dirsync},
    {oid::kPasswordPolicy, static_cast<std::uint16_t>(kAnyOfEntries | on({On::bind, On::extended})),
     read_password_policy, false},
    {oid::kProxiedAuthorization, static_cast<std::uint16_t>(kAnyOfEntries | on({On::extended})), read_authorization},
});

}  // namespace

std::optional<Refusal> read_controls(const std::vector<Control>& controls, On operation, Controls& into) {
  std::vector<std::string_view> seen;
  for (const Control& control : controls) {
    const auto* const row = std::ranges::find(kControlRows, std::string_view(control.oid), &Row::oid);
    const bool fits = row != kControlRows.end() && (row->operations & static_cast<std::uint16_t>(operation)) != 0;
    if (!fits) {
      if (!control.critical) continue;
      return Refusal{ResultCode::unavailable_critical_extension, "the control " + control.oid + " is not known here"};
    }
    // RFC 4511 4.1.11: what two of a kind would mean is not said.
    if (std::ranges::find(seen, row->oid) != seen.end()) {
      return Refusal{ResultCode::protocol_error, "a control that is there twice"};
    }
    seen.push_back(row->oid);
    if (row->valued != control.value.has_value() || !row->read(control.value.value_or(""), into)) {
      return Refusal{ResultCode::protocol_error, "the value of the control " + control.oid};
    }
    if (row->oid == oid::kSortRequest) into.sort_critical = control.critical;
  }
  if (into.view && !into.sort) return Refusal{ResultCode::sort_control_missing, "a list view wants a sort"};
  if (into.view && into.paged) return Refusal{ResultCode::unwilling_to_perform, "a list view has no pages"};
  return std::nullopt;
}

std::vector<std::string_view> known_controls() {
  std::vector<std::string_view> out;
  for (const Row& row : kControlRows) out.push_back(row.oid);
  return out;
}

std::string write_paged(std::uint32_t estimate, std::string_view cookie) {
  std::string out;
  ber::Writer writer(out);
  const std::size_t mark = writer.begin(ber::kSequence);
  writer.integer(estimate);
  writer.octets(cookie);
  writer.end(mark);
  return out;
}

std::string write_sort_result(ResultCode code, std::string_view attribute) {
  std::string out;
  ber::Writer writer(out);
  const std::size_t mark = writer.begin(ber::kSequence);
  writer.integer(static_cast<std::int64_t>(code), ber::kEnumerated);
  if (!attribute.empty()) writer.octets(attribute, ber::context(0));
  writer.end(mark);
  return out;
}

std::string write_view_result(std::uint32_t position, std::uint32_t count, ResultCode code) {
  std::string out;
  ber::Writer writer(out);
  const std::size_t mark = writer.begin(ber::kSequence);
  writer.integer(position);
  writer.integer(count);
  writer.integer(static_cast<std::int64_t>(code), ber::kEnumerated);
  writer.end(mark);
  return out;
}

// PasswordPolicyResponseValue ::= SEQUENCE { warning [0] CHOICE { timeBeforeExpiration [0] INTEGER (0 .. maxInt),
// graceAuthNsRemaining [1] INTEGER } OPTIONAL, error [1] ENUMERATED OPTIONAL }
std::string write_password_policy(const PasswordPolicyAnswer& answer) {
  std::string out;
  ber::Writer writer(out);
  const std::size_t mark = writer.begin(ber::kSequence);
  if (answer.ends_in) {
    const std::size_t warning = writer.begin(ber::context_constructed(0));
    writer.integer(std::clamp<std::int64_t>(answer.ends_in->count(), 0, std::numeric_limits<std::int32_t>::max()),
                   ber::context(0));
    writer.end(warning);
  }
  if (answer.problem) writer.integer(static_cast<std::int64_t>(*answer.problem), ber::context(1));
  writer.end(mark);
  return out;
}

}  // namespace gatepost::ldap::server
