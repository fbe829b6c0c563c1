#include "acme/dns_message.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "base/base64.hpp"
#include "base/bytes.hpp"

namespace gatepost::acme::dns {
namespace {

using std::chrono::seconds;

constexpr std::uint16_t kIn = 1, kNone = 254, kAny = 255, kTsig = 250;
constexpr std::uint16_t kOpUpdate = 5 << 11;
constexpr std::uint16_t kRecursion = 1 << 8;
constexpr std::size_t kHeaderOctets = 12;
constexpr std::size_t kAdditionalAt = 10;  // ARCOUNT
constexpr std::uint16_t kFudge = 300;      // seconds; RFC 8945 10 recommends that
constexpr std::size_t kMaxMessage = 65535;
constexpr std::size_t kMaxRecords = 1000;
constexpr int kMaxPointers = 64;

struct Named {
  std::string_view word;  // also the algorithm's domain name (RFC 8945 6)
  Algorithm algorithm;
};
constexpr std::array<Named, 3> kAlgorithms = {{{"hmac-sha256", Algorithm::hmac_sha256},
                                               {"hmac-sha384", Algorithm::hmac_sha384},
                                               {"hmac-sha512", Algorithm::hmac_sha512}}};

std::string_view word_of(Algorithm algorithm) {
  return std::ranges::find(kAlgorithms, algorithm, &Named::algorithm)->word;
}

std::string hmac(const TsigKey& key, std::string_view octets) {
  const EVP_MD* const digest = key.algorithm == Algorithm::hmac_sha256   ? EVP_sha256()
                               : key.algorithm == Algorithm::hmac_sha384 ? EVP_sha384()
                                                                         : EVP_sha512();
  const std::string_view secret = key.secret.reveal();
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  HMAC(digest, secret.data(), static_cast<int>(secret.size()), reinterpret_cast<const unsigned char*>(octets.data()),
       octets.size(), reinterpret_cast<unsigned char*>(out.data()), &size);
  out.resize(size);
  return out;
}

// RFC 1035 3.1, uncompressed and in lower case (RFC 8945 4.3.3 wants names so).
Result<> put_name(std::string& out, std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.size() > 253) return fail(Errc::invalid, "a name longer than 253 octets");
  if (!name.empty()) {
    for (const std::string_view label : ascii::split(name, '.')) {
      if (label.empty() || label.size() > 63) return fail(Errc::invalid, fmt::format("'{}' is no domain name", name));
      put_u8(out, static_cast<std::uint8_t>(label.size()));
      out += ascii::to_lower(label);
    }
  }
  put_u8(out, 0);
  return {};
}

void put_header(std::string& out, std::uint16_t id, std::uint16_t flags, std::uint16_t questions,
                std::uint16_t updates) {
  put_u16(out, id);
  put_u16(out, flags);
  put_u16(out, questions);
  put_u16(out, 0);
  put_u16(out, updates);
  put_u16(out, 0);
}

void put_u48(std::string& out, std::uint64_t value) {
  put_u16(out, static_cast<std::uint16_t>(value >> 32));
  put_u32(out, static_cast<std::uint32_t>(value));
}

std::uint64_t seconds_of(TimePoint at) {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<seconds>(at.time_since_epoch()).count());
}

// Walks a message. Reads past the end and endless pointers make ok() false.
class Reader {
 public:
  explicit Reader(std::string_view message, std::size_t at = 0) : message_(message), at_(at) {}
  bool ok() const { return ok_; }
  std::size_t at() const { return at_; }
  std::uint16_t u16() {
    const std::string_view octets = take(2);
    return octets.size() == 2 ? static_cast<std::uint16_t>(byte(octets[0]) << 8 | byte(octets[1])) : 0;
  }
  std::uint32_t u32() {
    const std::uint32_t high = u16();
    return high << 16 | u16();
  }
  std::uint64_t u48() {
    const std::uint64_t high = u16();
    return high << 32 | u32();
  }
  std::string_view take(std::size_t size) {
    if (!ok_ || size > message_.size() - at_) {
      ok_ = false;
      return {};
    }
    at_ += size;
    return message_.substr(at_ - size, size);
  }
  // RFC 1035 4.1.4: pointers lead backwards, and a name has 255 octets at most.
  std::string name() {
    std::string out;
    std::size_t from = at_;
    bool jumped = false;
    for (int pointers = 0; ok_;) {
      if (from >= message_.size()) break;
      const std::size_t length = byte(message_[from]);
      if (length >= 0xc0) {
        if (from + 1 >= message_.size() || ++pointers > kMaxPointers) break;
        const std::size_t to = (length & 0x3f) << 8 | byte(message_[from + 1]);
        if (!std::exchange(jumped, true)) at_ = from + 2;
        if (to >= from) break;
        from = to;
        continue;
      }
      if (length > 63 || length > message_.size() - from - 1 || out.size() + length > 254) break;
      if (length == 0) {
        if (!jumped) at_ = from + 1;
        return out;
      }
      if (!out.empty()) out += '.';
      out += ascii::to_lower(message_.substr(from + 1, length));
      from += length + 1;
    }
    ok_ = false;
    return {};
  }

