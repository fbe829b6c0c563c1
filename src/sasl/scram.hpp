#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "sasl/mechanism.hpp"

// SCRAM (RFC 5802, RFC 7677) with gsasl inside.
namespace gatepost::sasl {

// One gsasl handle. Thread-safe: gsasl only reads it after it is made, what changes is in sessions.
class Gsasl {
 public:
  static Result<std::unique_ptr<Gsasl>> create();
  ~Gsasl();
  Gsasl(const Gsasl&) = delete;
  Gsasl& operator=(const Gsasl&) = delete;
  void* handle() const { return handle_; }

 private:
  explicit Gsasl(void* handle) : handle_(handle) {}
  void* handle_;
};

bool is_scram(Mechanism mechanism);
bool is_plus(Mechanism mechanism);

// `channel_binding`: what Offer says. Borrows `gsasl`, `credentials` and `decoy_key`.
Result<std::unique_ptr<Exchange>> make_scram_exchange(const Gsasl& gsasl, Mechanism mechanism,
                                                      std::string_view channel_binding, std::string_view decoy_key,
                                                      Credentials& credentials);
// Without channel binding.
Result<std::unique_ptr<ClientExchange>> make_scram_client(const Gsasl& gsasl, Mechanism mechanism,
                                                          std::string_view name, const Secret& password);

}  // namespace gatepost::sasl
