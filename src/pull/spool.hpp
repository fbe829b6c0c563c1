#pragma once

#include <cstddef>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace gatepost::pull {

// A message on its way: whole before it is passed on, so that a connection that breaks in the middle of it is taken up
// again without anybody having seen a half. In memory up to kInMemory, else in a file without a name.
class Spool {
 public:
  static constexpr std::size_t kInMemory = 4 << 20;
  void clear();
  Result<> append(std::string_view octets);  // Errc::disk_full
  Result<> rewind();                         // read from the beginning
  Result<std::size_t> read(std::span<char> out);

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::string text_;
  std::size_t at_ = 0;
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace gatepost::pull