 private:
  static unsigned byte(char c) { return static_cast<unsigned char>(c); }
  std::string_view message_;
  std::size_t at_;
  bool ok_ = true;
};

struct Counts {
  std::uint16_t questions = 0, records = 0;
};

// Past the header and the questions.
bool skip_questions(Reader& reader, Counts& counts, std::uint16_t& id, std::uint16_t& flags, std::uint16_t& answers,
                    std::uint16_t& additional) {
  id = reader.u16();
  flags = reader.u16();
  counts.questions = reader.u16();
  answers = reader.u16();
  const std::uint16_t authority = reader.u16();
  additional = reader.u16();
  const std::size_t all = std::size_t{answers} + authority + additional;
  if (!reader.ok() || all > kMaxRecords || counts.questions > kMaxRecords) return false;
  counts.records = static_cast<std::uint16_t>(all);
  for (unsigned i = 0; i < counts.questions && reader.ok(); ++i) {
    reader.name();
    reader.take(4);
  }
  return reader.ok();
}

std::string joined_strings(std::string_view rdata) {
  std::string out;
  while (!rdata.empty()) {
    const std::size_t size = static_cast<unsigned char>(rdata.front());
    rdata.remove_prefix(1);
    out += rdata.substr(0, size);
    rdata.remove_prefix(std::min(size, rdata.size()));
  }
  return out;
}

// What both sides hash beside the message (RFC 8945 4.3.3).
std::string tsig_variables(const TsigKey& key, std::uint64_t when, std::uint16_t fudge, std::uint16_t error,
                           std::string_view other) {
  std::string out;
  (void)put_name(out, key.name);
  put_u16(out, kAny);
  put_u32(out, 0);
  (void)put_name(out, word_of(key.algorithm));
  put_u48(out, when);
  put_u16(out, fudge);
  put_u16(out, error);
  put_u16(out, static_cast<std::uint16_t>(other.size()));
  out += other;
  return out;
}

void change_additional_count(std::string& message, int by) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(message[kAdditionalAt + i]); };
  const auto count = static_cast<std::uint16_t>((at(0) << 8 | at(1)) + by);
  message[kAdditionalAt] = static_cast<char>(count >> 8);
  message[kAdditionalAt + 1] = static_cast<char>(count & 0xff);
}

// The last record of a signed message.
struct Tsig {
  std::size_t begins = 0;  // in the message
  std::string name, algorithm;
  std::uint64_t when = 0;
  std::uint16_t fudge = 0, original_id = 0, error = 0;
  std::string mac, other;
};

std::optional<Tsig> find_tsig(std::string_view message) {
  Reader reader(message);
  Counts counts;
  std::uint16_t id = 0, flags = 0, answers = 0, additional = 0;
  if (!skip_questions(reader, counts, id, flags, answers, additional) || additional == 0) return std::nullopt;
  Tsig out;
  for (unsigned i = 0; i < counts.records; ++i) {
    out.begins = reader.at();
    out.name = reader.name();
    const std::uint16_t type = reader.u16();
    reader.take(6);
    const std::size_t size = reader.u16();
    if (!reader.ok()) return std::nullopt;
    if (i + 1 < counts.records) {
      reader.take(size);
      continue;
    }
    if (type != kTsig) return std::nullopt;
    out.algorithm = reader.name();
    out.when = reader.u48();
    out.fudge = reader.u16();
    out.mac = reader.take(reader.u16());
    out.original_id = reader.u16();
    out.error = reader.u16();
    out.other = reader.take(reader.u16());
  }
  if (!reader.ok() || reader.at() != message.size()) return std::nullopt;
  return out;
}

