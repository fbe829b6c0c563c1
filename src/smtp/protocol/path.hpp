#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

#include "smtp/protocol/syntax.hpp"

namespace gatepost::smtp {

// RFC 5321 4.5.3.1.1 to .3
inline constexpr std::size_t kMaxLocalPartOctets = 64;
inline constexpr std::size_t kMaxDomainOctets = 255;
inline constexpr std::size_t kMaxPathOctets = 256;  // with < and >
inline constexpr std::size_t kMaxSourceRouteOctets = 1024;

// A reverse-path or forward-path (RFC 5321 4.1.2), UTF-8 included (RFC 6531 3.3). Three forms: null (<>), a mailbox,
// and <postmaster> without a domain.
struct Path {
  std::string local_part;  // without quotes and backslashes; as the client wrote it otherwise. "postmaster" in lower
                           // case when there is no domain
  std::string domain;  // ASCII in lower case, U-labels as they came; or a literal: "[192.0.2.1]", "[IPv6:2001:db8::1]"

  bool is_null() const { return local_part.empty() && domain.empty(); }
  bool is_literal() const { return domain.starts_with('['); }
  // Has octets that need SMTPUTF8: otherwise 553 5.6.7 (RFC 6531 3.5).
  bool needs_smtputf8() const;
  // local@domain, quoted where it must be, without < and >. Null: "". Without a domain: "postmaster".
  std::string address() const;
  bool operator==(const Path&) const = default;
};

enum class PathKind : std::uint8_t { reverse, forward };  // <> only as reverse, <postmaster> only as forward

// Takes a path with its brackets from the front of `text`. A source route is read and dropped (RFC 5321 4.1.1.3, C).
std::expected<Path, SyntaxError> take_path(std::string_view& text, PathKind kind, const ParseOptions& options);
// An address without brackets, as in address().
std::expected<Path, SyntaxError> parse_mailbox(std::string_view text, const ParseOptions& options);
// Domain or address literal as in EHLO and after @, in canonical form.
std::expected<std::string, SyntaxError> parse_domain(std::string_view text, const ParseOptions& options);

void write(std::string& out, const Path& path);  // with brackets

}  // namespace gatepost::smtp
