#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace gatepost::mime {

// Makes UTF-8 of text in a charset, piece by piece: the same however it is cut. Malformed sequences become U+FFFD. The
// result is always well-formed. us-ascii (and "") may hold 8-bit octets: read as UTF-8 where they are, else as
// windows-1252, as is iso-8859-1.
class CharsetDecoder {
 public:
  // nullopt: nobody knows `charset`. Names as IANA and ICU know them, and what mailers write for them; case is free.
  static std::optional<CharsetDecoder> open(std::string_view charset);
  CharsetDecoder(CharsetDecoder&&) noexcept;
  CharsetDecoder& operator=(CharsetDecoder&&) noexcept;
  ~CharsetDecoder();

  void append(std::string_view octets, std::string& utf8);
  void finish(std::string& utf8);  // what was cut at the end is malformed. Ready for another text afterwards

 private:
  struct Converter;
  explicit CharsetDecoder(std::unique_ptr<Converter> converter);
  std::unique_ptr<Converter> converter_;
};

bool is_known_charset(std::string_view charset);
// nullopt: nobody knows `charset`.
std::optional<std::string> to_utf8(std::string_view octets, std::string_view charset);
// Text without a charset, as us-ascii above.
std::string to_utf8(std::string_view octets);

}  // namespace gatepost::mime
