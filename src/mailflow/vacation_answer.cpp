#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "base/base64.hpp"
#include "base/date.hpp"
#include "base/utf8.hpp"
#include "mailflow/field_text.hpp"
#include "mailflow/vacation.hpp"
#include "mime/encoded_word.hpp"
#include "mime/header.hpp"
#include "mime/structure.hpp"

// Which messages a program may answer, and with what (RFC 3834).
namespace gatepost::mailflow {
namespace {

constexpr std::size_t kMaxSubject = 200, kMaxReferences = 4'000;
constexpr std::size_t kMaxLooked = 200;  // addresses of one message that are compared

// RFC 3834 2: names that belong to programs, or to the owners of lists.
bool is_of_a_program(std::string_view reverse_path) {
  const std::string local = ascii::to_lower(reverse_path.substr(0, reverse_path.rfind('@')));
  for (const std::string_view name : {"mailer-daemon", "postmaster", "listserv", "majordomo", "mdaemon", "noreply",
                                      "no-reply", "donotreply", "do-not-reply", "bounce", "bounces"}) {
    if (local == name) return true;
  }
  return local.starts_with("owner-") || local.ends_with("-owner") || local.ends_with("-request") ||
         local.ends_with("-bounces") || local.starts_with("bounce-") || local.starts_with("bounces+") ||
         local.starts_with("noreply+") || local.ends_with("-noreply");
}

// The value's first word, without a comment or parameters.
std::string first_word(std::string_view value) {
  const std::string text = mime::unfold(value);
  return ascii::to_lower(std::string_view(text).substr(0, text.find_first_of(" \t;(")));
}

bool has_any_word(std::string_view value, std::initializer_list<std::string_view> words) {
  const std::string text = mime::unfold(value);
  return std::ranges::any_of(ascii::split(text, ','), [&](std::string_view part) {
    return std::ranges::any_of(words, [&](std::string_view word) { return first_word(part) == word; });
  });
}

// Says of itself that nobody wants an answer.
bool asks_for_silence(const mime::HeaderField& field) {
  const auto is = [&](std::string_view name) { return ascii::iequals(field.name, name); };
  if (is("Auto-Submitted")) return first_word(field.value) != "no";  // RFC 3834 5
  if (is("Precedence")) return has_any_word(field.value, {"bulk", "junk", "list"});
  if (is("X-Auto-Response-Suppress")) return has_any_word(field.value, {"all", "oof", "autoreply"});
  if (is("X-Spam-Flag")) return first_word(field.value) == "yes";
  if (is("X-Autoreply") || is("X-Autorespond")) return true;
  // RFC 2369, RFC 2919.
  return ascii::istarts_with(field.name, "List-");
}

// "<a@b>" and the like, one line, nothing but what message ids have.
std::string ids_of(std::optional<std::string_view> value) {
  if (!value) return {};
  std::string out = mime::unfold(*value);
  std::erase_if(out, [](char c) { return ascii::is_control(c) || ascii::is_8bit(c); });
  return out.size() > kMaxReferences ? std::string() : out;
}

std::string cut_to(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0) == 0x80) --most;
  text.resize(most);
  return text;
}

std::string text_part(std::string_view type, std::string_view text) {
  std::string clean;
  for (const char c : utf8::sanitize(text)) {
    if (c == '\r') continue;
    clean += c == '\n' ? std::string("\r\n") : std::string(1, c);
  }
  std::string out =
      fmt::format("Content-Type: text/{}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n", type);
  constexpr std::size_t kLineOctets = 57;
  for (std::size_t at = 0; at < clean.size(); at += kLineOctets) {
    out += base64::encode(std::string_view(clean).substr(at, kLineOctets)) + "\r\n";
  }
  return out;
}

