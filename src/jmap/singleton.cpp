#include "jmap/singleton.hpp"

#include "jmap/ids.hpp"

namespace gatepost::jmap {

std::string singleton_state(const json::object& object) { return state_of(json::serialize(object)); }

Answer singleton_get(Call& call, std::span<const std::string_view> known, const DescribeSingleton& describe) {
  const auto request = read_own_get(call, known);
  if (!request) return std::unexpected(request.error());
  JMAP_CALL_TRY(const json::object all, describe(*request->access->account));
  const auto ids = request->ids.value_or(std::vector<std::string>{std::string(kSingleton)});
  return answer_get(*request, singleton_state(all), ids,
                    [&](const std::string& id) -> Outcome<std::optional<json::object>> {
                      if (id != kSingleton) return std::nullopt;
                      return request->wanted_of(all);
                    });
}

Answer singleton_set(Call& call, const DescribeSingleton& describe,
                     const std::function<Outcome<>(account::Account&, const json::object& patch)>& update) {
  Arguments arguments(call.given);
  const auto access = own_access(call, arguments.id("accountId"));
  if (!access) return std::unexpected(access.error());
  account::Account& account = *(*access)->account;
  SetRun run(call, **access);
  run.state = [&]() -> Outcome<std::string> {
    JMAP_CALL_TRY(const json::object now, describe(account));
    return singleton_state(now);
  };
  run.create = [](const json::object&) -> Outcome<json::object> { return refuse("singleton"); };
  run.destroy = [](const std::string&) -> Outcome<> { return refuse("singleton"); };
  run.update = [&](const std::string& id, const json::object& patch) -> Outcome<json::value> {
    if (id != kSingleton) return refuse("notFound");
    if (auto done = update(account, patch); !done) return std::unexpected(done.error());
    return json::value();
  };
  return run.run(arguments);
}

}  // namespace gatepost::jmap
