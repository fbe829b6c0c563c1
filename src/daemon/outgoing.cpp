#include "daemon/outgoing.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

#include <fmt/format.h>

namespace gatepost::daemon {
namespace {

using smtp::client::TlsUse;

// The first line.
Result<Secret> read_password(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string line;
  if (!std::getline(in, line) || line.empty()) {
    return fail(Errc::invalid, fmt::format("[mailflow.smart_host] password_file: {} cannot be read, or is empty: {}",
                                           file.string(), std::strerror(errno)));
  }
  if (line.ends_with('\r')) line.pop_back();
  return Secret(line);
}

Result<smtp::client::SmartHost> smart_host(const config::SmartHost& c) {
  smtp::client::SmartHost out{.host = c.host, .port = c.port, .username = c.username};
  out.tls = c.tls == config::TlsMode::none       ? TlsUse::none
            : c.tls == config::TlsMode::implicit ? TlsUse::implicit
                                                 : TlsUse::required;
  if (!c.username.empty()) {
    GP_TRY(out.password, read_password(c.password_file));
  }
  return out;
}

TlsUse tls_use(config::Mailflow::OutgoingTls tls) {
  switch (tls) {
    case config::Mailflow::OutgoingTls::none:
      return TlsUse::none;
    case config::Mailflow::OutgoingTls::opportunistic:
      return TlsUse::opportunistic;
    case config::Mailflow::OutgoingTls::required:
      return TlsUse::required;
  }
  return TlsUse::required;
}

}  // namespace

Result<smtp::client::Settings> outgoing_settings(const config::Config& c) {
  smtp::client::Settings out{.hostname = c.mailflow.helo_name,
                             .own_names = {c.server.hostname},
                             .port = c.mailflow.port,
                             .tls = tls_use(c.mailflow.tls),
                             .source_addresses = c.mailflow.source_addresses,
                             .connect_timeout = c.mailflow.connect_timeout,
                             .command_timeout = c.mailflow.command_timeout,
                             .data_timeout = c.mailflow.data_timeout,
                             .messages_per_connection = c.mailflow.messages_per_connection};
  if (c.mailflow.smart_host) {
    GP_TRY(out.smart_host, smart_host(*c.mailflow.smart_host));
  }
  return out;
}

}  // namespace gatepost::daemon
