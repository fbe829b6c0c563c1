#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "imap/protocol/strings.hpp"

namespace gatepost::imap {

// address (RFC 9051 7.5.2). A group is an address with mailbox (its name) and no host, its members, and one with
// neither.
struct AddressView {
  NString name, mailbox, host;  // as in the header: RFC 2047 words undecoded
};
// Header fields as they are, unfolded. What is empty or absent is NIL. The writer puts `from` for an empty sender or
// reply_to (RFC 9051 7.5.2).
struct EnvelopeView {
  NString date, subject;
  std::span<const AddressView> from, sender, reply_to, to, cc, bcc;
  NString in_reply_to, message_id;
};
void write_envelope(std::string& out, const EnvelopeView& envelope, bool utf8);

struct ParameterView {
  std::string_view name, value;
};
// What is known of one MIME part. Fields that do not apply to its kind are not looked at.
struct PartView {
  std::string_view type = "text", subtype = "plain";
  std::span<const ParameterView> parameters;
  NString id, description;
  std::string_view encoding = "7bit";
  std::uint64_t octets = 0;  // of the encoded body
  std::uint64_t lines = 0;   // text/* and message/rfc822
  // Extension data, for BODYSTRUCTURE only.
  NString md5;
  NString disposition;
  std::span<const ParameterView> disposition_parameters;
  std::span<const std::string_view> languages;
  NString location;
};

// Writes BODY or BODYSTRUCTURE (RFC 9051 7.5.2) of parts in the order they have in the message, without a tree and
// without recursion, however deep the message:
//   single(part)                                        a part without parts
//   open_multipart() ... children ... close_multipart(part)
//   open_message(part, envelope) ... one child ... close_message(part)     message/rfc822 and message/global
// What was opened and gets no child gets an empty text part, since the grammar asks for one.
class BodyStructureWriter {
 public:
  BodyStructureWriter(std::string& out, bool extended, bool utf8) : out_(out), extended_(extended), utf8_(utf8) {}
  void single(const PartView& part);
  void open_multipart();
  void close_multipart(const PartView& part);
  void open_message(const PartView& part, const EnvelopeView& envelope);
  void close_message(const PartView& part);

 private:
  void media_and_fields(const PartView& part);
  void parameters(std::span<const ParameterView> parameters);
  void disposition_to_location(const PartView& part);

  std::string& out_;
  bool extended_, utf8_;
  bool childless_ = false;  // of the part opened last
};

}  // namespace gatepost::imap
