#include "runtime/dns_record.hpp"

#include <algorithm>
#include <utility>

#include "base/ascii.hpp"
#include "base/bytes.hpp"

namespace gatepost::runtime {

namespace {

constexpr std::size_t kMaxLabel = 63;
constexpr std::size_t kMaxName = 253;  // as text; 255 as labels

// What no name of a host or domain that mail uses has in it; such text would only be good for confusing logs and header
// fields.
bool unfit(char c) { return c <= ' ' || c == '\\' || c == '.' || c == 0x7f || ascii::is_8bit(c); }

// A domain name in wire form without compression. None when it breaks the format, or has octets no host name has.
std::optional<std::string> read_name(ByteReader& in) {
  std::string out;
  for (;;) {
    const std::uint8_t size = in.u8();
    if (!in.ok() || size > kMaxLabel) return std::nullopt;
    if (size == 0) break;
    const std::string_view label = in.take(size);
    if (!in.ok() || std::ranges::any_of(label, unfit)) return std::nullopt;
    if (!out.empty()) out += '.';
    out += label;
    if (out.size() > kMaxName) return std::nullopt;
  }
  return ascii::to_lower(out);
}

std::optional<std::string> read_strings(ByteReader& in) {
  std::string out;
  while (!in.at_end()) {
    out += in.take(in.u8());
    if (!in.ok()) return std::nullopt;
  }
  return out;
}

bool add_address(DnsAnswer& answer, std::string_view rdata, bool v4) {
  ByteReader in(rdata);
  IpAddress address;
  if (v4) {
    address = IpAddress::v4(in.u32());
  } else {
    const std::string_view octets = in.take(16);
    std::ranges::transform(octets, address.octets.begin(), [](char c) { return static_cast<std::uint8_t>(c); });
  }
  if (!in.ok() || !in.at_end()) return false;
  answer.addresses.push_back(address);
  return true;
}

}  // namespace

std::optional<std::string> canonical_name(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty() || name.size() > kMaxName) return std::nullopt;
  for (const std::string_view label : ascii::split(name, '.')) {
    if (label.empty() || label.size() > kMaxLabel) return std::nullopt;
    if (std::ranges::any_of(label, unfit)) return std::nullopt;
  }
  return ascii::to_lower(name);
}

bool add_record(DnsAnswer& answer, RecordType type, std::string_view rdata) {
  ByteReader in(rdata);
  switch (type) {
    case RecordType::a:
      return add_address(answer, rdata, true);
    case RecordType::aaaa:
      return add_address(answer, rdata, false);
    case RecordType::mx: {
      const std::uint16_t preference = in.u16();
      auto host = read_name(in);
      if (!host || !in.at_end()) return false;
      const auto after = std::ranges::upper_bound(answer.mx, preference, {}, &MxRecord::preference);
      answer.mx.insert(after, MxRecord{preference, *std::move(host)});
      return true;
    }
    case RecordType::srv: {
      SrvRecord srv{.priority = in.u16(), .weight = in.u16(), .port = in.u16(), .host = {}};
      auto host = read_name(in);
      if (!host || !in.at_end()) return false;
      srv.host = *std::move(host);
      const auto after = std::ranges::upper_bound(answer.srv, srv.priority, {}, &SrvRecord::priority);
      answer.srv.insert(after, std::move(srv));
      return true;
    }
    case RecordType::txt: {
      auto text = read_strings(in);
      if (!text) return false;
      answer.texts.push_back(*std::move(text));
      return true;
    }
    case RecordType::tlsa:
      answer.texts.emplace_back(rdata);
      return rdata.size() > 3;
    case RecordType::ptr:
    case RecordType::ns:
    case RecordType::cname: {
      auto name = read_name(in);
      if (!name || !in.at_end()) return false;
      answer.names.push_back(*std::move(name));
      return true;
    }
  }
  return false;
}

}  // namespace gatepost::runtime
