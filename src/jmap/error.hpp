#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace gatepost::jmap {

// Why a method call, or one object of it, was refused (RFC 8620 3.6.2, 5.3). `detail` is told to the client: it names
// what of the request is wrong, never what is inside the server.
struct Refusal {
  std::string type;  // of the lists in the RFCs: "invalidArguments"
  std::string detail;
  std::string properties;  // of invalidProperties: names, separated by blanks
  std::string existing;    // of alreadyExists: the id
  // A property that one type of error has of its own, "maxSize" and the like: a number, or else texts.
  std::string own_name = {};
  std::optional<std::uint64_t> own_number = {};
  std::vector<std::string> own_texts = {};
};

template <class T = void>
using Outcome = std::expected<T, Refusal>;

inline std::unexpected<Refusal> refuse(std::string type, std::string detail = {}) {
  return std::unexpected<Refusal>(Refusal{std::move(type), std::move(detail), {}, {}});
}
inline std::unexpected<Refusal> refuse_over(std::string type, std::string name, std::uint64_t most) {
  return std::unexpected<Refusal>(Refusal{std::move(type), {}, {}, {}, std::move(name), most, {}});
}
inline std::unexpected<Refusal> refuse_texts(std::string type, std::string name, std::vector<std::string> texts) {
  return std::unexpected<Refusal>(Refusal{std::move(type), {}, {}, {}, std::move(name), {}, std::move(texts)});
}
inline std::unexpected<Refusal> bad_argument(std::string_view name) {
  return refuse("invalidArguments", std::string(name));
}
inline std::unexpected<Refusal> bad_property(std::string_view name, std::string detail = {}) {
  return std::unexpected<Refusal>(Refusal{"invalidProperties", std::move(detail), std::string(name), {}});
}

// What a failure of ours is called: of a whole call, and of one object that was to be changed.
Refusal refusal_for_call(const Error& error);
Refusal refusal_for_object(const Error& error);

// JMAP_TRY(auto x, f());   x is f()'s value, or the enclosing function returns the refusal of f()'s error.
#define JMAP_TRY_(tmp, decl, expr, made)                         \
  auto tmp = (expr);                                             \
  if (!tmp) [[unlikely]]                                         \
    return std::unexpected(::gatepost::jmap::made(tmp.error())); \
  decl = *std::move(tmp)
#define JMAP_CALL_TRY(decl, expr) JMAP_TRY_(GP_CONCAT(jmap_try_, __COUNTER__), decl, expr, refusal_for_call)
#define JMAP_OBJECT_TRY(decl, expr) JMAP_TRY_(GP_CONCAT(jmap_try_, __COUNTER__), decl, expr, refusal_for_object)

}  // namespace gatepost::jmap
