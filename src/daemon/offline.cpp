#include "daemon/offline.hpp"

#include <fmt/format.h>

#include "base/log.hpp"
#include "daemon/privileges.hpp"
#include "daemon/process.hpp"
#include "daemon/product.hpp"

namespace gatepost::daemon {
namespace {

bool needs_server(std::string_view verb) {
  for (const admin::Verb& one : admin::verbs()) {
    if (one.name == verb) return one.needs_server;
  }
  return false;
}

}  // namespace

admin::Reply run_offline(const config::Config& config, const admin::Request& request) {
  if (needs_server(request.verb)) {
    admin::Reply reply = admin::failure(
        Error{Errc::unavailable, fmt::format("no server is running on {}", config.server.data_dir.string())},
        request.verb);
    reply.exit_code = 3;
    return reply;
  }
  prepare_process(1);
  const Result<> prepared = prepare_data_directory(config.server.data_dir, config.server.user);
  if (!prepared) return admin::failure(prepared.error(), request.verb);
  const Result<> became = become_user(config.server.user);
  if (!became) return admin::failure(became.error(), request.verb);

  // The reply says all there is to say; only what is wrong with the store is worth a line.
  StderrSink sink;
  const SystemClock clock;
  Log log(sink, clock, Level::warning);
  auto product = Product::open(config, clock, log);
  if (!product) return admin::failure(product.error(), request.verb);
  admin::Services services = (*product)->admin_services();
  return admin::run(services, request);
}

}  // namespace gatepost::daemon
