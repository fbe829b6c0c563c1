#include "sasl/scram.hpp"

#include <fmt/format.h>
#include <gsasl.h>

#include <charconv>
#include <cstring>

#include "base/ascii.hpp"
#include "base/base64.hpp"
#include "sasl/plain.hpp"
#include "sasl/scram_keys.hpp"

namespace gatepost::sasl {
namespace {

constexpr std::uint32_t kDecoyIterations = 4096;  // RFC 7677 4: at least; what true verifiers start with

::Gsasl* raw(const Gsasl& gsasl) { return static_cast<::Gsasl*>(gsasl.handle()); }

struct FinishSession {
  void operator()(Gsasl_session* session) const { gsasl_finish(session); }
};
using Session = std::unique_ptr<Gsasl_session, FinishSession>;

Hash hash_of(Mechanism mechanism) {
  return mechanism == Mechanism::scram_sha256 || mechanism == Mechanism::scram_sha256_plus ? Hash::sha256 : Hash::sha1;
}

struct GsaslStep {
  int rc;
  std::string output;
};
GsaslStep run(const Session& session, std::string_view input) {
  char* output = nullptr;
  std::size_t octets = 0;
  GsaslStep out{gsasl_step(session.get(), input.data(), input.size(), &output, &octets), {}};
  if (output != nullptr) {
    out.output.assign(output, octets);
    gsasl_free(output);
  }
  return out;
}

// gsasl works on C strings: what they cannot hold is no SCRAM message anyway (RFC 5802 7).
bool is_message(std::string_view text) {
  return !text.empty() && text.size() <= kMaxMessageOctets && !text.contains('\0');
}

// saslname = 1*(value-safe-char / "=2C" / "=3D"): anything else behind "=" must fail (RFC 5802 5.1), which gsasl lets
// pass.
bool has_proper_escapes(std::string_view client_first) {
  const auto fields = ascii::split(client_first, ',');
  if (fields.size() < 4 || !fields[2].starts_with("n=")) return false;
  std::string_view name = fields[2].substr(2);
  for (std::size_t at = name.find('='); at != std::string_view::npos; at = name.find('=')) {
    name.remove_prefix(at + 1);
    if (!name.starts_with("2C") && !name.starts_with("3D")) return false;
  }
  return true;
}

class ScramExchange final : public Exchange {
 public:
  ScramExchange(Session session, Mechanism mechanism, std::string_view channel_binding, std::string_view decoy_key,
                Credentials& credentials)
      : session_(std::move(session)),
        mechanism_(mechanism),
        binding_available_(!channel_binding.empty()),
        decoy_key_(decoy_key),
        credentials_(credentials) {
    gsasl_session_hook_set(session_.get(), this);
  }

  Step begin(std::optional<std::string_view> initial) override {
    if (initial) return step(*initial);
    return Challenge{};
  }

  Step step(std::string_view response) override {
    switch (next_) {
      case Next::first:
        return take_first(response);
      case Next::proof:
        return take_proof(response);
      case Next::confirmation:
        return take_confirmation(response);
      case Next::nothing:
        break;
    }
    return end(Errc::invalid, "the SCRAM exchange is over");
  }

  // gsasl asks for a property.
  int provide(Gsasl_property property) {
    switch (property) {
      case GSASL_SCRAM_ITER:
      case GSASL_SCRAM_SALT:
      case GSASL_SCRAM_STOREDKEY:
      case GSASL_SCRAM_SERVERKEY:
        break;
      default:
        return GSASL_NO_CALLBACK;
    }
    if (!load()) return GSASL_NO_CALLBACK;
    std::string value;
    if (property == GSASL_SCRAM_ITER) value = std::to_string(verifier_->iterations);
    if (property == GSASL_SCRAM_SALT) value = base64::encode(verifier_->salt);
    if (property == GSASL_SCRAM_STOREDKEY) value = base64::encode(verifier_->stored_key);
    if (property == GSASL_SCRAM_SERVERKEY) value = base64::encode(verifier_->server_key);
    return gsasl_property_set(session_.get(), property, value.c_str());
  }

 private:
  enum class Next : std::uint8_t { first, proof, confirmation, nothing };

  Failed end(Error error) {
    next_ = Next::nothing;
    return Failed{std::move(error), name_, {}};
  }
  Failed end(Errc code, const char* detail) { return end(Error{code, detail}); }

