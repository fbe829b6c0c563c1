#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gatepost::mime {

// Content-Transfer-Encoding (RFC 2045 6).
enum class TransferEncoding : std::uint8_t {
  identity,  // 7bit, 8bit, binary, and none
  base64,
  quoted_printable,
  unknown,  // RFC 9051 6.4.5: BINARY answers NO [UNKNOWN-CTE]
};
TransferEncoding transfer_encoding(std::string_view name);

// Undoes an encoding piece by piece: the same however it is cut. Never fails: base64 skips what is not in its alphabet
// (RFC 2045 6.8) and goes on behind padding; a broken quoted-printable sequence stays as it is (RFC 2045 6.7). Of an
// unknown encoding the octets stay as they are.
class TransferDecoder {
 public:
  explicit TransferDecoder(TransferEncoding encoding) : encoding_(encoding) {}
  void append(std::string_view octets, std::string& out);
  void finish(std::string& out);  // ready for another text afterwards

 private:
  void base64(std::string_view octets, std::string& out);
  void quoted_printable(std::string_view octets, std::string& out);
  std::size_t end_group(char* to);
  bool decide(char c, std::string& out);

  TransferEncoding encoding_;
  std::uint32_t bits_ = 0, count_ = 0;  // base64: of the group not yet complete
  std::string held_;                    // quoted-printable: what is not decided yet: "=", "=4", blanks
};

std::string decode_transfer(std::string_view octets, TransferEncoding encoding);

}  // namespace gatepost::mime
