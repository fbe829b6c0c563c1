#pragma once

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "config/keys.hpp"
#include "config/units.hpp"

// The kinds of values a key can have. Each function makes one row of the tables of keys; `field` says where the
// value goes.
namespace gatepost::config::fields {

template <class O, class T>
using At = T& (*)(O&);

inline Complaint wrong_type(std::string_view wanted) {
  return {fmt::format("must be {}", wanted), "", fmt::format("Write {}.", wanted)};
}

std::string in_quotes(std::string_view text);
std::string in_quotes_list(const std::vector<std::string>& texts);
// A text, or a list of texts; nullopt for anything else.
std::optional<std::vector<std::string>> texts_of(const Value& value);
// `value` as octets or seconds: a whole number, or a text with a unit.
std::optional<std::uint64_t> octets_of(const Value& value);
std::optional<seconds> duration_of(const Value& value);
// "192.0.2.53", "192.0.2.53:5353", "[2001:db8::1]:53"
std::optional<Endpoint> parse_endpoint(std::string_view text, std::uint16_t default_port);
// Letters a header or a protocol line can hold: no controls.
std::optional<Complaint> check_text(std::string_view text, std::size_t max_octets);
std::filesystem::path resolve(std::string_view text, const std::filesystem::path& folder);

template <class O>
Key<O> flag(std::string_view section, std::string_view name, At<O, bool> field, std::string_view meaning) {
  return {section,
          name,
          "true or false",
          meaning,
          false,
          [field](O& o, const Value& v, const std::filesystem::path&) -> std::optional<Complaint> {
            const bool* b = std::get_if<bool>(&v.data);
            if (b == nullptr) return wrong_type("true or false, without quotes");
            field(o) = *b;
            return std::nullopt;
          },
          [field](O& o) -> std::string { return field(o) ? "true" : "false"; }};
}

template <class O, class T>
Key<O> number(std::string_view section, std::string_view name, At<O, T> field, std::int64_t least, std::int64_t most,
              std::string_view meaning) {
  const std::string type = fmt::format("number, {} to {}", least, most);
  return {section,
          name,
          type,
          meaning,
          false,
          [=](O& o, const Value& v, const std::filesystem::path&) -> std::optional<Complaint> {
            const auto* n = std::get_if<std::int64_t>(&v.data);
            const std::string wanted = fmt::format("a whole number from {} to {}", least, most);
            if (n == nullptr) return wrong_type(wanted);
            if (*n < least || *n > most)
              return Complaint{fmt::format("{} is out of range", *n), "", fmt::format("Write {}.", wanted)};
            field(o) = static_cast<T>(*n);
            return std::nullopt;
          },
          [field](O& o) { return fmt::format("{}", field(o)); }};
}

template <class O>
Key<O> octets(std::string_view section, std::string_view name, At<O, std::uint64_t> field, std::uint64_t least,
              std::uint64_t most, std::string_view meaning) {
  const std::string range = fmt::format("{} to {}", format_octets(least), format_octets(most));
  return {section,
          name,
          "size, " + range,
          meaning,
          false,
          [=](O& o, const Value& v, const std::filesystem::path&) -> std::optional<Complaint> {
            const auto n = octets_of(v);
            if (!n) return wrong_type("a size such as \"50 MiB\" (KiB, MiB, GiB, TiB) or a number of octets");
            if (*n < least || *n > most) {
              return Complaint{fmt::format("{} is out of range", format_octets(*n)), "",
                               fmt::format("Write a size from {}.", range)};
            }
            field(o) = *n;
            return std::nullopt;
          },
          [field](O& o) {
            const std::string text = format_octets(field(o));
            return text.find(' ') == std::string::npos ? text : in_quotes(text);
          }};
}

template <class O, class D>
Key<O> duration(std::string_view section, std::string_view name, At<O, D> field, seconds least, seconds most,
                std::string_view meaning) {
  const std::string range = fmt::format("{} to {}", format_duration(least), format_duration(most));
  return {section,
          name,
          "duration, " + range,
          meaning,
          false,
          [=](O& o, const Value& v, const std::filesystem::path&) -> std::optional<Complaint> {
            const auto s = duration_of(v);
            if (!s)
              return wrong_type("a duration such as \"90 s\", \"5 min\", \"2 h\", \"5 days\" or a number of seconds");
            if (*s < least || *s > most) {
              return Complaint{fmt::format("{} is out of range", format_duration(*s)), "",
                               fmt::format("Write a duration from {}.", range)};
            }
            const D d = std::chrono::floor<D>(*s);
            if (d != *s) return Complaint{"must be whole hours", "", "Write a duration such as \"4 h\"."};
            field(o) = d;
            return std::nullopt;
          },
          [field](O& o) { return in_quotes(format_duration(field(o))); }};
}

// `check` says what is wrong with a text that is within its length.
template <class O>
Key<O> text(std::string_view section, std::string_view name, At<O, std::string> field, std::size_t max_octets,
            std::optional<Complaint> (*check)(std::string_view), std::string_view type, std::string_view meaning) {
  return {section,
          name,
          std::string(type),
          meaning,
          false,
          [=](O& o, const Value& v, const std::filesystem::path&) -> std::optional<Complaint> {
            const auto* s = std::get_if<std::string>(&v.data);
            if (s == nullptr) return wrong_type("a text in quotes");
            if (auto wrong = check_text(*s, max_octets)) return wrong;
            if (auto wrong = check(*s)) return wrong;
            field(o) = *s;
            return std::nullopt;
          },
          [field](O& o) { return in_quotes(field(o)); }};
}

template <class O>
Key<O> path(std::string_view section, std::string_view name, At<O, std::filesystem::path> field,
            std::string_view meaning) {
  return {section,
          name,
          "path",
          meaning,
          false,
          [=](O& o, const Value& v, const std::filesystem::path& folder) -> std::optional<Complaint> {
            const auto* s = std::get_if<std::string>(&v.data);
            if (s == nullptr || s->empty()) return wrong_type("a path in quotes");
            if (auto wrong = check_text(*s, 4095)) return wrong;
            field(o) = resolve(*s, folder);
            return std::nullopt;
          },
          [field](O& o) { return in_quotes(field(o).string()); }};
}

template <class O, class E, std::size_t N>
Key<O> words(std::string_view section, std::string_view name, At<O, E> field,
             const std::array<std::pair<std::string_view, E>, N>& choices, std::string_view meaning) {
  std::string type;
  std::vector<std::string_view> names;
  for (const auto& choice : choices) {
    if (!type.empty()) type += ", ";
    type += in_quotes(choice.first);
    names.push_back(choice.first);
  }
  return {section,
          name,
          type,
          meaning,
          false,
          [=](O& o, const Value& v, const std::filesystem::path&) -> std::optional<Complaint> {
            const auto* s = std::get_if<std::string>(&v.data);
            if (s == nullptr) return wrong_type("one of " + type);
            for (const auto& choice : choices) {
              if (choice.first != *s) continue;
              field(o) = choice.second;
              return std::nullopt;
            }
            const std::string_view near = nearest(*s, names);
            return Complaint{fmt::format("{} is none of its words", in_quotes(*s)), "",
                             near.empty() ? fmt::format("Write one of {}.", type)
                                          : fmt::format("Did you mean {}?", in_quotes(near))};
          },
          [=](O& o) {
            for (const auto& choice : choices) {
              if (choice.second == field(o)) return in_quotes(choice.first);
            }
            return std::string("?");
          }};
}

// A list of T, each element read from a text by `parse`; one text stands for a list of one.
template <class O, class T>
Key<O> list(std::string_view section, std::string_view name, At<O, std::vector<T>> field,
            bool (*parse)(std::string_view, std::vector<T>&), std::string (*write)(const T&), std::size_t least,
            std::string_view element, std::string_view type, std::string_view meaning) {
  return {section,
          name,
          std::string(type),
          meaning,
          false,
          [=](O& o, const Value& v, const std::filesystem::path&) -> std::optional<Complaint> {
            const auto texts = texts_of(v);
            if (!texts) return wrong_type(fmt::format("a list such as [{}]", element));
            std::vector<T> parsed;
            for (const std::string& one : *texts) {
              if (!parse(one, parsed))
                return Complaint{fmt::format("{} is not understood", in_quotes(one)), "",
                                 fmt::format("Write values such as {}.", element)};
            }
            if (parsed.size() < least)
              return Complaint{"the list is empty", "", fmt::format("Write at least one value such as {}.", element)};
            field(o) = std::move(parsed);
            return std::nullopt;
          },
          [=](O& o) {
            std::vector<std::string> texts;
            for (const T& one : field(o)) texts.push_back(write(one));
            return in_quotes_list(texts);
          }};
}

}  // namespace gatepost::config::fields
