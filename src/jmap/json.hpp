#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "jmap/error.hpp"

// JSON as JMAP uses it. In this layer json::object is the form of all that comes in and goes out.
namespace gatepost::jmap {

namespace json = boost::json;

inline constexpr std::size_t kMaxDepth = 64;                // of what a client sends
inline constexpr std::uint64_t kMaxInt = (1ULL << 53) - 1;  // RFC 8620 1.3

// I-JSON (RFC 7493): UTF-8 without lone surrogates. nullopt: it is not, or is nested deeper than kMaxDepth.
std::optional<json::value> parse(std::string_view text);
// Whether no object has two members of the same name (RFC 7493 2.3). Of a text that parse() takes.
bool has_unique_names(std::string_view text);
std::string to_text(const json::value& value);

// RFC 8620 1.2: 1 to 255 of A-Za-z0-9 and - _.
bool is_id(std::string_view text);
// RFC 8620 1.4: "2014-10-30T06:12:00Z", with a fraction only when there is one.
std::string utc_date(TimePoint t);
// "2014-10-30T14:12:00+08:00", of the zone that a text names.
std::string zoned_date(TimePoint t, int zone_minutes);
// A UTCDate or a Date. nullopt: neither.
std::optional<TimePoint> read_date(const json::value& value);
std::optional<std::uint64_t> read_unsigned(const json::value& value);
std::optional<std::int64_t> read_integer(const json::value& value);

inline constexpr std::size_t kFollowOctets = 32 << 20;
// Where a JSON pointer (RFC 6901) with RFC 8620 3.7's "*" leads. nullopt: nowhere, or to more than there is room for,
// which is taken from `octets`; then that is 0.
std::optional<json::value> follow(const json::value& from, std::string_view path, std::size_t& octets);
std::optional<json::value> follow(const json::value& from, std::string_view path);
// The parts of a pointer without the leading slash, unescaped (RFC 6901 4).
std::vector<std::string> pointer_parts(std::string_view pointer);

// What a method was given. Names that a method does not know are refused, as are values of another type; what is
// asked for and not there is the default. After the last one: done().
class Arguments {
 public:
  explicit Arguments(const json::object& given) : given_(given) {}

  // Null counts as not there. The pointer lives as long as the arguments.
  const json::value* any(std::string_view name);
  const json::object* object(std::string_view name);
  const json::array* array(std::string_view name);
  std::optional<std::string> text(std::string_view name);
  std::string id(std::string_view name);  // required
  bool boolean(std::string_view name, bool otherwise = false);
  std::optional<std::uint64_t> number(std::string_view name);
  std::optional<std::int64_t> integer(std::string_view name);
  std::optional<std::vector<std::string>> texts(std::string_view name);

  void wrong(std::string_view name);
  // The first thing that was wrong.
  Outcome<> done();

 private:
  const json::object& given_;
  std::vector<std::string> known_;
  std::optional<std::string> wrong_;
};

// The members of a set error or a method error.
json::object to_json(const Refusal& refusal);

}  // namespace gatepost::jmap
