#include "jmap/sieve_script.hpp"

#include <algorithm>
#include <array>

#include "jmap/blob.hpp"
#include "jmap/ids.hpp"
#include "jmap/standard.hpp"
#include "mailflow/reception.hpp"
#include "mailflow/scripts.hpp"
#include "mime/fold.hpp"
#include "sieve/extension.hpp"
#include "sieve/limits.hpp"

namespace gatepost::jmap {
namespace {

using mailflow::Script;
using mailflow::ScriptId;
using mailflow::ScriptList;
using mailflow::Scripts;

constexpr std::array<std::string_view, 4> kSieveScriptProperties = {"id", "name", "blobId", "isActive"};

std::string script_name(ScriptId id) { return "S" + std::to_string(static_cast<std::uint32_t>(id)); }
std::optional<ScriptId> read_script(std::string_view id) {
  const auto n = number_behind('S', id);
  return n && *n <= 0xffffffff ? std::optional(ScriptId{static_cast<std::uint32_t>(*n)}) : std::nullopt;
}

// The account whose scripts these are: everybody's own. Errors: accountNotFound, accountNotSupportedByMethod.
Outcome<Access*> scripts_access(Call& call, std::string_view account) {
  if (call.context.services.reception.scripts() == nullptr) return refuse("accountNotSupportedByMethod");
  return own_access(call, account);
}

// What the blob holds. Errors: blobNotFound, tooLarge.
Outcome<std::string> content_of(Call& call, const Access& access, std::string_view blob) {
  const std::string name = call.context.id_of(blob).value_or(std::string(blob));
  const auto opened = open_blob(access, name);
  if (!opened && opened.error().code == Errc::not_found) return refuse("blobNotFound", std::string(blob));
  if (!opened) return std::unexpected(refusal_for_object(opened.error()));
  std::string out;
  JMAP_OBJECT_TRY(const std::uint64_t octets, read_blob(*opened, 0, [&](std::string_view piece) {
                    out += piece;
                    return out.size() <= sieve::kMaxScriptOctets;
                  }));
  (void)octets;
  if (out.size() > sieve::kMaxScriptOctets) return refuse("tooLarge");
  return out;
}

// RFC 9661 2.4: invalidSieve, with the line and the cause.
Outcome<> check(std::string_view content) {
  const auto program = sieve::compile(content);
  if (!program) return refuse("invalidSieve", program.error().text());
  return {};
}

// A script is named as an upload of what it holds would be, so that it can be downloaded.
Result<std::string> blob_of(account::Account& account, std::string_view content) {
  GP_TRY(const auto writer, account.new_body(content.size()));
  if (!content.empty()) GP_CHECK(writer->append(content));
  GP_TRY(const account::Body body, writer->finish());
  return blob_of_upload(account, body);
}

json::object describe_script(const Script& script) {
  return {{"id", script_name(script.id)}, {"name", script.name}, {"isActive", script.active}};
}

const Script* find_script(const ScriptList& list, ScriptId id) {
  const auto found = std::ranges::find(list.scripts, id, &Script::id);
  return found == list.scripts.end() ? nullptr : &*found;
}

// RFC 9661 2.2: a name of our own, when the client gives none.
std::string free_name(const ScriptList& list) {
  for (std::size_t n = 1;; ++n) {
    std::string name = "script" + std::to_string(n);
    if (std::ranges::find(list.scripts, name, &Script::name) == list.scripts.end()) return name;
  }
}

bool contains_text(std::string_view text, std::string_view wanted) {
  return mime::fold(text).find(mime::fold(wanted)) != std::string::npos;
}

// One SieveScript/set.
class ScriptSet {
 public:
  ScriptSet(Call& call, Access& access) : call_(call), access_(access), account_(*access.account) {}

  Outcome<json::object> create(const json::object& given) {
    Given wanted;
    if (auto read = read_given(given, wanted); !read) return std::unexpected(read.error());
    if (!wanted.content) return bad_property("blobId");
    JMAP_OBJECT_TRY(const ScriptList list, scripts().list(account_));
    const std::string name = wanted.name.value_or(free_name(list));
    auto id = put(std::nullopt, name, wanted.content);
    if (!id) return std::unexpected(id.error());
    json::object made{{"id", script_name(*id)}, {"isActive", false}};
    if (!wanted.name) made["name"] = name;
    return made;
  }

  Outcome<json::value> update(const std::string& id, const json::object& patch) {
    const auto script = read_script(id);
    if (!script) return refuse("notFound");
    static constexpr std::array<std::string_view, 2> kFixed = {"id", "isActive"};
    JMAP_OBJECT_TRY(const ScriptList all, scripts().list(account_));
    const Script* now = find_script(all, *script);
    if (now == nullptr) return refuse("notFound");
    const auto said = settable(patch, describe_script(*now), kFixed);
    if (!said) return std::unexpected(said.error());
    Given wanted;
    if (auto read = read_given(*said, wanted); !read) return std::unexpected(read.error());
    std::optional<std::string> told;
    if (patch.contains("name") && !wanted.name) {
      JMAP_OBJECT_TRY(const ScriptList list, scripts().list(account_));
      told = free_name(list);
      wanted.name = told;
    }
    if (auto done = put(script, wanted.name, wanted.content); !done) return std::unexpected(done.error());
    return told ? json::value(json::object{{"name", *told}}) : json::value();
  }