  // client-first-message = gs2-header client-first-message-bare; its first octet says what the client knows of channel
  // binding: n no, y yes but we do not offer it, p it uses it (RFC 5802 6)
  Step take_first(std::string_view message) {
    if (!is_message(message) || !has_proper_escapes(message)) return end(Errc::invalid, "no SCRAM message");
    if (!is_plus(mechanism_) && message.front() == 'p') {
      return end(Errc::invalid, "channel binding belongs to the -PLUS mechanisms");
    }
    // Somebody between took -PLUS from what we offered.
    if (message.front() == 'y' && binding_available_) {
      return end(Errc::unauthenticated, "the client was kept from using channel binding");
    }
    const GsaslStep result = run(session_, message);
    if (error_) return end(*std::move(error_));
    if (result.rc != GSASL_NEEDS_MORE) return end(code_for(result.rc), gsasl_strerror(result.rc));
    next_ = Next::proof;
    if (!verifier_->former_stored_keys.empty()) {
      const std::size_t authzid = message.find(',') + 1;
      client_first_bare_ = message.substr(message.find(',', authzid) + 1);
      server_first_ = result.output;
    }
    return Challenge{result.output};
  }

  Step take_proof(std::string_view message) {
    if (!is_message(message)) return end(Errc::invalid, "no SCRAM message");
    const GsaslStep result = run(session_, message);
    if (result.rc == GSASL_OK) {
      next_ = Next::confirmation;
      return Challenge{result.output};
    }
    Failed failed = end(code_for(result.rc), gsasl_strerror(result.rc));
    failed.fingerprint = Secret(message);
    failed.former = failed.error.code == Errc::unauthenticated && is_by_former(message);
    return failed;
  }

  // Whether the proof is one of a password that was replaced, by the arithmetic of RFC 5802 3:
  // AuthMessage := client-first-message-bare "," server-first-message "," client-final-message-without-proof;
  // ClientKey := ClientProof XOR HMAC(StoredKey, AuthMessage), and its hash is the StoredKey.
  bool is_by_former(std::string_view client_final) const {
    const std::size_t at = client_final.rfind(",p=");
    if (client_first_bare_.empty() || at == std::string_view::npos) return false;
    const Hash hash = hash_of(mechanism_);
    const auto proof = base64::decode(client_final.substr(at + 3));
    if (!proof || proof->size() != octets_of(hash)) return false;
    std::string auth_message = client_first_bare_;
    auth_message.append(1, ',').append(server_first_).append(1, ',').append(client_final.substr(0, at));
    for (const std::string& stored_key : verifier_->former_stored_keys) {
      std::string client_key = hmac(hash, stored_key, auth_message);
      for (std::size_t i = 0; i < client_key.size(); ++i)
        client_key[i] = static_cast<char>(client_key[i] ^ (*proof)[i]);
      if (equal_in_constant_time(digest(hash, client_key), stored_key)) return true;
    }
    return false;
  }

  // The protocols say "success" without data, so our proof went as a challenge; the client answers with nothing.
  Step take_confirmation(std::string_view message) {
    if (!message.empty()) return end(Errc::invalid, "the client answered our proof");
    next_ = Next::nothing;
    return Proven{std::move(name_)};
  }

  static Errc code_for(int rc) {
    switch (rc) {
      case GSASL_AUTHENTICATION_ERROR:
      case GSASL_NO_CB_TLS_UNIQUE:
      case GSASL_NO_CB_TLS_EXPORTER:
        return Errc::unauthenticated;
      case GSASL_MALLOC_ERROR:
      case GSASL_CRYPTO_ERROR:
        return Errc::unavailable;
      default:
        return Errc::invalid;
    }
  }

  // Reads the verifier, once; false when the exchange must end, for the reason in error_.
  bool load() {
    if (verifier_) return true;
    if (error_) return false;
    const char* name = gsasl_property_fast(session_.get(), GSASL_AUTHID);
    const char* authzid = gsasl_property_fast(session_.get(), GSASL_AUTHZID);
    if (name == nullptr || !is_acceptable_name(name)) {
      error_ = Error{Errc::invalid, "the name is empty, too long or not text"};
      return false;
    }
    name_ = name;
    if (!same_identity(authzid != nullptr ? authzid : "", name_)) {
      error_ = Error{Errc::denied, "wants to act for another identity"};
      return false;
    }
    const Hash hash = hash_of(mechanism_);
    auto found = credentials_.scram_verifier(name_, to_string(hash));
    if (!found) {
      error_ = std::move(found).error();
      return false;
    }
    const bool usable = *found && (*found)->iterations > 0 && !(*found)->salt.empty() &&
                        (*found)->stored_key.size() == octets_of(hash) &&
                        (*found)->server_key.size() == octets_of(hash);
    verifier_ =
        usable ? **std::move(found) : decoy_verifier(hash, decoy_key_, ascii::to_lower(name_), kDecoyIterations);
    return true;
  }

  Session session_;
  const Mechanism mechanism_;
  const bool binding_available_;
  const std::string_view decoy_key_;
  Credentials& credentials_;
  Next next_ = Next::first;
  std::string name_;
  std::string client_first_bare_, server_first_;  // kept where there are former passwords
  std::optional<ScramVerifier> verifier_;
  std::optional<Error> error_;
};

int on_callback(::Gsasl*, Gsasl_session* session, Gsasl_property property) {
  auto* exchange = session != nullptr ? static_cast<ScramExchange*>(gsasl_session_hook_get(session)) : nullptr;
  return exchange != nullptr ? exchange->provide(property) : GSASL_NO_CALLBACK;
}

class ScramClient final : public ClientExchange {
 public:
  ScramClient(Session session, Mechanism mechanism) : session_(std::move(session)), mechanism_(mechanism) {}
  Mechanism mechanism() const override { return mechanism_; }

