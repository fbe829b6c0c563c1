#include "mime/summary.hpp"

#include <array>

#include "base/bytes.hpp"

namespace gatepost::mime {
namespace {

constexpr std::uint8_t kFormat = 1;

// Words that most parts have. Their number is written instead of them; the list may grow at its end. 0 is none of them.
constexpr std::array<std::string_view, 20> kWords = {"text",         "plain",       "html",    "multipart",
                                                     "mixed",        "alternative", "related", "application",
                                                     "octet-stream", "image",       "png",     "jpeg",
                                                     "gif",          "pdf",         "message", "rfc822",
                                                     "7bit",         "8bit",        "base64",  "quoted-printable"};

void put_word(std::string& out, std::string_view word) {
  for (std::size_t i = 0; i < kWords.size(); ++i) {
    if (kWords[i] == word) return put_u8(out, static_cast<std::uint8_t>(i + 1));
  }
  put_u8(out, 0);
  put_text(out, word);
}

// Which of some texts are there, one bit each, then those.
void put_texts(std::string& out, std::initializer_list<OptionalText> texts) {
  std::uint8_t bits = 0;
  for (std::uint8_t bit = 1; const OptionalText& text : texts) {
    if (text) bits |= bit;
    bit = static_cast<std::uint8_t>(bit << 1);
  }
  put_u8(out, bits);
  for (const OptionalText& text : texts) {
    if (text) put_text(out, *text);
  }
}

void put_parameters(std::string& out, std::span<const Parameter> parameters) {
  put_varint(out, parameters.size());
  for (const Parameter& parameter : parameters) {
    put_text(out, parameter.name);
    put_text(out, parameter.value);
  }
}

constexpr Run Envelope::* kLists[] = {&Envelope::from, &Envelope::sender, &Envelope::reply_to,
                                      &Envelope::to,   &Envelope::cc,     &Envelope::bcc};

void put_envelope(std::string& out, const Structure& s, const Envelope& e) {
  put_texts(out, {e.date, e.subject, e.in_reply_to, e.message_id, e.references});
  for (const auto list : kLists) {
    put_varint(out, (e.*list).count);
    for (const Address& address : s.addresses_of(e.*list))
      put_texts(out, {address.name, address.mailbox, address.host});
  }
}

void put_part(std::string& out, const Structure& s, std::uint32_t i) {
  const Part& part = s.parts[i];
  const std::uint64_t before = i == 0 ? 0 : s.parts[part.parent].body_begin;
  put_u8(out, static_cast<std::uint8_t>(part.kind));
  put_varint(out, part.end - i - 1);
  put_varint(out, part.header_begin - before);
  put_varint(out, part.header_octets());
  put_varint(out, part.body_octets());
  put_varint(out, part.lines);
  put_word(out, part.type);
  put_word(out, part.subtype);
  put_word(out, part.encoding);
  put_parameters(out, s.parameters_of(part.parameters));
  put_texts(out, {part.id, part.description, part.md5, part.location, part.disposition});
  put_parameters(out, s.parameters_of(part.disposition_parameters));
  const auto languages = s.languages_of(part.languages);
  put_varint(out, languages.size());
  for (const std::string_view language : languages) put_text(out, language);
  if (part.envelope != kNoEnvelope) put_envelope(out, s, s.envelopes[part.envelope]);
}

// Reads one summary into a Structure. Each count is checked against what is left of the input, so that memory is in
// proportion to it.
class SummaryReader {
 public:
  SummaryReader(std::string_view rest, Structure& s) : in_(rest), s_(s) {}

  // The message itself and no more.
  bool read_first() {
    const std::uint64_t parts = in_.varint();
    for (int i = 0; i < 4; ++i) in_.varint();
    if (parts == 0 || parts > kMaxParts || parts > in_.rest().size()) return false;
    s_.parts.clear();
    s_.envelopes.clear();
    s_.parameters.clear();
    s_.languages.clear();
    s_.addresses.clear();
    if (!part(0, static_cast<std::uint32_t>(parts)) || !in_.ok()) return false;
    s_.parts[0].end = 1;
    return true;
  }

