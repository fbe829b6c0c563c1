#include "jmap/error.hpp"

namespace gatepost::jmap {

Refusal refusal_for_call(const Error& error) {
  switch (error.code) {
    case Errc::invalid:
      return {"invalidArguments", {}, {}, {}};
    case Errc::not_found:
    case Errc::denied:
    case Errc::forbidden:
    case Errc::unauthenticated:
    case Errc::expired:
      return {"forbidden", {}, {}, {}};
    case Errc::limit:
    case Errc::too_large:
      return {"requestTooLarge", {}, {}, {}};
    case Errc::read_only:
      return {"accountReadOnly", {}, {}, {}};
    case Errc::unavailable:
    case Errc::timed_out:
    case Errc::closed:
    case Errc::conflict:
    case Errc::disk_full:
    case Errc::over_quota:
      return {"serverUnavailable", {}, {}, {}};
    case Errc::unknown_outcome:
      return {"serverPartialFail", {}, {}, {}};
    case Errc::already_exists:
    case Errc::corrupt:
    case Errc::unsupported:
    case Errc::internal:
      break;
  }
  return {"serverFail", {}, {}, {}};
}

Refusal refusal_for_object(const Error& error) {
  switch (error.code) {
    case Errc::not_found:
      return {"notFound", {}, {}, {}};
    case Errc::denied:
    case Errc::forbidden:
    case Errc::unauthenticated:
    case Errc::expired:
    case Errc::read_only:
      return {"forbidden", {}, {}, {}};
    case Errc::over_quota:
    case Errc::disk_full:
      return {"overQuota", {}, {}, {}};
    case Errc::too_large:
      return {"tooLarge", {}, {}, {}};
    case Errc::limit:
      return {"rateLimit", {}, {}, {}};
    case Errc::invalid:
      return {"invalidProperties", {}, {}, {}};
    case Errc::already_exists:
      return {"alreadyExists", {}, {}, {}};
    default:
      return refusal_for_call(error);
  }
}

}  // namespace gatepost::jmap
