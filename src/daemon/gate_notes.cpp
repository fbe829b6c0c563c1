#include "daemon/gate_notes.hpp"

#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "base/base64.hpp"
#include "base/utf8.hpp"
#include "gate/notes/peer_report.hpp"
#include "gate/watch/event_record.hpp"

namespace gatepost::daemon {
namespace {

namespace json = boost::json;
using gate::notes::What;
using gate::watch::EventRing;

constexpr std::size_t kNotesShown = 50, kLinesShown = 200, kTopShown = 20;
constexpr EventRing::Limits kFirewall{.events = 8'192, .rates = 8'192, .texts = 1'024};
constexpr std::string_view kPeer = "gate peer", kLines = "gate lines", kEvents = "gate events", kTop = "gate top",
                           kUses = "gate uses";

What what_of(runtime::ConnectionObserver::End how) {
  using End = runtime::ConnectionObserver::End;
  switch (how) {
    case End::session:
      return What::ended;
    case End::peer:
      return What::peer_left;
    case End::timed_out:
      return What::timed_out;
    case End::handshake:
      return What::handshake;
    case End::stopped:
      return What::stopped;
    case End::failed:
      return What::failed;
  }
  return What::failed;
}

json::object object_of(const gate::watch::EventRate& rate) {
  return {{"last_minute", rate.last_minute},
          {"last_hour", rate.last_hour},
          {"denied_last_minute", rate.denied_last_minute},
          {"denied_last_hour", rate.denied_last_hour}};
}

json::object object_of(const gate::watch::KeptEvent& e) {
  json::object out{{"time", date::format_rfc3339(e.when())},
                   {"source", e.source.to_string()},
                   {"rule", utf8::sanitize(e.rule)},
                   {"reason", utf8::sanitize(e.reason)},
                   {"verdict", gate::log::to_string(e.verdict)}};
  out["port"] = e.destination_port ? json::value(*e.destination_port) : json::value();
  return out;
}

}  // namespace

GateNotes::GateNotes(const gate::notes::LineRing& lines, std::filesystem::path uses_file, const Clock& clock,
                     Random& random)
    : lines_(lines),
      clock_(clock),
      seed_(random.u64()),
      uses_file_(std::move(uses_file)),
      peers_({.notes = 4'096, .peers = 4'096}, clock, seed_),
      uses_(clock) {
  std::ifstream in(uses_file_, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  // A file that is damaged is counted anew: nothing depends on it but a proposal of the audit.
  if (const auto kept = gate::notes::uses_from_json(text.str())) uses_.restore(*kept);
}

Result<> GateNotes::save() {
  const std::filesystem::path aside = uses_file_.string() + ".new";
  std::ofstream out(aside, std::ios::binary | std::ios::trunc);
  out << gate::notes::to_json(uses_.all());
  out.close();
  std::error_code error;
  std::filesystem::rename(aside, uses_file_, error);
  if (!out || error) return fail(Errc::unavailable, uses_file_.string() + " cannot be written");
  return {};
}

void GateNotes::refused(std::string_view listener, const Endpoint& remote, std::string_view why) {
  What what = gate::notes::parse_what(why).value_or(What::failed);
  if (what == What::audience && banned_ && banned_(remote.address)) what = What::banned;
  peers_.refused(listener, remote, what);
}

void GateNotes::opened(const runtime::Peer& peer) {
  peers_.opened(peer.remote);
  uses_.opened(peer.listener, peer.remote.address);
}

void GateNotes::ended(const runtime::Peer& peer, End how, std::chrono::steady_clock::duration lasted,
                      std::string_view detail) {
  peers_.ended(peer.listener, peer.remote, peer.connection_id, what_of(how),
               std::chrono::duration_cast<std::chrono::milliseconds>(lasted), detail);
}

bool GateNotes::answers(std::string_view verb) {
  return verb == kPeer || verb == kLines || verb == kEvents || verb == kTop || verb == kUses;
}

admin::Reply GateNotes::answer(const admin::Request& request, const std::function<Status()>& status) {
  if (request.verb == kPeer) return peer(request);
  if (request.verb == kLines) return lines(request);
  if (request.verb == kEvents) return events(request);
  if (request.verb == kUses) return {0, {}, gate::notes::to_json(uses_.all())};
  return top(status());
}

admin::Reply GateNotes::peer(const admin::Request& request) const {
  const auto address = IpAddress::parse(request.option("address"));
  if (!address) return admin::usage("gate peer wants an IP address");
  gate::notes::PeerReport report;
  report.since = peers_.since();
  report.peer = peers_.peer(*address);
  report.notes = peers_.find({.from = Network{*address, 128}, .most = kNotesShown});
  gate::notes::LineFilter filter;
  filter.address = address;
  for (const auto& note : report.notes) {
    if (!note.connection.empty()) filter.connections.push_back(note.connection);
  }
  report.lines = gate::notes::texts_of(lines_.all(), filter, kLinesShown);
  return {0, {}, gate::notes::to_json(report)};
}

admin::Reply GateNotes::lines(const admin::Request& request) const {
  gate::notes::LineFilter filter;
  filter.text = request.option("text");
  if (filter.text.empty()) return admin::usage("gate lines wants a text");
  gate::notes::PeerReport report;
  report.since = peers_.since();
  report.lines = gate::notes::texts_of(lines_.all(), filter, kLinesShown);
  return {0, {}, gate::notes::to_json(report)};
}

// From the watcher alone: root, or the server's own user, as the control socket makes sure.
admin::Reply GateNotes::events(const admin::Request& request) {
  std::shared_ptr<EventRing> ring;
  {
    const Lock lock(mutex_);
    if (!firewall_) firewall_ = std::make_shared<EventRing>(kFirewall, clock_, seed_);
    fed_ = clock_.now();
    ring = firewall_;
  }
  std::size_t taken = 0;
  if (const auto records = request.options.find("record"); records != request.options.end()) {
    for (const std::string& text : records->second) {
      const auto octets = base64::decode(text);
      const auto event = octets ? gate::watch::decode(*octets) : std::nullopt;
      if (!event) return admin::usage("a record of a firewall event is damaged");
      ring->add(gate::watch::event_of(*event));
      ++taken;
    }
  }
  if (request.has("gap")) ring->add_gap();
  return {0, {}, fmt::format("{{\"taken\":{}}}", taken)};
}

std::shared_ptr<EventRing> GateNotes::firewall() const {
  const Lock lock(mutex_);
  return firewall_;
}

admin::Reply GateNotes::top(const Status& status) const {
  json::object root{{"now", date::format_rfc3339(clock_.now())},
                    {"since", date::format_rfc3339(peers_.since())},
                    {"hostname", status.hostname},
                    {"connections", status.connections},
                    {"opened", peers_.total_opened()}};
  json::array listeners;
  for (const auto& l : status.listeners) {
    listeners.push_back(
        json::object{{"name", l.name}, {"at", l.at.to_string()}, {"port", l.at.port}, {"connections", l.connections}});
  }
  json::object totals;
  for (int i = 0; i <= static_cast<int>(What::failed); ++i) {
    totals[gate::notes::to_string(static_cast<What>(i))] = peers_.total(static_cast<What>(i));
  }
  root["listeners"] = std::move(listeners);
  root["sources"] = json::parse(gate::notes::to_json(peers_.busiest(kTopShown)));
  root["refused"] = json::parse(gate::notes::to_json(peers_.find({.refusals_only = true, .most = kTopShown})));
  root["totals"] = std::move(totals);
  if (const auto ring = firewall()) {
    json::array busiest, recent;
    for (const auto& one : ring->busiest(kTopShown)) {
      json::object o = object_of(one.rate);
      o["source"] = one.source.to_string();
      busiest.push_back(std::move(o));
    }
    gate::watch::EventFilter denied;
    denied.verdict = gate::log::Verdict::deny;
    denied.most = kTopShown;
    for (const auto& one : ring->find(denied)) recent.push_back(object_of(one));
    const auto all = ring->totals();
    const Lock lock(mutex_);
    root["firewall"] = json::object{{"fed", date::format_rfc3339(fed_)},
                                    {"events", all.events},
                                    {"gaps", all.gaps},
                                    {"busiest", std::move(busiest)},
                                    {"recent", std::move(recent)}};
  } else {
    root["firewall"] = nullptr;
  }
  return {0, {}, json::serialize(root)};
}

}  // namespace gatepost::daemon