  bool read() {
    const std::uint64_t parts = in_.varint(), envelopes = in_.varint(), parameters = in_.varint();
    const std::uint64_t languages = in_.varint(), addresses = in_.varint();
    const std::size_t left = in_.rest().size();
    if (parts == 0 || parts > kMaxParts) return false;
    if (parts > left || envelopes > left || parameters > left || languages > left || addresses > left) return false;
    if (addresses > kMaxAllAddresses || parameters > kMaxAllParameters || languages > kMaxAllLanguages) return false;
    s_.parts.clear();
    s_.envelopes.clear();
    s_.parameters.clear();
    s_.languages.clear();
    s_.addresses.clear();
    s_.parts.reserve(parts);
    s_.envelopes.reserve(envelopes);
    s_.parameters.reserve(parameters);
    s_.languages.reserve(languages);
    s_.addresses.reserve(addresses);
    for (std::uint32_t i = 0; i < parts; ++i) {
      if (!part(i, static_cast<std::uint32_t>(parts)) || !in_.ok()) return false;
    }
    return in_.at_end() && nested_in_order() && s_.envelopes.size() == envelopes &&
           s_.parameters.size() == parameters && s_.languages.size() == languages && s_.addresses.size() == addresses;
  }

 private:
  bool part(std::uint32_t i, std::uint32_t parts) {
    Part part;
    const std::uint8_t kind = in_.u8();
    const std::uint64_t below = in_.varint();
    if (kind > static_cast<std::uint8_t>(Part::Kind::message) || below >= parts - i) return false;
    part.kind = static_cast<Part::Kind>(kind);
    part.end = i + 1 + static_cast<std::uint32_t>(below);
    if (!place(i, parts, part)) return false;

    const std::uint64_t before = i == 0 ? 0 : s_.parts[part.parent].body_begin;
    const std::uint64_t limit = i == 0 ? UINT64_MAX : s_.parts[part.parent].body_end;
    if (!add(before, in_.varint(), limit, part.header_begin)) return false;
    if (!add(part.header_begin, in_.varint(), limit, part.body_begin)) return false;
    if (!add(part.body_begin, in_.varint(), limit, part.body_end)) return false;
    part.lines = in_.varint();
    if (part.lines > part.body_octets() || (i == 0 && part.header_begin != 0)) return false;

    part.type = word();
    part.subtype = word();
    part.encoding = word();
    part.parameters = parameters();
    texts({&part.id, &part.description, &part.md5, &part.location, &part.disposition});
    part.disposition_parameters = parameters();
    part.languages = languages();
    if (i == 0 || s_.parts[part.parent].kind == Part::Kind::message) {
      part.envelope = static_cast<std::uint32_t>(s_.envelopes.size());
      envelope();
    }
    s_.parts.push_back(part);
    return true;
  }

  // Finds the parent, and whether what is below the part has room in it and suits its kind.
  bool place(std::uint32_t i, std::uint32_t parts, Part& part) {
    while (!open_.empty() && s_.parts[open_.back()].end <= i) open_.pop_back();
    if (open_.empty()) {
      if (i != 0 || part.end != parts) return false;
    } else {
      const Part& parent = s_.parts[open_.back()];
      part.parent = open_.back();
      part.depth = parent.depth + 1;
      if (part.depth > kMaxDepth || part.end > parent.end) return false;
      if (parent.kind == Part::Kind::message && (i != part.parent + 1 || part.end != parent.end)) return false;
    }
    if (part.kind == Part::Kind::single && part.end != i + 1) return false;
    if (part.kind == Part::Kind::message && part.end == i + 1) return false;
    if (part.end > i + 1) open_.push_back(i);
    return true;
  }

