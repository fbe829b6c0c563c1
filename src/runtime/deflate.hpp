#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

struct z_stream_s;

namespace gatepost::runtime {

// DEFLATE without header (RFC 1951), a stream without end in each direction: what RFC 4978 speaks.

// Decompresses. While it rests it keeps the octets that may be referred to and no more.
class Inflater {
 public:
  struct Progress {
    std::size_t consumed = 0, produced = 0;
    bool ended = false;  // the peer ended its stream: nothing follows
  };
  Inflater();
  ~Inflater();
  // As much as `out` has room for. Errc::invalid: this is no DEFLATE. May produce octets without consuming any.
  Result<Progress> next(std::string_view in, std::span<char> out);
  // Gives its memory back, when the peer is between two blocks, as it is after a flush.
  void rest();
  bool is_resting() const { return !stream_; }

 private:
  Result<> begin();
  std::unique_ptr<z_stream_s> stream_;
  std::string history_;  // while it rests
  bool between_blocks_ = false;
};

// Compresses; each call's octets can be read whole by the peer. Small ones pass as they are while no memory is held.
class Deflater {
 public:
  Deflater();
  ~Deflater();
  // Begins a piece. Nothing else until next() has said false.
  void put(std::string_view octets) { rest_ = octets; }
  // Appends some of what the peer is to get, a page at most. False: that was the last of it.
  Result<bool> next(std::string& out);
  // Gives its memory back; what comes next refers to nothing before.
  void rest();
  bool is_resting() const { return !stream_; }

 private:
  Result<> begin();
  std::unique_ptr<z_stream_s> stream_;
  std::string_view rest_;
};

}  // namespace gatepost::runtime
