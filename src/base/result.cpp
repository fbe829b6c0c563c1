#include "base/result.hpp"

namespace gatepost {

std::string_view to_string(Errc code) {
  switch (code) {
    case Errc::invalid:
      return "invalid";
    case Errc::not_found:
      return "not_found";
    case Errc::already_exists:
      return "already_exists";
    case Errc::conflict:
      return "conflict";
    case Errc::denied:
      return "denied";
    case Errc::forbidden:
      return "forbidden";
    case Errc::unauthenticated:
      return "unauthenticated";
    case Errc::expired:
      return "expired";
    case Errc::over_quota:
      return "over_quota";
    case Errc::too_large:
      return "too_large";
    case Errc::limit:
      return "limit";
    case Errc::unavailable:
      return "unavailable";
    case Errc::timed_out:
      return "timed_out";
    case Errc::closed:
      return "closed";
    case Errc::disk_full:
      return "disk_full";
    case Errc::read_only:
      return "read_only";
    case Errc::unknown_outcome:
      return "unknown_outcome";
    case Errc::corrupt:
      return "corrupt";
    case Errc::unsupported:
      return "unsupported";
    case Errc::internal:
      return "internal";
  }
  return "internal";
}

}  // namespace gatepost
