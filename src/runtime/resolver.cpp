#include "runtime/resolver.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "runtime/dns_record.hpp"

namespace gatepost::runtime {

std::string pointer_name(const IpAddress& address) {
  const auto& o = address.octets;
  if (address.is_v4()) return fmt::format("{}.{}.{}.{}.in-addr.arpa", o[15], o[14], o[13], o[12]);
  std::string out;
  for (auto octet = o.rbegin(); octet != o.rend(); ++octet) out += fmt::format("{:x}.{:x}.", *octet & 15, *octet >> 4);
  return out + "ip6.arpa";
}

Task<Result<DnsAnswer>> Resolver::query_pointer(const IpAddress& address) {
  return query(pointer_name(address), RecordType::ptr);
}

DnsAnswer& StaticResolver::at(std::string_view name, RecordType type) {
  return table_[{canonical_name(name).value_or(std::string(name)), type}];
}

StaticResolver& StaticResolver::add(std::string_view name, RecordType type, DnsAnswer answer) {
  const std::lock_guard lock(mutex_);
  at(name, type) = std::move(answer);
  return *this;
}

StaticResolver& StaticResolver::add_address(std::string_view name, std::string_view address) {
  const auto ip = IpAddress::parse(address);
  GP_ASSERT(ip.has_value());
  const std::lock_guard lock(mutex_);
  at(name, ip->is_v4() ? RecordType::a : RecordType::aaaa).addresses.push_back(*ip);
  at(pointer_name(*ip), RecordType::ptr).names.push_back(ascii::to_lower(name));
  return *this;
}

StaticResolver& StaticResolver::add_mx(std::string_view name, std::uint16_t preference, std::string_view host) {
  const std::lock_guard lock(mutex_);
  auto& mx = at(name, RecordType::mx).mx;
  mx.insert(std::ranges::upper_bound(mx, preference, {}, &MxRecord::preference), {preference, ascii::to_lower(host)});
  return *this;
}

StaticResolver& StaticResolver::add_text(std::string_view name, std::string_view text) {
  const std::lock_guard lock(mutex_);
  at(name, RecordType::txt).texts.emplace_back(text);
  return *this;
}

StaticResolver& StaticResolver::add_failure(std::string_view name, RecordType type, Errc code) {
  const std::lock_guard lock(mutex_);
  failures_[{canonical_name(name).value_or(std::string(name)), type}] = code;
  return *this;
}

Task<Result<DnsAnswer>> StaticResolver::query(std::string name, RecordType type) {
  const auto wanted = canonical_name(name);
  if (!wanted) co_return fail(Errc::invalid, "no domain name");
  const std::lock_guard lock(mutex_);
  if (const auto failure = failures_.find({*wanted, type}); failure != failures_.end()) {
    co_return fail(failure->second, *wanted + ": failing as the table says");
  }
  if (const auto found = table_.find({*wanted, type}); found != table_.end()) co_return found->second;
  DnsAnswer none;
  const auto any = std::ranges::find_if(table_, [&](const auto& row) { return row.first.first == *wanted; });
  none.status = any != table_.end() ? DnsAnswer::Status::no_data : DnsAnswer::Status::no_such_name;
  co_return none;
}

}  // namespace gatepost::runtime
