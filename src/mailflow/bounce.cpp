#include "mailflow/bounce.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "base/utf8.hpp"
#include "mailflow/header_edit.hpp"

namespace gatepost::mailflow {
namespace {

constexpr std::size_t kMaxReplyText = 800;

// Text of another server inside our header-like fields: one line, bounded, printable.
std::string one_short_line(std::string_view text) {
  std::string out = utf8::sanitize(text.substr(0, kMaxReplyText));
  for (char& c : out) {
    if (ascii::is_control(c)) c = ' ';
  }
  return out;
}

// The same for fields of the ASCII form of a report (RFC 3464 2.1.1).
std::string field_text(std::string_view text, bool plain) {
  std::string out = one_short_line(text);
  if (plain) std::ranges::replace_if(out, ascii::is_8bit, '?');
  return out;
}

// RFC 6533 3: addresses outside ASCII need their own address type.
std::string typed_address(std::string_view address) {
  return (utf8::is_ascii(address) ? "rfc822;" : "utf-8;") + std::string(address);
}

std::string success_in_words(const RecipientState& r) {
  if (r.status == RecipientState::Status::expanded)
    return "was passed on to the several addresses this one stands for; you will hear of failures only";
  if (r.account) return "was delivered to the mailbox";
  return fmt::format("was passed on to {}, which does not report deliveries; you will hear of failures only",
                     r.last_host.empty() ? "the next server" : one_short_line(r.last_host));
}

// RFC 3464 2.3.3
std::string_view action(Notice notice, const RecipientState& r) {
  if (notice == Notice::failed) return "failed";
  if (notice == Notice::delayed) return "delayed";
  if (r.status == RecipientState::Status::expanded) return "expanded";
  return r.account ? "delivered" : "relayed";
}

std::string explanation(Notice notice, const std::vector<RecipientState>& recipients, std::string_view hostname,
                        TimePoint retry_until) {
  std::string out = fmt::format("This is the mail server {}.\r\n\r\n", hostname);
  if (notice == Notice::success) {
    out += "As you asked, this is what became of your message:\r\n";
  } else if (notice == Notice::failed) {
    out +=
        "Your message could not be delivered to the recipients below.\r\nIt has not been and will not be sent to "
        "them.\r\n";
  } else {
    out += fmt::format(
        "Your message has not been delivered to the recipients below yet.\r\nYou need not send it again: it is tried "
        "until {}.\r\n",
        date::format_rfc5322(retry_until));
  }
  for (const auto& r : recipients) {
    out += fmt::format("\r\n<{}>\r\n", r.original.empty() ? r.address : r.original);
    if (notice == Notice::success) {
      out += fmt::format("    {}\r\n", success_in_words(r));
      continue;
    }
    const std::string said = r.last_reply.empty() ? "no answer from the destination" : one_short_line(r.last_reply);
    out += r.last_host.empty() ? fmt::format("    {}\r\n", said)
                               : fmt::format("    {} said: {}\r\n", one_short_line(r.last_host), said);
  }
  return out;
}

// RFC 3464 2.2 and 2.3.
std::string status_fields(Notice notice, const QueueEntry& entry, const std::vector<RecipientState>& recipients,
                          std::string_view hostname, TimePoint retry_until, bool plain) {
  std::string out;
  // RFC 3461 6.3: what the sender gave comes back as it was, and nothing that he did not give.
  if (entry.envid) out += fmt::format("Original-Envelope-Id: {}\r\n", field_text(*entry.envid, plain));
  out += fmt::format("Reporting-MTA: dns; {}\r\nArrival-Date: {}\r\n", hostname, date::format_rfc5322(entry.created));
  for (const auto& r : recipients) {
    out += "\r\n";
    if (r.dsn.original) {
      out += fmt::format("Original-Recipient: {};{}\r\n", field_text(r.dsn.original->type, plain),
                         field_text(r.dsn.original->address, plain));
    }
    out += "Final-Recipient: " + typed_address(r.address) + "\r\n";
    out += fmt::format("Action: {}\r\nStatus: {}\r\n", action(notice, r), enhanced_status(r.last_reply, notice));
    if (!r.last_host.empty()) {
      out += fmt::format("Remote-MTA: dns; {}\r\n", field_text(r.last_host, plain));
      if (!r.last_reply.empty()) out += fmt::format("Diagnostic-Code: smtp; {}\r\n", field_text(r.last_reply, plain));
    }
    if (notice == Notice::delayed) out += fmt::format("Will-Retry-Until: {}\r\n", date::format_rfc5322(retry_until));
  }
  return out;
}

std::string_view subject(Notice notice) {
  switch (notice) {
    case Notice::failed:
      return "Undelivered mail: returned to sender";
    case Notice::delayed:
      return "Delayed mail: still being tried";
    case Notice::success:
      return "Delivery report, as you asked";
  }
  return "Delivery report";
}

// Whole lines only, and never the empty line that would end the part's content early.
std::string_view whole_lines_of(std::string_view header) {
  if (const std::size_t end = header_end(header); end != std::string_view::npos) header = header.substr(0, end - 2);
  if (header.size() <= kMaxReturnedHeader) return header;
  header = header.substr(0, kMaxReturnedHeader);
  const std::size_t lf = header.rfind('\n');
  return lf == std::string_view::npos ? std::string_view{} : header.substr(0, lf + 1);
}

}  // namespace

std::string enhanced_status(std::string_view reply, Notice notice) {
  const std::string fallback = notice == Notice::failed ? "5.0.0" : notice == Notice::delayed ? "4.0.0" : "2.0.0";
  if (reply.size() < 9 || reply[3] != ' ') return fallback;
  const std::string_view status = reply.substr(4, std::min(reply.find(' ', 4), reply.size()) - 4);
  const auto parts = ascii::split(status, '.');
  if (parts.size() != 3) return fallback;
  for (const auto part : parts) {
    if (part.empty() || part.size() > 3 || !std::ranges::all_of(part, ascii::is_digit)) return fallback;
  }
  // A permanent notice about an entry that ran out of time still carries the last temporary reply: RFC 3464 2.3.4 wants
  // the class to agree with the action.
  std::string out(status);
  out[0] = fallback[0];
  return out;
}

bool returns_whole(Notice notice, const QueueEntry& entry) {
  return notice == Notice::failed && entry.ret == smtp::Ret::full && entry.body.size <= kMaxReturnedOctets &&
         entry.body_type != BodyType::binary;
}

std::string delivery_status_notice(Notice notice, const QueueEntry& entry,
                                   const std::vector<RecipientState>& recipients, std::string_view original, bool whole,
                                   std::string_view hostname, std::string_view message_id, TimePoint now,
                                   TimePoint retry_until) {
  const std::string_view header = whole_lines_of(original);
  const std::string_view returned = whole ? original : header;
  // A boundary must not be part of what it bounds (RFC 2046 5.1.1); the message may hold an earlier report of ours.
  std::string boundary = fmt::format("=_{}_report", to_string(entry.id));
  for (int n = 2; returned.find(boundary) != std::string_view::npos; ++n)
    boundary = fmt::format("=_{}_report_{}", to_string(entry.id), n);
  const bool ascii_addresses = std::ranges::all_of(recipients, [](const RecipientState& r) {
    return utf8::is_ascii(r.address) && utf8::is_ascii(r.original) &&
           (!r.dsn.original || utf8::is_ascii(r.dsn.original->address));
  });
  const bool plain = utf8::is_ascii(header) && ascii_addresses && !entry.smtputf8;
  std::string out = fmt::format(
      "Date: {}\r\nFrom: Mail Delivery System <postmaster@{}>\r\nTo: <{}>\r\nSubject: {}\r\nMessage-ID: <{}>\r\n"
      "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
      "Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"{}\"\r\n\r\n",
      date::format_rfc5322(now), hostname, entry.reverse_path, subject(notice), message_id, boundary);
  out += fmt::format("--{}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{}\r\n",
                     boundary, explanation(notice, recipients, hostname, retry_until));
  // RFC 6533 5: message/global-delivery-status when addresses are not ASCII.
  out += fmt::format("--{}\r\nContent-Type: message/{}\r\n\r\n{}\r\n", boundary,
                     plain ? "delivery-status" : "global-delivery-status",
                     status_fields(notice, entry, recipients, hostname, retry_until, plain));
  const std::string_view type = whole ? (plain ? "message/rfc822" : "message/global")
                                      : (plain ? "text/rfc822-headers" : "message/global-headers");
  out += fmt::format("--{}\r\nContent-Type: {}\r\n{}\r\n", boundary, type,
                     plain && utf8::is_ascii(returned) ? "" : "Content-Transfer-Encoding: 8bit\r\n");
  out.append(returned);
  out += fmt::format("\r\n--{}--\r\n", boundary);
  return out;
}

}  // namespace gatepost::mailflow
