#pragma once

#include <cstdio>
#include <cstdlib>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace gatepost {

// What a caller can do about a failure. One list for the whole program: each protocol has one table that turns these
// into its own words (reply_for, response_for, ...).
enum class Errc {
  invalid,          // the input breaks a rule; asking again the same way will fail again
  not_found,        // no such thing
  already_exists,   // the name is taken
  conflict,         // somebody else changed it first; read again and retry
  denied,           // known, but not permitted
  forbidden,        // permitted to others: whoever asks lacks the right
  unauthenticated,  // wrong or missing credentials
  expired,          // the right credentials, whose time is over: they have to be replaced first
  over_quota,       // the account's limit
  too_large,        // over a configured or protocol size limit
  limit,            // a count or rate limit of ours
  unavailable,      // temporary: try later
  timed_out,        // the other side took too long
  closed,           // the connection or service has ended
  disk_full,        // below the storage reserve
  read_only,        // the store accepts no writes
  unknown_outcome,  // the commit may or may not have happened
  corrupt,          // stored bytes fail their checksum or format
  unsupported,      // valid, but not something we do
  internal,         // a defect or a failing library
};
inline constexpr Errc kLastErrc = Errc::internal;

// Stable lower-case name of `code` for logs and JSON.
std::string_view to_string(Errc code);

// `code`: what a caller can do. `detail`: for the log and the admin, never for a peer.
struct Error {
  Errc code = Errc::internal;
  std::string detail;
};

template <class T = void>
using Result = std::expected<T, Error>;

// return fail(Errc::not_found, "no folder 'x'");
inline std::unexpected<Error> fail(Errc code, std::string detail = {}) {
  return std::unexpected<Error>(Error{code, std::move(detail)});
}

[[noreturn]] inline void assertion_failed(const char* what, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, what);
  std::abort();
}

}  // namespace gatepost

// A broken invariant ends the process, in every build: going on would damage data.
#define GP_ASSERT(cond) ((cond) ? static_cast<void>(0) : ::gatepost::assertion_failed(#cond, __FILE__, __LINE__))

#define GP_CONCAT_(a, b) a##b
#define GP_CONCAT(a, b) GP_CONCAT_(a, b)

#define GP_TRY_(tmp, decl, expr, ret)            \
  auto tmp = (expr);                             \
  if (!tmp) [[unlikely]]                         \
    ret std::unexpected(std::move(tmp).error()); \
  decl = *std::move(tmp)
#define GP_CHECK_(tmp, expr, ret)           \
  if (auto tmp = (expr); !tmp) [[unlikely]] \
  ret std::unexpected(std::move(tmp).error())

// GP_TRY(auto x, f());   x is f()'s value, or the enclosing function returns f()'s error.   GP_CO_TRY in coroutines.
#define GP_TRY(decl, expr) GP_TRY_(GP_CONCAT(gp_try_, __COUNTER__), decl, expr, return)
#define GP_CO_TRY(decl, expr) GP_TRY_(GP_CONCAT(gp_try_, __COUNTER__), decl, expr, co_return)
// GP_CHECK(f());   the same for a Result<> without a value, or when the value does not matter.
#define GP_CHECK(expr) GP_CHECK_(GP_CONCAT(gp_check_, __COUNTER__), expr, return)
#define GP_CO_CHECK(expr) GP_CHECK_(GP_CONCAT(gp_check_, __COUNTER__), expr, co_return)
