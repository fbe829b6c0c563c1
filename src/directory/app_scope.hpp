#pragma once

#include <string_view>

#include "base/result.hpp"
#include "directory/credentials.hpp"
#include "directory/directory.hpp"

// What an app password is good for. Pure.
namespace gatepost::directory {

// Each service once, in the order of kAppServices, "smtp" as "submission". Errc::invalid: a word that is no service,
// too many networks.
Result<AppScope> checked_scope(const AppScope& scope);

// Errc::denied, with the reason: `app` may not be used for `purpose` now.
Result<> check_scope(const AppSecret& app, const SignInPurpose& purpose, TimePoint now);

}  // namespace gatepost::directory