// Words and punctuation of named.conf; comments are no words.
class Words {
 public:
  explicit Words(std::string_view text) : text_(text) {}
  std::string next() {
    skip();
    if (text_.empty()) return {};
    const char first = text_.front();
    if (first == '{' || first == '}' || first == ';') {
      text_.remove_prefix(1);
      return {first};
    }
    const bool quoted = first == '"';
    if (quoted) text_.remove_prefix(1);
    const std::size_t end = std::min(text_.find_first_of(quoted ? "\"" : " \t\r\n{};\"#"), text_.size());
    std::string out(text_.substr(0, end));
    text_.remove_prefix(std::min(end + (quoted ? 1 : 0), text_.size()));
    return out;
  }

 private:
  void skip() {
    for (;;) {
      const std::size_t begin = text_.find_first_not_of(" \t\r\n");
      text_.remove_prefix(std::min(begin, text_.size()));
      if (text_.starts_with('#') || text_.starts_with("//")) {
        text_.remove_prefix(std::min(text_.find('\n'), text_.size()));
      } else if (text_.starts_with("/*")) {
        const std::size_t end = text_.find("*/");
        text_.remove_prefix(end == std::string_view::npos ? text_.size() : end + 2);
      } else {
        return;
      }
    }
  }
  std::string_view text_;
};

}  // namespace

Result<TsigKey> read_key_file(std::string_view text) {
  constexpr std::size_t kMaxKeyFile = 64 << 10;
  if (text.size() > kMaxKeyFile) return fail(Errc::invalid, "too long for a key");
  Words words(text);
  TsigKey out;
  bool has_secret = false;
  if (ascii::to_lower(words.next()) != "key") return fail(Errc::invalid, "it does not begin with: key \"NAME\" {");
  out.name = ascii::to_lower(words.next());
  std::string as_name;
  GP_CHECK(put_name(as_name, out.name));
  if (out.name.empty() || words.next() != "{") return fail(Errc::invalid, "it does not begin with: key \"NAME\" {");
  for (std::string word = words.next(); word != "}"; word = words.next()) {
    if (word.empty()) return fail(Errc::invalid, "its } is missing");
    if (word == ";") continue;
    const std::string value = words.next();
    if (ascii::to_lower(word) == "algorithm") {
      const auto found = std::ranges::find(kAlgorithms, ascii::to_lower(value), &Named::word);
      if (found == kAlgorithms.end())
        return fail(Errc::unsupported, fmt::format("the algorithm is not hmac-sha256, -sha384 or -sha512"));
      out.algorithm = found->algorithm;
    } else if (ascii::to_lower(word) == "secret") {
      const auto octets = base64::decode(value);
      if (!octets || octets->empty()) return fail(Errc::invalid, "its secret is not base64");
      out.secret = Secret(*octets);
      has_secret = true;
    }
  }
  if (!has_secret) return fail(Errc::invalid, "it has no secret");
  return out;
}

Result<std::string> write_update(std::uint16_t id, const Update& update) {
  if (update.text.size() > 255) return fail(Errc::invalid, "a text longer than 255 octets");
  std::string out;
  put_header(out, id, kOpUpdate, 1, 1);
  GP_CHECK(put_name(out, update.zone));
  put_u16(out, static_cast<std::uint16_t>(Type::soa));
  put_u16(out, kIn);
  GP_CHECK(put_name(out, update.name));
  put_u16(out, static_cast<std::uint16_t>(Type::txt));
  // RFC 2136 2.5.1 and 2.5.4: class of the zone to add, NONE to remove one record.
  put_u16(out, update.add ? kIn : kNone);
  put_u32(out, update.add ? update.ttl : 0);
  put_u16(out, static_cast<std::uint16_t>(update.text.size() + 1));
  put_u8(out, static_cast<std::uint8_t>(update.text.size()));
  out += update.text;
  return out;
}

Result<std::string> write_query(std::uint16_t id, std::string_view name, Type type) {
  std::string out;
  put_header(out, id, kRecursion, 1, 0);
  GP_CHECK(put_name(out, name));
  put_u16(out, static_cast<std::uint16_t>(type));
  put_u16(out, kIn);
  return out;
}

Result<> sign(std::string& message, const TsigKey& key, TimePoint now, std::string& mac) {
  GP_ASSERT(message.size() >= kHeaderOctets);
  const std::uint64_t when = seconds_of(now);
  mac = hmac(key, message + tsig_variables(key, when, kFudge, 0, {}));
  std::string data;
  GP_CHECK(put_name(data, word_of(key.algorithm)));
  put_u48(data, when);
  put_u16(data, kFudge);
  put_u16(data, static_cast<std::uint16_t>(mac.size()));
  data += mac;
  data += message.substr(0, 2);  // original ID
  put_u16(data, 0);
  put_u16(data, 0);
  GP_CHECK(put_name(message, key.name));
  put_u16(message, kTsig);
  put_u16(message, kAny);
  put_u32(message, 0);
  put_u16(message, static_cast<std::uint16_t>(data.size()));
  message += data;
  change_additional_count(message, 1);
  return {};
}

