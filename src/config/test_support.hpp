#pragma once

#include <string_view>

// Tests only.
namespace gatepost::config {

// The beginning of a file: what every one needs.
inline constexpr std::string_view kSelfSignedStart = R"([server]
hostname = "mail.example.org"
data_dir = "/tmp"
[tls]
self_signed = true
)";

}  // namespace gatepost::config
