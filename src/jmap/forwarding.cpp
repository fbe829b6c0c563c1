#include "jmap/forwarding.hpp"

#include <array>

#include "jmap/events.hpp"
#include "jmap/ids.hpp"
#include "jmap/singleton.hpp"
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

Result<json::object> forwarding_object(account::Account& account) {
  GP_TRY(const auto forwarding, mailflow::forwarding_of(account));
  return describe_forwarding(forwarding);
}

}  // namespace

json::object forwarding_account_capability(const Context& context) {
  json::array outside;
  for (const std::string& domain : context.services.reception.options().forward_outside) outside.emplace_back(domain);
  return {{"allowedDomains", std::move(outside)}};
}

Answer forwarding_get(Call& call) { return singleton_get(call, kForwardingProperties, forwarding_object); }

Answer forwarding_set(Call& call) {
  const auto update = [&](account::Account& account, const json::object& patch) -> Outcome<> {
    JMAP_OBJECT_TRY(const auto before, mailflow::forwarding_of(account));
    const auto next = changed_forwarding(call.context, before, patch);
    if (!next) return std::unexpected(next.error());
    if (*next == before) return {};
    if (const auto done = mailflow::set_forwarding(account, *next); !done) {
      return std::unexpected(done.error().code == Errc::invalid ? bad_property("address").error()
                                                                : refusal_for_object(done.error()));
    }
    call.context.services.log.write(event::kForwarding, {{"name", call.context.user.address},
                                                         {"to", next->enabled ? next->to : ""},
                                                         {"copy", next->keep_copy ? "yes" : "no"}});
    return {};
  };
  return singleton_set(call, forwarding_object, update);
}

}  // namespace gatepost::jmap
