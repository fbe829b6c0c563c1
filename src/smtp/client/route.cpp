#include "smtp/client/route.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/ascii.hpp"

namespace gatepost::smtp::client {
namespace {

using runtime::DnsAnswer;
using runtime::MxRecord;
using runtime::RecordType;
using runtime::Task;

Verdict look_up_failed(std::string_view name, const Error& error) {
  // A name that breaks the DNS's rules will break them tomorrow.
  if (error.code == Errc::invalid) return failed(fmt::format("553 5.1.2 {} is not a domain name", name));
  return later(fmt::format("451 4.4.3 the name {} could not be looked up: {}", name, to_string(error.code)));
}

std::optional<IpAddress> literal(std::string_view host) {
  if (!host.starts_with('[') || !host.ends_with(']')) return IpAddress::parse(host);
  host = host.substr(1, host.size() - 2);
  if (ascii::istarts_with(host, "IPv6:")) host.remove_prefix(5);
  return IpAddress::parse(host);
}

// Drops ourselves and whoever is no better (RFC 5321 5.1). false: nobody is left.
bool drop_from_ourselves_on(std::vector<MxRecord>& mx, const std::vector<std::string>& own_names) {
  auto is_own = [&own_names](const MxRecord& r) { return std::ranges::find(own_names, r.host) != own_names.end(); };
  const auto own = std::ranges::find_if(mx, is_own);
  if (own == mx.end()) return true;
  const std::uint16_t limit = own->preference;
  std::erase_if(mx, [limit](const MxRecord& r) { return r.preference >= limit; });
  return !mx.empty();
}

// RFC 5321 5.1: those of equal preference in random order, to spread the load.
void shuffle_equals(std::vector<MxRecord>& mx, Random& random) {
  for (std::size_t i = 1; i < mx.size(); ++i) {
    std::size_t first = i;
    while (first > 0 && mx[first - 1].preference == mx[i].preference) --first;
    std::swap(mx[i], mx[first + random.u64() % (i - first + 1)]);
  }
}

std::vector<IpAddress> in_turn(const std::vector<IpAddress>& v6, const std::vector<IpAddress>& v4) {
  std::vector<IpAddress> out;
  for (std::size_t i = 0; i < std::max(v6.size(), v4.size()); ++i) {
    if (i < v6.size()) out.push_back(v6[i]);
    if (i < v4.size()) out.push_back(v4[i]);
  }
  if (out.size() > kMaxAddressesPerHost) out.resize(kMaxAddressesPerHost);
  return out;
}

}  // namespace

Task<std::expected<std::vector<std::string>, Verdict>> find_hosts(runtime::Resolver& resolver, Random& random,
                                                                  std::vector<std::string> own_names,
                                                                  std::string domain) {
  if (literal(domain)) co_return std::vector{domain};
  // A tagged literal of a kind we do not know (RFC 5321 4.1.3).
  if (domain.starts_with('[')) co_return std::unexpected(failed("553 5.1.2 the address literal cannot be reached"));
  Result<DnsAnswer> answer = co_await resolver.query(domain, RecordType::mx);
  if (!answer) co_return std::unexpected(look_up_failed(domain, answer.error()));
  std::vector<MxRecord> mx = std::move(answer->mx);
  const bool null_mx = mx.size() == 1 && mx.front().host.empty();
  if (null_mx) co_return std::unexpected(failed(fmt::format("556 5.1.10 {} does not take mail (null MX)", domain)));
  std::erase_if(mx, [](const MxRecord& r) { return r.host.empty(); });
  // No MX: the host of that name (RFC 5321 5.1), if there is one.
  if (mx.empty()) mx.push_back({0, ascii::to_lower(domain)});
  std::ranges::sort(mx, {}, &MxRecord::preference);
  if (!drop_from_ourselves_on(mx, own_names)) {
    co_return std::unexpected(failed(fmt::format("550 5.4.6 mail for {} would loop back to this server", domain)));
  }
  shuffle_equals(mx, random);
  if (mx.size() > kMaxHosts) mx.resize(kMaxHosts);
  std::vector<std::string> hosts;
  hosts.reserve(mx.size());
  for (MxRecord& record : mx) hosts.push_back(std::move(record.host));
  co_return hosts;
}

Task<std::expected<std::vector<IpAddress>, Verdict>> find_addresses(runtime::Resolver& resolver, std::string host) {
  if (const auto address = literal(host)) co_return std::vector{*address};
  Result<DnsAnswer> v6 = co_await resolver.query(host, RecordType::aaaa);
  Result<DnsAnswer> v4 = co_await resolver.query(host, RecordType::a);
  const std::vector<IpAddress> none;
  std::vector<IpAddress> out = in_turn(v6 ? v6->addresses : none, v4 ? v4->addresses : none);
  if (!out.empty()) co_return out;
  if (!v4) co_return std::unexpected(look_up_failed(host, v4.error()));
  if (!v6) co_return std::unexpected(look_up_failed(host, v6.error()));
  if (v4->status == DnsAnswer::Status::no_such_name) {
    co_return std::unexpected(failed(fmt::format("550 5.1.2 there is no host or domain {}", host)));
  }
  co_return std::unexpected(failed(fmt::format("550 5.4.4 the host {} has no address", host)));
}

}  // namespace gatepost::smtp::client
