#pragma once

#include <string>
#include <string_view>

#include "http/protocol/head.hpp"

namespace gatepost::http {

// RFC 9112 4 and 5: status line, fields, empty line. Control characters in a value become blanks: they would begin
// another field.
void write_head(std::string& out, const ResponseHead& head);
// Of which these are a part.
void write_fields(std::string& out, const Fields& fields);
// RFC 9112 7.1; nothing for an empty piece, which would end the content.
void write_chunk(std::string& out, std::string_view piece);
void write_last_chunk(std::string& out);

}  // namespace gatepost::http
