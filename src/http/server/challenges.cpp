#include "http/server/challenges.hpp"

#include <utility>

#include <fmt/format.h>

#include "http/server/status_for.hpp"

namespace gatepost::http::server {

void Challenges::put(std::string token, std::string key_authorization) {
  const std::lock_guard lock(mutex_);
  tokens_.insert_or_assign(std::move(token), std::move(key_authorization));
}

void Challenges::remove(std::string_view token) {
  const std::lock_guard lock(mutex_);
  if (const auto found = tokens_.find(token); found != tokens_.end()) tokens_.erase(found);
}

std::optional<std::string> Challenges::find(std::string_view token) const {
  const std::lock_guard lock(mutex_);
  const auto found = tokens_.find(token);
  if (found == tokens_.end()) return std::nullopt;
  return found->second;
}

void add_plain_routes(Router& router, const Challenges& challenges, std::string hostname,
                      std::function<std::uint16_t()> https_port) {
  router.add({.path = "/.well-known/acme-challenge/{token}",
              .methods = {"GET"},
              .handler = [&challenges](Exchange& exchange) -> runtime::Task<> {
                auto found = challenges.find(exchange.request().parameter("token"));
                if (found) {
                  exchange.respond(Response(200, "application/octet-stream", *std::move(found)));
                } else {
                  exchange.respond(plain_answer(404));
                }
                co_return;
              },
              .always = true});
  // RFC 9110 15.4.9: 308 keeps the method. What came without TLS is not acted upon, whatever it was.
  router.add({.path = "/*",
              .methods = {"GET", "POST", "PUT", "DELETE", "PATCH", "PROPFIND", "REPORT"},
              .handler = [hostname = std::move(hostname),
                          https_port = std::move(https_port)](Exchange& exchange) -> runtime::Task<> {
                const Request& request = exchange.request();
                const std::uint16_t port = https_port();
                if (port == 0) {
                  exchange.respond(plain_answer(404));
                  co_return;
                }
                std::string target = request.head.target;
                // Of the absolute form, the path alone.
                if (!target.starts_with('/')) {
                  const std::size_t slash = target.find('/', target.find("://") + 3);
                  target = slash != std::string::npos ? target.substr(slash) : "/";
                }
                const std::string& host = request.host.empty() ? hostname : request.host;
                Response answer = plain_answer(308);
                answer.set("location", port == 443 ? fmt::format("https://{}{}", host, target)
                                                   : fmt::format("https://{}:{}{}", host, port, target));
                exchange.respond(std::move(answer));
              }});
}

}  // namespace gatepost::http::server
