#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "admin/command.hpp"
#include "base/log.hpp"

namespace gatepost::daemon {

// Where the command line reaches a running server.
std::filesystem::path control_socket_path(const std::filesystem::path& data_dir);

// Serves administrators' requests on a Unix socket that only root and the server's own user may use (checked by the
// kernel's word on who is at the other end, not by file modes alone). One thread accepts; each request runs on its own,
// a handful at a time.
class ControlSocket {
 public:
  using Handler = std::function<admin::Reply(const admin::Request&, std::stop_token)>;
  static Result<std::unique_ptr<ControlSocket>> open(const std::filesystem::path& path, Handler handler, Log& log);
  virtual ~ControlSocket() = default;  // stops accepting, asks running requests to stop and waits for them
};

// The other end: sends one request and waits for its reply. Errc::not_found: no server is running there.
Result<admin::Reply> ask(const std::filesystem::path& path, const admin::Request& request);

}  // namespace gatepost::daemon
