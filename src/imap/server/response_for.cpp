#include "imap/server/response_for.hpp"

namespace gatepost::imap::server {

Answer response_for(Errc code) {
  switch (code) {
    case Errc::invalid:
      return no(code::kCannot, "That is not possible");
    case Errc::not_found:
      return no(code::kNonExistent, "No such mailbox");
    case Errc::already_exists:
      return no(code::kAlreadyExists, "There is one of this name already");
    case Errc::conflict:
      return no(code::kInUse, "It is in use; try again");
    case Errc::denied:
      return no(code::kCannot, "That cannot be done with this mailbox");
    case Errc::forbidden:
      return no(code::kNoPerm, "You have no right to do that here");
    case Errc::unauthenticated:
      return no(code::kAuthenticationFailed, "The name or the password is wrong");
    case Errc::expired:  // RFC 5530 3
      return no(code::kExpired, "The password has expired: change it in the webmail first");
    case Errc::over_quota:
      return no(code::kOverQuota, "The account is full");
    case Errc::too_large:
      return no(code::kTooBig, "The message is too large");
    case Errc::limit:
      return no(code::kLimit, "That is more than this server takes");
    case Errc::unavailable:
    case Errc::timed_out:
      return no(code::kUnavailable, "Not available now; try again later");
    case Errc::closed:
      return no(code::kUnavailable, "The server is stopping; try again later");
    case Errc::disk_full:
      return no(code::kUnavailable, "No storage space at the moment; try again later");
    case Errc::read_only:
      return no(code::kUnavailable, "No changes are taken at the moment; try again later");
    case Errc::unknown_outcome:
      return no(code::kUnavailable, "It is not known whether it was done; look before trying again");
    case Errc::corrupt:
      return no(code::kCorruption, "What is stored is damaged; tell the administrator");
    case Errc::unsupported:
      return no(code::kCannot, "That is not supported here");
    case Errc::internal:
      break;
  }
  return no(code::kServerBug, "Something is broken here; tell the administrator");
}

Answer response_for_target(Errc code) {
  if (code == Errc::not_found) return no(code::kTryCreate, "No such mailbox; create it first");
  return response_for(code);
}

Answer response_for_sign_in(Errc code) {
  switch (code) {
    case Errc::invalid:
      return bad("The message of the sign-in is broken");
    case Errc::not_found:
      return response_for(Errc::unauthenticated);
    case Errc::denied:
      return no(code::kAuthorizationFailed, "This account may not sign in here");
    case Errc::forbidden:  // RFC 9051 7.1: people are to see it
      return no(code::kAlert, "This account has a second factor: use an app password here");
    case Errc::unsupported:
      return no("", "This mechanism is not available here");
    case Errc::limit:
      return no(code::kLimit, "Too many sign-ins; try again later");
    default:
      return response_for(code);
  }
}

bool is_ours(Errc code) {
  switch (code) {
    case Errc::unavailable:
    case Errc::disk_full:
    case Errc::read_only:
    case Errc::unknown_outcome:
    case Errc::corrupt:
    case Errc::internal:
      return true;
    default:
      return false;
  }
}

}  // namespace gatepost::imap::server
