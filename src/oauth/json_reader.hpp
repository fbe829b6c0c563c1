#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace gatepost::oauth {

inline constexpr std::size_t kMaxJsonOctets = 256 << 10;
inline constexpr std::size_t kMaxListed = 200;

// One JSON object from outside, read without trust: what is not of the kind asked for is not there. Copies share it.
class JsonObject {
 public:
  // Errc::invalid: no object, deeper than 16, longer than kMaxJsonOctets.
  static Result<JsonObject> parse(std::string_view text);

  bool has(std::string_view key) const;
  std::optional<std::string> text(std::string_view key) const;
  std::optional<bool> flag(std::string_view key) const;  // true, or "true" as some providers write it
  // A text or a list of texts, at most kMaxListed of them; empty otherwise.
  std::vector<std::string> texts(std::string_view key) const;
  // NumericDate (RFC 7519 2), fractions included. nullopt: no number, or not between 1970 and 9999. From 2255 on
  // it is a time of that year: the clock knows no later ones.
  std::optional<TimePoint> time(std::string_view key) const;
  // The objects of a list.
  std::vector<JsonObject> objects(std::string_view key) const;

 private:
  struct Value;
  explicit JsonObject(std::shared_ptr<const Value> value) : value_(std::move(value)) {}
  std::shared_ptr<const Value> value_;
};

}  // namespace gatepost::oauth
