#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gatepost::mime {

// Reads message ids in the value of Message-ID, References or In-Reply-To, each without brackets, blanks and quotes
// (RFC 5256 3, "normalized"). What lies between them is passed over.
class MessageIds {
 public:
  explicit MessageIds(std::string_view text) : text_(text) {}
  // Nullopt: there are no more. The view is of the text, or of this object, and lives until the next call.
  std::optional<std::string_view> next();

 private:
  std::string_view text_;
  std::string id_;
};

std::vector<std::string> message_ids(std::string_view text);  // all of them

}  // namespace gatepost::mime
