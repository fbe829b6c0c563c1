#pragma once

#include <memory>

#include <boost/asio/any_io_executor.hpp>

#include "runtime/stream.hpp"

namespace gatepost::runtime {

// A stream over a connected, non-blocking stream socket (TCP or local), which it owns. `executor` is that of the I/O
// thread the stream lives on. Plain until start_tls_*(); TLS then runs directly on the socket, so that an idle
// connection keeps no record buffers. Neither waits nor deadlines cost a system call of their own (waited_socket.hpp).
std::unique_ptr<Stream> make_tcp_stream(boost::asio::any_io_executor executor, int fd);

}  // namespace gatepost::runtime
