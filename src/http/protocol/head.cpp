#include "http/protocol/head.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "base/ascii.hpp"

namespace gatepost::http {

namespace {

using Octets = std::array<bool, 256>;

constexpr Octets octets_that(auto&& fit) {
  Octets out{};
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = fit(static_cast<char>(i));
  return out;
}

constexpr Octets kTokenOctets = octets_that(
    [](char c) { return ascii::is_alnum(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos; });
constexpr Octets kValueOctets = octets_that([](char c) { return c == '\t' || !ascii::is_control(c); });

bool all_of(std::string_view text, const Octets& octets) {
  return std::ranges::all_of(text, [&](char c) { return octets[static_cast<unsigned char>(c)]; });
}

}  // namespace

bool is_token(std::string_view text) { return !text.empty() && all_of(text, kTokenOctets); }

bool is_field_value(std::string_view text) { return all_of(text, kValueOctets); }

void Fields::add(std::string_view name, std::string_view value) {
  // One growth, not one for each of a dozen fields.
  if (entries_.empty()) {
    entries_.reserve(16);
    text_.reserve(512);
  }
  entries_.push_back({static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(name.size()),
                      static_cast<std::uint32_t>(value.size())});
  text_ += name;
  std::ranges::transform(text_.end() - static_cast<std::ptrdiff_t>(name.size()), text_.end(),
                         text_.end() - static_cast<std::ptrdiff_t>(name.size()), ascii::lower);
  text_ += value;
}

void Fields::set(std::string_view name, std::string_view value) {
  const bool own = !value.empty() && !std::less<>()(value.data(), text_.data()) &&
                   std::less<>()(value.data(), text_.data() + text_.size());
  remove(name);
  if (own) {
    add(name, std::string(value));  // what add() moves
  } else {
    add(name, value);
  }
}

void Fields::add_all(const Fields& others) {
  const auto begin = static_cast<std::uint32_t>(text_.size());
  text_ += others.text_;
  entries_.reserve(entries_.size() + others.entries_.size() + 4);  // some of this one answer follow
  for (Entry entry : others.entries_) {
    entry.at += begin;
    entries_.push_back(entry);
  }
}

void Fields::remove(std::string_view name) {
  std::erase_if(entries_, [&](const Entry& e) {
    return ascii::iequals(std::string_view(text_).substr(e.at, e.name_size), name);
  });
}

std::optional<std::string_view> Fields::find(std::string_view name) const {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (const Item item = at(i); item.name == name) return item.value;
  }
  return std::nullopt;
}

std::string Fields::combined(std::string_view name, std::string_view separator) const {
  std::string out;
  bool first = true;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Item item = at(i);
    if (item.name != name) continue;
    if (!std::exchange(first, false)) out += separator;
    out += item.value;
  }
  return out;
}

bool Fields::lists(std::string_view name, std::string_view member) const {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Item item = at(i);
    if (item.name != name) continue;
    for (const std::string_view part : ascii::split(item.value, ',')) {
      if (ascii::iequals(ascii::trim(part), member)) return true;
    }
  }
  return false;
}

Fields::Item Fields::at(std::size_t index) const {
  const Entry& e = entries_[index];
  const std::string_view text = text_;
  return {text.substr(e.at, e.name_size), text.substr(e.at + e.name_size, e.value_size)};
}

void Fields::shrink() {
  text_.shrink_to_fit();
  entries_.shrink_to_fit();
}

std::string_view reason_phrase(int status) {
  static constexpr std::array<std::pair<int, std::string_view>, 44> kPhrases = {{
      {100, "Continue"},
      {101, "Switching Protocols"},
      {200, "OK"},
      {201, "Created"},
      {202, "Accepted"},
      {204, "No Content"},
      {206, "Partial Content"},
      {207, "Multi-Status"},
      {301, "Moved Permanently"},
      {302, "Found"},
      {303, "See Other"},
      {304, "Not Modified"},
      {307, "Temporary Redirect"},
      {308, "Permanent Redirect"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {406, "Not Acceptable"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {410, "Gone"},
      {411, "Length Required"},
      {412, "Precondition Failed"},
      {413, "Content Too Large"},
      {414, "URI Too Long"},
      {415, "Unsupported Media Type"},
      {416, "Range Not Satisfiable"},
      {417, "Expectation Failed"},
      {421, "Misdirected Request"},
      {422, "Unprocessable Content"},
      {423, "Locked"},
      {424, "Failed Dependency"},
      {426, "Upgrade Required"},
      {428, "Precondition Required"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {505, "HTTP Version Not Supported"},
      {507, "Insufficient Storage"},
  }};
  const auto found = std::ranges::find(kPhrases, status, &std::pair<int, std::string_view>::first);
  return found != kPhrases.end() ? found->second : std::string_view();
}

}  // namespace gatepost::http
