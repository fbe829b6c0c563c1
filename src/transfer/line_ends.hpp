#pragma once

#include <string>
#include <string_view>

namespace gatepost::transfer {

// Makes every line end CRLF, whatever it was (LF, CRLF; a CR alone is kept). Pieces may be cut anywhere.
class ToCrlf {
 public:
  void append(std::string_view piece, std::string& out);

 private:
  bool after_cr_ = false;
};

// Makes CRLF to LF; a CR alone is kept. flush() gives what was held back.
class ToLf {
 public:
  void append(std::string_view piece, std::string& out);
  void flush(std::string& out);

 private:
  bool held_cr_ = false;
};

}  // namespace gatepost::transfer
