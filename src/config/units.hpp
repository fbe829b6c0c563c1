#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Sizes and durations as people write them, and suggestions for misspelt words.
namespace gatepost::config {

// "52428800", "512 KiB", "50MiB", "1 GiB", "2 TiB"; nullopt for anything else, also for a sum over 2^63.
std::optional<std::uint64_t> parse_octets(std::string_view text);
std::string format_octets(std::uint64_t octets);
// "90", "90s", "5 min", "2h", "5 days", "1 week"; whole numbers, up to ten years.
std::optional<std::chrono::seconds> parse_duration(std::string_view text);
std::string format_duration(std::chrono::seconds duration);

// The word of `words` that `text` most likely means, when it is near enough to be worth a question; empty otherwise.
std::string_view nearest(std::string_view text, const std::vector<std::string_view>& words);

}  // namespace gatepost::config
