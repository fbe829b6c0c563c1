#pragma once

#include "api/server.hpp"

namespace gatepost::api {

// Pictures of people, for those who may see them: /api/photos and one's own, /api/photo.
void add_photo_routes(http::server::Router& router, const Services& services);

}  // namespace gatepost::api
