#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ip.hpp"
#include "http/protocol/head.hpp"
#include "http/protocol/uri.hpp"

namespace gatepost::http::server {

// One request as handlers see it, without its content. Lives as long as its Exchange.
struct Request {
  RequestHead head;
  Target target;
  std::string host;        // that it is for: lower case, without port; "" where HTTP/1.0 names none
  std::uint16_t port = 0;  // that it named; 0: none
  IpAddress client;        // behind trusted proxies, if there are any
  bool proxied = false;    // a trusted proxy said who the client is
  bool secure = false;     // TLS, here or at a trusted proxy
  std::string connection_id;
  std::vector<std::pair<std::string_view, std::string>> parameters;  // of the route's pattern, decoded

  std::string_view method() const { return head.method; }
  std::string_view path() const { return target.path; }
  std::string_view field(std::string_view name) const { return head.fields.find(name).value_or(std::string_view()); }
  // Of the route's "{name}"; "" where it has none.
  std::string_view parameter(std::string_view name) const {
    for (const auto& [key, value] : parameters) {
      if (key == name) return value;
    }
    return {};
  }
  std::optional<std::string> query(std::string_view name) const { return query_value(target.query, name); }
};

}  // namespace gatepost::http::server
