#pragma once

#include <string>
#include <vector>

#include "base/date.hpp"

struct x509_st;

namespace gatepost::runtime {

// The mail addresses in a certificate's alternative names: rfc822Name (RFC 5280 4.2.1.6) and Microsoft's user principal
// name; at most 20, in order, none twice. What is not printable ASCII with an @ is passed over.
std::vector<std::string> mail_names(x509_st* certificate);
// The last moment it is good; epoch: that cannot be told.
TimePoint good_until(x509_st* certificate);

}  // namespace gatepost::runtime
