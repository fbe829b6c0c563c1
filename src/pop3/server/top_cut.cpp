#include "pop3/server/top_cut.hpp"

namespace gatepost::pop3::server {

std::size_t TopCut::take(std::string_view piece) {
  std::size_t at = 0;
  while (!done_ && at < piece.size()) {
    const std::size_t lf = piece.find('\n', at);
    const std::string_view line = piece.substr(at, lf == std::string_view::npos ? lf : lf - at);
    if (in_header_ && line.find_first_not_of('\r') != std::string_view::npos) line_is_blank_ = false;
    if (lf == std::string_view::npos) return piece.size();
    at = lf + 1;
    if (in_header_) {
      in_header_ = !line_is_blank_;
      done_ = !in_header_ && lines_ == 0;
    } else {
      done_ = --lines_ == 0;
    }
    line_is_blank_ = true;
  }
  return at;
}

}  // namespace gatepost::pop3::server
