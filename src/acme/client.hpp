#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "acme/messages.hpp"
#include "acme/outcome.hpp"
#include "acme/transport.hpp"
#include "base/clock.hpp"
#include "base/secret.hpp"
#include "certificates/store.hpp"

namespace gatepost::acme {

struct AccountSettings {
  std::string directory;             // URL
  std::vector<std::string> contact;  // mail addresses
  std::string external_key_id;       // RFC 8555 7.3.4; empty: none
  Secret external_key;               // its octets
};

// One account at one authority: signs requests, keeps nonces, makes the account when there is none. The account's key
// lies in `folder` (account.key) before the authority hears of it, its address beside it (account.json): after a kill
// the same key finds the same account (RFC 8555 7.3.1). Not thread-safe. Everything it is given outlives it.
class Client {
 public:
  Client(Transport& transport, certificates::Folder folder, AccountSettings settings, const Clock& clock);

  // Reads the directory; makes the key and the account where they are missing.
  Outcome<> open(std::stop_token stop);
  const Directory& directory() const { return directory_; }
  const certificates::Key& key() const { return *key_; }
  const std::string& account() const { return account_; }
  // Only looks: whether there is an account for the key kept here (onlyReturnExisting, 7.3.1). Makes nothing.
  Outcome<bool> has_account(std::stop_token stop);
  Outcome<> read_directory(std::stop_token stop);

  // POST with a fresh nonce; badNonce is tried again (6.5), a lost account is made anew once. An answer of 400 and more
  // is a failure, explained. `payload` empty: POST-as-GET.
  Outcome<HttpResponse> post(const std::string& url, const std::string& payload, std::stop_token stop,
                             const std::string& accept = {});
  // The certificate, in DER; reason 4: superseded (RFC 5280 5.3.1).
  Outcome<> revoke(const std::string& der, std::stop_token stop);
  // What the authority suggests for a certificate; none: it has no such service, or nothing usable to say.
  Outcome<std::optional<certificates::Suggestion>> suggestion(const certificates::Facts& facts, std::stop_token stop);

  // The problem document and HTTP status of the last post(), when that failed by an answer, for who wants to decide by
  // it.
  const Problem& problem() const { return problem_; }
  std::chrono::seconds retry_after(const HttpResponse& response) const {
    return read_retry_after(response.retry_after, clock_.now());
  }

 private:
  Outcome<> load_key(bool make);
  Outcome<> make_account(std::stop_token stop);
  Outcome<HttpResponse> try_post(const std::string& url, const std::string& payload, bool by_key, std::stop_token stop,
                                 const std::string& accept);
  Outcome<std::string> nonce(std::stop_token stop);
  std::unexpected<Failure> refusal(const HttpResponse& response);

  Transport& transport_;
  const certificates::Folder folder_;
  const AccountSettings settings_;
  const Clock& clock_;
  Directory directory_;
  std::optional<certificates::Key> key_;
  std::string account_;  // its URL, "kid"
  std::string nonce_;
  Problem problem_;
};

}  // namespace gatepost::acme
