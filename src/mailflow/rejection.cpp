#include "mailflow/rejection.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "base/bytes.hpp"
#include "base/date.hpp"
#include "base/digest.hpp"
#include "base/utf8.hpp"
#include "mailflow/header_edit.hpp"
#include "mime/header.hpp"

namespace gatepost::mailflow {
namespace {

constexpr std::size_t kMaxReply = 400;

std::string lines_of(std::string_view text) {
  std::string out;
  for (const char c : utf8::sanitize(text)) {
    if (c == '\r' || c == '\0') continue;
    out += c == '\n' ? std::string("\r\n") : std::string(1, c);
  }
  if (!out.ends_with("\r\n")) out += "\r\n";
  return out;
}

std::string one_line(std::string_view text) {
  std::string out = utf8::sanitize(text);
  std::ranges::replace_if(out, ascii::is_control, ' ');
  return out;
}

// Whole fields that fit.
std::string_view whole_fields_of(std::string_view header) {
  if (const std::size_t end = header_end(header); end != std::string_view::npos) header = header.substr(0, end - 2);
  if (ascii::istarts_with(header, "Return-Path:"))
    header.remove_prefix(std::min(header.find('\n'), header.size() - 1) + 1);
  if (header.size() <= kMaxReturnedHeader) return header;
  return header.substr(0, header.substr(0, kMaxReturnedHeader).rfind('\n') + 1);
}

}  // namespace

std::string rejection_reply(std::string_view reason) {
  // RFC 5429 2.1.1: what is not ASCII is replaced by words of our own.
  std::string text = one_line(ascii::trim(reason));
  if (text.empty() || !utf8::is_ascii(text)) text = "the recipient does not accept this message";
  if (text.size() > kMaxReply) text.resize(kMaxReply);
  return "550 5.7.1 " + text;
}

std::string rejection_notice(std::string_view header, std::string_view to, std::string_view owner,
                             std::string_view recipient, std::string_view reason, std::string_view hostname,
                             std::string_view message_id, TimePoint now) {
  const std::string_view returned = whole_fields_of(header);
  const Sha256Value hash = sha256(fmt::format("{} {}", message_id, returned));
  // RFC 2046 5.1.1: nobody can have foreseen it.
  const std::string boundary = "=_" + to_hex({reinterpret_cast<const char*>(hash.data()), 12});
  std::string out = fmt::format(
      "Date: {}\r\nFrom: <{}>\r\nTo: <{}>\r\nSubject: Rejected: your message\r\nMessage-ID: <{}>\r\n"
      "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
      "Content-Type: multipart/report; report-type=disposition-notification;\r\n\tboundary=\"{}\"\r\n\r\n",
      date::format_rfc5322(now), owner, to, message_id, boundary);
  out += fmt::format(
      "--{}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
      "Your message was refused by the recipient's mail filter. The reason given:\r\n\r\n{}\r\n",
      boundary, lines_of(reason));
  out += fmt::format("--{}\r\nContent-Type: message/disposition-notification\r\n\r\nReporting-UA: {}; Gatepost\r\n",
                     boundary, hostname);
  out += fmt::format("Original-Recipient: rfc822;{}\r\nFinal-Recipient: rfc822;{}\r\n", one_line(recipient), owner);
  if (const auto id = mime::find_field(header, "Message-ID")) {
    out += fmt::format("Original-Message-ID: {}\r\n", one_line(mime::unfold(*id)));
  }
  out += "Disposition: automatic-action/MDN-sent-automatically; deleted\r\n\r\n";
  out += fmt::format("--{}\r\nContent-Type: text/rfc822-headers\r\n{}\r\n{}\r\n--{}--\r\n", boundary,
                     utf8::is_ascii(returned) ? "" : "Content-Transfer-Encoding: 8bit\r\n", returned, boundary);
  return out;
}

}  // namespace gatepost::mailflow
