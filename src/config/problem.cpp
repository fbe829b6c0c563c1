#include "config/problem.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.hpp"
#include "base/utf8.hpp"

namespace gatepost::config {

std::string printable(std::string_view text) {
  std::string out = utf8::sanitize(text.substr(0, 80));
  std::replace_if(out.begin(), out.end(), ascii::is_control, '?');
  return out;
}

std::string Problem::text() const {
  std::string out;
  if (!file.empty()) out = line == 0 ? fmt::format("{}: ", file) : fmt::format("{}:{}: ", file, line);
  if (severity == Severity::warning) out += "warning: ";
  if (!where.empty()) out += where + ": ";
  out += what + ".";
  if (!cause.empty()) out += " " + cause;
  if (!cure.empty()) out += " " + cure;
  return out;
}

}  // namespace gatepost::config
