#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "discovery/mail_services.hpp"

// Autodiscover by SOAP: [MS-OXWSADISC].
namespace gatepost::discovery {

inline constexpr std::size_t kMaxSoapOctets = 64 << 10;
inline constexpr std::size_t kMaxSoapUsers = 100;     // [MS-OXWSADISC] 3.1.4.1.2.6: a server limits them
inline constexpr std::size_t kMaxSoapSettings = 200;  // of one request

struct SoapRequest {
  enum class Operation : std::uint8_t { user_settings, domain_settings, other } operation = Operation::other;
  std::vector<std::string> about;     // mailboxes, or domains
  std::vector<std::string> settings;  // that are asked for
  std::string message_id;             // of the header (WS-Addressing), to be answered; empty: none
};
// Errc::invalid: no SOAP envelope with something in its body, or more users and settings than may be asked for at once.
Result<SoapRequest> parse_soap(std::string_view text);

// What is known of one of `about`.
struct SoapUser {
  std::string address, display_name;
  std::string webmail;  // its URL; empty: there is none
  MailServices services;
};

// The answer to GetUserSettings ([MS-OXWSADISC] 3.1.4.3): one response for each of `about`; nullopt: not the caller's,
// or nobody's. And to GetDomainSettings (3.1.4.1), which has nothing to tell: `known` are domains of ours.
std::string write_user_settings(const SoapRequest& request, const std::vector<std::optional<SoapUser>>& users);
std::string write_domain_settings(const SoapRequest& request, const std::vector<bool>& known);
// A fault (SOAP 1.1 4.4) of the client's. `words` are ours.
std::string write_soap_fault(std::string_view words);

}  // namespace gatepost::discovery
