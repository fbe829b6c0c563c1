#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// The part of BER that LDAP uses (RFC 4511 5.1): definite lengths, tags of one octet, strings in one piece.
namespace gatepost::ldap::ber {

using Tag = std::uint8_t;
inline constexpr Tag kBoolean = 0x01, kInteger = 0x02, kOctetString = 0x04, kNull = 0x05, kEnumerated = 0x0a;
inline constexpr Tag kSequence = 0x30, kSet = 0x31;
constexpr Tag context(unsigned number) { return static_cast<Tag>(0x80 | number); }  // primitive
constexpr Tag context_constructed(unsigned number) { return static_cast<Tag>(0xa0 | number); }
constexpr Tag application(unsigned number) { return static_cast<Tag>(0x40 | number); }  // primitive
constexpr Tag application_constructed(unsigned number) { return static_cast<Tag>(0x60 | number); }

// A length takes at most so many octets behind the first. More than needed are accepted: X.690 8.1.3.5 allows them,
// and some clients always send four.
inline constexpr std::size_t kMaxLengthOctets = 4;

// Where the first element of `input` ends. whole: `octets` of it, tag and length included. broken: no element begins
// like this (indefinite length, a tag of several octets, a length of more than kMaxLengthOctets).
struct Extent {
  enum class Kind : std::uint8_t { need_more, whole, too_large, broken } kind = Kind::need_more;
  std::size_t octets = 0;
};
// too_large: its content has more than `max_content` octets; known as soon as the length is there.
Extent extent(std::string_view input, std::size_t max_content);

// Reads one element after the other. A read of what is not there, or has another tag, makes ok() false for good; reads
// then return zero or empty. Views point into the input. Knows no recursion: each level has a Reader of its own.
class Reader {
 public:
  explicit Reader(std::string_view input) : rest_(input) {}

  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  Tag peek() const { return rest_.empty() ? Tag{0} : static_cast<Tag>(rest_.front()); }
  bool next_is(Tag tag) const { return ok_ && !rest_.empty() && peek() == tag; }

  std::string_view content(Tag tag);
  std::string_view octets(Tag tag = kOctetString) { return content(tag); }
  Reader inside(Tag tag) { return Reader(content(tag)); }
  // Of at most eight octets.
  std::int64_t integer(Tag tag = kInteger);
  // Any value but 0 is true: clients are seen that send 1 (RFC 4511 5.1 asks for 255).
  bool boolean(Tag tag = kBoolean);
  // The next element whatever it is, tag and length included.
  std::string_view element();
  void fail() {
    ok_ = false;
    rest_ = {};
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

// Appends elements to a string. What it writes has the shortest lengths.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  // Begins a constructed element; give what it returns to end().
  std::size_t begin(Tag tag);
  void end(std::size_t mark);
  void octets(std::string_view value, Tag tag = kOctetString);
  void integer(std::int64_t value, Tag tag = kInteger);
  void boolean(bool value, Tag tag = kBoolean);
  void raw(std::string_view elements) { out_.append(elements); }

 private:
  std::string& out_;
};

// How many octets tag and length take before a content of so many.
std::size_t head_octets(std::size_t content);
void append_head(std::string& out, Tag tag, std::size_t content);

}  // namespace gatepost::ldap::ber