  // Siblings do not overlap.
  bool nested_in_order() const {
    for (std::uint32_t i = 0; i < s_.parts.size(); ++i) {
      for (std::uint32_t c = i + 1, next; c < s_.parts[i].end; c = next) {
        next = s_.parts[c].end;
        if (next < s_.parts[i].end && s_.parts[next].header_begin < s_.parts[c].body_end) return false;
      }
    }
    return true;
  }

  static bool add(std::uint64_t base, std::uint64_t more, std::uint64_t limit, std::uint64_t& sum) {
    if (more > limit - base) return false;
    sum = base + more;
    return true;
  }

  std::string_view word() {
    const std::uint8_t number = in_.u8();
    if (number == 0) return in_.text();
    if (number <= kWords.size()) return kWords[number - 1];
    in_.take(SIZE_MAX);  // not ours
    return {};
  }

  void texts(std::initializer_list<OptionalText*> texts) {
    const unsigned bits = in_.u8();
    for (unsigned bit = 1; OptionalText * text : texts) {
      if ((bits & bit) != 0) *text = in_.text();
      bit <<= 1;
    }
  }

  Run parameters() {
    return run(s_.parameters, [this] {
      const std::string_view name = in_.text();
      return Parameter{name, in_.text()};
    });
  }

  Run languages() {
    return run(s_.languages, [this] { return in_.text(); });
  }

  void envelope() {
    Envelope e;
    texts({&e.date, &e.subject, &e.in_reply_to, &e.message_id, &e.references});
    for (const auto list : kLists) {
      e.*list = run(s_.addresses, [this] {
        Address address;
        texts({&address.name, &address.mailbox, &address.host});
        return address;
      });
    }
    s_.envelopes.push_back(e);
  }

  template <class T, class Read>
  Run run(std::vector<T>& all, Read read) {
    const std::uint64_t count = in_.varint();
    const auto first = static_cast<std::uint32_t>(all.size());
    for (std::uint64_t n = 0; n < count && in_.ok(); ++n) all.push_back(read());
    if (count == 0 || !in_.ok()) return {};
    return {first, static_cast<std::uint32_t>(count)};
  }

  ByteReader in_;
  Structure& s_;
  std::vector<std::uint32_t> open_;  // parts with parts below, from the message inwards
};

}  // namespace

std::string encode(const Structure& s) {
  std::string out;
  out.reserve(64 + s.parts.size() * 48 + s.pool.octets());
  put_u8(out, kFormat);
  put_varint(out, s.parts.size());
  put_varint(out, s.envelopes.size());
  put_varint(out, s.parameters.size());
  put_varint(out, s.languages.size());
  put_varint(out, s.addresses.size());
  for (std::uint32_t i = 0; i < s.parts.size(); ++i) put_part(out, s, i);
  return out;
}

Result<Structure> decode(std::string_view encoded) {
  Structure s;
  GP_CHECK(decode(s.pool.keep(encoded), s));
  return s;
}

Result<> decode(std::string_view encoded, Structure& into) {
  if (encoded.empty()) return fail(Errc::corrupt, "mime summary: empty");
  const auto format = static_cast<std::uint8_t>(encoded.front());
  if (format > kFormat) return fail(Errc::unsupported, "mime summary: of a later version");
  if (format != kFormat || !SummaryReader(encoded.substr(1), into).read()) {
    return fail(Errc::corrupt, "mime summary: not readable");
  }
  return {};
}

Result<> decode_envelope(std::string_view encoded, Structure& into) {
  if (encoded.empty()) return fail(Errc::corrupt, "mime summary: empty");
  if (static_cast<std::uint8_t>(encoded.front()) != kFormat || !SummaryReader(encoded.substr(1), into).read_first()) {
    return fail(Errc::corrupt, "mime summary: not readable");
  }
  return {};
}

}  // namespace gatepost::mime
