#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "runtime/unique_fd.hpp"

namespace gatepost::gate::watch {

// Reads a log that others write and rotate. Nothing is read twice or left out when the file is renamed and made anew
// (the old one is read to its end first), or copied away and cut to nothing: the octets before the place reached are
// looked at again each time, so that a file that has grown past that place meanwhile is known for another. What was
// written and cut away between two calls cannot be seen by anybody. One thread; never waits.
class FileFollower {
 public:
  // `from_end`: what is there now is passed over. Errc::not_found, denied, invalid (not a regular file).
  static Result<FileFollower> open(std::filesystem::path path, bool from_end = false);

  struct Piece {
    std::string_view octets;  // empty: nothing new; good until the next call
    bool replaced = false;    // another file begins with these: what a reader knows of the last one is over
  };
  // At most kPieceOctets at a time; call again until it is empty.
  Result<Piece> next();
  static constexpr std::size_t kPieceOctets = 64 << 10;

 private:
  FileFollower(std::filesystem::path path, runtime::UniqueFd fd, std::uint64_t at);
  Result<std::size_t> read();
  bool still_the_same() const;
  bool take_successor();
  void begin_anew();

  std::filesystem::path path_;
  runtime::UniqueFd fd_;
  std::uint64_t at_;
  std::string tail_;  // the last octets before at_
  bool replaced_ = false;
  std::vector<char> buffer_;
};

}  // namespace gatepost::gate::watch
