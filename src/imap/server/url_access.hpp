#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "account/account.hpp"
#include "directory/principal.hpp"
#include "imap/protocol/imap_url.hpp"
#include "imap/server/server.hpp"

namespace gatepost::imap::server {

// URLs that carry the right to read a message (RFC 4467), for one who is signed in. The mechanism INTERNAL is
// HMAC-SHA-256 by the folder's key; a token begins with the number of this algorithm. Every call blocks.
class UrlAccess {
 public:
  // All of these outlive it.
  UrlAccess(const Services& services, const Settings& settings, const directory::Principal& who)
      : services_(services), settings_(settings), who_(who) {}

  struct Target {
    std::shared_ptr<account::Account> account;  // shared with whoever else has it open
    MessageUrl message;
  };
  // Errc::not_found: nothing that this user may read, whatever the reason.
  Result<Target> verify(std::string_view url) const;
  // The URL with its token. Errc::invalid: no such mailbox of this user, or no URL that can be signed.
  Result<std::string> sign(std::string_view rump, account::Account& own) const;

 private:
  bool may_use(const AuthUrl& url) const;

  const Services& services_;
  const Settings& settings_;
  const directory::Principal& who_;
};

// What a new key is.
std::string new_access_key();

}  // namespace gatepost::imap::server
