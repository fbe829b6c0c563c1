#include "jmap/json.hpp"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <unordered_set>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "base/utf8.hpp"

namespace gatepost::jmap {

std::optional<json::value> parse(std::string_view text) {
  if (!utf8::is_valid(text)) return std::nullopt;
  json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::system::error_code error;
  json::value value = json::parse(text, error, {}, options);
  if (error) return std::nullopt;
  return value;
}

namespace {

// Of each object that is open, the names so far.
class NameWatch {
 public:
  static constexpr std::size_t max_object_size = std::size_t(-1), max_array_size = std::size_t(-1),
                               max_key_size = std::size_t(-1), max_string_size = std::size_t(-1);
  using Error = boost::system::error_code;
  using Text = json::string_view;

  bool on_document_begin(Error&) { return true; }
  bool on_document_end(Error&) { return true; }
  bool on_array_begin(Error&) { return true; }
  bool on_array_end(std::size_t, Error&) { return true; }
  bool on_object_begin(Error&) {
    open_.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t, Error&) {
    open_.pop_back();
    return true;
  }
  bool on_string_part(Text, std::size_t, Error&) { return true; }
  bool on_string(Text, std::size_t, Error&) { return true; }
  bool on_key_part(Text part, std::size_t, Error&) {
    name_ += part;
    return true;
  }
  bool on_key(Text part, std::size_t, Error& error) {
    name_ += part;
    const bool fresh = open_.back().insert(std::exchange(name_, {})).second;
    if (!fresh) error = json::make_error_code(json::error::syntax);
    return fresh;
  }
  bool on_number_part(Text, Error&) { return true; }
  bool on_int64(std::int64_t, Text, Error&) { return true; }
  bool on_uint64(std::uint64_t, Text, Error&) { return true; }
  bool on_double(double, Text, Error&) { return true; }
  bool on_bool(bool, Error&) { return true; }
  bool on_null(Error&) { return true; }
  bool on_comment_part(Text, Error&) { return true; }
  bool on_comment(Text, Error&) { return true; }

