#include "gate/bans/ban.hpp"

#include <algorithm>
#include <chrono>

#include "base/bytes.hpp"
#include "gate/bans/ban_set.hpp"

namespace gatepost::gate {
namespace {

constexpr std::uint8_t kFormat = 1;

void put_time(std::string& out, TimePoint at) {
  put_u64(out, static_cast<std::uint64_t>(
                   std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch()).count()));
}
// What the clock cannot express is damage.
bool get_time(ByteReader& in, TimePoint& at) {
  constexpr auto kLimit = std::chrono::duration_cast<std::chrono::microseconds>(TimePoint::duration::max()).count();
  const auto micros = static_cast<std::int64_t>(in.u64());
  if (!in.ok() || micros > kLimit || micros < -kLimit) return false;
  at = TimePoint(std::chrono::microseconds(micros));
  return true;
}

bool get_sighting(ByteReader& in, Sighting& s) {
  const auto what = offence_numbered(in.u8());
  if (!what || !get_time(in, s.first) || !get_time(in, s.last)) return false;
  s.what = *what;
  const std::uint64_t count = in.varint();
  s.where = in.text();
  s.detail = in.text();
  if (!in.ok() || count == 0 || count > UINT32_MAX) return false;
  s.count = static_cast<std::uint32_t>(count);
  return true;
}

}  // namespace

std::string ban_key(const Network& network) {
  std::string key(1, kBanFamily);
  key.append(reinterpret_cast<const char*>(network.address.octets.data()), network.address.octets.size());
  put_u8(key, network.prefix);
  return key;
}

std::string encode(const Ban& ban) {
  std::string out(1, static_cast<char>(kFormat));
  put_u8(out, static_cast<std::uint8_t>(ban.cause));
  put_u8(out, ban.daemon_only ? 1 : 0);
  put_varint(out, ban.level);
  put_time(out, ban.since);
  put_time(out, ban.until);
  put_text(out, ban.reason);
  for (const Sighting& s : ban.evidence) {
    put_u8(out, static_cast<std::uint8_t>(s.what));
    put_time(out, s.first);
    put_time(out, s.last);
    put_varint(out, s.count);
    put_text(out, s.where);
    put_text(out, s.detail);
  }
  return out;
}

Result<Ban> decode_ban(std::string_view key, std::string_view value) {
  const auto corrupt = [] { return fail(Errc::corrupt, "a record of a ban"); };
  ByteReader name(key);
  Ban ban;
  if (name.u8() != static_cast<std::uint8_t>(kBanFamily)) return corrupt();
  const std::string_view octets = name.take(ban.network.address.octets.size());
  ban.network.prefix = name.u8();
  if (!name.ok() || !name.at_end()) return corrupt();
  std::ranges::copy(octets, ban.network.address.octets.begin());
  if (!is_bannable(ban.network)) return corrupt();
  ByteReader in(value);
  const std::uint8_t format = in.u8();
  if (format > kFormat) return fail(Errc::unsupported, "a record of a ban, made by a newer version");
  const auto cause = cause_numbered(in.u8());
  const std::uint8_t flags = in.u8();
  const std::uint64_t level = in.varint();
  if (format != kFormat || !cause || flags > 1 || level > UINT32_MAX || !get_time(in, ban.since) ||
      !get_time(in, ban.until)) {
    return corrupt();
  }
  ban.cause = *cause;
  ban.daemon_only = flags == 1;
  ban.level = static_cast<std::uint32_t>(level);
  ban.reason = in.text();
  while (in.ok() && !in.at_end()) {
    Sighting s;
    if (ban.evidence.size() == kMaxSightings || !get_sighting(in, s)) return corrupt();
    ban.evidence.push_back(std::move(s));
  }
  if (!in.ok()) return corrupt();
  return ban;
}

Network network_of(const IpAddress& address, std::uint8_t prefix) {
  Network out{address, prefix};
  for (std::size_t i = 0; i < out.address.octets.size(); ++i) {
    const int bits = std::clamp(static_cast<int>(prefix) - static_cast<int>(i) * 8, 0, 8);
    out.address.octets[i] = static_cast<std::uint8_t>(out.address.octets[i] & (0xFF00 >> bits));
  }
  return out;
}

bool overlap(const Network& one, const Network& other) {
  return one.prefix <= other.prefix ? one.contains(other.address) : other.contains(one.address);
}

const BanSet* ban_set_for(const Network& network) {
  for (const BanSet& set : kBanSets) {
    if (set.v4 == network.address.is_v4() && set.prefix == network.prefix) return &set;
  }
  return nullptr;
}

bool is_bannable(const Network& network) {
  return network_of(network.address, network.prefix) == network && ban_set_for(network) != nullptr;
}

std::optional<Network> bannable_network(std::string_view text) {
  auto network = Network::parse(text);
  if (!network || !is_bannable(*network)) return std::nullopt;
  return network;
}

}  // namespace gatepost::gate
