#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gatepost::mime {

// Message ids in the value of Message-ID, References or In-Reply-To, each without brackets, blanks and quotes (RFC 5256
// 3, "normalized"). What lies between them is passed over.
std::vector<std::string> message_ids(std::string_view text);

}  // namespace gatepost::mime
