#pragma once

#include <chrono>
#include <expected>
#include <string>
#include <utility>

#include "base/result.hpp"

namespace gatepost::acme {

// Why no certificate came, for an administrator: whole sentences without the final stop.
struct Failure {
  std::string cause, remedy;
  std::chrono::seconds retry_after{0};  // what the authority asked for; 0: nothing
  bool stopped = false;                 // told to stop; nothing failed
};

template <class T = void>
using Outcome = std::expected<T, Failure>;

inline std::unexpected<Failure> failed(std::string cause, std::string remedy) {
  return std::unexpected<Failure>(Failure{std::move(cause), std::move(remedy)});
}
inline std::unexpected<Failure> told_to_stop() {
  return std::unexpected<Failure>(Failure{"the server is stopping", "nothing: it goes on at the next start", {}, true});
}
// Of files and libraries.
inline std::unexpected<Failure> failed(const Error& error) {
  return failed(error.detail, error.code == Errc::disk_full ? "make room on the disk of the data directory"
                                                            : "look at the data directory and the log");
}

// GP_ACME_TRY(auto x, f());   f() gives a Result, the enclosing function an Outcome.
#define GP_ACME_TRY_(tmp, decl, expr)                        \
  auto tmp = (expr);                                         \
  if (!tmp) [[unlikely]]                                     \
    return ::gatepost::acme::failed(std::move(tmp).error()); \
  decl = *std::move(tmp)
#define GP_ACME_TRY(decl, expr) GP_ACME_TRY_(GP_CONCAT(gp_try_, __COUNTER__), decl, expr)
#define GP_ACME_CHECK_(tmp, expr)           \
  if (auto tmp = (expr); !tmp) [[unlikely]] \
  return ::gatepost::acme::failed(std::move(tmp).error())
#define GP_ACME_CHECK(expr) GP_ACME_CHECK_(GP_CONCAT(gp_check_, __COUNTER__), expr)

}  // namespace gatepost::acme
