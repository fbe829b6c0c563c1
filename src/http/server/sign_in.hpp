#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "directory/door.hpp"
#include "http/server/request.hpp"
#include "http/server/settings.hpp"
#include "runtime/session.hpp"

namespace gatepost::http::server {

// Name and password of "Authorization: Basic" (RFC 7617 2): UTF-8, as the challenge asks. Errc::unauthenticated: there
// is none, or another scheme. Errc::invalid: it is broken.
struct BasicCredentials {
  std::string name;
  Secret password;
};
Result<BasicCredentials> parse_basic(std::string_view authorization);

// The token of "Authorization: Bearer" (RFC 6750 2.1); errors likewise.
Result<Secret> parse_bearer(std::string_view authorization);

// The octets of "Authorization: Negotiate" (RFC 4559 4.2); errors likewise.
Result<std::string> parse_negotiate(std::string_view authorization);
// The WWW-Authenticate field that asks for one (no octets), or that answers one (RFC 4559 4.1, 5).
std::string write_negotiate(std::string_view octets);

// Who signed in on one connection. A client sends its credentials with every request; the same ones are checked once
// and then known by their hash, as long as nobody revokes them.
class SignIns {
 public:
  SignIns(const Services& services, std::string_view service, const runtime::Peer& peer,
          std::shared_ptr<runtime::Waker> waker);

  // By the Authorization field, else by the cookie of a browser's session. Errc of the Door, of parse_basic(),
  // parse_bearer() and WebSessions::check(). Errc::forbidden: another site's page sent it, or a token without scope.
  // `proof`: what the answer has to show of a ticket's service (RFC 4559 5), a WWW-Authenticate field; empty: nothing.
  runtime::Task<Result<std::shared_ptr<directory::SignedIn>>> enter(const Request& request, std::string& proof);
  std::uint32_t failures() const { return failures_; }
  // What a request that did not sign in may try: the WWW-Authenticate fields of its 401 or 403.
  std::vector<std::string> challenges(const Request& request, std::string_view realm, Errc why) const;

 private:
  struct Known {
    Sha256Value credentials{};
    std::shared_ptr<directory::SignedIn> who;  // shared with the requests it signed in
  };
  Result<std::shared_ptr<directory::SignedIn>> enter_by_cookie(const Request& request);
  std::shared_ptr<directory::SignedIn> keep(const Sha256Value& credentials, std::shared_ptr<directory::SignedIn> who);
  directory::DoorContext context_for(const Request& request) const;
  const Services& services_;
  std::string_view service_;
  const runtime::Peer& peer_;
  std::shared_ptr<runtime::Waker> waker_;
  std::vector<Known> known_;
  std::uint32_t failures_ = 0;
};

}  // namespace gatepost::http::server
