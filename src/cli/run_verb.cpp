#include <iostream>

#include "admin/command.hpp"
#include "cli/commands.hpp"
#include "config/load.hpp"
#include "daemon/control_socket.hpp"
#include "daemon/offline.hpp"

namespace gatepost::cli {
namespace {

void print(Context& context, const admin::Reply& reply) {
  context.exit_code = reply.exit_code;
  const std::string text = context.json ? reply.json + "\n" : reply.text;
  (reply.exit_code == 0 || context.json ? std::cout : std::cerr) << text;
}

}  // namespace

void run_verb(Context& context, const std::string& verb, const Options& options) {
  const config::LoadOutcome loaded = config::load(context.config_file);
  if (!loaded.ok()) {
    for (const auto& problem : loaded.problems) std::cerr << problem.text() << "\n";
    context.exit_code = 2;
    return;
  }
  const admin::Request request{verb, options};
  const auto socket = daemon::control_socket_path(loaded.config.server.data_dir);
  auto reply = daemon::ask(socket, request);
  if (!reply && reply.error().code == Errc::not_found) {
    print(context, daemon::run_offline(loaded.config, request));
    return;
  }
  print(context, reply ? *reply : admin::failure(reply.error(), verb));
}

}  // namespace gatepost::cli
