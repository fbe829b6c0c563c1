#include "daemon/take_over.hpp"

#include <boost/json.hpp>

#include "daemon/control_socket.hpp"
#include "daemon/daemon.hpp"

namespace gatepost::daemon {
namespace {

Error refusal(const admin::Reply& reply) {
  std::string text = reply.text;
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return {Errc::unsupported, text};
}

}  // namespace

Result<HandedOver> ask_for_sockets(const std::filesystem::path& data_dir) {
  std::vector<runtime::UniqueFd> descriptors;
  GP_TRY(const admin::Reply reply,
         ask(control_socket_path(data_dir), admin::Request{std::string(kHandOver), {}}, &descriptors));
  if (reply.exit_code != 0) return std::unexpected(refusal(reply));
  boost::system::error_code ec;
  const boost::json::value facts = boost::json::parse(reply.json, ec);
  const auto* object = ec ? nullptr : facts.if_object();
  const auto* count = object != nullptr ? object->if_contains("sockets") : nullptr;
  const auto* pid = object != nullptr ? object->if_contains("pid") : nullptr;
  if (count == nullptr || !count->is_int64() || pid == nullptr || !pid->is_int64()) {
    return fail(Errc::invalid, "the running server handed over something else than its sockets");
  }
  HandedOver out;
  out.pid = static_cast<int>(pid->as_int64());
  const auto* token = object->if_contains("token");
  if (token != nullptr && token->is_int64()) out.token = token->as_int64();
  // Sockets first, the log last, the channel between them.
  const auto sockets = static_cast<std::size_t>(count->as_int64());
  for (std::size_t i = 0; i < descriptors.size(); ++i) {
    if (i < sockets) {
      out.sockets.add(std::move(descriptors[i]));
    } else if (i + 1 < descriptors.size()) {
      out.channel = std::move(descriptors[i]);
    } else {
      out.log = std::move(descriptors[i]);
    }
  }
  return out;
}

Result<> ask_to_stop(const std::filesystem::path& data_dir, std::int64_t token) {
  GP_TRY(const admin::Reply reply, ask(control_socket_path(data_dir),
                                       admin::Request{"stop", {{std::string(kInFavourOf), {std::to_string(token)}}}}));
  if (reply.exit_code != 0) return std::unexpected(refusal(reply));
  return {};
}

}  // namespace gatepost::daemon
