#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ip.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "directory/authenticate.hpp"
#include "directory/tickets.hpp"
#include "directory/tokens.hpp"
#include "sasl/mechanism.hpp"

namespace gatepost::directory {

// What the configuration says about signing in. Replaced whole at reload.
struct DoorPolicy {
  bool without_tls = false;                // sign-in on connections without TLS, said in words in the configuration
  std::vector<std::string> mechanisms;     // SASL names; empty: all we have
  std::uint32_t sessions_per_account = 0;  // of one service, at one time; 0: no limit
};

// The connection somebody signs in on. Views live as long as the session.
struct DoorContext {
  IpAddress remote;
  std::string service;  // "imap", "pop3", "submission"
  std::string connection_id;
  bool tls = false;
  std::string channel_binding;                 // TlsFacts::tls_exporter; empty: none
  std::vector<std::string> certificate_names;  // TlsFacts::client_names
  TimePoint certificate_until{};               // TlsFacts::client_until
  std::string web_session;                     // WebSession::id, where that is what signs in
  bool proxied = false;                        // `remote` is what a trusted proxy said
  bool renewing = false;                       // SignInPurpose::renewing
};

// A session that is signed in; leaves the count when dropped. revoked() is thread-safe.
class SignedIn {
 public:
  virtual ~SignedIn() = default;
  virtual const Principal& principal() const = 0;
  // The account was disabled or got another password, or the token it signed in by has ended: say the protocol's
  // farewell and close.
  virtual bool revoked() const = 0;
  // Whether what signed in would do so by HTTP, too, as far as that can be known: not of a certificate, a ticket, or an
  // app password that is not for it.
  virtual bool opens_http() const = 0;
  // What the client says it is, for those who look at their sessions; cut to kMaxProgramOctets. Thread-safe.
  virtual void set_program(std::string_view program) = 0;
};

// A session as whoever it belongs to sees it.
struct SeenSession {
  std::uint64_t number = 0;  // of this process, never used again
  std::string service;
  IpAddress remote;
  TimePoint since{};
  std::string program;      // "": not said
  std::string web_session;  // WebSession::id, where that is what signed in
};
inline constexpr std::size_t kMaxProgramOctets = 100;

// Asks for more, or the end: signed in, or why not. Errc of the Error: unauthenticated (wrong name or password; also
// what the mechanism calls a broken proof), invalid (broken message), denied (disabled, or wants to be somebody else),
// forbidden (the right main password, but a second factor is wanted: an app password is needed), expired (the right
// main password, which has to be replaced first), limit (refused by
// sign-in limits or sessions_per_account), unsupported (no such mechanism here), unavailable and others (could not be
// checked).
using SignInStep = std::variant<sasl::Challenge, std::unique_ptr<SignedIn>, Error>;

// One SASL conversation. Not thread-safe, but may move between threads from one call to the next; each call may block
// for a password hash: run it on a worker. After anything but a Challenge it is over. To cancel, drop it.
class SignIn {
 public:
  virtual ~SignIn() = default;
  virtual SignInStep begin(std::optional<std::string_view> initial) = 0;
  virtual SignInStep answer(std::string_view response) = 0;  // out of base64
};

// The one way in for the sessions of all protocols: mechanisms, limits, who is signed in. Thread-safe; outlives
// everything it gave out.
class Door {
 public:
  Door(sasl::Library&, Authenticator&, DoorPolicy, Log&, Metrics&);
  ~Door();
  void set_policy(DoorPolicy);

  // What may be advertised on this connection now, strongest first; empty where nobody can sign in.
  std::vector<sasl::Mechanism> mechanisms(const DoorContext&) const;
  // Whether the protocol's own password command (LOGIN, USER and PASS) works here.
  bool takes_passwords(const DoorContext&) const;