 private:
  std::vector<std::unordered_set<std::string>> open_;
  std::string name_;
};

}  // namespace

bool has_unique_names(std::string_view text) {
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::basic_parser<NameWatch> parser(options);
  boost::system::error_code error;
  parser.write_some(false, text.data(), text.size(), error);
  return !error;
}

std::string to_text(const json::value& value) { return json::serialize(value); }

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= 255 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

namespace {

std::string date_and_time(TimePoint t) {
  std::string out = date::format_rfc3339(t);  // with milliseconds and Z
  out.pop_back();
  if (out.ends_with(".000")) out.resize(out.size() - 4);
  return out;
}

}  // namespace

std::string utc_date(TimePoint t) { return date_and_time(t) + "Z"; }

std::string zoned_date(TimePoint t, int zone_minutes) {
  const int size = std::abs(zone_minutes);
  return date_and_time(t + std::chrono::minutes(zone_minutes)) +
         fmt::format("{}{:02}:{:02}", zone_minutes < 0 ? '-' : '+', size / 60, size % 60);
}

std::optional<TimePoint> read_date(const json::value& value) {
  const auto* given = value.if_string();
  if (given == nullptr) return std::nullopt;
  std::string text(*given);
  if (const auto t = date::parse_rfc3339(text)) return t;
  // A year beyond what a TimePoint holds: the last moment that it does, or the first.
  if (text.size() < 4 || !std::all_of(text.begin(), text.begin() + 4, ascii::is_digit)) return std::nullopt;
  const bool early = text < "1900";
  text.replace(0, 4, "2200");
  const bool leap_day = text.substr(4, 6) == "-02-29";
  if (leap_day) text.replace(0, 4, "2204");
  if (!date::parse_rfc3339(text)) return std::nullopt;
  using std::chrono::floor, std::chrono::days;
  return early ? TimePoint(floor<days>(TimePoint::min().time_since_epoch()) + days(2))
               : TimePoint(floor<days>(TimePoint::max().time_since_epoch()) - days(2));
}

std::optional<std::int64_t> read_integer(const json::value& value) {
  std::optional<std::int64_t> n;
  if (const auto* i = value.if_int64()) n = *i;
  if (const auto* u = value.if_uint64(); u != nullptr && *u <= kMaxInt) n = static_cast<std::int64_t>(*u);
  // RFC 8620 1.3 allows "1.0".
  if (const auto* d = value.if_double(); d != nullptr && std::abs(*d) <= static_cast<double>(kMaxInt)) {
    if (const auto whole = static_cast<std::int64_t>(*d); static_cast<double>(whole) == *d) n = whole;
  }
  if (n && std::abs(*n) > static_cast<std::int64_t>(kMaxInt)) return std::nullopt;
  return n;
}

std::optional<std::uint64_t> read_unsigned(const json::value& value) {
  const auto n = read_integer(value);
  if (!n || *n < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*n);
}

std::vector<std::string> pointer_parts(std::string_view pointer) {
  std::vector<std::string> parts(1);
  for (std::size_t i = 0; i < pointer.size(); ++i) {
    if (pointer[i] == '/') {
      parts.emplace_back();
    } else if (pointer[i] == '~' && i + 1 < pointer.size() && (pointer[i + 1] == '0' || pointer[i + 1] == '1')) {
      parts.back() += pointer[++i] == '0' ? '~' : '/';
    } else {
      parts.back() += pointer[i];
    }
  }
  return parts;
}

namespace {

constexpr std::size_t kValueOctets = 32;  // of one in memory, about

// Takes what a value needs from `octets`; false: there is not so much.
bool take_size(const json::value& value, std::size_t& octets) {
  const auto take = [&](std::size_t more) {
    const bool enough = octets > more;
    octets = enough ? octets - more : 0;
    return enough;
  };
  if (!take(kValueOctets)) return false;
  if (const auto* text = value.if_string()) return take(text->size());
  if (const auto* array = value.if_array()) {
    return std::ranges::all_of(*array, [&](const json::value& one) { return take_size(one, octets); });
  }
  if (const auto* object = value.if_object()) {
    return std::ranges::all_of(
        *object, [&](const auto& member) { return take(member.key().size()) && take_size(member.value(), octets); });
  }
  return true;
}

std::optional<json::value> follow_parts(const json::value& from, std::span<const std::string> parts,
                                        std::size_t& octets) {
  if (parts.empty()) return take_size(from, octets) ? std::optional(from) : std::nullopt;
  if (const auto* object = from.if_object()) {
    const json::value* next = object->if_contains(parts.front());
    return next == nullptr ? std::nullopt : follow_parts(*next, parts.subspan(1), octets);
  }
  const auto* array = from.if_array();
  if (array == nullptr) return std::nullopt;
  if (parts.front() == "*") {
    // RFC 8620 3.7: what each leads to, in one array.
    json::array all;
    for (const json::value& item : *array) {
      auto value = follow_parts(item, parts.subspan(1), octets);
      if (!value) return std::nullopt;
      if (auto* several = value->if_array()) {
        for (json::value& one : *several) all.push_back(std::move(one));
      } else {
        all.push_back(std::move(*value));
      }
    }
    return json::value(std::move(all));
  }
  std::size_t index = 0;
  const std::string& digits = parts.front();
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
  // RFC 6901 4: no leading zeros.
  if (error != std::errc() || end != digits.data() + digits.size() || (digits.size() > 1 && digits[0] == '0') ||
      index >= array->size()) {
    return std::nullopt;
  }
  return follow_parts((*array)[index], parts.subspan(1), octets);
}

}  // namespace

std::optional<json::value> follow(const json::value& from, std::string_view path, std::size_t& octets) {
  if (path.empty()) return take_size(from, octets) ? std::optional(from) : std::nullopt;
  if (path.front() != '/') return std::nullopt;
  const auto parts = pointer_parts(path.substr(1));
  return follow_parts(from, parts, octets);
}

std::optional<json::value> follow(const json::value& from, std::string_view path) {
  std::size_t octets = kFollowOctets;
  return follow(from, path, octets);
}

const json::value* Arguments::any(std::string_view name) {
  known_.emplace_back(name);
  const json::value* value = given_.if_contains(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

void Arguments::wrong(std::string_view name) {
  if (!wrong_) wrong_ = name;
}

const json::object* Arguments::object(std::string_view name) {
  const json::value* value = any(name);
  if (value == nullptr) return nullptr;
  if (!value->is_object()) wrong(name);
  return value->if_object();
}

const json::array* Arguments::array(std::string_view name) {
  const json::value* value = any(name);
  if (value == nullptr) return nullptr;
  if (!value->is_array()) wrong(name);
  return value->if_array();
}

std::optional<std::string> Arguments::text(std::string_view name) {
  const json::value* value = any(name);
  if (value == nullptr) return std::nullopt;
  const auto* text = value->if_string();
  if (text == nullptr) {
    wrong(name);
    return std::nullopt;
  }
  return std::string(*text);
}

std::string Arguments::id(std::string_view name) {
  auto found = text(name);
  if (!found || !is_id(*found)) {
    wrong(name);
    return {};
  }
  return *found;
}

bool Arguments::boolean(std::string_view name, bool otherwise) {
  const json::value* value = any(name);
  if (value == nullptr) return otherwise;
  const bool* is = value->if_bool();
  if (is == nullptr) wrong(name);
  return is != nullptr ? *is : otherwise;
}

std::optional<std::uint64_t> Arguments::number(std::string_view name) {
  const json::value* value = any(name);
  if (value == nullptr) return std::nullopt;
  const auto n = read_unsigned(*value);
  if (!n) wrong(name);
  return n;
}

std::optional<std::int64_t> Arguments::integer(std::string_view name) {
  const json::value* value = any(name);
  if (value == nullptr) return std::nullopt;
  const auto n = read_integer(*value);
  if (!n) wrong(name);
  return n;
}

std::optional<std::vector<std::string>> Arguments::texts(std::string_view name) {
  const json::array* list = array(name);
  if (list == nullptr) return std::nullopt;
  std::vector<std::string> out;
  out.reserve(list->size());
  for (const json::value& value : *list) {
    const auto* text = value.if_string();
    if (text == nullptr) {
      wrong(name);
      return std::nullopt;
    }
    out.emplace_back(*text);
  }
  return out;
}

Outcome<> Arguments::done() {
  if (wrong_) return bad_argument(*wrong_);
  for (const auto& member : given_) {
    if (std::ranges::find(known_, std::string_view(member.key())) == known_.end()) return bad_argument(member.key());
  }
  return {};
}

json::object to_json(const Refusal& refusal) {
  json::object out{{"type", refusal.type}};
  if (!refusal.detail.empty()) out["description"] = refusal.detail;
  if (!refusal.existing.empty()) out["existingId"] = refusal.existing;
  if (refusal.own_number) {
    out[refusal.own_name] = *refusal.own_number;
  } else if (!refusal.own_name.empty()) {
    json::array texts;
    for (const std::string& text : refusal.own_texts) texts.emplace_back(text);
    out[refusal.own_name] = std::move(texts);
  }
  if (!refusal.properties.empty()) {
    json::array names;
    std::string_view rest = refusal.properties;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(' '), rest.size());
      names.emplace_back(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    out["properties"] = std::move(names);
  }
  return out;
}

}  // namespace gatepost::jmap