  Outcome<> destroy(const std::string& id) {
    const auto script = read_script(id);
    if (!script) return refuse("notFound");
    const auto done = scripts().remove(account_, *script);
    if (!done && done.error().code == Errc::conflict) return refuse("sieveIsActive");
    if (!done) return std::unexpected(refusal_for_object(done.error()));
    return {};
  }

  Scripts& scripts() { return *call_.context.services.reception.scripts(); }

 private:
  struct Given {
    std::optional<std::string> name, content;
  };

  Outcome<> read_given(const json::object& given, Given& out) {
    for (const auto& [key, value] : given) {
      if (key == "name" && (value.is_string() || value.is_null())) {
        if (value.is_string()) out.name = std::string(value.get_string());
      } else if (key == "blobId" && value.is_string()) {
        auto content = content_of(call_, access_, value.get_string());
        if (!content) return std::unexpected(content.error());
        if (auto good = check(*content); !good) return good;
        out.content = std::move(*content);
      } else {
        return bad_property(key);
      }
    }
    return {};
  }

  Outcome<ScriptId> put(std::optional<ScriptId> id, const std::optional<std::string>& name,
                        const std::optional<std::string>& content) {
    const auto view = [](const std::optional<std::string>& t) {
      return t ? std::optional<std::string_view>(*t) : std::nullopt;
    };
    const auto done = scripts().put(account_, id, view(name), view(content));
    if (done) return *done;
    switch (done.error().code) {
      case Errc::already_exists: {
        Refusal why{"alreadyExists", {}, {}, {}};
        JMAP_OBJECT_TRY(const ScriptList list, scripts().list(account_));
        const auto found = std::ranges::find(list.scripts, name.value_or(""), &Script::name);
        if (found != list.scripts.end()) why.existing = script_name(found->id);
        return std::unexpected(std::move(why));
      }
      case Errc::invalid:
        return bad_property("name");
      case Errc::limit:
        return refuse("overQuota");
      default:
        return std::unexpected(refusal_for_object(done.error()));
    }
  }