  // `revoked`: runs on any thread when the session has to end; must not block. Wakes the session
  // (runtime::Waker::wake). Errc::unsupported: not one of mechanisms(context).
  Result<std::unique_ptr<SignIn>> start(std::string_view mechanism, DoorContext, std::function<void()> revoked);
  // The protocol's own password command. Blocks. Errors as above; Errc::denied without TLS where that is not allowed.
  Result<std::unique_ptr<SignedIn>> with_password(std::string_view name, const Secret& password, const DoorContext&,
                                                  std::function<void()> revoked);

  // As Authenticator::with_code(): for the web, which can ask for a code. A code is used up whatever becomes of the
  // sign-in.
  using Coded = std::variant<std::unique_ptr<SignedIn>, CodeAnswer>;
  Result<Coded> with_code(std::string_view name, const Secret& password, const Secret& code, const DoorContext&,
                          std::function<void()> revoked);
  // By a proof that is no SASL mechanism: `prove` finds who it is, and runs again when that account is changed
  // meanwhile. Errors as above, and those of `prove`.
  Result<std::unique_ptr<SignedIn>> admit(const std::function<Result<Principal>()>& prove, const DoorContext&,
                                          const std::function<void()>& revoked);
  // Ends the sessions that entered by this web session ("": by any of the principal's). How many there were.
  std::size_t end_web_session(PrincipalId, std::string_view id);

  // Those of one principal, the newest first; of those by web sessions one of each and service.
  std::vector<SeenSession> seen(PrincipalId) const;
  // Ends the one, or, of several that share a service, an address and a program, all. False: there is none.
  bool end_session(PrincipalId, std::uint64_t number);
  // Ends all but those that entered by this web session ("": all). Unlike revoke(), whoever has the password may sign
  // in again. How many there were.
  std::size_t end_others(PrincipalId, std::string_view web_session);

  // By a bearer token, for protocols that have a way of their own (RFC 6750 2.1); `name` as in sasl::CheckToken.
  // Blocks. Errors as above; Errc::forbidden: a good token without a scope that is needed.
  bool takes_tokens(const DoorContext&) const;
  Result<std::unique_ptr<SignedIn>> with_token(std::string_view name, const Secret& token, const DoorContext&,
                                               std::function<void()> revoked);
  std::string token_scope() const;  // what tokens need: Tokens::Advice
  // Who vouches for tokens; set before anybody can sign in. Without it none is taken.
  void set_tokens(Tokens& tokens);
  // By a ticket as HTTP shows it (RFC 4559), alone in one message and not a second time; `proof` is what shows the
  // client whom it talks to, and may be empty. Blocks. Errors as above, Errc::unavailable: the keys cannot be read.
  bool takes_tickets(const DoorContext&) const;
  Result<std::unique_ptr<SignedIn>> with_ticket(std::string_view token, const DoorContext&,
                                                const std::function<void()>& revoked, std::string& proof);
  // Who takes Kerberos tickets; set before anybody can sign in. Without it GSSAPI is not offered.
  void set_tickets(Tickets& tickets);
  // Ends the sessions whose tokens have ended. For every few seconds.
  std::size_t end_expired();

  // Ends every session of the principal: after disable, delete or a new password. How many there were.
  std::size_t revoke(PrincipalId);
  // Signed-in sessions now, of one service or (empty) of all; for status and metrics.
  std::size_t signed_in(std::string_view service = {}) const;

  // Runs at every sign-in that succeeds, on its thread; must be quick. Set before anybody can sign in.
  void on_entered(std::function<void(std::string_view service, PrincipalId)> seen);
  // Everybody who is signed in now, once for each service. `visit` must be quick: sign-ins wait.
  void each_signed_in(const std::function<void(std::string_view service, PrincipalId)>& visit) const;

  Directory& directory() { return authenticator_.directory(); }

  struct State;  // door_state.hpp

 private:
  sasl::Library& library_;
  Authenticator& authenticator_;
  Tokens* tokens_ = nullptr;
  Tickets* tickets_ = nullptr;
  std::shared_ptr<State> state_;  // shared with what was given out
};

}  // namespace gatepost::directory
