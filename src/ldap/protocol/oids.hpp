#pragma once

#include <string_view>

// Names of extended operations, controls and features, by the document that defines them.
namespace gatepost::ldap::oid {

inline constexpr std::string_view kStartTls = "1.3.6.1.4.1.1466.20037";         // RFC 4511 4.14
inline constexpr std::string_view kDisconnection = "1.3.6.1.4.1.1466.20036";    // RFC 4511 4.4.1
inline constexpr std::string_view kWhoAmI = "1.3.6.1.4.1.4203.1.11.3";          // RFC 4532
inline constexpr std::string_view kPasswordModify = "1.3.6.1.4.1.4203.1.11.1";  // RFC 3062
inline constexpr std::string_view kCancel = "1.3.6.1.1.8";                      // RFC 3909

inline constexpr std::string_view kPagedResults = "1.2.840.113556.1.4.319";      // RFC 2696
inline constexpr std::string_view kSortRequest = "1.2.840.113556.1.4.473";       // RFC 2891
inline constexpr std::string_view kSortResponse = "1.2.840.113556.1.4.474";      // RFC 2891
inline constexpr std::string_view kListViewRequest = "2.16.840.1.113730.3.4.9";  // draft-ietf-ldapext-ldapv3-vlv-09
inline constexpr std::string_view kListViewResponse = "2.16.840.1.113730.3.4.10";
inline constexpr std::string_view kMatchedValues = "1.2.826.0.1.3344810.2.3";          // RFC 3876
inline constexpr std::string_view kAssertion = "1.3.6.1.1.12";                         // RFC 4528
inline constexpr std::string_view kPreRead = "1.3.6.1.1.13.1";                         // RFC 4527
inline constexpr std::string_view kPostRead = "1.3.6.1.1.13.2";                        // RFC 4527
inline constexpr std::string_view kManageDsaIt = "2.16.840.1.113730.3.4.2";            // RFC 3296
inline constexpr std::string_view kSubentries = "1.3.6.1.4.1.4203.1.10.1";             // RFC 3672
inline constexpr std::string_view kProxiedAuthorization = "2.16.840.1.113730.3.4.18";  // RFC 4370
inline constexpr std::string_view kSyncRequest = "1.3.6.1.4.1.4203.1.9.1.1";           // RFC 4533
inline constexpr std::string_view kSyncState = "1.3.6.1.4.1.4203.1.9.1.2";
inline constexpr std::string_view kSyncDone = "1.3.6.1.4.1.4203.1.9.1.3";
inline constexpr std::string_view kSyncInfo = "1.3.6.1.4.1.4203.1.9.1.4";

inline constexpr std::string_view kPasswordPolicy =
    "1.3.6.1.4.1.42.2.27.8.5.1";  // draft-behera-ldap-password-policy-11

inline constexpr std::string_view kDirSync = "1.2.840.113556.1.4.841";  // [MS-ADTS] 3.1.1.3.4.1.3

inline constexpr std::string_view kAllOperationalAttributes = "1.3.6.1.4.1.4203.1.5.1";  // RFC 3673
inline constexpr std::string_view kTrueFalseFilters = "1.3.6.1.4.1.4203.1.5.3";          // RFC 4526

}  // namespace gatepost::ldap::oid
