#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ip.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "directory/directory.hpp"
#include "directory/tickets.hpp"
#include "directory/tokens.hpp"

namespace gatepost::directory {

struct SignInLimits {
  std::uint32_t distinct_failures = 10;  // distinct wrong passwords per account and address together (0: no limit) ...
  std::chrono::seconds window{600};      // ... within this time ...
  std::chrono::seconds ban{900};         // ... refuse that pair for so long
  std::uint32_t address_failures = 100;  // and as many of one address over all accounts (0: no limit)
  std::vector<Network> never_banned;     // allow list: always wins
};

struct SignInContext {
  IpAddress remote;
  std::string_view service;  // "imap", "smtp", "pop3"
  std::string_view connection_id;
  bool proxied = false;   // the address is what a trusted proxy said
  bool renewing = false;  // SignInPurpose::renewing
};

// What is to be said to whom knows the password, but has not shown the second factor.
enum class CodeAnswer : std::uint8_t {
  wanted,  // there was no code
  wrong,   // not the one of now, or one that was used
};

// A refusal in force.
struct Ban {
  IpAddress remote;  // IpAddress::limit_key(): an IPv6 one stands for its /64
  std::string name;  // sign-in name, canonical; empty: every account
  TimePoint until{};
  std::string reason;  // "10 distinct wrong passwords"
};

// What a sign-in says about its address.
struct SignInNews {
  enum class Kind : std::uint8_t {
    wrong_password,   // a new wrong one; `count` 1
    unknown_name,     // likewise, for a name nobody has
    pair_refused,     // `name` may not be tried from there any more for a while
    address_refused,  // nobody may
    succeeded,        // `count` wrong passwords before it are forgiven
  } kind = Kind::wrong_password;
  const SignInContext& context;
  std::string_view name;  // canonical
  std::size_t count = 1;
};

// Sign-in with its limits, log lines and metrics: the one door of all protocols. Thread-safe; blocks (run on workers).
class Authenticator {
 public:
  Authenticator(Directory&, SignInLimits, const Clock&, Log&, Metrics&);
  ~Authenticator();
  void set_limits(SignInLimits);  // at reload

  // Errc::unauthenticated: wrong name or password (one answer for both). Errc::limit: refused by the limits without a
  // look at the password. Errc::denied: right password, account disabled. Errc::forbidden: right main password, but a
  // second factor is wanted, and the service cannot ask for it. Others: could not be checked. Service "web" is let in
  // by the password alone, to prove again somebody who is signed in; to sign in there is with_code(). Errc::expired:
  // the right main password, which has to be replaced first; no failure.
  Result<Principal> with_password(std::string_view name, const Secret& password, const SignInContext&);
  // The password, and a code of the second factor where there is one (RFC 6238). No success is counted, and no failure
  // forgiven, before both are right; a wrong code counts as a wrong password does. Errc::limit also: too many wrong
  // codes from anywhere. Others as above.
  Result<std::variant<Principal, CodeAnswer>> with_code(std::string_view name, const Secret& password,
                                                        const Secret& code, const SignInContext&);
  // After a SCRAM exchange: was it allowed to start, and how it ended.
  Result<> may_try(std::string_view name, const SignInContext&);
  Result<Principal> proven(std::string_view name, const SignInContext&);  // the mechanism proved it
  // The mechanism proved the main password. Errc::forbidden, expired as above.
  Result<Principal> password_proven(std::string_view name, const SignInContext&);
  // `fingerprint`: equal for equal wrong passwords where the mechanism shows that, so that a device which repeats one
  // old password counts once. A SCRAM proof does not: nonces make each a new one (RFC 5802 3), and each counts. Only a
  // keyed hash of it is kept.
  void failed(std::string_view name, const SignInContext&, std::string_view fingerprint);
  // A device proved, by SCRAM, to know a password that was replaced: logged, and not held against anybody.
  void outdated(std::string_view name, const SignInContext&);

  // Asks `tokens`. Errc::unauthenticated: not a token that lets in here, or not of `name` (empty: whoever it is of).
  // Errc::forbidden: lacks a scope. Errc::unavailable: nobody could be asked. Others as above. A token that nobody gave
  // out is counted as a wrong password is; one that has ended is not.
  struct ByToken {
    Principal principal;
    TimePoint ends{};  // TokenVerdict::ends
  };
  Result<ByToken> with_token(Tokens& tokens, std::string_view name, const Secret& token, const SignInContext&);

  // By a client certificate with these mail addresses; one of them is the account's, or an alias of it alone. `name`:
  // whom the client means; empty: whoever it is of, if that is one. Errc::unauthenticated: nobody here, or not `name`.
  Result<Principal> with_certificate(const std::vector<std::string>& addresses, std::string_view name,
                                     const SignInContext&);

  // By a ticket, which was proven to be of `client`. `name`: whom the client means; empty: whoever that is.
  // Errc::unauthenticated: nobody here, or not `name`. Others as above, and those of Tickets::account_of().
  Result<Principal> with_ticket(Tickets& tickets, std::string_view client, std::string_view name, const SignInContext&);

  // Who hears of failures and successes, from sign-ins' own threads; set before the first of them. Must not block.
  void set_witness(std::function<void(const SignInNews&)> witness);

  std::vector<Ban> bans() const;  // in force now, by address
  // Ends every ban of the address (of its /64 for IPv6) and forgets its failures. How many bans there were.
  std::size_t lift(const IpAddress&);

  Directory& directory() { return directory_; }
  const Clock& clock() const;

 private:
  struct State;
  Directory& directory_;
  std::unique_ptr<State> state_;
};

}  // namespace gatepost::directory
