#include "admin/verbs.hpp"

// Outside directories. They belong to the running server, which asks them.
namespace gatepost::admin {
namespace {

Reply outside(Services& services, const Request& request, std::stop_token stop) {
  if (!services.server.outside) return failure({Errc::unsupported, "not on this server"}, request.verb);
  return services.server.outside(request, stop);
}

}  // namespace

std::vector<Verb> outside_verbs() {
  return {
      {"directory status", "The servers of outside directories, and what was wrong with them last.", true, outside},
      {"directory sync", "Bring people and groups in step with outside directories now.", true, outside},
      {"directory test", "Every query for a name to outside directories, and every answer.", true, outside},
  };
}

}  // namespace gatepost::admin
