#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What servers of the mail protocols answer, read without trusting them. Pure: each take_*() looks at what has arrived
// so far and says whether it is whole; nothing in them grows beyond the limits below.
namespace gatepost::gate::probe {

inline constexpr std::size_t kMaxLineOctets = 4096;
inline constexpr std::size_t kMaxLines = 256;
inline constexpr std::size_t kMaxAnswerOctets = 64 << 10;

struct Taken {
  enum class Progress : std::uint8_t { need_more, done, bad };
  Progress progress = Progress::need_more;
  std::size_t octets = 0;  // how much of the input the answer took
  std::string_view why;    // bad: a literal
};

// RFC 5321 4.2: "250-first line" ... "250 last line". Lines without code and separator.
struct SmtpReply {
  int code = 0;
  std::vector<std::string> lines;
  bool is(int hundreds) const { return code / 100 == hundreds; }
  std::string text() const;  // "250 first line / last line", shortened
};
Taken take_smtp_reply(std::string_view input, SmtpReply& into);

// One line, without its end.
Taken take_line(std::string_view input, std::string& into);

// IMAP: untagged lines up to the tagged one of `tag`. "+" counts as the tagged one: the server wants more.
struct ImapAnswer {
  std::vector<std::string> untagged;  // without "* "
  std::string status;                 // "OK", "NO", "BAD", "+"
  std::string text;                   // after the status
};
Taken take_imap_answer(std::string_view input, std::string_view tag, ImapAnswer& into);
// The atoms after CAPABILITY, in upper case, from untagged lines or a response code.
std::vector<std::string> imap_capabilities(const ImapAnswer& answer);
std::vector<std::string> imap_capabilities(std::string_view text);

// POP3: "+OK ..." with the lines up to ".".
struct Pop3Answer {
  bool ok = false;
  std::string text;
  std::vector<std::string> lines;
};
Taken take_pop3_answer(std::string_view input, bool multiline, Pop3Answer& into);

// HTTP/1: status line and fields, no body.
struct HttpHead {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> fields;  // names in lower case
  std::string_view field(std::string_view name) const;      // the first of that name; "" when there is none
};
Taken take_http_head(std::string_view input, HttpHead& into);

// One LDAPMessage (RFC 4511 4.1.1), as far as a probe needs it.
struct LdapMessage {
  std::uint32_t id = 0;
  std::uint8_t operation = 0;  // the application tag: 1 bind response, 4 entry, 5 done, 19 reference, 24 extended
  std::optional<std::uint32_t> result;
  std::string diagnostic;
  std::string name;  // of an entry
  std::vector<std::pair<std::string, std::vector<std::string>>> attributes;
  const std::vector<std::string>* attribute(std::string_view type) const;
};
Taken take_ldap_message(std::string_view input, LdapMessage& into);

// Requests in the same notation.
std::string ldap_search(std::uint32_t id, std::string_view base, bool subtree, std::uint32_t size_limit,
                        const std::vector<std::string_view>& attributes);
std::string ldap_extended(std::uint32_t id, std::string_view oid);
inline constexpr std::string_view kLdapStartTls = "1.3.6.1.4.1.1466.20037";  // RFC 4511 4.14

// A text of the peer for people: printable, at most `most` octets.
std::string printable(std::string_view text, std::size_t most = 120);

}  // namespace gatepost::gate::probe
