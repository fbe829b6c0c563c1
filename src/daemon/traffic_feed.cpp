#include "daemon/traffic_feed.hpp"

#include <fmt/format.h>

namespace gatepost::daemon {

using traffic::Service;

namespace {

// A counter is found by name and labels; whoever counts with it has registered it or will.
Counter* counter_named(Metrics& metrics, std::string_view name, std::string_view labels, std::string_view help) {
  return &metrics.counter(name, labels, help);
}

}  // namespace

TrafficFeed::TrafficFeed(traffic::Recorder& recorder, Metrics& metrics, directory::Door& door, mailflow::Queue& queue)
    : recorder_(recorder), door_(door), queue_(queue) {
  for (std::size_t i = 1; i < traffic::kServices; ++i) {
    const std::string_view name = to_string(static_cast<Service>(i));
    counters_[i].sessions = &sessions(metrics, name);
    counters_[i].failed =
        counter_named(metrics, "gatepost_sign_ins_total", fmt::format("service=\"{}\",outcome=\"failed\"", name),
                      "Attempts to sign in, by how they ended.");
  }
  const auto of = [&](Service s) -> Counters& { return counters_[static_cast<std::size_t>(s)]; };
  for (const Service s : {Service::smtp, Service::submission}) {
    of(s).messages_in = counter_named(metrics, "gatepost_smtp_messages_accepted_total",
                                      fmt::format("service=\"{}\"", to_string(s)), "Messages taken in by SMTP.");
  }
  of(Service::smtp).messages_out =
      counter_named(metrics, "gatepost_relay_sent_total", "", "Messages that other mail servers took.");
  of(Service::imap).messages_in =
      counter_named(metrics, "gatepost_imap_appended_total", "", "Messages stored by APPEND.");
  of(Service::pop3).messages_out =
      counter_named(metrics, "gatepost_pop3_retrieved_total", "", "Messages sent to POP3 clients, whole.");
  door.on_entered([&recorder](std::string_view service, directory::PrincipalId who) {
    recorder.seen(traffic::service_named(service), static_cast<std::uint64_t>(who));
  });
}

Counter& TrafficFeed::sessions(Metrics& metrics, std::string_view service) {
  return metrics.counter("gatepost_sessions_total", fmt::format("service=\"{}\"", service),
                         "Connections that a session was made for.");
}

Result<> TrafficFeed::tick() {
  traffic::Sample sample;
  const auto value = [](const Counter* c) { return c == nullptr ? 0 : c->value(); };
  for (std::size_t i = 1; i < traffic::kServices; ++i) {
    const Counters& c = counters_[i];
    sample.totals[i] = {value(c.sessions), value(c.failed), value(c.messages_in), value(c.messages_out)};
  }
  door_.each_signed_in([&](std::string_view service, directory::PrincipalId who) {
    sample.present.emplace_back(traffic::service_named(service), static_cast<std::uint64_t>(who));
  });
  sample.queue = queue_.size();
  sample.backup = backups_ > 0;
  return recorder_.tick(sample);
}

}  // namespace gatepost::daemon