  Result<std::optional<std::string>> initial() override {
    if (first_) return first_;
    GsaslStep result = run(session_, {});
    if (result.rc != GSASL_NEEDS_MORE) return failed(result.rc);
    first_ = std::move(result.output);
    return first_;
  }

  Result<std::string> step(std::string_view challenge) override {
    if (complete_) return fail(Errc::invalid, "a challenge after the end");
    // A server that overlooked the initial response asks for it with an empty challenge.
    if (challenge.empty() && !answered_) {
      GP_TRY(auto first, initial());
      return *std::move(first);
    }
    if (!first_ || !is_message(challenge)) return fail(Errc::invalid, "no SCRAM message");
    if (!answered_) GP_CHECK(check_iterations(challenge));
    answered_ = true;
    GsaslStep result = run(session_, challenge);
    if (result.rc != GSASL_OK && result.rc != GSASL_NEEDS_MORE) return failed(result.rc);
    complete_ = result.rc == GSASL_OK;
    return std::move(result.output);
  }

  bool complete() const override { return complete_; }

 private:
  static std::unexpected<Error> failed(int rc) {
    return fail(rc == GSASL_AUTHENTICATION_ERROR ? Errc::unauthenticated : Errc::invalid, gsasl_strerror(rc));
  }

  // server-first-message = ... "," "i=" iteration-count: a server chooses how long we calculate.
  static Result<> check_iterations(std::string_view message) {
    for (std::string_view field : ascii::split(message, ',')) {
      if (!field.starts_with("i=")) continue;
      std::uint32_t count = 0;
      const auto [ptr, ec] = std::from_chars(field.data() + 2, field.data() + field.size(), count);
      if (ec == std::errc{} && ptr == field.data() + field.size() && count <= kMaxClientIterations) return {};
      break;
    }
    return fail(Errc::invalid, "the iteration count is missing or too high");
  }

  Session session_;
  const Mechanism mechanism_;
  std::optional<std::string> first_;
  bool answered_ = false, complete_ = false;
};

}  // namespace

Result<std::unique_ptr<Gsasl>> Gsasl::create() {
  ::Gsasl* handle = nullptr;
  if (const int rc = gsasl_init(&handle); rc != GSASL_OK) return fail(Errc::internal, gsasl_strerror(rc));
  gsasl_callback_set(handle, on_callback);
  return std::unique_ptr<Gsasl>(new Gsasl(handle));
}

Gsasl::~Gsasl() { gsasl_done(static_cast<::Gsasl*>(handle_)); }

bool is_scram(Mechanism mechanism) { return mechanism <= Mechanism::scram_sha1; }

bool is_plus(Mechanism mechanism) {
  return mechanism == Mechanism::scram_sha256_plus || mechanism == Mechanism::scram_sha1_plus;
}

Result<std::unique_ptr<Exchange>> make_scram_exchange(const Gsasl& gsasl, Mechanism mechanism,
                                                      std::string_view channel_binding, std::string_view decoy_key,
                                                      Credentials& credentials) {
  Gsasl_session* handle = nullptr;
  const int rc = gsasl_server_start(raw(gsasl), std::string(to_string(mechanism)).c_str(), &handle);
  if (rc != GSASL_OK) return fail(Errc::internal, gsasl_strerror(rc));
  Session session(handle);
  // Only tls-exporter (RFC 9266): tls-unique does not exist in TLS 1.3 and is weak before.
  if (!channel_binding.empty() &&
      gsasl_property_set(handle, GSASL_CB_TLS_EXPORTER, base64::encode(channel_binding).c_str()) != GSASL_OK) {
    return fail(Errc::unavailable, "no memory");
  }
  return std::make_unique<ScramExchange>(std::move(session), mechanism, channel_binding, decoy_key, credentials);
}

Result<std::unique_ptr<ClientExchange>> make_scram_client(const Gsasl& gsasl, Mechanism mechanism,
                                                          std::string_view name, const Secret& password) {
  Gsasl_session* handle = nullptr;
  const int rc = gsasl_client_start(raw(gsasl), std::string(to_string(mechanism)).c_str(), &handle);
  if (rc != GSASL_OK) return fail(Errc::internal, gsasl_strerror(rc));
  Session session(handle);
  if (gsasl_property_set(handle, GSASL_AUTHID, std::string(name).c_str()) != GSASL_OK ||
      gsasl_property_set(handle, GSASL_PASSWORD, std::string(password.reveal()).c_str()) != GSASL_OK) {
    return fail(Errc::unavailable, "no memory");
  }
  return std::make_unique<ScramClient>(std::move(session), mechanism);
}

}  // namespace gatepost::sasl
