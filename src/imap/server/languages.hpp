#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace gatepost::imap::server {

class Session;

// The languages in which people are told something (RFC 5255 3). 0 is i-default, English that everybody may be spoken
// to in (RFC 2277 4.5). All functions are pure and thread-safe.
std::span<const std::string_view> language_tags();
// The first of ours that one of the ranges means, in their order, by lookup (RFC 4647 3.4): "de-AT" is "de". Nullopt:
// none.
std::optional<std::size_t> find_language(std::string_view range);
// A constant text of ours in that language; the text itself where nobody has said it yet. Lives for ever, or as `text`
// does.
std::string_view translated(std::string_view text, std::size_t language);

// NAMESPACE's untagged answer, in the session's language. cmd_small.cpp
void write_namespaces_of(Session& session);

}  // namespace gatepost::imap::server
