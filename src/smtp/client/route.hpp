#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.hpp"
#include "base/random.hpp"
#include "runtime/resolver.hpp"
#include "runtime/task.hpp"
#include "smtp/client/tally.hpp"

namespace gatepost::smtp::client {

inline constexpr std::size_t kMaxHosts = 10;            // mail exchangers of a domain that are looked at
inline constexpr std::size_t kMaxAddressesPerHost = 6;  // RFC 5321 5.1 asks for two at least

// The hosts that take mail for `domain`, best first (RFC 5321 5.1): its MX records, equal ones in random order, or the
// domain itself when it has none. Only those better than ourselves (`own_names`, lower case): going on with the others
// would be a loop. Failures: null MX (RFC 7505), a name that is none, a DNS that does not answer.
runtime::Task<std::expected<std::vector<std::string>, Verdict>> find_hosts(runtime::Resolver& resolver, Random& random,
                                                                           std::vector<std::string> own_names,
                                                                           std::string domain);

// The addresses of a host, IPv6 and IPv4 in turn. A literal ("[192.0.2.1]", "[IPv6:2001:db8::1]") or an address stands
// for itself.
runtime::Task<std::expected<std::vector<IpAddress>, Verdict>> find_addresses(runtime::Resolver& resolver,
                                                                             std::string host);

}  // namespace gatepost::smtp::client
