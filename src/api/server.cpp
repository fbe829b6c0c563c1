#include "api/server.hpp"

#include "api/admin.hpp"
#include "api/app_passwords.hpp"
#include "api/export.hpp"
#include "api/photos.hpp"
#include "api/session.hpp"
#include "api/totp.hpp"

namespace gatepost::api {

void add_routes(http::server::Router& router, const Services& services) {
  add_session_routes(router, services);
  add_totp_routes(router, services);
  add_app_password_routes(router, services);
  add_photo_routes(router, services);
  add_export_routes(router, services);
  add_admin_routes(router, services);
}

}  // namespace gatepost::api
