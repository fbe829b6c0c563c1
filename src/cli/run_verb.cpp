#include "cli/run_verb.hpp"

#include <iostream>

#include "cli/commands.hpp"
#include "config/load.hpp"
#include "daemon/control_socket.hpp"
#include "daemon/offline.hpp"

namespace gatepost::cli {

void print(Context& context, const admin::Reply& reply) {
  context.exit_code = reply.exit_code;
  const std::string text = context.json ? reply.json + "\n" : reply.text;
  (reply.exit_code == 0 || context.json ? std::cout : std::cerr) << text;
}

std::optional<config::Config> load_config(Context& context) {
  config::LoadOutcome loaded = config::load(context.config_file);
  if (loaded.ok()) return std::move(loaded.config);
  for (const auto& problem : loaded.problems) std::cerr << problem.text() << "\n";
  context.exit_code = 2;
  return std::nullopt;
}

admin::Reply reply_to(const config::Config& config, const admin::Request& request) {
  auto reply = daemon::ask(daemon::control_socket_path(config.server.data_dir), request);
  if (reply) return *std::move(reply);
  if (reply.error().code == Errc::not_found) return daemon::run_offline(config, request);
  return admin::failure(reply.error(), request.verb);
}

void run_verb(Context& context, const std::string& verb, const Options& options) {
  const admin::Request request{verb, options};
  const config::LoadOutcome loaded = config::load(context.config_file);
  if (loaded.ok()) return print(context, reply_to(loaded.config, request));
  // A server that runs has a configuration of its own: it can be asked as long as the file says where it is.
  if (!loaded.config.server.data_dir.empty()) {
    if (const auto reply = daemon::ask(daemon::control_socket_path(loaded.config.server.data_dir), request)) {
      return print(context, *reply);
    }
  }
  (void)load_config(context);
}

}  // namespace gatepost::cli
