#include "smtp/server/shared.hpp"

#include <fmt/format.h>

namespace gatepost::smtp::server {
namespace {

std::string label(Service service) { return fmt::format("service=\"{}\"", to_string(service)); }

}  // namespace

std::string_view to_string(Service service) { return service == Service::smtp ? "smtp" : "submission"; }

Counters::Counters(Metrics& m, Service service)
    : sessions(m.gauge("gatepost_smtp_sessions", label(service), "SMTP connections that are open.")),
      connections(m.counter("gatepost_smtp_connections_total", label(service), "SMTP connections since the start.")),
      commands(m.counter("gatepost_smtp_commands_total", label(service), "SMTP commands.")),
      bad_commands(
          m.counter("gatepost_smtp_bad_commands_total", label(service), "SMTP commands that failed for good.")),
      accepted(m.counter("gatepost_smtp_messages_accepted_total", label(service), "Messages taken in by SMTP.")),
      refused(m.counter("gatepost_smtp_messages_refused_total", label(service),
                        "Messages refused by SMTP at MAIL or after their content.")),
      recipients_refused(
          m.counter("gatepost_smtp_recipients_refused_total", label(service), "Recipients refused by SMTP.")) {}

Shared::Shared(Services all)
    : services(all), by_service{Counters(all.metrics, Service::smtp), Counters(all.metrics, Service::submission)} {}

}  // namespace gatepost::smtp::server
