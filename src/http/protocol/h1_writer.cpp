#include "http/protocol/h1_writer.hpp"

#include <iterator>

#include <fmt/format.h>

#include "base/ascii.hpp"

namespace gatepost::http {

void write_head(std::string& out, const ResponseHead& head) {
  fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\n", head.status, reason_phrase(head.status));
  write_fields(out, head.fields);
  out += "\r\n";
}

void write_fields(std::string& out, const Fields& fields) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const Fields::Item field = fields.at(i);
    out += field.name;
    out += ": ";
    out += field.value;
    // No other line than its own, whatever a handler made its value of.
    if (!is_field_value(field.value)) {
      for (std::size_t at = out.size() - field.value.size(); at < out.size(); ++at)
        if (ascii::is_control(out[at])) out[at] = ' ';
    }
    out += "\r\n";
  }
}

void write_chunk(std::string& out, std::string_view piece) {
  if (piece.empty()) return;
  fmt::format_to(std::back_inserter(out), "{:x}\r\n", piece.size());
  out += piece;
  out += "\r\n";
}

void write_last_chunk(std::string& out) { out += "0\r\n\r\n"; }

}  // namespace gatepost::http
