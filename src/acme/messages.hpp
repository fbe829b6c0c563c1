#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/date.hpp"
#include "base/result.hpp"

// What an ACME server says, read from its JSON (RFC 8555 7.1, 8; RFC 9773 4; RFC 7807). Unknown members are left alone;
// texts are cut at a length and lists at a number that no honest server reaches. All errors are Errc::invalid.
namespace gatepost::acme {

struct Directory {
  std::string new_nonce, new_account, new_order, revoke_cert;
  std::string renewal_info;  // empty: the server makes no suggestions
  std::string terms;         // URL, may be empty
  bool needs_external_account = false;
};

// RFC 7807, with the subproblems of RFC 8555 6.7.1.
struct Problem {
  std::string type;  // "urn:ietf:params:acme:error:dns"; empty: about:blank
  std::string detail;
  int status = 0;
  std::string name;  // the identifier a subproblem is about
  std::vector<Problem> subproblems;
  bool empty() const { return type.empty() && detail.empty(); }
  // "dns" of "urn:ietf:params:acme:error:dns"
  std::string_view kind() const;
};

enum class Status : std::uint8_t { pending, ready, processing, valid, invalid, deactivated, expired, revoked, unknown };

struct Order {
  Status status = Status::unknown;
  std::vector<std::string> names;
  std::vector<std::string> authorizations;  // URLs
  std::string finalize, certificate;
  Problem error;
};

struct Challenge {
  std::string type, url, token;
  Status status = Status::unknown;
  Problem error;
};

struct Authorization {
  std::string name;  // without "*."
  bool wildcard = false;
  Status status = Status::unknown;
  std::vector<Challenge> challenges;
};

struct RenewalInfo {
  TimePoint start{}, end{};
  std::string explanation;
};

Result<Directory> read_directory(std::string_view json);
Result<Order> read_order(std::string_view json);
Result<Authorization> read_authorization(std::string_view json);
Result<RenewalInfo> read_renewal_info(std::string_view json);
Result<Problem> read_problem(std::string_view json);

// RFC 8555 8.1: base64url letters, at least 128 bits; what is not is no token and must not become a file's name.
bool is_token(std::string_view text);
// RFC 9110 10.2.3: seconds, or a date. At most a week; 0 for what is neither.
std::chrono::seconds read_retry_after(std::string_view value, TimePoint now);
// RFC 9773 4.1: what a certificate is called when asking about its renewal.
std::string renewal_id(std::string_view authority_key, std::string_view serial);

}  // namespace gatepost::acme
