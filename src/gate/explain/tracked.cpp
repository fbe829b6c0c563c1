#include <algorithm>

#include <fmt/format.h>

#include "gate/explain/engine.hpp"

namespace gatepost::gate::explain {
namespace {

constexpr std::string_view kKernel = "kernel's connections";
constexpr std::size_t kShown = 3;

std::string_view words(Tracked::State state) {
  switch (state) {
    case Tracked::State::asked:
      return "nobody has answered it";
    case Tracked::State::answered:
      return "it was answered, and the client has not said so";
    case Tracked::State::established:
      return "it is open";
    case Tracked::State::ending:
      return "it was open, and has ended or is about to";
    case Tracked::State::unknown:
      break;
  }
  return "it is tracked";
}

}  // namespace

// What is tracked got through all chains of the way in, the one it came with at least: rules that stop the next first
// packet do not end it.
void Engine::look_at_tracked() {
  if (f.tracked.empty() || f.question.past) return;
  std::vector<Evidence> seen;
  for (const TrackedFact& t : f.tracked) {
    if (seen.size() == kShown) {
      seen.push_back({std::nullopt, std::string(kKernel), fmt::format("and {} more", f.tracked.size() - kShown)});
      break;
    }
    seen.push_back(
        {std::nullopt, std::string(kKernel),
         fmt::format("{}: {}{}", t.text, words(t.state), t.sent_on_to.empty() ? "" : "; sent on to " + t.sent_on_to)});
  }
  const auto any = [&](auto condition) { return std::ranges::any_of(f.tracked, condition); };
  const auto is = [&](Tracked::State state) { return any([&](const TrackedFact& t) { return t.state == state; }); };
  const auto elsewhere = std::ranges::find_if(f.tracked, [](const TrackedFact& t) { return !t.sent_on_to.empty(); });
  const bool open = is(Tracked::State::established);
  for (Diagnosis& d : found_) {
    d.evidence.insert(d.evidence.end(), seen.begin(), seen.end());
    const bool by_rules = d.fault == Fault::policy || d.fault == Fault::rules;
    if (open && by_rules && f.firewall && f.firewall->fate == Fate::dropped && f.firewall->table == "inet gatepost")
      d.remedies.push_back("a session from before these rules goes on; gatepost gate apply --now ends it");
  }
  if (elsewhere != f.tracked.end()) {
    if (has("sent_elsewhere") || has("container_port")) return;
    Diagnosis& d = add("sent_elsewhere", Certainty::certain, Fault::product,
                       fmt::format("What {} sends to port {} is translated and sent on to {}: it never reaches {}.",
                                   who(), f.question.port, elsewhere->sent_on_to,
                                   service().empty() ? "this server" : "Gatepost's " + service()));
    d.evidence = std::move(seen);
    d.remedies.push_back(
        fmt::format("remove the translation of port {}: nft list ruleset | grep dnat", f.question.port));
    return;
  }
  if (open || is(Tracked::State::ending) || !found_.empty()) return;
  if (is(Tracked::State::answered)) {
    Diagnosis& d = add("answer_lost", Certainty::likely, Fault::provider,
                       fmt::format("A packet of {} arrived and was answered, and the client never confirmed it: the "
                                   "answer is lost on the way back.",
                                   who()));
    d.evidence = std::move(seen);
    d.remedies = {"look at the route back to the client (ip route get " + who() +
                  "), and at stateful devices that see one direction only"};
  } else if (is(Tracked::State::asked)) {
    Diagnosis& d =
        add("not_answered", Certainty::likely, Fault::server,
            fmt::format("Packets of {} arrive and every rule lets them in, but this host does not answer.", who()));
    d.evidence = std::move(seen);
    d.remedies = {
        "look whether the listener's queue is full (ss -ltn: Recv-Q beside Send-Q; nstat -az "
        "TcpExtListenOverflows), and whether the way back leads over another interface "
        "(net.ipv4.conf.all.rp_filter)"};
  }
}

}  // namespace gatepost::gate::explain
