#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>

// Sockets between processes of this machine (unix(7)), for programs that have nothing else of ours.
namespace gatepost {

// A socket of `type` (SOCK_STREAM, SOCK_SEQPACKET) that waits at `path`, close-on-exec and non-blocking; what was there
// goes. It is given to `owner`, who alone may connect beside root, or to nobody; `open_to_all`: everybody may, and
// is_peer() has to tell. Changes the process's umask meanwhile. Value: the descriptor, the caller's; -1: see errno.
int listen_locally(const std::filesystem::path& path, int type, std::optional<uid_t> owner, bool open_to_all = false);

// Whether root or `user` is at the other end (SO_PEERCRED).
bool is_peer(int fd, std::optional<uid_t> user);

}  // namespace gatepost
