#include "mailflow/trace.hpp"

#include <fmt/format.h>

#include "base/ascii.hpp"

namespace gatepost::mailflow {
namespace {

// A peer's EHLO argument ends up in a header field: only what a domain or an address literal may hold is kept.
std::string clean(std::string_view text) {
  std::string out;
  for (char c : text.substr(0, 255)) {
    const bool fine = ascii::is_alnum(c) || ascii::is_8bit(c) || std::string_view(".-_:[]").contains(c);
    out.push_back(fine ? c : '?');
  }
  return out.empty() ? "unknown" : out;
}

}  // namespace

std::string with_protocol(const Source& source) {
  // RFC 6531 4.3: UTF8SMTP instead of ESMTP when SMTPUTF8 was used. RFC 3848: S for TLS, A for a sign-in.
  std::string with = source.smtputf8 ? "UTF8SMTP" : source.esmtp ? "ESMTP" : "SMTP";
  if (!source.tls_version.empty()) with += 'S';
  if (source.submitter) with += 'A';
  return with;
}

std::string received_field(const Source& source, const Envelope& envelope, std::string_view hostname,
                           std::string_view queue_id, TimePoint now) {
  // Made here: it came from nobody.
  if (source.service == "local") {
    return fmt::format("Received: by {} (Gatepost) id {};\r\n\t{}\r\n", hostname, queue_id, date::format_rfc5322(now));
  }
  const std::string address = source.remote.address.to_string();
  // RFC 5321 4.1.3: an IPv6 address literal carries its tag.
  const std::string literal = source.remote.address.is_v4() ? address : "IPv6:" + address;
  std::string out = fmt::format("Received: from {} ([{}])\r\n", clean(source.hello), literal);
  if (!source.tls_version.empty()) {
    out += fmt::format("\t(using {} with cipher {})\r\n", source.tls_version, source.tls_cipher);
  }
  out += fmt::format("\tby {} (Gatepost) with {} id {}", hostname, with_protocol(source), queue_id);
  if (envelope.recipients.size() == 1) out += fmt::format("\r\n\tfor <{}>", envelope.recipients.front().address);
  out += fmt::format(";\r\n\t{}\r\n", date::format_rfc5322(now));
  return out;
}

}  // namespace gatepost::mailflow
