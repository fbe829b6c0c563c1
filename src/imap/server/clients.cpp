#include "imap/server/clients.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/utf8.hpp"

namespace gatepost::imap::server {
namespace {

constexpr std::size_t kMaxName = 60;

std::string_view id_field(const Id& id, std::string_view name) {
  for (const auto& [key, value] : id.fields) {
    if (ascii::iequals(key, name)) return value ? std::string_view(*value) : std::string_view();
  }
  return {};
}

}  // namespace

std::string Clients::enter(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  const auto known = count_.find(name);
  const std::string counted = known == count_.end() && count_.size() >= kMaxClients ? "others" : name;
  ++count_[counted];
  return counted;
}

void Clients::leave(const std::string& counted) {
  const std::scoped_lock lock(mutex_);
  const auto known = count_.find(counted);
  if (known != count_.end() && --known->second == 0) count_.erase(known);
}

std::vector<std::pair<std::string, std::size_t>> Clients::all() const {
  const std::scoped_lock lock(mutex_);
  return {count_.begin(), count_.end()};
}

std::string client_name(const Id& id) {
  std::string out(id_field(id, "name"));
  if (out.empty()) return out;
  if (const auto version = id_field(id, "version"); !version.empty()) out.append(" ").append(version);
  for (char& c : out) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  if (out.size() > kMaxName) out.resize(kMaxName);
  return out;
}

const ClientSwitch* find_switch(const std::vector<ClientSwitch>& all, const Id& id) {
  const std::string name = ascii::to_lower(id_field(id, "name"));
  if (name.empty()) return nullptr;
  const auto found = std::ranges::find_if(all, [&](const ClientSwitch& one) {
    return name.find(ascii::to_lower(one.name)) != std::string::npos &&
           id_field(id, "version").starts_with(one.version);
  });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace gatepost::imap::server
