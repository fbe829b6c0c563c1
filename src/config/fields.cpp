#include "config/fields.hpp"

#include <charconv>

#include "base/ascii.hpp"
#include "base/utf8.hpp"

namespace gatepost::config::fields {
namespace {

constexpr std::size_t kMaxShownOctets = 80;  // of a wrong value, in a problem's text

}  // namespace

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (char c : utf8::sanitize(text.substr(0, kMaxShownOctets))) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(ascii::is_control(c) ? '?' : c);
  }
  if (text.size() > kMaxShownOctets) out += "...";
  out.push_back('"');
  return out;
}

std::string in_quotes_list(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) {
    if (out.size() > 1) out += ", ";
    out += in_quotes(text);
  }
  return out + "]";
}

std::optional<std::vector<std::string>> texts_of(const Value& value) {
  if (const auto* one = std::get_if<std::string>(&value.data)) return std::vector<std::string>{*one};
  const auto* many = std::get_if<std::vector<Value>>(&value.data);
  if (many == nullptr) return std::nullopt;
  std::vector<std::string> out;
  for (const Value& element : *many) {
    if (const auto* text = std::get_if<std::string>(&element.data)) {
      out.push_back(*text);
    } else if (const auto* number = std::get_if<std::int64_t>(&element.data)) {
      out.push_back(std::to_string(*number));
    } else {
      return std::nullopt;
    }
  }
  return out;
}

std::optional<std::uint64_t> octets_of(const Value& value) {
  if (const auto* n = std::get_if<std::int64_t>(&value.data); n != nullptr && *n >= 0)
    return static_cast<std::uint64_t>(*n);
  if (const auto* text = std::get_if<std::string>(&value.data)) return parse_octets(*text);
  return std::nullopt;
}

std::optional<seconds> duration_of(const Value& value) {
  if (const auto* n = std::get_if<std::int64_t>(&value.data); n != nullptr && *n >= 0)
    return parse_duration(std::to_string(*n));
  if (const auto* text = std::get_if<std::string>(&value.data)) return parse_duration(*text);
  return std::nullopt;
}

std::optional<Endpoint> parse_endpoint(std::string_view text, std::uint16_t default_port) {
  if (const auto whole = IpAddress::parse(text)) return Endpoint{*whole, default_port};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto address = IpAddress::parse(host);
  if (!address || address->is_v4() == bracketed) return std::nullopt;
  const std::string_view digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size() || port == 0) return std::nullopt;
  return Endpoint{*address, port};
}

std::optional<Complaint> check_text(std::string_view text, std::size_t max_octets) {
  if (text.size() > max_octets) {
    return Complaint{"is too long", "", fmt::format("Write at most {} octets.", max_octets)};
  }
  if (std::any_of(text.begin(), text.end(), ascii::is_control)) {
    return Complaint{"has control characters", "They would break the lines of a protocol or a log.",
                     "Write printable characters only."};
  }
  return std::nullopt;
}

std::filesystem::path resolve(std::string_view text, const std::filesystem::path& folder) {
  const std::filesystem::path given(text);
  if (given.is_absolute() || folder.empty()) return given.lexically_normal();
  return (folder / given).lexically_normal();
}

}  // namespace gatepost::config::fields
