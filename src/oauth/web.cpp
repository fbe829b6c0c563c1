#include "oauth/web.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.hpp"
#include "base/base64.hpp"
#include "http/client/fetcher.hpp"

namespace gatepost::oauth {

struct CurlWeb::Ask {
  http::client::Request request;
};

CurlWeb::CurlWeb() = default;
CurlWeb::~CurlWeb() { stop(); }

void CurlWeb::stop() {
  stop_.request_stop();
  const std::lock_guard lock(mutex_);
  free_.notify_all();
}

Result<WebAnswer> CurlWeb::get(const Provider& provider, const std::string& url) {
  return send(provider, {{.url = url, .body = {}, .headers = {"Accept: application/json"}}});
}

Result<WebAnswer> CurlWeb::post(const Provider& provider, const std::string& url, const std::string& form) {
  Ask ask{{.method = http::client::Request::Method::post,
           .url = url,
           .body = form,
           .headers = {"Accept: application/json", "Content-Type: application/x-www-form-urlencoded"}}};
  if (!provider.client_id.empty()) {
    const std::string both = form_encoded(provider.client_id) + ":" + form_encoded(provider.client_secret);
    ask.request.headers.push_back("Authorization: Basic " + base64::encode(both));
  }
  return send(provider, ask);
}

// Waits for its turn; false: too many wait, it took too long, or all is over.
bool CurlWeb::enter(seconds at_most) {
  std::unique_lock lock(mutex_);
  if (running_ >= kAtOnce) {
    if (waiting_ >= kWaiting) return false;
    ++waiting_;
    free_.wait_for(lock, at_most, [this] { return running_ < kAtOnce || stop_.stop_requested(); });
    --waiting_;
  }
  if (running_ >= kAtOnce || stop_.stop_requested()) return false;
  ++running_;
  return true;
}

std::unique_ptr<http::client::Fetcher> CurlWeb::take(const std::string& terms) {
  const std::lock_guard lock(mutex_);
  const auto at = std::ranges::find(idle_, terms, &decltype(idle_)::value_type::first);
  if (at == idle_.end()) return nullptr;
  auto out = std::move(at->second);
  idle_.erase(at);
  return out;
}

Result<WebAnswer> CurlWeb::send(const Provider& provider, const Ask& ask) {
  if (!enter(provider.timeout)) return fail(Errc::unavailable, "too many sign-ins wait for the provider");
  const std::string terms =
      fmt::format("{}\n{}\n{}", provider.name, provider.ca_file.string(), provider.timeout.count());
  auto fetcher = take(terms);
  if (fetcher == nullptr) {
    fetcher = std::make_unique<http::client::Fetcher>(http::client::Terms{.ca_file = provider.ca_file,
                                                                          .user_agent = "gatepost (oauth; libcurl)",
                                                                          .body_octets = kBodyOctets,
                                                                          .connect = provider.timeout,
                                                                          .whole = provider.timeout});
  }
  auto answer = fetcher->send(ask.request, {}, stop_.get_token());
  {
    const std::lock_guard lock(mutex_);
    --running_;
    if (idle_.size() == kAtOnce) idle_.erase(idle_.begin());
    idle_.emplace_back(terms, std::move(fetcher));
    free_.notify_one();
  }
  if (answer) return WebAnswer{answer->status, std::move(answer->body)};
  if (answer.error().kind == http::client::Trouble::Kind::stopped)
    return fail(Errc::unavailable, "the server is stopping");
  return fail(Errc::unavailable, fmt::format("{}: {}", answer.error().host, answer.error().said));
}

std::string form_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (ascii::is_alnum(c) || std::string_view("-._*").contains(c)) {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace gatepost::oauth
