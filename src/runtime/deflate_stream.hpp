#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "runtime/buffer_pool.hpp"
#include "runtime/stream.hpp"

namespace gatepost::runtime {

// After so long without a word from the peer nothing is kept but what its next octets may refer to.
inline constexpr std::chrono::seconds kDeflateKeep{5};

// `inner` with both directions in DEFLATE from here on (RFC 4978 4: RFC 1951 without any header). `early`: octets of
// the peer that were read already and came so. Each write_all() ends in a flush, so that the peer sees all of it at
// once. Memory: no octet is decompressed before there is room for it at the caller's, so a small input that would
// become huge costs no more than any other. The peer's octets that are no DEFLATE end the stream with Errc::invalid;
// the end of its DEFLATE stream is the end of what it sends. `clock` and `buffers` outlive it.
std::unique_ptr<Stream> make_deflate_stream(std::unique_ptr<Stream> inner, std::string early, const Clock& clock,
                                            BufferPool& buffers);

}  // namespace gatepost::runtime
