#include "acme/transport.hpp"

#include <condition_variable>
#include <mutex>
#include <string_view>

#include "base/ascii.hpp"

namespace gatepost::acme {
namespace {

constexpr std::size_t kMaxValueOctets = 2000;
constexpr std::size_t kMaxAlternates = 10;

// RFC 8288 3: <https://...>;rel="alternate", <...>;rel="up"
void take_links(std::string_view value, HttpResponse& into) {
  for (;;) {
    const std::size_t begin = value.find('<');
    const std::size_t end = value.find('>', begin == std::string_view::npos ? 0 : begin);
    if (begin == std::string_view::npos || end == std::string_view::npos) return;
    const std::string_view url = value.substr(begin + 1, end - begin - 1);
    const std::size_t next = std::min(value.find(",<", end), value.find(", <", end));
    const std::string parameters =
        ascii::to_lower(value.substr(end + 1, next == std::string_view::npos ? next : next - end - 1));
    const bool alternate = parameters.find("rel=\"alternate\"") != std::string::npos ||
                           parameters.find("rel=alternate") != std::string::npos;
    if (alternate && url.starts_with("https://") && into.alternates.size() < kMaxAlternates)
      into.alternates.emplace_back(url);
    if (next == std::string_view::npos) return;
    value.remove_prefix(next + 1);
  }
}

}  // namespace

void take_header(std::string_view line, HttpResponse& into) {
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  // A status line begins another response: of a proxy, a redirect, 100 Continue.
  if (line.starts_with("HTTP/")) {
    HttpResponse fresh;
    fresh.body = std::move(into.body);
    into = std::move(fresh);
    return;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string name = ascii::to_lower(line.substr(0, colon));
  const std::string_view value = ascii::trim(line.substr(colon + 1));
  if (value.size() > kMaxValueOctets) return;
  if (name == "replay-nonce") into.nonce = value;
  if (name == "location") into.location = value;
  if (name == "retry-after") into.retry_after = value;
  if (name == "content-type") into.content_type = ascii::to_lower(ascii::trim(value.substr(0, value.find(';'))));
  if (name == "link") take_links(value, into);
}

bool pause(std::chrono::milliseconds duration, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop, duration, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace gatepost::acme
