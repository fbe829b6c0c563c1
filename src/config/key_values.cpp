#include "config/key_values.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/ascii.hpp"
#include "base/utf8.hpp"

namespace gatepost::config {

using fields::in_quotes;

bool is_host_name(std::string_view name) {
  if (name.empty() || name.size() > 253) return false;
  for (std::string_view label : ascii::split(name, '.')) {
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    for (char c : label) {
      if (!ascii::is_alnum(c) && c != '-') return false;
    }
  }
  return true;
}

std::optional<TimePoint> parse_day(std::string_view text) {
  if (text.size() != 10) return date::parse_rfc3339(text);
  const auto midnight = date::parse_rfc3339(std::string(text) + "T00:00:00Z");
  if (!midnight) return std::nullopt;
  return *midnight + std::chrono::days(1);
}

std::optional<Complaint> read_networks(std::string_view text, std::vector<Network>& out) {
  constexpr std::size_t kMaxNetworks = 100'000;
  std::size_t number = 0;
  for (std::string_view line : ascii::split(text, '\n')) {
    ++number;
    line = ascii::trim(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    const auto network = Network::parse(line);
    if (!network) {
      return Complaint{fmt::format("line {}: {} is no network", number, in_quotes(line)), "",
                       "Write one network a line, such as 192.0.2.0/24."};
    }
    if (out.size() >= kMaxNetworks) return Complaint{"holds more than 100,000 networks", "", "Take a shorter list."};
    out.push_back(*network);
  }
  return std::nullopt;
}

namespace values {

using std::chrono::days;

Refusal any_text(std::string_view) { return std::nullopt; }

Refusal not_empty(std::string_view text) {
  if (!text.empty()) return std::nullopt;
  return Complaint{"is empty", "", "Write a text."};
}

Refusal host_name(std::string_view text) {
  if (is_host_name(text)) return std::nullopt;
  return Complaint{
      fmt::format("{} is not a host name", in_quotes(text)), "",
      "Write a fully qualified name such as \"mail.example.org\"; names outside ASCII as A-labels (xn--...)."};
}

Refusal host_or_address(std::string_view text) {
  if (IpAddress::parse(text)) return std::nullopt;
  return host_name(text);
}

Refusal mail_address(std::string_view text) {
  const std::size_t at = text.rfind('@');
  if (at != std::string_view::npos && at > 0 && is_host_name(text.substr(at + 1)) &&
      text.find_first_of(" <>") == std::string_view::npos) {
    return std::nullopt;
  }
  return Complaint{fmt::format("{} is not a mail address", in_quotes(text)), "",
                   "Write an address such as \"postmaster@example.org\"."};
}

Refusal user_name(std::string_view text) {
  const bool good = std::all_of(text.begin(), text.end(),
                                [](char c) { return ascii::is_alnum(c) || c == '_' || c == '-' || c == '.'; });
  if (good) return std::nullopt;
  return Complaint{fmt::format("{} is not a user name", in_quotes(text)), "",
                   "Write the name of a system user such as \"gatepost\"."};
}

Refusal greeting_text(std::string_view text) {
  if (utf8::is_ascii(text)) return std::nullopt;
  return Complaint{"has characters outside ASCII", "A greeting is ASCII (RFC 5321 4.2).", "Write ASCII only."};
}

Refusal folder_name(std::string_view text) {
  const bool good =
      utf8::is_valid(text) && text.find_first_of("/*%") == std::string_view::npos &&
      std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; }) &&
      !ascii::iequals(text, "INBOX");
  if (good) return std::nullopt;
  return Complaint{fmt::format("{} is no name for a mailbox", in_quotes(text)), "",
                   "Write a name without / * % and controls, or \"\" for none."};
}

Refusal delimiter(std::string_view text) {
  static constexpr std::string_view kGood = "+-_=#~!$%&*^|";
  if (text.empty() || (text.size() == 1 && kGood.find(text[0]) != std::string_view::npos)) return std::nullopt;
  return Complaint{fmt::format("{} cannot part a name", in_quotes(text)), "",
                   "Write one of + - _ = # ~, or \"\" to switch it off."};
}

Refusal log_target(std::string_view text) {
  if (text == "stderr" || text.starts_with('/')) return std::nullopt;
  return Complaint{fmt::format("{} is no target", in_quotes(text)), "",
                   "Write \"stderr\" or the absolute path of a file."};
}

Refusal sign_in_phrase(Auth& auth, std::string_view text) {
  if (text == "no" || text == kSignInWithoutTls) {
    auth.allow_sign_in_without_tls = text != "no";
    return std::nullopt;
  }
  return Complaint{fmt::format("{} is not the sentence", in_quotes(text)),
                   "It lets everybody on the path read passwords, so it has to be said in full.",
                   fmt::format("Write \"no\", or \"{}\".", kSignInWithoutTls)};
}

bool take_network(std::string_view text, std::vector<Network>& out) {
  const auto network = Network::parse(text);
  if (network) out.push_back(*network);
  return network.has_value();
}

bool take_address(std::string_view text, std::vector<IpAddress>& out) {
  if (text == "*") {
    out.push_back(*IpAddress::parse("0.0.0.0"));
    out.push_back(*IpAddress::parse("::"));
    return true;
  }
  const auto address = IpAddress::parse(text);
  if (address) out.push_back(*address);
  return address.has_value();
}

bool take_source(std::string_view text, std::vector<IpAddress>& out) { return text != "*" && take_address(text, out); }

bool take_name_server(std::string_view text, std::vector<Endpoint>& out) {
  const auto endpoint = parse_endpoint(text, 53);
  if (endpoint) out.push_back(*endpoint);
  return endpoint.has_value();
}

bool take_wait(std::string_view text, std::vector<seconds>& out) {
  const auto wait = parse_duration(text);
  if (!wait || *wait < seconds(1) || *wait > days(7) || out.size() >= 100) return false;
  out.push_back(*wait);
  return true;
}

bool take_mechanism(std::string_view text, std::vector<std::string>& out) {
  const std::vector<std::string> known = Config::defaults().auth.mechanisms;
  const std::string name = ascii::to_upper(text);
  if (std::find(known.begin(), known.end(), name) == known.end()) return false;
  out.push_back(name);
  return true;
}

bool take_factor_owner(std::string_view text, std::vector<std::string>& out) {
  constexpr std::array<std::string_view, 4> kWords{"admin", "helpdesk", "auditor", "everybody"};
  const std::string word = ascii::to_lower(text);
  if (std::ranges::find(kWords, word) == kWords.end() || out.size() >= kWords.size()) return false;
  out.push_back(word);
  return true;
}

bool take_forward_domain(std::string_view text, std::vector<std::string>& out) {
  if (text != "*" && !is_host_name(text)) return false;
  out.push_back(ascii::to_lower(text));
  return true;
}

bool take_served_name(std::string_view text, std::vector<std::string>& out) {
  if (!is_host_name(text.starts_with("*.") ? text.substr(2) : text)) return false;
  out.push_back(ascii::to_lower(text));
  return true;
}

bool take_capability(std::string_view text, std::vector<std::string>& out) {
  const bool good = !text.empty() && std::ranges::all_of(text, [](char c) {
    return ascii::is_alnum(c) || std::string_view("-+=_.").find(c) != std::string_view::npos;
  });
  if (good) out.push_back(ascii::to_upper(text));
  return good;
}

bool take_quirk(std::string_view text, std::vector<std::string>& out) {
  if (text != kDelayNewMail) return false;
  out.emplace_back(text);
  return true;
}

std::string write_network(const Network& n) { return n.to_string(); }

std::string write_address(const IpAddress& a) { return a.to_string(); }

std::string write_endpoint(const Endpoint& e) { return e.to_string(); }

std::string write_wait(const seconds& s) { return format_duration(s); }

std::string write_text(const std::string& s) { return s; }

bool take_port(std::string_view text, std::vector<std::uint16_t>& out) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0 || out.size() >= 1000) return false;
  out.push_back(port);
  return true;
}

std::string write_port(const std::uint16_t& port) { return std::to_string(port); }

bool take_group_name(std::string_view text, std::vector<std::string>& out) {
  const bool good = !text.empty() && text.size() <= 32 &&
                    std::ranges::all_of(text, [](char c) { return ascii::is_alnum(c) || c == '-' || c == '_'; });
  if (good) out.emplace_back(text);
  return good;
}

Refusal group_name(std::string_view text) {
  std::vector<std::string> one;
  if (take_group_name(text, one)) return std::nullopt;
  return Complaint{fmt::format("{} is no name", in_quotes(text)), "", "Take up to 32 letters, digits and hyphens."};
}

Refusal zone_name(std::string_view text) {
  const bool good = std::ranges::all_of(
      text, [](char c) { return ascii::is_alnum(c) || c == '/' || c == '_' || c == '-' || c == '+'; });
  if (good) return std::nullopt;
  return Complaint{fmt::format("{} is no time zone", in_quotes(text)), "",
                   "Write a name of the time zone database such as \"Europe/Berlin\"."};
}

}  // namespace values
}  // namespace gatepost::config
