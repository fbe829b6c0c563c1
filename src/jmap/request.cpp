#include "jmap/request.hpp"

#include <algorithm>

#include "jmap/capabilities.hpp"

namespace gatepost::jmap {
namespace {

constexpr std::size_t kMaxCreated = 10'000;

Problem not_request(std::string detail) {
  return {"urn:ietf:params:jmap:error:notRequest", 400, std::move(detail), {}};
}

std::optional<Invocation> read_invocation(json::value& value) {
  auto* parts = value.if_array();
  if (parts == nullptr || parts->size() != 3) return std::nullopt;
  const auto* name = (*parts)[0].if_string();
  auto* arguments = (*parts)[1].if_object();
  const auto* id = (*parts)[2].if_string();
  if (name == nullptr || arguments == nullptr || id == nullptr) return std::nullopt;
  return Invocation{std::string(*name), std::move(*arguments), std::string(*id)};
}

}  // namespace

std::string to_text(const Problem& problem) {
  json::object out{{"type", problem.type}, {"status", problem.status}};
  if (!problem.detail.empty()) out["detail"] = problem.detail;
  if (!problem.limit.empty()) out["limit"] = problem.limit;
  return json::serialize(out);
}

std::expected<Request, Problem> read_request(std::string_view text, std::size_t max_calls) {
  auto value = parse(text);
  if (!value || !has_unique_names(text)) {
    return std::unexpected(
        Problem{"urn:ietf:params:jmap:error:notJSON", 400, "The body is not I-JSON (RFC 7493).", {}});
  }
  auto* object = value->if_object();
  if (object == nullptr) return std::unexpected(not_request("The body is not an object."));
  Request out;
  const json::value* uses = object->if_contains("using");
  if (uses == nullptr || !uses->is_array()) return std::unexpected(not_request("\"using\" is missing."));
  for (const json::value& name : uses->get_array()) {
    if (!name.is_string()) return std::unexpected(not_request("\"using\" holds something that is not a string."));
    std::string capability(name.get_string());
    if (!is_capability(capability)) {
      return std::unexpected(
          Problem{"urn:ietf:params:jmap:error:unknownCapability", 400, "Unknown: " + capability, {}});
    }
    out.uses.insert(std::move(capability));
  }
  json::value* calls = object->if_contains("methodCalls");
  if (calls == nullptr || !calls->is_array()) return std::unexpected(not_request("\"methodCalls\" is missing."));
  if (calls->get_array().size() > max_calls) {
    return std::unexpected(
        Problem{"urn:ietf:params:jmap:error:limit", 400, "Too many method calls.", "maxCallsInRequest"});
  }
  for (json::value& call : calls->get_array()) {
    auto invocation = read_invocation(call);
    if (!invocation) return std::unexpected(not_request("A method call is not [name, arguments, id]."));
    out.calls.push_back(std::move(*invocation));
  }
  if (const json::value* created = object->if_contains("createdIds"); created != nullptr && !created->is_null()) {
    const auto* ids = created->if_object();
    if (ids == nullptr || ids->size() > kMaxCreated) return std::unexpected(not_request("\"createdIds\""));
    for (const auto& [name, id] : *ids) {
      if (!id.is_string() || !is_id(id.get_string())) return std::unexpected(not_request("\"createdIds\""));
      out.created.emplace(name, id.get_string());
    }
    out.tells_created = true;
  }
  return out;
}

Outcome<> resolve_references(json::object& arguments, const std::vector<Invocation>& earlier, std::size_t& octets) {
  std::vector<std::pair<std::string, json::value>> found;
  std::vector<std::string> names;
  for (const auto& [key, value] : arguments) {
    if (!key.starts_with('#')) continue;
    const std::string name(key.substr(1));
    if (arguments.contains(name)) return bad_argument(name);  // RFC 8620 3.7: both forms at once
    const auto* reference = value.if_object();
    if (reference == nullptr) return bad_argument(key);
    const auto text = [reference](std::string_view part) -> const json::string* {
      const json::value* v = reference->if_contains(part);
      return v == nullptr ? nullptr : v->if_string();
    };
    const auto *of = text("resultOf"), *method = text("name"), *path = text("path");
    if (of == nullptr || method == nullptr || path == nullptr) return bad_argument(key);
    const auto response = std::ranges::find(earlier, std::string_view(*of), &Invocation::id);
    if (response == earlier.end() || response->name != std::string_view(*method)) {
      return refuse("invalidResultReference", name);
    }
    auto what = follow(response->arguments, *path, octets);
    if (!what && octets == 0) return refuse("requestTooLarge", name);
    if (!what) return refuse("invalidResultReference", name);
    names.emplace_back(key);
    found.emplace_back(name, std::move(*what));
  }
  for (const std::string& name : names) arguments.erase(name);
  for (auto& [name, value] : found) arguments[name] = std::move(value);
  return {};
}

}  // namespace gatepost::jmap
