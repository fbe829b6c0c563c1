#pragma once

#include <cstdint>
#include <string_view>

namespace gatepost::jmap {

inline constexpr std::string_view kCore = "urn:ietf:params:jmap:core";
inline constexpr std::string_view kMail = "urn:ietf:params:jmap:mail";
inline constexpr std::string_view kSubmission = "urn:ietf:params:jmap:submission";
inline constexpr std::string_view kQuota = "urn:ietf:params:jmap:quota";

inline constexpr std::string_view kVacation = "urn:ietf:params:jmap:vacationresponse";
inline constexpr std::string_view kSieve = "urn:ietf:params:jmap:sieve";                       // RFC 9661
inline constexpr std::string_view kMdn = "urn:ietf:params:jmap:mdn";                           // RFC 9007
inline constexpr std::string_view kBlob = "urn:ietf:params:jmap:blob";                         // RFC 9404
inline constexpr std::string_view kWebSocket = "urn:ietf:params:jmap:websocket";               // RFC 8887
inline constexpr std::string_view kPrincipals = "urn:ietf:params:jmap:principals";             // RFC 9670
inline constexpr std::string_view kPrincipalsOwner = "urn:ietf:params:jmap:principals:owner";  // of accounts alone
inline constexpr std::string_view kSnooze = "urn:gatepost:params:jmap:snooze";                 // docs/jmap.md
inline constexpr std::string_view kRemoved = "urn:gatepost:params:jmap:removed";               // docs/jmap.md
inline constexpr std::string_view kForwarding = "urn:gatepost:params:jmap:forwarding";         // docs/jmap.md
inline constexpr std::string_view kWebPushVapid = "urn:ietf:params:jmap:webpush-vapid";        // RFC 9749

inline bool is_capability(std::string_view name) {
  return name == kCore || name == kMail || name == kSubmission || name == kQuota || name == kVacation ||
         name == kSieve || name == kBlob || name == kMdn || name == kWebSocket || name == kWebPushVapid ||
         name == kPrincipals || name == kSnooze || name == kRemoved || name == kForwarding;
}

// RFC 8620 2: told in the session, and kept.
struct Limits {
  std::uint64_t upload_octets = 50 << 20;
  std::uint64_t request_octets = 10 << 20;
  std::uint32_t concurrent_uploads = 8, concurrent_requests = 8;  // of one account
  std::size_t calls = 64;
  std::size_t objects_in_get = 1'000, objects_in_set = 1'000;
  std::size_t blob_set_octets = 4 << 20;  // RFC 9404 3.1: maxSizeBlobSet
  std::size_t blob_sources = 64;          // maxDataSources
};

}  // namespace gatepost::jmap
