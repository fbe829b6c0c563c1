#pragma once

#include <string_view>

#include "http/protocol/head.hpp"

namespace gatepost::http::server {

// What Accept-Encoding says (RFC 9110 12.5.3). A view into the request's fields.
class AcceptedCodings {
 public:
  explicit AcceptedCodings(const Fields& request) : request_(request) {}
  // Without the field nothing but the content itself is expected.
  bool takes(std::string_view coding) const;

 private:
  const Fields& request_;
};

}  // namespace gatepost::http::server
