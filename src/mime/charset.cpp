#include "mime/charset.hpp"

#include <unicode/ucnv.h>
#include <unicode/utf16.h>

#include <algorithm>
#include <array>
#include <span>

#include "base/ascii.hpp"
#include "base/utf8.hpp"

namespace gatepost::mime {
namespace {

constexpr std::size_t kMaxNameOctets = 60;
constexpr char32_t kReplacement = 0xfffd;

// windows-1252's 0x80 to 0x9f; what it leaves open is the C1 control, as browsers have it.
constexpr std::array<char16_t, 32> kWindows1252 = {0x20ac, 0x81,   0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
                                                   0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d,   0x017d, 0x8f,
                                                   0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
                                                   0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d,   0x017e, 0x0178};

char32_t windows_1252(char c) {
  const auto octet = static_cast<unsigned char>(c);
  return octet >= 0x80 && octet < 0xa0 ? kWindows1252[octet - 0x80] : octet;
}

// Names mailers use that ICU does not have, or takes for a narrower set than the mailers mean (the superset is what
// browsers read).
struct Alias {
  std::string_view name, known;
};
constexpr Alias kAliases[] = {
    {"utf8", "utf-8"},
    {"unicode-1-1-utf-8", "utf-8"},
    {"unicode-1-1-utf-7", "utf-7"},
    {"ascii", "us-ascii"},
    {"ansi_x3.4-1968", "us-ascii"},
    {"iso646-us", "us-ascii"},
    {"us", "us-ascii"},
    {"unknown-8bit", "us-ascii"},
    {"x-unknown", "us-ascii"},
    {"unknown", "us-ascii"},
    {"8bit", "us-ascii"},
    {"default", "us-ascii"},
    {"default_charset", "us-ascii"},
    {"latin1", "iso-8859-1"},
    {"latin-1", "iso-8859-1"},
    {"iso8859-1", "iso-8859-1"},
    {"iso_8859-1", "iso-8859-1"},
    {"windows-1252", "iso-8859-1"},
    {"cp1252", "iso-8859-1"},
    {"cp-1252", "iso-8859-1"},
    {"x-cp1252", "iso-8859-1"},
    {"iso-8859-9", "windows-1254"},
    {"iso-8859-11", "windows-874"},
    {"tis-620", "windows-874"},
    {"iso-8859-8-i", "iso-8859-8"},
    {"iso-8859-8-e", "iso-8859-8"},
    {"iso-8859-6-i", "iso-8859-6"},
    {"gb2312", "gb18030"},
    {"gbk", "gb18030"},
    {"x-gbk", "gb18030"},
    {"cp936", "gb18030"},
    {"euc-cn", "gb18030"},
    {"ks_c_5601-1987", "windows-949"},
    {"ks_c_5601", "windows-949"},
    {"ksc5601", "windows-949"},
    {"euc-kr", "windows-949"},
    {"cp949", "windows-949"},
    {"shift-jis", "windows-31j"},
    {"shift_jis", "windows-31j"},
    {"x-sjis", "windows-31j"},
    {"sjis", "windows-31j"},
    {"cp932", "windows-31j"},
    {"x-euc-jp", "euc-jp"},
    {"x-big5", "big5"},
    {"cp950", "big5"},
    {"x-mac-roman", "macintosh"},
    {"macroman", "macintosh"},
};

// The name to open, in lower case. Only what a charset's name may hold (RFC 2978 2.3) reaches ICU, which knows options
// and paths in names.
std::string known_name(std::string_view charset) {
  charset = ascii::trim(charset);
  if (charset.size() >= 2 && charset.front() == '"' && charset.back() == '"')
    charset = charset.substr(1, charset.size() - 2);
  if (charset.empty()) return "us-ascii";
  if (charset.size() > kMaxNameOctets) return {};
  if (!std::ranges::all_of(charset, [](char c) {
        return ascii::is_alnum(c) || std::string_view("-_.:()+").find(c) != std::string_view::npos;
      })) {
    return {};
  }
  std::string name = ascii::to_lower(charset);
  for (const Alias& alias : kAliases) {
    if (alias.name == name) return std::string(alias.known);
  }
  if (name.starts_with("cp-")) name = "cp" + name.substr(3);
  return name;
}

UConverter* open_icu(const std::string& name) {
  UErrorCode error = U_ZERO_ERROR;
  if (ucnv_countAliases(name.c_str(), &error) == 0 || U_FAILURE(error)) return nullptr;
  UConverter* converter = ucnv_open(name.c_str(), &error);
  return U_SUCCESS(error) ? converter : nullptr;
}

// Octets of the sequence that `lead` begins.
std::size_t expected_octets(char lead) {
  const auto octet = static_cast<unsigned char>(lead);
  return octet < 0xc0 ? 1 : octet < 0xe0 ? 2 : octet < 0xf0 ? 3 : 4;
}

// Octets at the end of `text` that may be the beginning of a character.
std::size_t incomplete_octets(std::string_view text) {
  for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const char c = text[text.size() - back];
    if ((static_cast<unsigned char>(c) & 0xc0) == 0x80) continue;
    return expected_octets(c) > back ? back : 0;
  }
  return 0;
}

}  // namespace

