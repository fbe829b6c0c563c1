#include "pop3/server/reply_for.hpp"

#include "pop3/protocol/reply.hpp"

namespace gatepost::pop3::server {
namespace {

// RFC 3206 3: SYS/TEMP: trying again later may help; SYS/PERM: only an administrator can help.
constexpr std::string_view kTemporary = "SYS/TEMP", kPermanent = "SYS/PERM", kCredentials = "AUTH";

}  // namespace

Words words_for(Errc code) {
  switch (code) {
    case Errc::invalid:
      return {"", "That makes no sense"};
    case Errc::not_found:
      return {"", "No such message"};
    case Errc::already_exists:
      return {"", "There is such a thing already"};
    case Errc::conflict:
      return {"IN-USE", "The mailbox is open in another POP3 session"};
    case Errc::denied:
    case Errc::forbidden:
      return {"", "Not permitted"};
    case Errc::unauthenticated:
      return {kCredentials, "The name or the password is wrong"};
    case Errc::expired:
      return {kCredentials, "The password has expired: change it in the webmail first"};
    case Errc::over_quota:
      return {"", "The mailbox is full"};
    case Errc::too_large:
      return {"", "Too large"};
    case Errc::limit:
      return {kTemporary, "Too many at once; try again later"};
    case Errc::unavailable:
      return {kTemporary, "Not available now; try again later"};
    case Errc::timed_out:
      return {kTemporary, "It took too long; try again later"};
    case Errc::closed:
      return {kTemporary, "The server is shutting down; try again later"};
    case Errc::disk_full:
      return {kTemporary, "The server's disk is full; try again later"};
    case Errc::read_only:
      return {kTemporary, "The server accepts no changes now; try again later"};
    case Errc::unknown_outcome:
      return {kTemporary, "It is not known whether it was done; look before trying again"};
    case Errc::corrupt:
      return {kPermanent, "The stored message is damaged; tell the administrator"};
    case Errc::unsupported:
      return {"", "Not supported"};
    case Errc::internal:
      return {kPermanent, "Something is broken here; tell the administrator"};
  }
  return {kPermanent, "Something is broken here; tell the administrator"};
}

Words words_for_sign_in(Errc code) {
  switch (code) {
    case Errc::invalid:
      return {kCredentials, "The authentication exchange is broken"};
    // One that is switched off: nobody is told that the password was right.
    case Errc::denied:
    case Errc::not_found:
      return {kCredentials, "The name or the password is wrong"};
    case Errc::forbidden:
      return {kCredentials, "This account has a second factor: use an app password here"};
    case Errc::unsupported:
      return {"", "This mechanism is not offered here"};
    case Errc::limit:
      return {kTemporary, "Too many sign-ins; try again later"};
    default:
      return words_for(code);
  }
}

void write_failure(std::string& out, const Words& words) { write_err(out, words.code, words.text); }

}  // namespace gatepost::pop3::server
