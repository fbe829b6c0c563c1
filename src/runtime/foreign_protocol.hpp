#pragma once

#include <string_view>

namespace gatepost::runtime {

inline constexpr std::string_view kTlsHello = "TLS", kHttp = "HTTP";

// The protocol a client speaks that took a mail server for something else, by its first octets: "HTTP", "SSH", "TLS",
// "RDP", "SMB", "SOCKS". Empty: nothing that is certain. Pure; looks at the first kilobyte at most.
std::string_view foreign_protocol(std::string_view first);

}  // namespace gatepost::runtime