struct CharsetDecoder::Converter {
  enum class Kind : std::uint8_t {
    utf8,
    lenient,  // UTF-8, and windows-1252 where it is none
    latin1,   // windows-1252
    icu,
  };
  explicit Converter(Kind k, UConverter* i = nullptr) : kind(k), icu(i) {}
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;
  ~Converter() {
    if (icu != nullptr) ucnv_close(icu);
  }

  void append(std::string_view octets, bool last, std::string& out) {
    switch (kind) {
      case Kind::utf8:
      case Kind::lenient:
        return append_utf8(octets, last, out);
      case Kind::latin1:
        for (const char c : octets) {
          ascii::is_8bit(c) ? utf8::append(out, windows_1252(c)) : out.push_back(c);
        }
        return;
      case Kind::icu:
        return append_icu(octets, last, out);
    }
  }

  void append_utf8(std::string_view octets, bool last, std::string& out) {
    std::string joined;
    if (!held.empty()) {
      joined = std::move(held) + std::string(octets);
      held.clear();
      octets = joined;
    }
    if (!last) {
      const std::size_t tail = incomplete_octets(octets);
      held.assign(octets.substr(octets.size() - tail));
      octets.remove_suffix(tail);
    }
    if (utf8::is_valid(octets)) {
      out += octets;
      return;
    }
    while (!octets.empty()) {
      const std::string_view before = octets;
      const char32_t c = utf8::next(octets);
      const bool malformed = c == kReplacement && before.size() - octets.size() == 1;
      utf8::append(out, malformed && kind == Kind::lenient ? windows_1252(before.front()) : c);
    }
  }

  void append_icu(std::string_view octets, bool last, std::string& out) {
    const char* from = octets.data();
    const char* const end = from + octets.size();
    std::array<UChar, 1024> units{};
    UErrorCode error = U_BUFFER_OVERFLOW_ERROR;
    while (error == U_BUFFER_OVERFLOW_ERROR) {
      error = U_ZERO_ERROR;
      UChar* to = units.data();
      ucnv_toUnicode(icu, &to, units.data() + units.size(), &from, end, nullptr, static_cast<UBool>(last), &error);
      append_units(std::span(units).first(static_cast<std::size_t>(to - units.data())), out);
    }
    if (U_FAILURE(error)) ucnv_resetToUnicode(icu);
    if (last) {
      if (surrogate != 0) utf8::append(out, kReplacement);
      surrogate = 0;
      ucnv_resetToUnicode(icu);
    }
  }

  // A pair may be cut by the border of two calls.
  void append_units(std::span<const UChar> units, std::string& out) {
    for (const UChar unit : units) {
      if (surrogate != 0 && U16_IS_TRAIL(unit)) {
        utf8::append(out, static_cast<char32_t>(U16_GET_SUPPLEMENTARY(surrogate, unit)));
        surrogate = 0;
        continue;
      }
      if (surrogate != 0) utf8::append(out, kReplacement);
      surrogate = U16_IS_LEAD(unit) ? unit : UChar{0};
      if (surrogate == 0) utf8::append(out, U16_IS_TRAIL(unit) ? kReplacement : unit);
    }
  }

  Kind kind;
  UConverter* icu;
  std::string held;     // utf8, lenient: the beginning of a character
  UChar surrogate = 0;  // icu: the first half of a pair
};

CharsetDecoder::CharsetDecoder(std::unique_ptr<Converter> converter) : converter_(std::move(converter)) {}
CharsetDecoder::CharsetDecoder(CharsetDecoder&&) noexcept = default;
CharsetDecoder& CharsetDecoder::operator=(CharsetDecoder&&) noexcept = default;
CharsetDecoder::~CharsetDecoder() = default;

std::optional<CharsetDecoder> CharsetDecoder::open(std::string_view charset) {
  using Kind = Converter::Kind;
  const std::string name = known_name(charset);
  if (name.empty()) return std::nullopt;
  if (name == "utf-8") return CharsetDecoder(std::make_unique<Converter>(Kind::utf8));
  if (name == "us-ascii") return CharsetDecoder(std::make_unique<Converter>(Kind::lenient));
  if (name == "iso-8859-1") return CharsetDecoder(std::make_unique<Converter>(Kind::latin1));
  UConverter* icu = open_icu(name);
  if (icu == nullptr) return std::nullopt;
  return CharsetDecoder(std::make_unique<Converter>(Kind::icu, icu));
}

void CharsetDecoder::append(std::string_view octets, std::string& utf8) { converter_->append(octets, false, utf8); }
void CharsetDecoder::finish(std::string& utf8) { converter_->append({}, true, utf8); }

bool is_known_charset(std::string_view charset) { return CharsetDecoder::open(charset).has_value(); }

std::optional<std::string> to_utf8(std::string_view octets, std::string_view charset) {
  auto decoder = CharsetDecoder::open(charset);
  if (!decoder) return std::nullopt;
  std::string out;
  out.reserve(octets.size());
  decoder->append(octets, out);
  decoder->finish(out);
  return out;
}

std::string to_utf8(std::string_view octets) {
  if (utf8::is_valid(octets)) return std::string(octets);
  return to_utf8(octets, "us-ascii").value();
}

}  // namespace gatepost::mime
