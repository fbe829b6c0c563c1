#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "gate/probe/report.hpp"

// What a probe and a vantage elsewhere say to each other. One connection, one request:
//
//   vantage  GATEPOST-VANTAGE-1 <challenge: 64 hexadecimal digits>
//   probe    <signature: 64 hexadecimal digits> <request: one line of JSON>
//   vantage  <signature> <report: one line of JSON>
//
// A signature is HMAC-SHA256 with the key both have, over the challenge, who speaks, and what follows; that of the
// report covers the request's, too. So a request holds for its own connection alone: heard and sent again, it is
// refused. What is said is not secret, and not encrypted.
namespace gatepost::gate::probe {

inline constexpr std::string_view kVantageGreeting = "GATEPOST-VANTAGE-1 ";
inline constexpr std::size_t kMaxRequestOctets = 32 << 10;
inline constexpr std::size_t kMaxReportOctets = 4 << 20;
inline constexpr std::size_t kMinKeyOctets = 32;
inline constexpr std::size_t kMaxRequestPorts = 64;
inline constexpr std::uint16_t kVantagePort = 4993;

struct VantageRequest {
  std::string host;
  std::string profile = "gatepost";
  std::vector<std::string> ports;  // names or numbers; empty: all of the profile
  std::string server_name, outside_domain;
  std::string leaf_on_disk;  // DER; empty: not compared
  bool relay_test = true;
  std::chrono::seconds answer_timeout{5};
  bool operator==(const VantageRequest&) const = default;
};
// One line, without its end. Errc::invalid: not such a request, or beyond the limits.
std::string write_request(const VantageRequest& request);
Result<VantageRequest> read_request(std::string_view json);

// A report as format_json() writes it, or {"refused": "why"}, which becomes Errc::denied. Texts are made printable.
Result<Report> read_report(std::string_view json);
std::string write_refusal(std::string_view why);

// 64 hexadecimal digits.
std::string sign_request(std::string_view key, std::string_view challenge, std::string_view request);
std::string sign_report(std::string_view key, std::string_view challenge, std::string_view request_signature,
                        std::string_view report);

// A signed line: signature, a blank, what is signed. Errc::denied: the signature is another's.
Result<std::string_view> checked(std::string_view line, std::string_view expected_signature);

}  // namespace gatepost::gate::probe
