#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What a message disposition notification says to programs (RFC 8098 3): a body of type
// message/disposition-notification.
namespace gatepost::jmap {

// RFC 8098 3.2.6, in lower case as RFC 9007 2 has them.
struct Disposition {
  std::string action_mode, sending_mode, type;
};
bool is_disposition(const Disposition& disposition);

struct MdnReport {
  std::optional<std::string> reporting_ua, gateway, original_recipient, final_recipient, original_message_id;
  Disposition disposition;
  std::vector<std::string> errors;
  std::vector<std::pair<std::string, std::string>> extensions;  // names as written
};

// RFC 9007 2, extensionFields: a field that is none of those that RFC 8098 defines.
bool is_extension_field(std::string_view name);
// nullopt: no disposition that RFC 9007 knows. Texts are UTF-8 whatever the octets. Pure.
std::optional<MdnReport> read_report(std::string_view body);
// With CRLF, without an empty line at its end. The caller vouches for texts without line ends.
std::string write_report(const MdnReport& report);

}  // namespace gatepost::jmap
