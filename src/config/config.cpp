#include "config/config.hpp"

namespace gatepost::config {

Config Config::defaults() {
  using std::chrono::hours;
  using std::chrono::minutes;
  Config c;
  const std::vector<Network> loopback = {*Network::parse("127.0.0.0/8"), *Network::parse("::1")};
  c.networks.trusted = loopback;
  c.networks.admin = loopback;
  c.listeners = default_listeners();
  c.auth.mechanisms = {"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-1", "GSSAPI",
                       "EXTERNAL",           "OAUTHBEARER",   "XOAUTH2",          "PLAIN",       "LOGIN"};
  // Quick at first, for greylisting and restarts; then ever slower, as RFC 5321 4.5.4.1 asks.
  c.mailflow.retry_schedule = {minutes(5), minutes(10), minutes(20), minutes(30), hours(1), hours(2), hours(4)};
  return c;
}

void Config::complete() {
  if (server.bind.empty()) server.bind = {*IpAddress::parse("0.0.0.0"), *IpAddress::parse("::")};
  if (server.postmaster.empty()) server.postmaster = "postmaster@" + server.hostname;
  for (OutsideDirectory& one : outside_directories) one.complete();
  if (acme.on() && acme.certificates.empty()) acme.certificates.push_back({.names = {server.hostname}});
  for (OauthProvider& one : oauth.providers) {
    // OpenID Connect Discovery 4: after the issuer, its final slash removed.
    std::string issuer = one.issuer;
    if (issuer.ends_with('/')) issuer.pop_back();
    if (one.discovery.empty() && !issuer.empty()) one.discovery = issuer + "/.well-known/openid-configuration";
  }
  if (mailflow.helo_name.empty()) mailflow.helo_name = server.hostname;
  for (Listener& listener : listeners) {
    if (listener.addresses.empty()) listener.addresses = server.bind;
    listener.port = static_cast<std::uint16_t>(listener.port + server.port_offset);
    listener.exceptions.clear();
    for (const Exception& exception : gate.exceptions) {
      if (exception.listener == listener.name) listener.exceptions.push_back(exception);
    }
  }
}

}  // namespace gatepost::config
