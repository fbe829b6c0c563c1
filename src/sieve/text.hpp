#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "sieve/error.hpp"

// Texts of scripts: characters written as numbers, and variables in them.
namespace gatepost::sieve {

// "${hex:24 24}" and "${unicode:40}" (RFC 5228 2.4.2.4).
Parsed<std::string> decode_characters(std::string_view text, unsigned line);

bool is_variable_name(std::string_view name);  // identifier (RFC 5229 3), not a number

// A text without references to variables (RFC 5229 3).
bool is_constant(std::string_view text);
// What compilers refuse: references into namespaces, match variables beyond the limit (RFC 5229 3, 6).
Parsed<> check_references(std::string_view text, unsigned line);
// `value_of` is asked for names in lower case and for numbers; what is beyond kMaxTextOctets is cut.
std::string expand(std::string_view text, const std::function<std::string_view(std::string_view name)>& value_of);

// sieve-address (RFC 5228 2.4.2.3): its addr-spec. nullopt: not one address.
std::optional<std::string> outbound_address(std::string_view text);

// At a border of characters.
std::string cut(std::string text, std::size_t most);

}  // namespace gatepost::sieve
