#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/ip.hpp"
#include "base/mutex.hpp"
#include "base/sliding_count.hpp"

// What the server itself did with those who came, kept in memory of fixed size, so that "why could this address not
// connect?" has an answer long after the line in the log, and also where the log has one line for many.
namespace gatepost::gate::notes {

enum class What : std::uint8_t {
  audience,       // outside of the listener's audience: closed without a word
  banned,         // refused because of what it did before
  total_limit,    // the server or the listener has as many connections as it takes
  address_limit,  // the address has
  rate_limit,     // the address connects too often
  proxy_header,   // a trusted proxy did not say whom it brings
  handshake,      // TLS was not agreed on
  timed_out,      // the peer was silent for too long
  peer_left,      // the peer closed or reset the connection
  ended,          // the conversation was over
  stopped,        // the server stopped
  failed,         // a defect, or no memory
};
std::string_view to_string(What);
std::optional<What> parse_what(std::string_view);
bool is_refusal(What);  // nothing was said to the peer, or nothing but TLS

struct Note {
  std::uint64_t number = 0;  // in the order they began, from 1
  TimePoint first{}, last{};
  Endpoint remote;  // of the last
  std::string listener, detail, connection;
  What what = What::ended;
  std::uint32_t count = 1;  // how often in a row
  std::chrono::milliseconds lasted{0};
  bool operator==(const Note&) const = default;
};

struct PeerSummary {
  IpAddress address;
  TimePoint first{}, last_opened{}, last_refused{};  // epoch: never
  std::uint32_t open_now = 0, opened = 0, refused = 0;
  std::uint32_t opened_last_minute = 0, refused_last_minute = 0;
  bool operator==(const PeerSummary&) const = default;
};

struct NoteFilter {
  std::optional<Network> from = {};
  std::string listener = {};  // empty: any
  bool refusals_only = false;
  std::optional<TimePoint> since = {};
  std::size_t most = 100;
};

// The last notes and the peers they are about. What the same peer meets again within a minute is one note with a count,
// so that one who insists does not push the others out. When more peers come than fit, those seen longest ago and
// without a connection are forgotten. A call takes one short lock and no memory. Thread-safe.
class PeerNotes {
 public:
  struct Limits {
    std::size_t notes = 8'192;
    std::size_t peers = 8'192;  // rounded up to a multiple of 8
  };
  // `seed`: random, so that nobody can choose addresses that share a place. `clock` is borrowed for life.
  PeerNotes(Limits limits, const Clock& clock, std::uint64_t seed);

  void opened(const Endpoint& remote);
  void refused(std::string_view listener, const Endpoint& remote, What what);
  void ended(std::string_view listener, const Endpoint& remote, std::string_view connection, What what,
             std::chrono::milliseconds lasted, std::string_view detail);

  std::vector<Note> find(const NoteFilter& filter) const;  // the newest first
  std::optional<PeerSummary> peer(const IpAddress& address) const;
  // By connections open now, then by connections and refusals of the last minute.
  std::vector<PeerSummary> busiest(std::size_t most) const;
  TimePoint since() const { return since_; }  // nothing older is known
  // How often each kind happened since the start.
  std::uint64_t total(What what) const;
  std::uint64_t total_opened() const;

 private:
  static constexpr std::size_t kWays = 8;
  static constexpr std::size_t kDetailOctets = 96, kNameOctets = 31, kConnectionOctets = 23;

  template <std::size_t N>
  struct Text {
    std::uint8_t size = 0;
    char octets[N];
    void set(std::string_view from);
    std::string_view view() const { return {octets, size}; }
  };
  struct Slot {
    std::uint64_t number = 0;
    TimePoint first{}, last{};
    Endpoint remote;
    std::uint32_t count = 0;
    std::chrono::milliseconds lasted{0};
    What what = What::ended;
    Text<kNameOctets> listener;
    Text<kConnectionOctets> connection;
    Text<kDetailOctets> detail;
  };
  struct Peer {
    IpAddress address;
    bool used = false;
    TimePoint first{}, last_opened{}, last_refused{};
    SteadyPoint seen{};
    std::uint32_t open_now = 0, opened = 0, refused = 0;
    SlidingCount opened_minute, refused_minute;
    std::uint64_t last_note = 0;
  };

  Peer& peer_at(const IpAddress& address) GP_REQUIRES(mutex_);
  const Peer* known(const IpAddress& address) const GP_REQUIRES(mutex_);
  std::size_t bucket(const IpAddress& address) const GP_REQUIRES(mutex_);
  void note(Peer& peer, std::string_view listener, const Endpoint& remote, std::string_view connection, What what,
            std::chrono::milliseconds lasted, std::string_view detail) GP_REQUIRES(mutex_);
  PeerSummary summary(const Peer& peer) const GP_REQUIRES(mutex_);
  double seconds() const;

  const Clock& clock_;
  const std::uint64_t seed_;
  const TimePoint since_;
  const SteadyPoint start_;
  mutable Mutex mutex_;
  std::vector<Slot> slots_ GP_GUARDED_BY(mutex_);
  std::vector<Peer> peers_ GP_GUARDED_BY(mutex_);
  std::uint64_t numbered_ GP_GUARDED_BY(mutex_) = 0;
  std::uint64_t opened_ GP_GUARDED_BY(mutex_) = 0;
  std::uint64_t totals_[12] GP_GUARDED_BY(mutex_) = {};
};

}  // namespace gatepost::gate::notes
