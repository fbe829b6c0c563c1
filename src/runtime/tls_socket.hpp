#pragma once

struct ssl_st;

namespace gatepost::runtime {

class WaitedSocket;

// `ssl` reads from the socket and writes to it; the socket is borrowed for its life. As SSL_set_fd(), whose reads the
// socket would not know of. false: no memory.
bool set_socket(ssl_st* ssl, WaitedSocket& socket);

}  // namespace gatepost::runtime
