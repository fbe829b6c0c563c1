#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"

namespace gatepost::sasl {

// What a server keeps of a password for SCRAM (RFC 5802 3): enough to check a proof, not enough to make one. Raw
// octets.
struct ScramVerifier {
  std::uint32_t iterations = 0;
  std::string salt, stored_key, server_key;
  // Of passwords that were replaced, under the same salt and iterations: a proof by one of them is known for what it
  // is. They let nobody in.
  std::vector<std::string> former_stored_keys = {};
  bool operator==(const ScramVerifier&) const = default;
};

enum class Mechanism : std::uint8_t {  // strongest first
  scram_sha256_plus,
  scram_sha1_plus,
  scram_sha256,
  scram_sha1,
  gssapi,
  external,
  oauthbearer,
  xoauth2,
  plain,
  login,
};
inline constexpr Mechanism kLastMechanism = Mechanism::login;
std::string_view to_string(Mechanism mechanism);                  // "SCRAM-SHA-256-PLUS"
std::optional<Mechanism> mechanism_named(std::string_view name);  // in any case

// What mechanisms ask the directory. The session implements it over Directory and Authenticator.
class Credentials {
 public:
  virtual ~Credentials() = default;
  // `name`: UTF-8 as the client gave it. `hash`: "SHA-256" or "SHA-1". nullopt: nobody there, or no verifier of this
  // kind; the exchange then goes on with a decoy, so that names cannot be probed. An error (the limits refuse, the
  // store fails) ends the exchange and is what Failed carries. May block: called within Exchange::step only.
  virtual Result<std::optional<ScramVerifier>> scram_verifier(std::string_view name, std::string_view hash) = 0;
};

// The server's side of one conversation of the Kerberos V5 GSS-API mechanism (RFC 4121): whoever sends a ticket for
// this service, and knows the key in it, is whom the ticket names. One thread at a time; accept() reads the keytab.
// Errors: Errc::unauthenticated: not a ticket that is good here and now. Errc::unavailable: the keys cannot be read.
class TicketContext {
 public:
  virtual ~TicketContext() = default;
  struct Accepted {
    std::string reply;  // for the client; empty: nothing
    bool complete = false;
  };
  virtual Result<Accepted> accept(std::string_view token) = 0;
  // Once it is complete. Integrity alone, not secrecy (RFC 4752 3.1: conf_flag FALSE).
  virtual Result<std::string> wrap(std::string_view octets) = 0;
  virtual Result<std::string> unwrap(std::string_view token) = 0;
  virtual std::string client() const = 0;  // as the realm calls it: "anna@CORP.EXAMPLE"
};

// Who has the keys of services. Thread-safe; outlives what it opened.
class TicketAcceptor {
 public:
  virtual ~TicketAcceptor() = default;
  // Whether there is a key for this service ("imap"; RFC 4121 4.1.1, RFC 2743 4.1). Reads memory only.
  virtual bool serves(std::string_view service) const = 0;
  virtual std::unique_ptr<TicketContext> open(std::string_view service) = 0;
};

// What a session may offer at the moment.
struct Offer {
  bool tls = false;
  bool without_tls = false;          // the configuration allows signing in without TLS, in words
  std::string channel_binding = {};  // tls-exporter (RFC 9266), 32 raw octets; empty: not available, no -PLUS
  bool plain = true;                 // PLAIN and LOGIN
  bool tokens = false;               // OAUTHBEARER and XOAUTH2: under TLS alone, whatever `without_tls` says
  bool certificate = false;          // EXTERNAL: the client showed a good certificate, under TLS
  bool scram_sha256 = true, scram_sha1 = true;  // verifiers of this kind exist
  TicketAcceptor* tickets = nullptr;            // GSSAPI, under TLS alone; null: no keys
  std::string ticket_service = {};              // as TicketAcceptor::serves()
};
// Strongest first; empty without TLS unless allowed. What to advertise, and all that Library::server starts.
std::vector<Mechanism> mechanisms(const Offer& offer);

// One thing that comes next.
struct Challenge {  // send it (not yet in base64), give the answer to step()
  std::string octets;
};
struct CheckPassword {  // ask the directory whether this is right: that is the outcome
  std::string name;
  Secret password;
};
struct CheckToken {  // ask who vouches for bearer tokens (bearer.hpp): that is the outcome
  std::string name;  // whom the client means; empty: whoever the token is of
  Secret token;      // empty: it has none
};
struct CheckCertificate {  // see whose the client's certificate is: that is the outcome
  std::string name;        // whom the client means; empty: whoever it is of
};
struct CheckTicket {   // see whose account this is: that is the outcome
  std::string client;  // who the client is, as TicketContext::client()
  std::string name;    // whom the client means; empty: whoever that is
};
struct Proven {  // the client proved to know the password of `name`
  std::string name;
};
struct Failed {
  Error error;       // unauthenticated: wrong proof; invalid: broken message; denied: wants to be somebody else;
                     // or what Credentials said
  std::string name;  // as far as known; for limits and the log
  // What tells this wrong proof from others; empty: no password was tried. Nonces make it new at every attempt: of two
  // proofs SCRAM does not show whether they came from the same wrong password.
  Secret fingerprint;
  bool former = false;  // proved to know a password that was replaced (ScramVerifier::former_stored_keys): no guess
};
using Step = std::variant<Challenge, CheckPassword, CheckToken, CheckCertificate, CheckTicket, Proven, Failed>;

inline constexpr std::size_t kMaxNameOctets = 1024, kMaxPasswordOctets = 1024, kMaxMessageOctets = 8192;
// Of bearer tokens; an access token with many groups in it is some thousands of octets. The message has the token, a
// name and a little more, and its base64 fits into the line of RFC 4954 4.
inline constexpr std::size_t kMaxTokenOctets = 8192, kMaxTokenMessageOctets = 9200;

// The server's side of one sign-in. Not thread-safe, but it may move between threads from one call to the next: SCRAM
// reads the directory, so sessions run begin() and step() on a worker. After anything but Challenge it is over; calls
// then give Failed. A client that cancels ("*") needs nothing but dropping this.
class Exchange {
 public:
  virtual ~Exchange() = default;
  // `initial`: the initial response; nullopt when the client sent none (RFC 4422 3), which is not the same as an empty
  // one.
  virtual Step begin(std::optional<std::string_view> initial) = 0;
  virtual Step step(std::string_view response) = 0;  // the answer to the last challenge, out of base64
};

// The client's side of one sign-in, for the smart host. Not thread-safe; never blocks longer than hashing takes (tens
// of milliseconds at the iterations common now; at most kMaxClientIterations).
class ClientExchange {
 public:
  virtual ~ClientExchange() = default;
  virtual Mechanism mechanism() const = 0;
  // What goes with AUTH; nullopt: nothing (LOGIN).
  virtual Result<std::optional<std::string>> initial() = 0;
  // The answer to a challenge. Errc::unauthenticated: the server does not know the password either; leave it.
  // Errc::invalid: broken message.
  virtual Result<std::string> step(std::string_view challenge) = 0;
  // The server has proved itself, or the mechanism does not do that. When the server says "success" and this is false,
  // it is an impostor (RFC 5802 5).
  virtual bool complete() const = 0;
};
inline constexpr std::uint32_t kMaxClientIterations = 1'000'000;

// Makes exchanges; gsasl inside. Thread-safe; outlives its exchanges. One for the program.
class Library {
 public:
  // `decoy_key`: secret of this server, any length: the same over restarts, or strangers could tell decoys by their
  // change.
  static Result<std::unique_ptr<Library>> create(std::string_view decoy_key);
  virtual ~Library() = default;

  // Errc::unsupported: no such mechanism, or not one of mechanisms(offer). `credentials` outlives the exchange.
  virtual Result<std::unique_ptr<Exchange>> server(std::string_view mechanism, const Offer& offer,
                                                   Credentials& credentials) = 0;
  // The best of what a server offers: SCRAM-SHA-256, SCRAM-SHA-1, and under TLS PLAIN and LOGIN. Errc::unsupported:
  // none.
  virtual Result<std::unique_ptr<ClientExchange>> client(const std::vector<std::string>& offered, bool tls,
                                                         std::string_view name, const Secret& password) = 0;
};

// RFC 5802 3, RFC 7677. The password is prepared by SASLprep first; Errc::invalid when that refuses it.
Result<ScramVerifier> derive_scram_sha256(const Secret& password, std::string_view salt, std::uint32_t iterations);
Result<ScramVerifier> derive_scram_sha1(const Secret& password, std::string_view salt, std::uint32_t iterations);
// RFC 4013, for stored strings: unassigned code points are refused. Errc::invalid: not UTF-8, or with forbidden
// characters.
Result<Secret> saslprep(const Secret& text);

}  // namespace gatepost::sasl
