#include "mailflow/header_edit.hpp"

#include "base/ascii.hpp"

namespace gatepost::mailflow {
namespace {

// Calls visit(field) for each field with its continuation lines and line end.
template <class Visit>
void each_field(std::string_view header, Visit visit) {
  std::size_t begin = 0;
  while (begin < header.size()) {
    std::size_t end = begin;
    do {
      const std::size_t lf = header.find('\n', end);
      end = lf == std::string_view::npos ? header.size() : lf + 1;
    } while (end < header.size() && ascii::is_blank(header[end]));
    visit(header.substr(begin, end - begin));
    begin = end;
  }
}

std::string_view field_name(std::string_view field) {
  if (field.empty() || ascii::is_space(field.front())) return {};
  const std::size_t colon = field.find(':');
  // RFC 5322 4.5: blanks between name and colon are obsolete but seen.
  return colon == std::string_view::npos ? std::string_view{} : ascii::trim(field.substr(0, colon));
}

}  // namespace

std::size_t header_end(std::string_view text, std::size_t from) {
  if (text.starts_with("\r\n")) return 2;
  const std::size_t start = from < 3 ? 0 : from - 3;
  const std::size_t at = text.find("\r\n\r\n", start);
  return at == std::string_view::npos ? at : at + 4;
}

void for_each_field(std::string_view header,
                    const std::function<void(std::string_view name, std::string_view value)>& visit) {
  each_field(header, [&](std::string_view field) {
    const std::string_view name = field_name(field);
    if (name.empty()) return;
    std::string_view value = field.substr(field.find(':') + 1);
    while (!value.empty() && (value.back() == '\r' || value.back() == '\n')) value.remove_suffix(1);
    visit(name, value);
  });
}

std::uint32_t count_received(std::string_view header) {
  std::uint32_t count = 0;
  each_field(header, [&](std::string_view field) { count += ascii::iequals(field_name(field), "Received") ? 1 : 0; });
  return count;
}

std::string edit_for_submission(std::string_view header, const SubmissionEdit& edit) {
  bool has_date = false, has_message_id = false;
  std::string kept;
  kept.reserve(header.size() + 128);
  each_field(header, [&](std::string_view field) {
    const std::string_view name = field_name(field);
    if (ascii::iequals(name, "Bcc") || ascii::iequals(name, "Resent-Bcc")) return;
    if (edit.sender && ascii::iequals(name, "Sender")) return;
    has_date = has_date || ascii::iequals(name, "Date");
    has_message_id = has_message_id || ascii::iequals(name, "Message-ID");
    kept.append(field);
  });
  std::string out;
  if (!has_date) out += "Date: " + edit.date + "\r\n";
  if (!has_message_id) out += "Message-ID: " + edit.message_id + "\r\n";
  if (edit.sender && !edit.sender->empty()) out += "Sender: " + *edit.sender + "\r\n";
  // What begins with a blank is no header: the text of a message without one, which must not continue our fields.
  if (!kept.empty() && ascii::is_blank(kept.front())) out += "\r\n";
  return out + kept;
}

}  // namespace gatepost::mailflow
