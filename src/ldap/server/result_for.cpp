#include "ldap/server/result_for.hpp"

namespace gatepost::ldap::server {

// RFC 4511 A.2.
Outcome outcome_for(Errc code) {
  switch (code) {
    case Errc::invalid:
      return {ResultCode::constraint_violation, "that makes no sense here", {}};
    case Errc::not_found:
      return {ResultCode::no_such_object, "there is no such entry", {}};
    case Errc::already_exists:
      return {ResultCode::entry_already_exists, "there is such an entry already", {}};
    case Errc::conflict:
      return {ResultCode::busy, "somebody else is changing it", {}};
    case Errc::denied:
    case Errc::forbidden:
      return {ResultCode::insufficient_access_rights, "not permitted", {}};
    case Errc::unauthenticated:
      return {ResultCode::invalid_credentials, "the name or the password is wrong", {}};
    case Errc::expired:  // draft-behera-ldap-password-policy-11 8.1.2
      return {ResultCode::invalid_credentials, "the password has expired: change it first", {}};
    case Errc::over_quota:
    case Errc::too_large:
    case Errc::limit:
      return {ResultCode::admin_limit_exceeded, "more than is allowed", {}};
    case Errc::unavailable:
    case Errc::timed_out:
      return {ResultCode::busy, "not available now; try again later", {}};
    case Errc::closed:
      return {ResultCode::unavailable, "the server is shutting down", {}};
    case Errc::disk_full:
    case Errc::read_only:
      return {ResultCode::unavailable, "the server accepts no changes now", {}};
    case Errc::unknown_outcome:
      return {ResultCode::other, "it is not known whether it was done; look before trying again", {}};
    case Errc::unsupported:
      return {ResultCode::unwilling_to_perform, "not supported", {}};
    case Errc::corrupt:
    case Errc::internal:
      return {ResultCode::other, "something is broken here; tell the administrator", {}};
  }
  return {ResultCode::other, "something is broken here; tell the administrator", {}};
}

Outcome outcome_for_sign_in(Errc code) {
  switch (code) {
    // One that is switched off: nobody is told that the password was right.
    case Errc::denied:
    case Errc::not_found:
    case Errc::invalid:
      return outcome_for(Errc::unauthenticated);
    case Errc::forbidden:  // RFC 4511 A.1
      return {ResultCode::stronger_auth_required, "this account has a second factor: use an app password here", {}};
    case Errc::unsupported:
      return {ResultCode::auth_method_not_supported, "this mechanism is not offered here", {}};
    case Errc::limit:
      return {ResultCode::unwilling_to_perform, "too many sign-ins; try again later", {}};
    default:
      return outcome_for(code);
  }
}

}  // namespace gatepost::ldap::server
