#include "jmap/vacation.hpp"

#include <algorithm>
#include <array>

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "jmap/ids.hpp"
#include "mailflow/vacation.hpp"

namespace gatepost::jmap {
namespace {

constexpr std::array<std::string_view, 7> kVacationProperties = {"id",      "isEnabled", "fromDate", "toDate",
                                                                 "subject", "textBody",  "htmlBody"};

json::object describe_vacation(const mailflow::Vacation& vacation) {
  const auto text = [](const std::optional<std::string>& t) { return t ? json::value(*t) : json::value(); };
  const auto date = [](const std::optional<TimePoint>& t) { return t ? json::value(utc_date(*t)) : json::value(); };
  return {{"id", kSingleton},
          {"isEnabled", vacation.enabled},
          {"fromDate", date(vacation.from)},
          {"toDate", date(vacation.until)},
          {"subject", text(vacation.subject)},
          {"textBody", text(vacation.text)},
          {"htmlBody", text(vacation.html)}};
}

std::string vacation_response_state(const mailflow::Vacation& vacation) {
  const Sha256Value hash = sha256(json::serialize(describe_vacation(vacation)));
  return to_hex({reinterpret_cast<const char*>(hash.data()), 8});
}

// Errors: invalidProperties.
Outcome<mailflow::Vacation> changed_vacation(const mailflow::Vacation& before, const json::object& patch) {
  mailflow::Vacation out = before;
  for (const auto& [key, value] : patch) {
    const auto date = [&](std::optional<TimePoint>& into) {
      into = value.is_null() ? std::nullopt : read_date(value);
      return into || value.is_null();
    };
    const auto text = [&](std::optional<std::string>& into) {
      into.reset();
      if (value.is_string()) into = std::string(value.get_string());
      return into || value.is_null();
    };
    bool good = false;
    if (key == "isEnabled" && value.is_bool()) {
      out.enabled = value.get_bool();
      good = true;
    } else if (key == "fromDate") {
      good = date(out.from);
    } else if (key == "toDate") {
      good = date(out.until);
    } else if (key == "subject") {
      good = text(out.subject);
    } else if (key == "textBody") {
      good = text(out.text);
    } else if (key == "htmlBody") {
      good = text(out.html);
    } else if (key == "id") {
      good = value.is_string() && value.get_string() == kSingleton;
    }
    if (!good) return bad_property(key);
  }
  // Whole seconds are kept.
  if (out.from) out.from = std::chrono::floor<std::chrono::seconds>(*out.from);
  if (out.until) out.until = std::chrono::floor<std::chrono::seconds>(*out.until);
  return out;
}

}  // namespace

Result<std::string> vacation_state(account::Account& account) {
  GP_TRY(const auto vacation, mailflow::vacation_of(account));
  return vacation_response_state(vacation);
}

Answer vacation_get(Call& call) {
  Arguments arguments(call.given);
  auto request = read_get(call, arguments, kVacationProperties);
  if (!request) return std::unexpected(request.error());
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  if (!request->access->own) return refuse("accountNotSupportedByMethod");
  JMAP_CALL_TRY(const auto vacation, mailflow::vacation_of(*request->access->account));
  const auto ids = request->ids.value_or(std::vector<std::string>{std::string(kSingleton)});
  auto answer = answer_get(*request, 0, ids, [&](const std::string& id) -> Outcome<std::optional<json::object>> {
    if (id != kSingleton) return std::nullopt;
    const json::object all = describe_vacation(vacation);
    json::object out;
    for (const std::string_view property : kVacationProperties) {
      if (request->wants(property)) out[property] = all.at(property);
    }
    return out;
  });
  if (answer) (*answer)["state"] = vacation_response_state(vacation);
  return answer;
}

Answer vacation_set(Call& call) {
  Arguments arguments(call.given);
  auto access = call.context.access(arguments.id("accountId"));
  if (!access) return std::unexpected(access.error());
  if (!(*access)->own) return refuse("accountNotSupportedByMethod");
  account::Account& account = *(*access)->account;
  JMAP_CALL_TRY(auto vacation, mailflow::vacation_of(account));
  const std::string before = vacation_response_state(vacation);
  json::object given = call.given;
  if (const auto* wanted = given.if_contains("ifInState"); wanted != nullptr && !wanted->is_null()) {
    if (!wanted->is_string()) return bad_argument("ifInState");
    if (wanted->get_string() != before) return refuse("stateMismatch");
  }
  given.erase("ifInState");
  Arguments rest(given);
  SetRun run(call, **access);
  // RFC 8621 8: there is one, always.
  run.create = [](const json::object&) -> Outcome<json::object> { return refuse("singleton"); };
  run.destroy = [](const std::string&) -> Outcome<> { return refuse("singleton"); };
  run.update = [&](const std::string& id, const json::object& patch) -> Outcome<json::value> {
    if (id != kSingleton) return refuse("notFound");
    auto next = changed_vacation(vacation, patch);
    if (!next) return std::unexpected(next.error());
    const bool same = *next == vacation;
    if (const auto done = same ? Result<>() : mailflow::set_vacation(account, *next); !done) {
      return std::unexpected(refusal_for_object(done.error()));
    }
    vacation = std::move(*next);
    return json::value();
  };
  auto answer = run.run(rest);
  if (!answer) return answer;
  (*answer)["oldState"] = before;
  (*answer)["newState"] = vacation_response_state(vacation);
  return answer;
}

}  // namespace gatepost::jmap
