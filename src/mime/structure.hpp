#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mime/address.hpp"
#include "mime/text_pool.hpp"

namespace gatepost::mime {

// Beyond a limit a message is still read to its end and offsets stay true; what is beyond is content of the innermost
// part, or a field that is not looked at. Never an error.
inline constexpr std::uint32_t kMaxParts = 10'000;
inline constexpr std::uint32_t kMaxDepth = 100;               // of a part below the message
inline constexpr std::size_t kMaxHeaderOctets = 1 << 20;      // of one part's header that are looked at
inline constexpr std::size_t kMaxAllHeadersOctets = 4 << 20;  // of all parts' headers that are looked at
inline constexpr std::size_t kMaxParameters = 100;            // of one field
inline constexpr std::size_t kMaxLanguages = 100;
inline constexpr std::size_t kMaxAllAddresses = 50'000;  // of a structure, as the next two
inline constexpr std::size_t kMaxAllParameters = 50'000;
inline constexpr std::size_t kMaxAllLanguages = 10'000;
inline constexpr std::size_t kMaxBoundaryOctets = 998;  // RFC 2046 5.1.1 says 70; longer than a line is no boundary

inline constexpr std::uint32_t kNoEnvelope = 0xffffffff;

// Absent is not the empty string: nullopt when the field is not there.
using OptionalText = std::optional<std::string_view>;

// A run of elements of one of a Structure's vectors.
struct Run {
  std::uint32_t first = 0, count = 0;
  bool operator==(const Run&) const = default;
  bool empty() const { return count == 0; }
};

// RFC 2231 continuations are joined ("name*0", "name*1" are one "name"); a value in RFC 2231's extended form keeps it,
// and the star in its name: {"filename*", "utf-8''na%C3%AFve.txt"}. decode_parameter (parameters.hpp) makes it UTF-8.
// No name is there twice.
struct Parameter {
  std::string_view name, value;
  bool operator==(const Parameter&) const = default;
};

// Fields of a message's header as they are: unfolded, RFC 2047 words undecoded, 8-bit octets as they came, no CR, LF or
// NUL. Of a field that is there several times the first counts; To, Cc and Bcc are joined (RFC 5322 4.5.3).
struct Envelope {
  OptionalText date, subject, in_reply_to, message_id, references;
  Run from, sender, reply_to, to, cc, bcc;  // of Structure::addresses; empty when absent or without addresses
  bool operator==(const Envelope&) const = default;
};

struct Part {
  enum class Kind : std::uint8_t {
    single,   // no parts below. Its type is never multipart, message/rfc822 or message/global
    multi,    // multipart/*: any number of parts below, maybe none
    message,  // message/rfc822, message/global: one part below, the root of the embedded message
  };
  Kind kind = Kind::single;
  std::uint32_t parent = 0;              // its index; of the root: 0
  std::uint32_t depth = 0;               // of the root: 0
  std::uint32_t end = 0;                 // parts below are those from this part's index + 1 up to `end`
  std::uint32_t envelope = kNoEnvelope;  // of parts that are a message's root: index into Structure::envelopes

  // Offsets in the whole message. The header is [header_begin, body_begin) with the empty line, the body is
  // [body_begin, body_end) without the line end that belongs to the next delimiter (RFC 2046 5.1.1).
  std::uint64_t header_begin = 0, body_begin = 0, body_end = 0;
  std::uint64_t lines = 0;  // line ends in the body

  // As written. text/plain when there is none, when it can't be understood (RFC 2045 5.2) and for a multipart without
  // usable boundary; message/rfc822 when there is none in a multipart/digest (RFC 2046 5.1.5). Composite parts that are
  // not looked into (too deep, or an encoded message: RFC 2045 6.4) are application/octet-stream.
  std::string_view type = "text", subtype = "plain";
  Run parameters;                      // of Structure::parameters
  std::string_view encoding = "7bit";  // as written. Means nothing for a multipart, which is never decoded
  OptionalText id, description, md5, location;
  OptionalText disposition;  // "attachment"; absent when it can't be understood
  Run disposition_parameters;
  Run languages;  // of Structure::languages

  std::uint64_t header_octets() const { return body_begin - header_begin; }
  std::uint64_t body_octets() const { return body_end - body_begin; }
  bool operator==(const Part&) const = default;
};

// The parts of a message in pre-order: parts[0] is the message itself. Children of parts[i]:
//   for (auto c = i + 1; c < s.parts[i].end; c = s.parts[c].end)
// Move-only; views into it live as long as it does, moves included. Default: an empty message.
struct Structure {
  Structure();
  std::vector<Part> parts;
  std::vector<Envelope> envelopes;
  std::vector<Parameter> parameters;
  std::vector<std::string_view> languages;
  std::vector<Address> addresses;
  TextPool pool;  // holds the texts

  std::span<const Parameter> parameters_of(Run run) const { return {parameters.data() + run.first, run.count}; }
  std::span<const std::string_view> languages_of(Run run) const { return {languages.data() + run.first, run.count}; }
  std::span<const Address> addresses_of(Run run) const { return {addresses.data() + run.first, run.count}; }

  const Envelope& envelope() const { return envelopes[parts[0].envelope]; }  // of the message itself
  // Of the message in parts[part], whose kind is `message`.
  const Envelope& embedded_envelope(std::uint32_t part) const { return envelopes[parts[part + 1].envelope]; }
  std::uint64_t octets() const { return parts[0].body_end; }  // of the whole message

  // The part that IMAP's part number names (RFC 9051 6.4.5.1): {} is the message itself, {1} also when it has one part
  // only, {2, 1} the first part of the message in part 2.
  std::optional<std::uint32_t> find(std::span<const std::uint32_t> number) const;

  bool operator==(const Structure& other) const;  // texts by value
};

// Finds the parts of a message that passes by in pieces. The same Structure however it is cut; linear time; memory for
// the headers looked at and the parts, within the limits above. Line ends are CRLF, or LF alone.
class StructureScanner {
 public:
  StructureScanner();
  StructureScanner(StructureScanner&&) noexcept;
  StructureScanner& operator=(StructureScanner&&) noexcept;
  ~StructureScanner();

  void feed(std::string_view octets);
  // The message is complete. Ready for another one afterwards.
  Structure finish();

 private:
  class State;
  std::unique_ptr<State> state_;
};

Structure scan(std::string_view message);

}  // namespace gatepost::mime
