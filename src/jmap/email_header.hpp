#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "jmap/json.hpp"
#include "mime/structure.hpp"

// Header fields of a message or a part in the forms that a client may ask for (RFC 8621 4.1.2, 4.1.3).
namespace gatepost::jmap {

enum class Form : std::uint8_t { raw, text, addresses, grouped_addresses, message_ids, date, urls };

// "header:List-Id:asText:all".
struct HeaderProperty {
  std::string name;  // as the client wrote it
  Form form = Form::raw;
  bool all = false;
};
// nullopt: it is not such a property, or asks for a form that the field may not be read as.
std::optional<HeaderProperty> read_header_property(std::string_view property);

// `block`: of the message or part.
json::value header_value(std::string_view block, const HeaderProperty& property);
// All fields as they are: [{name, value}].
json::array header_list(std::string_view block);

json::value address_list(std::span<const mime::Address> addresses);  // null when there is none
json::value message_id_list(mime::OptionalText field);               // null when there is no field, or no id in it
json::value text_value(mime::OptionalText field);
json::value date_value(mime::OptionalText field);

}  // namespace gatepost::jmap