  Call& call_;
  Access& access_;
  account::Account& account_;
};

using PropertyType = FilterProperty::Type;
// RFC 9661 2.5.
constexpr std::array<FilterProperty, 2> kSieveScriptFilter = {
    {{"name", PropertyType::text}, {"isActive", PropertyType::boolean}}};
constexpr std::array<std::string_view, 2> kSieveScriptSort = {"name", "isActive"};

void sort_by(const std::vector<SortBy>& keys, std::vector<Script>& list) {
  std::ranges::sort(list, [&](const Script& a, const Script& b) {
    for (const SortBy& key : keys) {
      const int order = key.property == "name" ? mime::fold(a.name).compare(mime::fold(b.name))
                                               : static_cast<int>(a.active) - static_cast<int>(b.active);
      if (order != 0) return key.ascending ? order < 0 : order > 0;
    }
    return a.id < b.id;
  });
}

}  // namespace

json::object sieve_capability() { return {{"implementation", "Gatepost"}}; }

json::object sieve_account_capability() {
  json::array extensions;
  for (const std::string_view name : sieve::announced_extensions()) extensions.emplace_back(name);
  return {{"maxSizeScriptName", mailflow::kMaxScriptName},
          {"maxSizeScript", sieve::kMaxScriptOctets},
          {"maxNumberScripts", mailflow::kMaxScripts},
          {"maxNumberRedirects", sieve::kMaxRedirects},
          {"sieveExtensions", std::move(extensions)},
          {"notificationMethods", nullptr},
          {"externalLists", nullptr}};
}

Answer sieve_script_get(Call& call) {
  Arguments arguments(call.given);
  auto request = read_get(call, arguments, kSieveScriptProperties);
  if (!request) return std::unexpected(request.error());
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  const auto access = scripts_access(call, account_name(request->access->id()));
  if (!access) return std::unexpected(access.error());
  account::Account& account = *request->access->account;
  Scripts& scripts = *call.context.services.reception.scripts();
  JMAP_CALL_TRY(const ScriptList list, scripts.list(account));
  std::vector<std::string> ids;
  for (const Script& script : list.scripts) ids.push_back(script_name(script.id));
  if (request->ids) ids = *request->ids;
  return answer_get(*request, list.state, ids, [&](const std::string& id) -> Outcome<std::optional<json::object>> {
    const auto wanted = read_script(id);
    const Script* script = wanted ? find_script(list, *wanted) : nullptr;
    if (script == nullptr) return std::nullopt;
    json::object whole = describe_script(*script);
    if (request->wants("blobId")) {
      JMAP_CALL_TRY(const std::string content, scripts.content(account, script->id));
      JMAP_CALL_TRY(const std::string blob, blob_of(account, content));
      whole["blobId"] = blob;
    }
    return request->wanted_of(whole);
  });
}

Answer sieve_script_set(Call& call) {
  Arguments arguments(call.given);
  const auto access = scripts_access(call, arguments.id("accountId"));
  if (!access) return std::unexpected(access.error());
  account::Account& account = *(*access)->account;
  ScriptSet set(call, **access);
  JMAP_CALL_TRY(const ScriptList before, set.scripts().list(account));
  std::optional<std::string> activate;
  bool deactivate = false;
  SetRun run(call, **access);
  run.state = [&]() -> Outcome<std::string> {
    JMAP_CALL_TRY(const ScriptList now, set.scripts().list(account));
    return now.state;
  };
  run.create = [&](const json::object& one) { return set.create(one); };
  run.update = [&](const std::string& id, const json::object& patch) { return set.update(id, patch); };
  run.destroy = [&](const std::string& id) { return set.destroy(id); };
  auto answer = run.run(arguments, [&] {
    activate = arguments.text("onSuccessActivateScript");
    deactivate = arguments.boolean("onSuccessDeactivateScript");
  });
  if (!answer) return answer;
  // RFC 9661 2.4: only when everything else was done. One that is not there changes nothing.
  const bool done =
      answer->at("notCreated").is_null() && answer->at("notUpdated").is_null() && answer->at("notDestroyed").is_null();
  if (done && deactivate) {
    const Result<> off = set.scripts().activate(account, std::nullopt);
    if (!off) return std::unexpected(refusal_for_call(off.error()));
  }
  if (done && activate) {
    const auto id = call.context.id_of(*activate);
    const auto script = id ? read_script(*id) : std::nullopt;
    const Result<> activated = script ? set.scripts().activate(account, *script) : Result<>();
    if (!activated && activated.error().code != Errc::not_found) {
      return std::unexpected(refusal_for_call(activated.error()));
    }
  }
  JMAP_CALL_TRY(const ScriptList after, set.scripts().list(account));
  // Those that are active now and were not, or the other way round.
  const auto updated = [&](const std::string& id, bool active) {
    for (std::size_t i = 0; i < run.created_ids.size(); ++i) {
      if (run.created_ids[i] != id) continue;
      answer->at("created").as_object()[run.creations[i]].as_object()["isActive"] = active;
      return;
    }
    json::value& all = answer->at("updated");
    if (all.is_null()) all = json::object();
    json::value& one = all.as_object()[id];
    if (one.is_null()) one = json::object();
    one.as_object()["isActive"] = active;
  };
  for (const Script& script : after.scripts) {
    const Script* old = find_script(before, script.id);
    if ((old != nullptr && old->active) != script.active) updated(script_name(script.id), script.active);
  }
  (*answer)["newState"] = after.state;
  return answer;
}

Answer sieve_script_query(Call& call) {
  Arguments arguments(call.given);
  const std::string account = arguments.id("accountId");
  const json::value* filter = arguments.any("filter");
  const json::array* sort = arguments.array("sort");
  const Window window = read_window(arguments);
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  const auto access = scripts_access(call, account);
  if (!access) return std::unexpected(access.error());
  const auto keys = read_sort(sort, kSieveScriptSort);
  if (!keys) return std::unexpected(keys.error());
  if (auto good = check_filter(filter, kSieveScriptFilter); !good) return std::unexpected(good.error());
  JMAP_CALL_TRY(ScriptList list, call.context.services.reception.scripts()->list(*(*access)->account));
  sort_by(*keys, list.scripts);
  std::vector<json::object> all;
  for (const Script& script : list.scripts) {
    const bool wanted = meets(filter, [&](std::string_view name, const json::value& value) {
      return name == "name" ? contains_text(script.name, value.get_string()) : value.get_bool() == script.active;
    });
    if (wanted) all.push_back(describe_script(script));
  }
  return answer_query(account, list.state, window, all);
}

// RFC 9661 2.6.
Answer sieve_script_validate(Call& call) {
  Arguments arguments(call.given);
  const std::string account = arguments.id("accountId");
  const std::string blob = arguments.text("blobId").value_or("");
  if (blob.empty()) arguments.wrong("blobId");
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  const auto access = scripts_access(call, account);
  if (!access) return std::unexpected(access.error());
  auto content = content_of(call, **access, blob);
  if (!content) return std::unexpected(content.error());
  const auto good = check(*content);
  return json::object{{"accountId", account}, {"error", good ? json::value() : json::value(to_json(good.error()))}};
}

}  // namespace gatepost::jmap
