#include <algorithm>
#include <array>
#include <limits>

#include "base/random.hpp"
#include "jmap/ids.hpp"
#include "jmap/push.hpp"
#include "jmap/pusher.hpp"

namespace gatepost::jmap {
namespace {

constexpr account::Reader kPushReader = std::numeric_limits<account::Reader>::max() - 3;
constexpr std::string_view kPushPath = "/push/";
constexpr std::size_t kMaxUrl = 2'000, kMaxDevice = 255, kMaxSubscribedTypes = 50;
constexpr std::size_t kCodeOctets = 16, kIdOctets = 8;
// RFC 8620 7.2: "url" and "keys" are never told.
constexpr std::array<std::string_view, 5> kTold = {"id", "deviceClientId", "verificationCode", "expires", "types"};

std::string text_in(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

json::value types_of(const PushSubscription& s) { return s.types ? json::value(strings(*s.types)) : json::value(); }

// Errors: invalidProperties.
Outcome<> read_types(PushSubscription& into, const json::value& value) {
  into.types.reset();
  if (value.is_null()) return {};
  if (!value.is_array() || value.get_array().size() > kMaxSubscribedTypes) return bad_property("types");
  into.types.emplace();
  for (const json::value& one : value.get_array()) {
    if (!one.is_string() || one.get_string().size() > kMaxDevice) return bad_property("types");
    into.types->emplace_back(one.get_string());
  }
  return {};
}

Outcome<> read_expires(PushSubscription& into, const json::value& value, TimePoint now) {
  const auto at = value.is_null() ? std::optional(now + kPushDays) : read_date(value);
  if (!at || *at <= now) return bad_property("expires");
  into.expires = std::chrono::floor<std::chrono::seconds>(std::min(*at, now + kMostPushDays));
  return {};
}

Outcome<PushSubscription> read_new(const json::object& given, const PushGateway& gateway, TimePoint now) {
  PushSubscription out;
  if (auto done = read_expires(out, json::value(), now); !done) return std::unexpected(done.error());
  for (const auto& [key, value] : given) {
    if (key == "deviceClientId" && value.is_string()) {
      out.device = std::string(value.get_string());
    } else if (key == "url" && value.is_string()) {
      out.url = std::string(value.get_string());
    } else if (key == "keys" && value.is_object()) {
      out.p256dh = text_in(value.get_object(), "p256dh");
      out.auth = text_in(value.get_object(), "auth");
      if (out.p256dh.empty() || out.auth.empty()) return bad_property("keys");
    } else if (key == "types") {
      if (auto done = read_types(out, value); !done) return std::unexpected(done.error());
    } else if (key == "expires") {
      if (auto done = read_expires(out, value, now); !done) return std::unexpected(done.error());
    } else if (!value.is_null() || (key != "keys" && key != "verificationCode")) {
      return bad_property(key);
    }
  }
  if (out.device.empty() || out.device.size() > kMaxDevice) return bad_property("deviceClientId");
  if (out.url.empty() || out.url.size() > kMaxUrl || !gateway.is_good(out.url, {}, {})) return bad_property("url");
  if (!gateway.is_good(out.url, out.p256dh, out.auth)) return bad_property("keys");
  return out;
}

// The subscriptions are of the user, not of an account: they are kept with his own.
Outcome<account::Account*> own_opened_account(Call& call) {
  const account::AccountId id{static_cast<std::uint64_t>(call.context.user.id)};
  const auto access = call.context.access(account_name(id));
  if (!access) return std::unexpected(access.error());
  return (*access)->account.get();
}

}  // namespace

Result<std::vector<PushSubscription>> push_subscriptions_of(account::Account& account, TimePoint now) {
  GP_TRY(const auto kept, account.annotations(account::kRoot, kPushReader));
  std::vector<PushSubscription> out;
  for (const account::Annotation& one : kept) {
    const auto read = one.name.starts_with(kPushPath) ? parse(one.value) : std::nullopt;
    const auto* object = read ? read->if_object() : nullptr;
    if (object == nullptr) continue;
    PushSubscription s;
    s.id = one.name.substr(kPushPath.size());
    s.device = text_in(*object, "device");
    s.url = text_in(*object, "url");
    s.p256dh = text_in(*object, "p256dh");
    s.auth = text_in(*object, "auth");
    s.code = text_in(*object, "code");
    const auto* verified = object->if_contains("verified");
    s.verified = verified != nullptr && *verified == true;
    const auto* types = object->if_contains("types");
    if (types != nullptr && !types->is_null()) (void)read_types(s, *types);
    const auto expires = read_date(object->contains("expires") ? object->at("expires") : json::value());
    if (!expires || *expires <= now) continue;
    s.expires = *expires;
    out.push_back(std::move(s));
  }
  return out;
}

Result<> keep(account::Account& account, const PushSubscription& s) {
  account::AnnotationChange change;
  change.reader = kPushReader;
  change.name = std::string(kPushPath) + s.id;
  change.value = json::serialize(json::object{{"device", s.device},
                                              {"url", s.url},
                                              {"p256dh", s.p256dh},
                                              {"auth", s.auth},
                                              {"code", s.code},
                                              {"verified", s.verified},
                                              {"expires", utc_date(s.expires)},
                                              {"types", types_of(s)}});
  return account.set_annotations(account::kRoot, std::span(&change, 1), 0);
}

Result<> forget_push(account::Account& account, std::string_view id) {
  account::AnnotationChange change;
  change.reader = kPushReader;
  change.name = std::string(kPushPath) + std::string(id);
  return account.set_annotations(account::kRoot, std::span(&change, 1), 0);
}

Answer push_subscription_get(Call& call) {
  if (call.context.pusher == nullptr) return refuse("serverUnavailable", "no push");
  Arguments arguments(call.given);
  auto ids = arguments.texts("ids");
  const auto properties = arguments.texts("properties");
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  for (const std::string& property : properties.value_or(std::vector<std::string>())) {
    if (property == "url" || property == "keys") return refuse("forbidden", property);
    if (std::ranges::find(kTold, property) == kTold.end()) return bad_argument("properties");
  }
  if (ids) {
    if (ids->size() > call.context.limits.objects_in_get) return refuse("requestTooLarge");
    for (std::string& id : *ids) id = call.context.id_of(id).value_or(id);
  }
  const auto account = own_opened_account(call);
  if (!account) return std::unexpected(account.error());
  JMAP_CALL_TRY(const auto all, push_subscriptions_of(**account, call.context.services.clock.now()));
  json::array list;
  std::vector<std::string> missing = ids.value_or(std::vector<std::string>());
  for (const PushSubscription& s : all) {
    if (ids && std::erase(missing, s.id) == 0) continue;
    const json::object whole{{"id", s.id},
                             {"deviceClientId", s.device},
                             {"verificationCode", s.verified ? json::value(s.code) : json::value()},
                             {"expires", utc_date(s.expires)},
                             {"types", types_of(s)}};
    json::object told{{"id", s.id}};
    for (const std::string_view name : kTold) {
      if (!properties || std::ranges::find(*properties, name) != properties->end()) told[name] = whole.at(name);
    }
    list.push_back(std::move(told));
  }
  return json::object{{"list", std::move(list)}, {"notFound", strings(missing)}};
}

Answer push_subscription_set(Call& call) {
  Pusher* const pusher = call.context.pusher;
  if (pusher == nullptr) return refuse("serverUnavailable", "no push");
  // RFC 8620 7.2.2: without an account and without states.
  if (call.given.contains("accountId") || call.given.contains("ifInState")) return bad_argument("accountId");
  const auto account = own_opened_account(call);
  if (!account) return std::unexpected(account.error());
  const TimePoint now = call.context.services.clock.now();
  const auto access = call.context.access(account_name((*account)->id()));
  if (!access) return std::unexpected(access.error());
  SetRun run(call, **access);
  const auto find = [&](const std::string& id) -> Outcome<PushSubscription> {
    JMAP_OBJECT_TRY(auto all, push_subscriptions_of(**account, now));
    const auto found = std::ranges::find(all, id, &PushSubscription::id);
    if (found == all.end()) return refuse("notFound");
    return *found;
  };
  run.create = [&](const json::object& given) -> Outcome<json::object> {
    auto made = read_new(given, pusher->gateway(), now);
    if (!made) return std::unexpected(made.error());
    JMAP_OBJECT_TRY(const auto all, push_subscriptions_of(**account, now));
    if (all.size() >= kMaxPushSubscriptions) return refuse("overQuota");
    if (!pusher->may_subscribe(call.context.user.id)) return refuse("rateLimit");
    made->id = call.context.services.random.hex(kIdOctets);
    made->code = call.context.services.random.hex(kCodeOctets);
    // Noted first: rather an account that is looked at in vain than one that is forgotten.
    JMAP_OBJECT_TRY(const bool noted, pusher->note(call.context.user.id, true));
    (void)noted;
    if (const auto kept = keep(**account, *made); !kept) return std::unexpected(refusal_for_object(kept.error()));
    pusher->look_at(call.context.user.id);
    return json::object{{"id", made->id}, {"keys", nullptr}, {"expires", utc_date(made->expires)}};
  };
  run.update = [&](const std::string& id, const json::object& patch) -> Outcome<json::value> {
    auto s = find(id);
    if (!s) return std::unexpected(s.error());
    json::object told;
    for (const auto& [key, value] : patch) {
      if (key == "verificationCode") {
        // RFC 8620 7.2.2: one that is not right changes nothing.
        if (!value.is_string() || value.get_string() != s->code) return bad_property(key);
        s->verified = true;
      } else if (key == "expires") {
        if (auto done = read_expires(*s, value, now); !done) return std::unexpected(done.error());
        if (!value.is_string() || value.get_string() != utc_date(s->expires)) {
          told["expires"] = utc_date(s->expires);
        }
      } else if (key == "types") {
        if (auto done = read_types(*s, value); !done) return std::unexpected(done.error());
      } else {
        return bad_property(key);
      }
    }
    if (const auto kept = keep(**account, *s); !kept) return std::unexpected(refusal_for_object(kept.error()));
    pusher->look_at(call.context.user.id);
    return told.empty() ? json::value() : json::value(std::move(told));
  };
  run.destroy = [&](const std::string& id) -> Outcome<> {
    if (const auto s = find(id); !s) return std::unexpected(s.error());
    if (const auto gone = forget_push(**account, id); !gone) return std::unexpected(refusal_for_object(gone.error()));
    pusher->look_at(call.context.user.id);
    return {};
  };
  Arguments arguments(call.given);
  auto answer = run.run(arguments);
  if (!answer) return answer;
  for (const char* name : {"accountId", "oldState", "newState"}) answer->erase(name);
  return answer;
}

}  // namespace gatepost::jmap
