#include "oauth/json_reader.hpp"

#include <algorithm>
#include <cmath>

#include <boost/json.hpp>

namespace gatepost::oauth {
namespace {

namespace json = boost::json;
constexpr std::size_t kMaxDepth = 16;
constexpr double kEndOfTime = 253'402'300'799.0;  // 9999-12-31T23:59:59Z
// 2255: what the clock can express, with room for leeways. A later time is as good as this one.
constexpr double kEndOfClock = 9'000'000'000.0;

std::string text_of(const json::string& text) { return {text.data(), text.size()}; }

}  // namespace

struct JsonObject::Value {
  json::object object;
  const json::value* find(std::string_view key) const {
    return object.if_contains(json::string_view(key.data(), key.size()));
  }
};

Result<JsonObject> JsonObject::parse(std::string_view text) {
  if (text.size() > kMaxJsonOctets) return fail(Errc::invalid, "too much JSON");
  json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::system::error_code ec;
  json::value value = json::parse(json::string_view(text.data(), text.size()), ec, {}, options);
  if (ec || !value.is_object()) return fail(Errc::invalid, "no JSON object");
  return JsonObject(std::make_shared<const Value>(std::move(value.as_object())));
}

bool JsonObject::has(std::string_view key) const { return value_->find(key) != nullptr; }

std::optional<std::string> JsonObject::text(std::string_view key) const {
  const json::value* const value = value_->find(key);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return text_of(value->as_string());
}

std::optional<bool> JsonObject::flag(std::string_view key) const {
  const json::value* const value = value_->find(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_bool()) return value->as_bool();
  if (value->is_string() && value->as_string() == "true") return true;
  if (value->is_string() && value->as_string() == "false") return false;
  return std::nullopt;
}

std::vector<std::string> JsonObject::texts(std::string_view key) const {
  const json::value* const value = value_->find(key);
  if (value == nullptr) return {};
  if (value->is_string()) return {text_of(value->as_string())};
  const json::array* const list = value->if_array();
  if (list == nullptr || list->size() > kMaxListed) return {};
  std::vector<std::string> out;
  for (const json::value& one : *list) {
    if (one.is_string()) out.push_back(text_of(one.as_string()));
  }
  return out;
}

std::optional<TimePoint> JsonObject::time(std::string_view key) const {
  const json::value* const value = value_->find(key);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  const double seconds = value->to_number<double>();
  if (!std::isfinite(seconds) || seconds < 0 || seconds > kEndOfTime) return std::nullopt;
  return TimePoint(std::chrono::seconds(static_cast<std::int64_t>(std::min(seconds, kEndOfClock))));
}

std::vector<JsonObject> JsonObject::objects(std::string_view key) const {
  const json::value* const value = value_->find(key);
  const json::array* const list = value != nullptr ? value->if_array() : nullptr;
  if (list == nullptr || list->size() > kMaxListed) return {};
  std::vector<JsonObject> out;
  for (const json::value& one : *list) {
    if (const json::object* const object = one.if_object())
      out.push_back(JsonObject(std::make_shared<const Value>(*object)));
  }
  return out;
}

}  // namespace gatepost::oauth
