#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "jmap/standard.hpp"

// Types of which the user's own account has one object, always, with the id "singleton" (RFC 8621 8). Its state stands
// for what it says.
namespace gatepost::jmap {

// The object as it is now, with all of its properties.
using DescribeSingleton = std::function<Result<json::object>(account::Account&)>;

Answer singleton_get(Call& call, std::span<const std::string_view> known, const DescribeSingleton& describe);
// `update` puts a patch onto the object and keeps it. Its errors are the object's.
Answer singleton_set(Call& call, const DescribeSingleton& describe,
                     const std::function<Outcome<>(account::Account&, const json::object& patch)>& update);
std::string singleton_state(const json::object& object);

}  // namespace gatepost::jmap
