#include "jmap/forwarding.hpp"

#include <array>

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "jmap/events.hpp"
#include "jmap/ids.hpp"
#include "jmap/standard.hpp"
#include "mailflow/forwarding.hpp"

namespace gatepost::jmap {
namespace {

using mailflow::Forwarding;

constexpr std::array<std::string_view, 5> kForwardingProperties = {"id", "isEnabled", "address", "keepCopy", "setBy"};

json::object describe_forwarding(const Forwarding& forwarding) {
  const bool none = forwarding.to.empty();
  return {{"id", kSingleton},
          {"isEnabled", forwarding.enabled},
          {"address", none ? json::value() : json::value(forwarding.to)},
          {"keepCopy", forwarding.keep_copy},
          {"setBy", none ? json::value() : json::value(forwarding.by_administrator ? "administrator" : "user")}};
}

std::string forwarding_state(const Forwarding& forwarding) {
  const Sha256Value hash = sha256(json::serialize(describe_forwarding(forwarding)));
  return to_hex({reinterpret_cast<const char*>(hash.data()), 8});
}

// Errors: invalidProperties, forbidden.
Outcome<Forwarding> changed_forwarding(const Context& context, const Forwarding& before, const json::object& patch) {
  Forwarding out = before;
  for (const auto& [key, value] : patch) {
    if (key == "isEnabled" && value.is_bool()) {
      out.enabled = value.get_bool();
    } else if (key == "keepCopy" && value.is_bool()) {
      out.keep_copy = value.get_bool();
    } else if (key == "address" && (value.is_string() || value.is_null())) {
      out.to = value.is_null() ? std::string() : std::string(value.get_string());
    } else if (key != "id" || !value.is_string() || value.get_string() != kSingleton) {
      return bad_property(key);
    }
  }
  // What an administrator chose stays good until it is another address.
  if (out.to != before.to) out.by_administrator = false;
  const bool asks = out.enabled && !out.by_administrator && (!before.enabled || out.to != before.to);
  if (!asks) return out;
  const auto may =
      mailflow::may_forward(context.services.directory, context.user.id, out.to, context.services.reception.options());
  if (may) return out;
  switch (may.error().code) {
    case Errc::invalid:
    case Errc::not_found:
    case Errc::denied:
      return bad_property(
          "address", may.error().code == Errc::invalid ? may.error().detail : "there is nobody of this address here");
    case Errc::forbidden:
      return refuse("forbidden", may.error().detail);
    default:
      return std::unexpected(refusal_for_object(may.error()));
  }
}

}  // namespace

json::object forwarding_account_capability(const Context& context) {
  json::array outside;
  for (const std::string& domain : context.services.reception.options().forward_outside) outside.emplace_back(domain);
  return {{"allowedDomains", std::move(outside)}};
}

Answer forwarding_get(Call& call) {
  Arguments arguments(call.given);
  auto request = read_get(call, arguments, kForwardingProperties);
  if (!request) return std::unexpected(request.error());
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  if (!request->access->own) return refuse("accountNotSupportedByMethod");
  JMAP_CALL_TRY(const auto forwarding, mailflow::forwarding_of(*request->access->account));
  const auto ids = request->ids.value_or(std::vector<std::string>{std::string(kSingleton)});
  auto answer = answer_get(*request, 0, ids, [&](const std::string& id) -> Outcome<std::optional<json::object>> {
    if (id != kSingleton) return std::nullopt;
    const json::object all = describe_forwarding(forwarding);
    json::object out;
    for (const std::string_view property : kForwardingProperties) {
      if (request->wants(property)) out[property] = all.at(property);
    }
    return out;
  });
  if (answer) (*answer)["state"] = forwarding_state(forwarding);
  return answer;
}

Answer forwarding_set(Call& call) {
  Arguments arguments(call.given);
  auto access = call.context.access(arguments.id("accountId"));
  if (!access) return std::unexpected(access.error());
  if (!(*access)->own) return refuse("accountNotSupportedByMethod");
  account::Account& account = *(*access)->account;
  JMAP_CALL_TRY(auto forwarding, mailflow::forwarding_of(account));
  const std::string before = forwarding_state(forwarding);
  json::object given = call.given;
  if (const auto* wanted = given.if_contains("ifInState"); wanted != nullptr && !wanted->is_null()) {
    if (!wanted->is_string()) return bad_argument("ifInState");
    if (wanted->get_string() != before) return refuse("stateMismatch");
  }
  given.erase("ifInState");
  Arguments rest(given);
  SetRun run(call, **access);
  // There is one, always.
  run.create = [](const json::object&) -> Outcome<json::object> { return refuse("singleton"); };
  run.destroy = [](const std::string&) -> Outcome<> { return refuse("singleton"); };
  run.update = [&](const std::string& id, const json::object& patch) -> Outcome<json::value> {
    if (id != kSingleton) return refuse("notFound");
    auto next = changed_forwarding(call.context, forwarding, patch);
    if (!next) return std::unexpected(next.error());
    if (*next == forwarding) return json::value();
    if (const auto done = mailflow::set_forwarding(account, *next); !done) {
      return std::unexpected(done.error().code == Errc::invalid ? bad_property("address").error()
                                                                : refusal_for_object(done.error()));
    }
    forwarding = std::move(*next);
    call.context.services.log.write(event::kForwarding, {{"name", call.context.user.address},
                                                         {"to", forwarding.enabled ? forwarding.to : ""},
                                                         {"copy", forwarding.keep_copy ? "yes" : "no"}});
    return json::value();
  };
  auto answer = run.run(rest);
  if (!answer) return answer;
  (*answer)["oldState"] = before;
  (*answer)["newState"] = forwarding_state(forwarding);
  return answer;
}

}  // namespace gatepost::jmap
