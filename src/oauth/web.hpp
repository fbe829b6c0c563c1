#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "oauth/provider.hpp"

namespace gatepost::http::client {
class Fetcher;
}

namespace gatepost::oauth {

struct WebAnswer {
  int status = 0;
  std::string body;
};

// How providers are asked. Thread-safe; blocks.
class Web {
 public:
  virtual ~Web() = default;
  // Any answer with a status is one. Errc::unavailable: there is none; the detail says why.
  virtual Result<WebAnswer> get(const Provider& provider, const std::string& url) = 0;
  // A form, with the provider's client_id and client_secret as HTTP Basic (RFC 6749 2.3.1).
  virtual Result<WebAnswer> post(const Provider& provider, const std::string& url, const std::string& form) = 0;
};

// By HTTPS. However slow providers are, they hold no more than kAtOnce and kWaiting of the threads that sign people in.
class CurlWeb final : public Web {
 public:
  static constexpr std::size_t kAtOnce = 4, kWaiting = 4;
  static constexpr std::size_t kBodyOctets = 256 << 10;

  CurlWeb();
  ~CurlWeb() override;
  Result<WebAnswer> get(const Provider& provider, const std::string& url) override;
  Result<WebAnswer> post(const Provider& provider, const std::string& url, const std::string& form) override;
  void stop();  // ends what goes on; nothing is asked any more

 private:
  struct Ask;
  Result<WebAnswer> send(const Provider& provider, const Ask& ask);
  bool enter(seconds at_most);
  std::unique_ptr<http::client::Fetcher> take(const std::string& terms);

  std::stop_source stop_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable free_;
  std::size_t running_ = 0, waiting_ = 0;
  // With the terms they were made for, the one that rested longest first. They keep connections.
  std::vector<std::pair<std::string, std::unique_ptr<http::client::Fetcher>>> idle_;
};

// application/x-www-form-urlencoded (RFC 6749 B).
std::string form_encoded(std::string_view text);

}  // namespace gatepost::oauth
