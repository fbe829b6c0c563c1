#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

namespace gatepost::transfer {

// A ZIP archive that is written from its beginning to its end without going back (PKWARE's APPNOTE 6.3.10): lengths
// stand behind each file (4.3.9), names are UTF-8 (appendix D), files and archives may be longer than 4 GiB (4.5.3).
// Memory grows by the names alone. One thread at a time.
class ZipWriter {
 public:
  ZipWriter();
  ~ZipWriter();
  ZipWriter(const ZipWriter&) = delete;
  ZipWriter& operator=(const ZipWriter&) = delete;

  // `name`: with "/" between levels, relative. `may_be_large`: beyond 4 GiB is possible; old programs may not take it.
  void begin(std::string_view name, TimePoint modified, bool may_be_large, std::string& out);
  void write(std::string_view octets, std::string& out);
  void end(std::string& out);
  // Behind the last file.
  void finish(std::string& out);

 private:
  struct Deflate;
  struct Entry {
    std::string name;
    std::uint32_t time = 0, crc = 0;
    std::uint64_t offset = 0, packed = 0, octets = 0;
    bool large = false;
  };
  void deflate(std::string_view octets, bool last, std::string& out);

  std::unique_ptr<Deflate> deflate_;
  std::vector<Entry> entries_;
  std::uint64_t written_ = 0;
};

}  // namespace gatepost::transfer
