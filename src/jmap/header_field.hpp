#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "jmap/context.hpp"
#include "jmap/email_header.hpp"

// Fields of a header written from the values of JMAP (RFC 8621 4.1.2).
namespace gatepost::jmap {

constexpr std::size_t kLine = 76;      // where lines are folded
constexpr std::size_t kMaxLine = 998;  // RFC 5322 2.1.1

// Without anything that a field could not hold as it is.
bool is_plain(std::string_view text);

// A header field with its value folded (RFC 5322 2.2.3), text beyond ASCII as encoded words (RFC 2047 5).
std::string text_field(std::string_view name, std::string_view utf8);

// One field in the form that its property has. nullopt: the value is not of that form.
std::optional<std::string> field_of(const std::string& name, Form form, const json::value& value);

}  // namespace gatepost::jmap