Result<> verify(std::string& message, const TsigKey& key, TimePoint now, std::string_view request_mac) {
  const auto tsig = find_tsig(message);
  if (!tsig) return fail(Errc::unauthenticated, "the answer is not signed");
  if (tsig->name != key.name || tsig->algorithm != word_of(key.algorithm)) {
    return fail(Errc::unauthenticated, "the answer is signed with another key");
  }
  // RFC 8945 5.2: the server's word on why it did not take the request; such an answer has no MAC.
  if (tsig->error != 0 && tsig->mac.empty()) {
    return fail(Errc::unauthenticated,
                fmt::format("the server does not accept the signature: {}{}", code_name(tsig->error),
                            tsig->error == 17   ? " (it does not know a key of this name)"
                            : tsig->error == 16 ? " (its key has another secret)"
                            : tsig->error == 18 ? " (the clocks differ)"
                                                : ""));
  }
  std::string signed_part = message.substr(0, tsig->begins);
  change_additional_count(signed_part, -1);
  signed_part[0] = static_cast<char>(tsig->original_id >> 8);
  signed_part[1] = static_cast<char>(tsig->original_id & 0xff);
  std::string digested;
  put_u16(digested, static_cast<std::uint16_t>(request_mac.size()));
  digested += request_mac;
  digested += signed_part;
  digested += tsig_variables(key, tsig->when, tsig->fudge, tsig->error, tsig->other);
  if (!equal_in_constant_time(hmac(key, digested), tsig->mac))
    return fail(Errc::unauthenticated, "the signature of the answer is wrong");
  const std::uint64_t here = seconds_of(now);
  const std::uint64_t apart = here > tsig->when ? here - tsig->when : tsig->when - here;
  if (apart > tsig->fudge) return fail(Errc::unauthenticated, "the clocks of this machine and the name server differ");
  if (tsig->error != 0) {
    return fail(Errc::unauthenticated, "the server does not accept the signature: " + code_name(tsig->error));
  }
  message = std::move(signed_part);
  return {};
}

Result<Answer> read_answer(std::string_view message) {
  if (message.size() > kMaxMessage) return fail(Errc::invalid, "too long for a DNS message");
  Reader reader(message);
  Counts counts;
  std::uint16_t flags = 0, answers = 0, additional = 0;
  Answer out;
  if (!skip_questions(reader, counts, out.id, flags, answers, additional)) return fail(Errc::invalid, "no DNS message");
  if ((flags & 0x8000) == 0) return fail(Errc::invalid, "a question, not an answer");
  out.code = static_cast<std::uint8_t>(flags & 0xf);
  out.truncated = (flags & 0x200) != 0;
  for (unsigned i = 0; i < answers; ++i) {
    Record record;
    record.name = reader.name();
    record.type = static_cast<Type>(reader.u16());
    reader.take(6);
    const std::size_t size = reader.u16();
    const std::size_t begins = reader.at();
    std::string target;
    if (record.type == Type::cname) target = reader.name();
    // RFC 1035 3.3.1: the name is all of it.
    if (record.type == Type::cname && reader.ok() && reader.at() != begins + size)
      return fail(Errc::invalid, "a CNAME of another length");
    const std::string_view data = record.type == Type::cname ? std::string_view() : reader.take(size);
    if (!reader.ok()) return out.truncated ? Result<Answer>(std::move(out)) : fail(Errc::invalid, "a cut DNS message");
    if (record.type == Type::txt) record.text = joined_strings(data);
    if (record.type == Type::cname) record.text = std::move(target);
    if (record.type == Type::txt || record.type == Type::soa || record.type == Type::cname)
      out.answers.push_back(std::move(record));
  }
  return out;
}

std::string code_name(unsigned code) {
  constexpr std::array<std::string_view, 11> kNames = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN",
                                                       "NOTIMP",  "REFUSED", "YXDOMAIN", "YXRRSET",
                                                       "NXRRSET", "NOTAUTH", "NOTZONE"};
  if (code < kNames.size()) return std::string(kNames[code]);
  if (code == 16) return "BADSIG";
  if (code == 17) return "BADKEY";
  if (code == 18) return "BADTIME";
  if (code == 22) return "BADTRUNC";
  return fmt::format("RCODE {}", code);
}

}  // namespace gatepost::acme::dns
