#include "http/server/accept_encoding.hpp"

#include <algorithm>

#include "base/ascii.hpp"

namespace gatepost::http::server {
namespace {

// weight = OWS ";" OWS "q=" qvalue; whether it is not "0", "0.", "0.0", ...
bool is_wanted(std::string_view parameters) {
  for (const std::string_view part : ascii::split(parameters, ';')) {
    const std::string_view parameter = ascii::trim(part);
    if (!ascii::istarts_with(parameter, "q=")) continue;
    const std::string_view value = parameter.substr(2);
    return value.find_first_of("123456789") != std::string_view::npos;
  }
  return true;
}

}  // namespace

bool AcceptedCodings::takes(std::string_view coding) const {
  bool any = false;
  for (std::size_t i = 0; i < request_.size(); ++i) {
    const Fields::Item field = request_.at(i);
    if (field.name != "accept-encoding") continue;
    for (const std::string_view element : ascii::split(field.value, ',')) {
      const std::size_t semicolon = std::min(element.find(';'), element.size());
      const std::string_view name = ascii::trim(element.substr(0, semicolon));
      if (ascii::iequals(name, coding)) return is_wanted(element.substr(semicolon));
      if (name == "*") any = is_wanted(element.substr(semicolon));
    }
  }
  return any;
}

}  // namespace gatepost::http::server
