#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"
#include "http/protocol/head.hpp"

namespace gatepost::http::server {

// An answer. Framing (Content-Length, Transfer-Encoding, Connection), Date, Strict-Transport-Security and
// X-Content-Type-Options are added where it is sent.
struct Response {
  int status = 200;
  Fields fields;
  std::string content;

  Response() = default;
  explicit Response(int code) : status(code) {}
  // `type`: Content-Type.
  Response(int code, std::string_view type, std::string body) : status(code), content(std::move(body)) {
    fields.set("content-type", type);
  }
  Response& set(std::string_view name, std::string_view value) & {
    fields.set(name, value);
    return *this;
  }
  Response&& set(std::string_view name, std::string_view value) && {
    fields.set(name, value);
    return std::move(*this);
  }
};

// "404 Not Found" as text, for people.
Response plain_answer(int status);
// RFC 9457: what programs read ("application/problem+json"); `detail` is for the peer.
Response problem(int status, std::string_view detail);

}  // namespace gatepost::http::server
