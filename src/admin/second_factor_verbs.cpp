#include <fmt/format.h>

#include <boost/json.hpp>

#include "admin/named_account.hpp"
#include "admin/table.hpp"
#include "admin/verbs.hpp"
#include "base/date.hpp"
#include "directory/second_factor.hpp"

namespace gatepost::admin {
namespace {

Reply totp_status(Services& services, const Request& request, std::stop_token) {
  const auto principal = named_account(services, request);
  if (!principal) return principal.error();
  const auto status = directory::second_factors(services.directory).status(*principal);
  Reply reply;
  reply.text = status.active
                   ? fmt::format("{} has a second factor since {}, and {} recovery codes left.\n", principal->address,
                                 date::format_rfc3339(status.since), status.recovery_codes)
                   : fmt::format("{} has no second factor{}.\n", principal->address,
                                 status.required ? ", and has to set one up" : "");
  boost::json::object out{{"address", principal->address},
                          {"active", status.active},
                          {"required", status.required},
                          {"since", nullptr},
                          {"recovery_codes", status.recovery_codes}};
  if (status.active) out["since"] = date::format_rfc3339(status.since);
  reply.json = boost::json::serialize(out);
  return reply;
}

// Sessions that are open began by it, and go on.
Reply totp_disable(Services& services, const Request& request, std::stop_token) {
  const auto principal = named_account(services, request);
  if (!principal) return principal.error();
  if (auto gone = directory::second_factors(services.directory).disable(principal->id); !gone) {
    return failure(gone.error(), principal->address);
  }
  return done(fmt::format("{} has no second factor any more: the password is enough.", principal->address),
              principal->address);
}

}  // namespace

std::vector<Verb> second_factor_verbs() {
  return {{"account totp status", "Whether somebody has a second factor.", false, totp_status},
          {"account totp disable", "Take a second factor away, when the phone is lost.", false, totp_disable}};
}

}  // namespace gatepost::admin
