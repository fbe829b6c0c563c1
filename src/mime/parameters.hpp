#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mime/structure.hpp"

namespace gatepost::mime {

// A field whose value is "token *(; name=value)" (RFC 2045 5.1, RFC 2183 2). Texts live in the pool they were read
// with.
struct ContentType {
  std::string_view type, subtype;
};

// Reads "type/subtype; parameters" and appends the parameters to `out`, joined as Parameter says. nullopt, and nothing
// appended, if the value is not understood (RFC 2045 5.2: then it means text/plain).
std::optional<ContentType> read_content_type(std::string_view value, TextPool& pool, std::vector<Parameter>& out);
// Reads "disposition; parameters" (RFC 2183).
std::optional<std::string_view> read_disposition(std::string_view value, TextPool& pool, std::vector<Parameter>& out);

// The value as written, or nullopt. ASCII case does not matter.
std::optional<std::string_view> find_parameter(std::span<const Parameter> parameters, std::string_view name);

// The value of `name` in valid UTF-8: from "name*" in RFC 2231's extended form if there is one, else from "name", where
// RFC 2047 words are decoded too: they are not allowed there, and common.
std::optional<std::string> decode_parameter(std::span<const Parameter> parameters, std::string_view name);

}  // namespace gatepost::mime
