#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "directory/principal.hpp"

namespace gatepost::store {
class KeyValue;
}

// Tokens by which scripts ask for the administrators' verbs. The store has their hashes alone:
// docs/formats/api-tokens.md.
namespace gatepost::admin {

inline constexpr std::size_t kMaxApiTokens = 500;
inline constexpr std::size_t kMaxTokenNameOctets = 200;
inline constexpr std::chrono::minutes kTokenUseGranularity{10};  // how exact `used` is

struct ApiToken {
  std::string id;  // public, of no use for signing in
  std::string name;
  directory::Role role = directory::Role::none;
  std::string by;  // who made it
  TimePoint created{}, expires{};
  TimePoint used{};  // the epoch: never
};

// All block on the disk and are thread-safe.
// The token is returned once and never again. Errc::invalid: no name or no role. Errc::limit: there are many already.
Result<Secret> add_api_token(store::KeyValue& keys, Random& random, const ApiToken& wanted);
// In the order of their making; a record that cannot be read is left out.
Result<std::vector<ApiToken>> api_tokens(store::KeyValue& keys);
Result<> remove_api_token(store::KeyValue& keys, std::string_view id);  // not_found
// Errc::unauthenticated: there is no such token, or it has expired. Notes the use.
Result<ApiToken> check_api_token(store::KeyValue& keys, const Clock& clock, std::string_view token);

}  // namespace gatepost::admin
