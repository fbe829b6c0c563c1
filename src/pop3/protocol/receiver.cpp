#include "pop3/protocol/receiver.hpp"

#include <algorithm>

#include "base/ascii.hpp"

namespace gatepost::pop3 {

void Receiver::expect_line() { *this = Receiver(); }

void Receiver::expect_sasl_line() {
  expect_line();
  sasl_ = true;
}

std::size_t Receiver::limit(std::string_view input) const {
  return sasl_ || ascii::istarts_with(input, "AUTH ") ? kMaxSaslLineOctets : kMaxCommandOctets;
}

Receiver::Item Receiver::next(std::string_view input) {
  if (dropping_) {
    const std::size_t end = input.find('\n');
    if (end == std::string_view::npos) return {.kind = Kind::need_more, .text = {}, .consumed = input.size()};
    expect_line();
    Item item = next(input.substr(end + 1));
    item.consumed += end + 1;
    return item;
  }
  const std::size_t most = limit(input);
  const std::string_view window = input.substr(0, most);
  const std::size_t lf = window.find('\n', std::min(scanned_, window.size()));
  if (lf == std::string_view::npos) {
    if (window.size() < most) {
      scanned_ = window.size();
      return {};
    }
    expect_line();
    dropping_ = true;
    return {.kind = Kind::too_long, .text = {}, .consumed = window.size()};
  }
  expect_line();
  std::string_view line = window.substr(0, lf);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return {.kind = Kind::line, .text = line, .consumed = lf + 1};
}

}  // namespace gatepost::pop3
