#include "gate/notes/peer_notes.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace gatepost::gate::notes {
namespace {

constexpr auto kWords = std::to_array<std::string_view>({"audience", "banned", "connections", "connections_per_address",
                                                         "connections_per_minute", "proxy_header", "handshake",
                                                         "timed_out", "peer_left", "ended", "stopped", "failed"});
constexpr std::chrono::seconds kTogether{60};
constexpr double kMinute = 60;

std::uint64_t mix(std::uint64_t x) {  // the finalizer of splitmix64
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

}  // namespace

std::string_view to_string(What what) { return kWords[static_cast<std::size_t>(what)]; }

std::optional<What> parse_what(std::string_view word) {
  const auto found = std::ranges::find(kWords, word);
  if (found == kWords.end()) return std::nullopt;
  return static_cast<What>(found - kWords.begin());
}

bool is_refusal(What what) { return what <= What::handshake; }

template <std::size_t N>
void PeerNotes::Text<N>::set(std::string_view from) {
  size = static_cast<std::uint8_t>(std::min(from.size(), N));
  if (size > 0) std::memcpy(octets, from.data(), size);
}

PeerNotes::PeerNotes(Limits limits, const Clock& clock, std::uint64_t seed)
    : clock_(clock),
      seed_(seed),
      since_(clock.now()),
      start_(clock.steady()),
      slots_(std::max<std::size_t>(limits.notes, 1)),
      peers_(std::max<std::size_t>((limits.peers + kWays - 1) / kWays, 1) * kWays) {}

double PeerNotes::seconds() const { return std::chrono::duration<double>(clock_.steady() - start_).count(); }

std::size_t PeerNotes::bucket(const IpAddress& address) const {
  std::uint64_t high = 0, low = 0;
  std::memcpy(&high, address.octets.data(), 8);
  std::memcpy(&low, address.octets.data() + 8, 8);
  return mix(mix(seed_ ^ high) ^ low) % (peers_.size() / kWays) * kWays;
}

const PeerNotes::Peer* PeerNotes::known(const IpAddress& address) const {
  const Peer* const begin = peers_.data() + bucket(address);
  const Peer* const end = begin + kWays;
  const Peer* const place =
      std::find_if(begin, end, [&](const Peer& one) { return one.used && one.address == address; });
  return place == end ? nullptr : place;
}

PeerNotes::Peer& PeerNotes::peer_at(const IpAddress& address) {
  Peer* const begin = peers_.data() + bucket(address);
  Peer* const end = begin + kWays;
  Peer* place = std::find_if(begin, end, [&](const Peer& one) { return one.used && one.address == address; });
  if (place == end) {
    place = std::min_element(begin, end, [](const Peer& a, const Peer& b) {
      return std::tuple(a.used, a.open_now != 0, a.seen) < std::tuple(b.used, b.open_now != 0, b.seen);
    });
    *place = Peer{};
    place->used = true;
    place->address = address;
    place->first = clock_.now();
  }
  place->seen = clock_.steady();
  return *place;
}

void PeerNotes::note(Peer& peer, std::string_view listener, const Endpoint& remote, std::string_view connection,
                     What what, std::chrono::milliseconds lasted, std::string_view detail) {
  const TimePoint now = clock_.now();
  ++totals_[static_cast<std::size_t>(what)];
  Slot& latest = slots_[peer.last_note % slots_.size()];
  const bool again = peer.last_note != 0 && latest.number == peer.last_note && latest.what == what &&
                     latest.listener.view() == listener.substr(0, kNameOctets) &&
                     latest.detail.view() == detail.substr(0, kDetailOctets) && now >= latest.last &&
                     now - latest.last <= kTogether;
  if (!again) {
    peer.last_note = ++numbered_;
    Slot& fresh = slots_[numbered_ % slots_.size()];
    fresh = Slot{};
    fresh.number = numbered_;
    fresh.first = now;
    fresh.what = what;
    fresh.listener.set(listener);
    fresh.detail.set(detail);
  }
  Slot& slot = slots_[peer.last_note % slots_.size()];
  slot.last = now;
  slot.remote = remote;
  slot.lasted = lasted;
  slot.connection.set(connection);
  if (slot.count != UINT32_MAX) ++slot.count;
}

void PeerNotes::opened(const Endpoint& remote) {
  const Lock lock(mutex_);
  Peer& peer = peer_at(remote.address);
  peer.last_opened = clock_.now();
  ++opened_;
  ++peer.opened;
  ++peer.open_now;
  peer.opened_minute.add(seconds(), kMinute);
}

void PeerNotes::refused(std::string_view listener, const Endpoint& remote, What what) {
  const Lock lock(mutex_);
  Peer& peer = peer_at(remote.address);
  peer.last_refused = clock_.now();
  ++peer.refused;
  peer.refused_minute.add(seconds(), kMinute);
  note(peer, listener, remote, {}, what, {}, {});
}

void PeerNotes::ended(std::string_view listener, const Endpoint& remote, std::string_view connection, What what,
                      std::chrono::milliseconds lasted, std::string_view detail) {
  const Lock lock(mutex_);
  Peer& peer = peer_at(remote.address);
  if (peer.open_now != 0) --peer.open_now;
  note(peer, listener, remote, connection, what, lasted, detail);
}

std::vector<Note> PeerNotes::find(const NoteFilter& filter) const {
  std::vector<Note> out;
  const Lock lock(mutex_);
  const std::uint64_t kept = std::min<std::uint64_t>(numbered_, slots_.size());
  for (std::uint64_t back = 0; back < kept && out.size() < filter.most; ++back) {
    const Slot& slot = slots_[(numbered_ - back) % slots_.size()];
    if (filter.from && !filter.from->contains(slot.remote.address)) continue;
    if (!filter.listener.empty() && slot.listener.view() != filter.listener) continue;
    if (filter.refusals_only && !is_refusal(slot.what)) continue;
    if (filter.since && slot.last < *filter.since) continue;
    out.push_back({.number = slot.number,
                   .first = slot.first,
                   .last = slot.last,
                   .remote = slot.remote,
                   .listener = std::string(slot.listener.view()),
                   .detail = std::string(slot.detail.view()),
                   .connection = std::string(slot.connection.view()),
                   .what = slot.what,
                   .count = slot.count,
                   .lasted = slot.lasted});
  }
  return out;
}

PeerSummary PeerNotes::summary(const Peer& peer) const {
  const double at = seconds();
  return {.address = peer.address,
          .first = peer.first,
          .last_opened = peer.last_opened,
          .last_refused = peer.last_refused,
          .open_now = peer.open_now,
          .opened = peer.opened,
          .refused = peer.refused,
          .opened_last_minute = peer.opened_minute.estimate(at, kMinute),
          .refused_last_minute = peer.refused_minute.estimate(at, kMinute)};
}

std::optional<PeerSummary> PeerNotes::peer(const IpAddress& address) const {
  const Lock lock(mutex_);
  const Peer* const found = known(address);
  if (found == nullptr) return std::nullopt;
  return summary(*found);
}

std::vector<PeerSummary> PeerNotes::busiest(std::size_t most) const {
  std::vector<PeerSummary> all;
  {
    const Lock lock(mutex_);
    for (const Peer& one : peers_) {
      if (one.used) all.push_back(summary(one));
    }
  }
  const auto weight = [](const PeerSummary& p) {
    return std::tuple(p.open_now, p.opened_last_minute + p.refused_last_minute, p.opened + p.refused);
  };
  std::ranges::sort(all, [&](const PeerSummary& a, const PeerSummary& b) {
    return weight(a) != weight(b) ? weight(a) > weight(b) : a.address < b.address;
  });
  if (all.size() > most) all.resize(most);
  return all;
}

std::uint64_t PeerNotes::total(What what) const {
  const Lock lock(mutex_);
  return totals_[static_cast<std::size_t>(what)];
}

std::uint64_t PeerNotes::total_opened() const {
  const Lock lock(mutex_);
  return opened_;
}

}  // namespace gatepost::gate::notes
