#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "runtime/resolver.hpp"

namespace gatepost::runtime {

// A name as look-ups use it: lower case, no final dot. None when it cannot be a domain name (RFC 1035 2.3.4: 63 octets
// a label, 255 in all).
std::optional<std::string> canonical_name(std::string_view name);

// Adds what one record's data (RFC 1035 3.2.1 RDATA, names uncompressed) says; false when it breaks the format. Pure.
bool add_record(DnsAnswer& answer, RecordType type, std::string_view rdata);

}  // namespace gatepost::runtime
