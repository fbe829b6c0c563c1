#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "admin/command.hpp"
#include "base/log.hpp"
#include "runtime/unique_fd.hpp"

namespace gatepost::daemon {

// Where the command line reaches a running server.
std::filesystem::path control_socket_path(const std::filesystem::path& data_dir);

// Serves administrators' requests on a Unix socket that only root and the server's own user may use (checked by the
// kernel's word on who is at the other end, not by file modes alone). One thread accepts; each request runs on its own,
// a handful at a time.
class ControlSocket {
 public:
  struct Answer {
    admin::Reply reply;
    std::vector<runtime::UniqueFd> descriptors;  // handed over with it
  };
  using Handler = std::function<Answer(const admin::Request&, std::stop_token)>;
  // `user`: who may ask beside root and whoever opens it; the socket becomes his.
  static Result<std::unique_ptr<ControlSocket>> open(const std::filesystem::path& path, Handler handler, Log& log,
                                                     std::optional<uid_t> user = std::nullopt);
  virtual ~ControlSocket() = default;  // stops accepting, asks running requests to stop and waits for them
};

// The other end: sends one request and waits for its reply, with the descriptors handed over beside it where they are
// asked for. Errc::not_found: no server is running there. Errc::denied: it does not take commands from this user.
Result<admin::Reply> ask(const std::filesystem::path& path, const admin::Request& request,
                         std::vector<runtime::UniqueFd>* descriptors = nullptr);

}  // namespace gatepost::daemon
