#pragma once

#include <string>
#include <string_view>

namespace gatepost::mime {

// What is left of a subject without the marks of replies and forwards (RFC 5256 2.1), as messages are sorted and
// threaded by it. Linear time.
struct BaseSubject {
  std::string text;       // UTF-8, its case as it was
  bool is_reply = false;  // a mark of a reply or forward was removed
  bool operator==(const BaseSubject&) const = default;
};

// `subject`: a header's value, RFC 2047 words not decoded yet.
BaseSubject base_subject(std::string_view subject);

}  // namespace gatepost::mime
