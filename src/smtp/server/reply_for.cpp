#include "smtp/server/reply_for.hpp"

namespace gatepost::smtp::server {

Words reply_for(Errc code) {
  switch (code) {
    case Errc::invalid:
      return {554, {5, 6, 0}, "the message is not acceptable"};
    case Errc::not_found:
      return {550, {5, 1, 1}, "no such mailbox"};
    case Errc::denied:
    case Errc::forbidden:
      return {550, {5, 7, 1}, "not permitted"};
    case Errc::unauthenticated:
    case Errc::expired:
      return {530, {5, 7, 0}, "sign in first"};
    case Errc::over_quota:
      return {552, {5, 2, 2}, "the mailbox is full"};
    case Errc::too_large:
      return {552, {5, 3, 4}, "the message is too large"};
    case Errc::limit:  // RFC 5321 6.3
      return {554, {5, 4, 6}, "mail loop: the message passed too many servers"};
    case Errc::unsupported:
      return {554, {5, 6, 1}, "the message needs something that is not supported here"};
    case Errc::disk_full:
      return {452, {4, 3, 1}, "no storage space at the moment"};
    case Errc::read_only:
      return {452, {4, 3, 1}, "no messages are taken at the moment"};
    case Errc::closed:
      return {451, {4, 3, 2}, "the server is stopping, try again later"};
    case Errc::already_exists:
    case Errc::conflict:
    case Errc::unavailable:
    case Errc::timed_out:
    case Errc::unknown_outcome:
    case Errc::corrupt:
    case Errc::internal:
      break;
  }
  return {451, {4, 3, 0}, "local error, try again later"};
}

Words reply_for_sender(Errc code) {
  switch (code) {
    case Errc::denied:  // RFC 6409 6.1
      return {553, {5, 7, 1}, "this address is not yours, and no right to send as it or on its behalf was granted"};
    case Errc::invalid:
    case Errc::not_found:
      return {553, {5, 1, 7}, "this is not an address mail can be sent as"};
    default:
      return reply_for(code);
  }
}

Words reply_for_message(Errc code) {
  switch (code) {
    case Errc::forbidden:  // RFC 6409 6.1
      return {550, {5, 7, 1}, "the From address is not yours, and no right to send as it or on its behalf was granted"};
    case Errc::invalid:
      return {554, {5, 6, 0}, "the message is not acceptable: one From field names its authors by their addresses"};
    default:
      return reply_for(code);
  }
}

Words reply_for(mailflow::RecipientRefusal reason) {
  switch (reason) {
    case mailflow::RecipientRefusal::relay_denied:
      return {550, {5, 7, 1}, "mail for this domain is not relayed"};
    case mailflow::RecipientRefusal::no_such_user:
      return {550, {5, 1, 1}, "no such user"};
    case mailflow::RecipientRefusal::disabled:
      return {550, {5, 2, 1}, "this mailbox is switched off"};
    case mailflow::RecipientRefusal::bad_address:
      return {553, {5, 1, 3}, "this is not an address"};
    case mailflow::RecipientRefusal::try_later:
      break;
  }
  return {451, {4, 3, 0}, "the recipient cannot be checked now, try again later"};
}

Words reply_for_sign_in(Errc code) {
  switch (code) {
    case Errc::unauthenticated:
    case Errc::not_found:
    case Errc::denied:  // a switched off account is not told from a wrong password
      return {535, {5, 7, 8}, "wrong name or password"};
    case Errc::expired:  // not 432 4.7.12, which is about another mechanism (RFC 4954 6)
      return {535, {5, 7, 8}, "the password has expired: change it in the webmail first"};
    case Errc::forbidden:  // RFC 4954 6: too weak for this user
      return {534, {5, 7, 9}, "this account has a second factor: use an app password here"};
    case Errc::invalid:
      return {501, {5, 5, 2}, "the message of the sign-in is broken"};
    case Errc::unsupported:
      return {504, {5, 5, 4}, "this mechanism is not available"};
    case Errc::limit:
      return {454, {4, 7, 0}, "too many sign-ins, try again later"};
    default:
      return {454, {4, 7, 0}, "the password cannot be checked now, try again later"};
  }
}

std::string for_log(const Words& words) {
  return std::to_string(words.code) + ' ' + words.enhanced.to_string() + ' ' + std::string(words.text);
}

}  // namespace gatepost::smtp::server
