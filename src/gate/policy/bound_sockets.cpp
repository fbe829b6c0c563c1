#include <boost/json.hpp>

#include "gate/policy/policy.hpp"

namespace gatepost::gate {

namespace json = boost::json;

Result<std::vector<BoundSocket>> bound_sockets(std::string_view status_json) {
  boost::system::error_code error;
  const json::value root = json::parse({status_json.data(), status_json.size()}, error);
  const json::object* status = error ? nullptr : root.if_object();
  const json::value* listeners = status == nullptr ? nullptr : status->if_contains("listeners");
  if (listeners == nullptr || !listeners->is_array())
    return fail(Errc::invalid, "the server's status has no listeners");
  std::vector<BoundSocket> out;
  for (const json::value& one : listeners->get_array()) {
    const json::object* o = one.if_object();
    const auto text = [&](const char* key) -> std::string {
      const json::value* v = o == nullptr ? nullptr : o->if_contains(key);
      return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
    };
    const auto number = [&](const char* key) -> std::int64_t {
      const json::value* v = o == nullptr ? nullptr : o->if_contains(key);
      return v != nullptr && v->is_int64() ? v->get_int64() : -1;
    };
    const auto address = IpAddress::parse(text("address"));
    const std::int64_t port = number("port");
    if (!address || port < 1 || port > 65535) return fail(Errc::invalid, "a listener of the status has no address");
    out.push_back({text("name"),
                   {*address, static_cast<std::uint16_t>(port)},
                   static_cast<std::uint64_t>(std::max<std::int64_t>(0, number("connections")))});
  }
  return out;
}

}  // namespace gatepost::gate
