#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "jmap/context.hpp"

// What the standard methods have in common (RFC 8620 5).
namespace gatepost::jmap {

struct GetRequest {
  Access* access = nullptr;
  std::optional<std::vector<std::string>> ids;  // creation ids replaced; none: all
  std::optional<std::vector<std::string>> properties;
  std::size_t at_most = 0;  // maxObjectsInGet
  bool wants(std::string_view property) const;
  // Those of the properties that are wanted.
  json::object wanted_of(const json::object& all) const;
};
// Leaves the method's own arguments; whoever calls it asks for those and for done() afterwards.
// Errors: requestTooLarge and those of the arguments. `known`: all properties of the type; another one is refused.
Outcome<GetRequest> read_get(Call& call, Arguments& arguments, std::span<const std::string_view> known);
// The same for types that only the user's own account has and whose Foo/get has no arguments of its own; done() was
// asked for. Errors: also accountNotSupportedByMethod.
Outcome<GetRequest> read_own_get(Call& call, std::span<const std::string_view> known);
// The account of such a type's other methods. Errors: accountNotFound, accountNotSupportedByMethod.
Outcome<Access*> own_access(Call& call, std::string_view account);
// Objects of `ids` as `object` makes them, each id once; those for which it makes none are not found. Errors:
// requestTooLarge, when all were asked for and they are more than may be (RFC 8620 5.1); whatever `object` fails with.
Answer answer_get(const GetRequest& request, const std::string& state, const std::vector<std::string>& ids,
                  const std::function<Outcome<std::optional<json::object>>(const std::string&)>& object);

struct ChangesRequest {
  Access* access = nullptr;
  std::string since_text;
  account::Modseq since = 0;
  std::size_t at_most = 0;
};
// Errors: cannotCalculateChanges for a state that is not one of ours.
Outcome<ChangesRequest> read_changes(Call& call);
struct Changes {
  std::vector<std::string> created, updated, destroyed;
  account::Modseq to = 0;
  bool more = false;
};
json::object answer_changes(const ChangesRequest& request, const Changes& changes);
Outcome<account::AccountChanges> changes_of(const ChangesRequest& request);

// A state that stands for what is told: whoever has another one asks for all of it again. For types of which an account
// has few.
std::string state_of(std::string_view told);
// Foo/changes of such a type in the user's own account (RFC 8620 5.2): nothing, or cannotCalculateChanges. `state`: as
// it is now.
Answer answer_no_changes(Call& call, const std::function<Outcome<std::string>(Access&)>& state);

// RFC 8620 5.3. Creates, then updates, then destroys, each object by itself.
class SetRun {
 public:
  SetRun(Call& call, Access& access) : call_(call), access_(access) {}
  Access& access() { return access_; }
  Context& context() { return call_.context; }

  // Of types that have a state of their own; the others have the account's version.
  std::function<Outcome<std::string>()> state;

  // What the server says of a new object beside what the client said: at least its id.
  std::function<Outcome<json::object>(const json::object& given)> create;
  // `patch`: as it came. Value: properties that are others than the client said; null: none.
  std::function<Outcome<json::value>(const std::string& id, const json::object& patch)> update;
  std::function<Outcome<>(const std::string& id)> destroy;
  // In place of the last two, for types whose objects are changed together.
  using Patches = std::vector<std::pair<std::string, const json::object*>>;
  std::function<void(const Patches& wanted, std::map<std::string, Outcome<json::value>>& done)> update_all;
  std::function<void(const std::vector<std::string>& ids, std::map<std::string, Outcome<>>& done)> destroy_all;

  // `arguments`: of which done() has not been asked. `more`: asks for the method's own.
  Answer run(Arguments& arguments, const std::function<void()>& own = {});

  // Creation ids, in an order in which none comes before one that its `property` refers to.
  std::string parent_property;
  std::vector<std::string> created_ids, updated_ids, destroyed_ids;
  std::vector<std::string> creations;  // the client's names of created_ids

 private:
  void update_each(const json::object& wanted, const std::vector<std::string>& to_go, json::object& done,
                   json::object& failed);
  void destroy_each(const std::vector<std::string>& wanted, json::object& failed);
  Outcome<> create_all(const json::object& wanted, json::object& done, json::object& failed);

  Call& call_;
  Access& access_;
};

// A patch without what the server sets alone (`fixed`) and is said as it is (RFC 8620 5.3). Errors: invalidProperties.
Outcome<json::object> settable(const json::object& patch, const json::object& now,
                               std::span<const std::string_view> fixed);

// A patch (RFC 8620 5.3) put onto an object. invalidPatch: a path through what is no object, or twice the same.
Outcome<json::object> patched(const json::object& before, const json::object& patch);

// What of a query's list is asked for (RFC 8620 5.5).
struct Window {
  std::int64_t position = 0;
  std::optional<std::string> anchor;
  std::int64_t anchor_offset = 0;
  std::optional<std::uint64_t> limit;
  bool calculate_total = false;
};
Window read_window(Arguments& arguments);
// First and behind the last. Errors: anchorNotFound. `index_of`: of an id.
Outcome<std::pair<std::size_t, std::size_t>> place(
    const Window& window, std::size_t size,
    const std::function<std::optional<std::size_t>(std::string_view)>& index_of);

// What may be said of objects in a filter.
struct FilterProperty {
  enum class Type : std::uint8_t { text, text_or_null, texts, boolean, date };
  std::string_view name;
  Type type{};
};
// RFC 8620 5.5: an operator over filters, or a condition of `known` properties. Null: none. Errors: invalidArguments,
// unsupportedFilter.
Outcome<> check_filter(const json::value* filter, std::span<const FilterProperty> known);
// Of a filter that was checked: `is` says whether one condition is met.
bool meets(const json::value* filter, const std::function<bool(std::string_view name, const json::value& value)>& is);

struct SortBy {
  std::string property;
  bool ascending = true;
};
// RFC 8620 5.5: comparators over `known` properties. Errors: invalidArguments, unsupportedSort.
Outcome<std::vector<SortBy>> read_sort(const json::array* given, std::span<const std::string_view> known);
// Its own properties are left to whoever reads them. Errors as read_sort().
Outcome<SortBy> read_comparator(const json::value& value);

// RFC 8620 5.6 for types whose lists are short: whoever has an old one asks for the new one. `own_only`: of accounts of
// others there is none. `more`: arguments that the type has beside the standard's. Errors: cannotCalculateChanges, and
// those of the arguments.
Answer refuse_query_changes(Call& call, bool own_only, std::span<const std::string_view> more = {});

// The answer to a query (RFC 8620 5.5) whose whole list, in its order, is `all`: objects with an "id". For types of
// which an account has few; it cannot tell later what changed in the list. Errors: anchorNotFound.
Answer answer_query(const std::string& account, const std::string& state, const Window& window,
                    const std::vector<json::object>& all);

json::array strings(const std::vector<std::string>& texts);

}  // namespace gatepost::jmap
