#include "jmap/vacation.hpp"

#include <algorithm>
#include <array>

#include "jmap/ids.hpp"
#include "jmap/singleton.hpp"
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

Result<json::object> vacation_object(account::Account& account) {
  GP_TRY(const auto vacation, mailflow::vacation_of(account));
  return describe_vacation(vacation);
}

}  // namespace

Result<std::string> vacation_state(account::Account& account) {
  GP_TRY(const json::object now, vacation_object(account));
  return singleton_state(now);
}

Answer vacation_get(Call& call) { return singleton_get(call, kVacationProperties, vacation_object); }

Answer vacation_set(Call& call) {
  return singleton_set(call, vacation_object, [](account::Account& account, const json::object& patch) -> Outcome<> {
    JMAP_OBJECT_TRY(const auto before, mailflow::vacation_of(account));
    const auto next = changed_vacation(before, patch);
    if (!next) return std::unexpected(next.error());
    if (*next == before) return {};
    if (const auto done = mailflow::set_vacation(account, *next); !done) {
      return std::unexpected(refusal_for_object(done.error()));
    }
    return {};
  });
}

}  // namespace gatepost::jmap