// Its header, but for what tells of the content.
std::string answer_header(const Vacation& vacation, std::string_view header, const VacationParties& parties,
                          TimePoint now) {
  std::string subject = vacation.subject.value_or("");
  if (subject.empty()) {
    // RFC 3834 3.1.5.
    const auto theirs = mime::find_field(header, "Subject");
    subject = "Auto: " + (theirs ? mime::decode_words(*theirs) : std::string());
  }
  const std::string id = ids_of(mime::find_field(header, "Message-ID"));
  std::string references = ids_of(mime::find_field(header, "References"));
  if (references.empty()) references = ids_of(mime::find_field(header, "In-Reply-To"));
  std::string out = fmt::format("Date: {}\r\nFrom: {}\r\nTo: <{}>\r\nSubject: {}\r\nMessage-ID: <{}>\r\n",
                                date::format_rfc5322(now), mailbox_text(parties.name, parties.from), parties.to,
                                encoded_text(cut_to(std::move(subject), kMaxSubject)), parties.message_id);
  if (!id.empty()) {
    // RFC 5322 3.6.4; each on a line of its own, since lines end somewhere.
    std::string list;
    for (const std::string_view one : ascii::split(references, ' ')) {
      if (!one.empty()) list += std::string(one) + "\r\n ";
    }
    out += fmt::format("In-Reply-To: {}\r\nReferences: {}{}\r\n", id, list, id);
  }
  return out +
         "Auto-Submitted: auto-replied\r\nX-Auto-Response-Suppress: All\r\nMIME-Version: 1.0\r\n";  // RFC 3834 3.1.7
}

}  // namespace

bool may_be_answered(std::string_view header, std::string_view reverse_path, std::string_view recipient,
                     const std::function<bool(std::string_view)>& is_own) {
  // RFC 3834 2: never the null path, nor oneself.
  if (reverse_path.empty() || is_of_a_program(reverse_path) || is_own(reverse_path)) return false;
  mime::HeaderReader reader(header);
  while (const auto field = reader.next()) {
    if (asks_for_silence(*field)) return false;
  }
  const mime::Structure structure = mime::scan(header);
  const mime::Envelope& envelope = structure.envelope();
  std::size_t looked = 0;
  // RFC 5230 4.5.
  for (const std::string_view name : {"Resent-To", "Resent-Cc", "Resent-Bcc"}) {
    const auto field = mime::find_field(header, name);
    if (!field) continue;
    const mime::AddressList list = mime::read_addresses(*field);
    for (const mime::Address& address : list.addresses) {
      if (!address.is_mailbox()) continue;
      if (++looked > kMaxLooked) return false;
      const std::string text = mime::to_addr_spec(address);
      if (ascii::iequals(text, recipient) || is_own(text)) return true;
    }
  }
  for (const mime::Run run : {envelope.to, envelope.cc, envelope.bcc}) {
    for (const mime::Address& address : structure.addresses_of(run)) {
      if (!address.is_mailbox()) continue;
      if (++looked > kMaxLooked) return false;
      const std::string text = mime::to_addr_spec(address);
      if (ascii::iequals(text, recipient) || is_own(text)) return true;
    }
  }
  return false;
}

std::string vacation_answer(const Vacation& vacation, std::string_view header, std::string_view from,
                            std::string_view name, std::string_view to, std::string_view message_id, TimePoint now) {
  std::string out = answer_header(vacation, header, {from, name, to, message_id}, now);
  const std::string text =
      vacation.text || vacation.html ? vacation.text.value_or("") : "I am away and will read your message later.\r\n";
  if (!vacation.html) return out + text_part("plain", text);
  if (text.empty()) return out + text_part("html", *vacation.html);
  const std::string boundary = "=_vacation";  // no line of base64 has a "_"
  return out + fmt::format("Content-Type: multipart/alternative; boundary=\"{}\"\r\n\r\n--{}\r\n{}--{}\r\n{}--{}--\r\n",
                           boundary, boundary, text_part("plain", text), boundary, text_part("html", *vacation.html),
                           boundary);
}

std::string vacation_entity_answer(const Vacation& vacation, std::string_view header, const VacationParties& parties,
                                   TimePoint now) {
  std::string entity;
  for (const char c : vacation.text.value_or("")) {
    if (c == '\r' || c == '\0') continue;
    entity += c == '\n' ? std::string("\r\n") : std::string(1, c);
  }
  if (!entity.ends_with("\r\n")) entity += "\r\n";
  std::string out = answer_header(vacation, header, parties, now);
  mime::HeaderReader reader(entity);
  bool is_typed = false;
  while (const auto field = reader.next()) {
    // RFC 5230 5: ASCII alone; and nothing may be put into the header that is not about the content.
    if (!ascii::istarts_with(field->name, "Content-") || !utf8::is_ascii(field->whole)) continue;
    is_typed = is_typed || ascii::iequals(field->name, "Content-Type");
    out += field->whole;
  }
  std::string_view content = std::string_view(entity).substr(reader.offset());
  if (content.starts_with("\r\n")) content.remove_prefix(2);
  if (!is_typed) out += "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n";
  return out + "\r\n" + std::string(content);
}

}  // namespace gatepost::mailflow
