#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "admin/command.hpp"
#include "base/clock.hpp"
#include "base/ip.hpp"
#include "daemon/maintenance_window.hpp"
#include "daemon/succession.hpp"
#include "gate/bans/ban_service.hpp"
#include "runtime/tls_context.hpp"
#include "search/indexes.hpp"

namespace gatepost::daemon {

// What a running server says of itself.
struct Status {
  struct Listener {
    std::string name, service, tls, audience;
    Endpoint at;
    std::size_t connections = 0;
  };
  std::string hostname, config_file, data_dir, engine;
  int pid = 0;
  TimePoint started{}, now{}, reloaded{};  // reloaded: epoch when never
  std::vector<Listener> listeners;
  std::size_t connections = 0;
  std::vector<std::pair<std::string, std::size_t>> signed_in;     // by service
  std::vector<std::pair<std::string, std::size_t>> imap_clients;  // by what they say to be
  std::size_t queue = 0, accounts = 0;
  std::size_t bans = 0, refused_sign_ins = 0;
  gate::Enforcement ban_enforcement;
  bool disk_low = false;
  std::optional<search::IndexLag> search;       // none: there are no indexes
  std::optional<search::IndexLag> attachments;  // none: they are not searched
  std::vector<runtime::TlsCertificateFacts> certificates;
  std::chrono::seconds drain_limit{0};
  std::optional<MaintenanceWindow::State> window;  // of maintenance; none: everybody is served
  bool draining = false;                           // it is about to stop
  bool managed = false;                            // by systemd
  std::optional<DrainFacts> predecessor;           // how the server before this one ended, when this one took its place
  std::vector<std::string> needs_restart;  // settings that were changed since the start and wait for the next one
};

// As text for people and as JSON.
admin::Reply to_reply(const Status&);

}  // namespace gatepost::daemon
