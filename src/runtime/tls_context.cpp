#include "runtime/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "base/ip.hpp"
#include "runtime/ticket_keys.hpp"
#include "runtime/tls_certificates.hpp"
#include "runtime/tls_error.hpp"
#include "runtime/tls_session.hpp"
#include "runtime/tls_socket.hpp"

namespace gatepost::runtime {

namespace {

// TLS 1.2: forward secrecy and AEAD only (RFC 9325 4.2).
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:!aNULL:!eNULL";
// Sessions may be resumed after any reload, so this never changes.
constexpr std::string_view kSessionContext = "gatepost";
constexpr std::size_t kMaxHostOctets = 255;

struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using ContextPtr = std::unique_ptr<SSL_CTX, FreeContext>;

int version_number(TlsMinimum minimum) { return minimum == TlsMinimum::v1_3 ? TLS1_3_VERSION : TLS1_2_VERSION; }

void set_common(SSL_CTX* context, TlsMinimum minimum) {
  SSL_CTX_set_min_proto_version(context, version_number(minimum));
  // An end without close_notify is what many mail clients do; every protocol here marks the end of its data itself.
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  // One read takes a record's header and what follows it.
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_mode(context,
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

}  // namespace

struct TlsServer::State {
  std::vector<ParsedCertificate> certificates;
  // One context for each set of certificates that serves a name; the first is the default.
  std::vector<ContextPtr> contexts;
  std::map<std::string, SSL_CTX*, std::less<>> by_name;  // exact names and "*.suffix" patterns
  std::string alpn;                                      // wire form: length, name, ...
  std::shared_ptr<TicketKeys> keys;
  std::function<std::optional<TlsCertificate>(std::string_view)> proof;
  std::string ciphers;
  std::string client_authorities;
  TlsMinimum minimum = TlsMinimum::v1_2;

  Result<> build();
  Result<SSL_CTX*> context_of(const std::vector<std::size_t>& members);
  SSL_CTX* find(std::string_view host) const;

 private:
  std::map<std::vector<std::size_t>, SSL_CTX*> made_;
};

namespace {

const TlsServer::State* state_of(const SSL* ssl) {
  return static_cast<const TlsServer::State*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
}

// Marks a handshake that shows a certificate of proof (SSL_set_app_data).
char proof_mark = 0;
bool shows_proof(const SSL* ssl) { return SSL_get_app_data(ssl) == &proof_mark; }

// RFC 7301 3.1: ProtocolNameList of two octets of length, here with this one name.
bool offers_only(SSL* ssl, std::string_view protocol) {
  const unsigned char* octets = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &octets, &size) != 1) {
    return false;
  }
  const std::string_view list(reinterpret_cast<const char*>(octets), size);
  return list.size() == protocol.size() + 3 && static_cast<unsigned char>(list[2]) == protocol.size() &&
         list.substr(3) == protocol;
}

// RFC 6066 3: ServerNameList of one host_name: list length (2), type (1), name length (2), name.
std::string offered_name(SSL* ssl) {
  const unsigned char* octets = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &octets, &size) != 1 || size < 6) return {};
  const std::string_view list(reinterpret_cast<const char*>(octets), size);
  const std::size_t length = static_cast<std::size_t>(octets[3]) << 8 | octets[4];
  if (octets[2] != TLSEXT_NAMETYPE_host_name || length != size - 5 || length > kMaxHostOctets) return {};
  return ascii::to_lower(list.substr(5));
}

// The one moment at which ALPN is known and the certificate not yet chosen.
int look_for_proof(SSL* ssl, int* alert, void*) {
  const TlsServer::State& state = *state_of(ssl);
  if (!offers_only(ssl, kAcmeProtocol)) return SSL_CLIENT_HELLO_SUCCESS;
  const std::optional<TlsCertificate> shown = state.proof(offered_name(ssl));
  const auto parsed = shown ? parse_certificate(*shown) : fail(Errc::not_found);
  *alert = SSL_AD_NO_APPLICATION_PROTOCOL;
  if (!parsed) return SSL_CLIENT_HELLO_ERROR;
  const bool ok = SSL_use_certificate(ssl, parsed->leaf.get()) == 1 && SSL_use_PrivateKey(ssl, parsed->key.get()) == 1;
  SSL_set_app_data(ssl, &proof_mark);
  return ok ? SSL_CLIENT_HELLO_SUCCESS : SSL_CLIENT_HELLO_ERROR;
}

int choose_certificate(SSL* ssl, int*, void*) {
  if (shows_proof(ssl)) return SSL_TLSEXT_ERR_OK;
  const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
  const std::string_view host(name, strnlen(name, kMaxHostOctets + 1));
  SSL_CTX* const found = host.size() <= kMaxHostOctets ? state_of(ssl)->find(ascii::to_lower(host)) : nullptr;
  // RFC 6066 3 allows going on with the default certificate when the name is unknown.
  if (found == nullptr) return SSL_TLSEXT_ERR_NOACK;
  if (found != SSL_get_SSL_CTX(ssl)) SSL_set_SSL_CTX(ssl, found);
  return SSL_TLSEXT_ERR_OK;
}

int choose_alpn(SSL* ssl, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned in_size,
                void*) {
  if (shows_proof(ssl)) {
    *out = reinterpret_cast<const unsigned char*>(kAcmeProtocol.data());
    *out_size = static_cast<unsigned char>(kAcmeProtocol.size());
    return SSL_TLSEXT_ERR_OK;
  }
  const std::string& ours = state_of(ssl)->alpn;
  if (ours.empty()) return SSL_TLSEXT_ERR_NOACK;
  unsigned char* chosen = nullptr;
  const int found = SSL_select_next_proto(&chosen, out_size, reinterpret_cast<const unsigned char*>(ours.data()),
                                          static_cast<unsigned>(ours.size()), in, in_size);
  if (found != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;  // RFC 7301 3.2: no_application_protocol
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

int ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
               int sealing) {
  TlsServer::TicketKeys& keys = *state_of(ssl)->keys;
  return sealing != 0 ? keys.seal(name, iv, cipher, mac) : keys.open(name, iv, cipher, mac);
}

}  // namespace

namespace {

// Clients need no certificate, and one that is not good counts for nothing (TlsSession::facts()).
int take_any_certificate(int, X509_STORE_CTX*) { return 1; }

Result<> ask_for_certificates(SSL_CTX* context, const std::string& pem) {
  const std::unique_ptr<BIO, int (*)(BIO*)> text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  const auto free_all = [](STACK_OF(X509_INFO) * all) { sk_X509_INFO_pop_free(all, X509_INFO_free); };
  const std::unique_ptr<STACK_OF(X509_INFO), decltype(free_all)> all(
      PEM_X509_INFO_read_bio(text.get(), nullptr, nullptr, nullptr), free_all);
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  int certificates = 0;
  for (int i = 0; all != nullptr && i < sk_X509_INFO_num(all.get()); ++i) {
    const X509_INFO* const one = sk_X509_INFO_value(all.get(), i);
    bool ok = true;
    if (one->x509 != nullptr) {
      ok = X509_STORE_add_cert(store, one->x509) == 1 && SSL_CTX_add_client_CA(context, one->x509) == 1;
      ++certificates;
    }
    if (one->crl != nullptr) {
      ok = ok && X509_STORE_add_crl(store, one->crl) == 1;
      X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
    }
    if (!ok) return fail(Errc::invalid, "client_ca_file: " + tls_failure_words());
  }
  ERR_clear_error();
  if (certificates == 0) return fail(Errc::invalid, "client_ca_file: no certificate in it");
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, take_any_certificate);
  // A ticket would outlive a revocation.
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(context, 0);
  return {};
}

}  // namespace

Result<SSL_CTX*> TlsServer::State::context_of(const std::vector<std::size_t>& members) {
  if (const auto known = made_.find(members); known != made_.end()) return known->second;
  ContextPtr context(SSL_CTX_new(TLS_server_method()));
  const std::string& label = certificates[members.front()].facts.label;
  if (!context) return fail(Errc::internal, tls_failure_words());
  set_common(context.get(), minimum);
  SSL_CTX_set_options(context.get(), SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  if (SSL_CTX_set_cipher_list(context.get(), ciphers.empty() ? kCiphers : ciphers.c_str()) != 1) {
    return fail(Errc::invalid, "tls.ciphers: " + tls_failure_words());
  }
  SSL_CTX_set_dh_auto(context.get(), 1);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);  // tickets only: nothing to keep here
  SSL_CTX_set_session_id_context(context.get(), reinterpret_cast<const unsigned char*>(kSessionContext.data()),
                                 static_cast<unsigned>(kSessionContext.size()));
  SSL_CTX_set_num_tickets(context.get(), 1);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context.get(), ticket_key);
  SSL_CTX_set_tlsext_servername_callback(context.get(), choose_certificate);
  if (!alpn.empty() || proof) SSL_CTX_set_alpn_select_cb(context.get(), choose_alpn, nullptr);
  if (proof) SSL_CTX_set_client_hello_cb(context.get(), look_for_proof, nullptr);
  SSL_CTX_set_app_data(context.get(), this);
  if (!client_authorities.empty()) {
    GP_CHECK(ask_for_certificates(context.get(), client_authorities));
  }
  for (const std::size_t member : members) {
    const ParsedCertificate& one = certificates[member];
    bool ok = SSL_CTX_use_certificate(context.get(), one.leaf.get()) == 1;
    ok = ok && SSL_CTX_clear_chain_certs(context.get()) == 1;
    for (const X509Ptr& link : one.chain) ok = ok && SSL_CTX_add1_chain_cert(context.get(), link.get()) == 1;
    ok = ok && SSL_CTX_use_PrivateKey(context.get(), one.key.get()) == 1;
    if (!ok) return fail(Errc::invalid, fmt::format("{}: {}", label, tls_failure_words()));
  }
  SSL_CTX* const raw = context.get();
  contexts.push_back(std::move(context));
  made_.emplace(members, raw);
  return raw;
}

Result<> TlsServer::State::build() {
  const auto serves = [this](std::size_t index, std::string_view name) {
    return std::ranges::any_of(certificates[index].facts.names, [&](const std::string& pattern) {
      return pattern == name || name_matches(pattern, name);
    });
  };
  // The first certificate of each key type that serves the name, beginning with `first`.
  const auto members_for = [&](std::size_t first, const std::vector<std::string>& names) {
    std::vector<std::size_t> members{first};
    for (std::size_t i = 0; i < certificates.size(); ++i) {
      const bool new_type = std::ranges::none_of(
          members, [&](std::size_t m) { return certificates[m].key_type == certificates[i].key_type; });
      if (new_type && std::ranges::all_of(names, [&](const std::string& name) { return serves(i, name); }))
        members.push_back(i);
    }
    std::ranges::sort(members);
    return members;
  };
  GP_CHECK(context_of(members_for(0, certificates.front().facts.names)));
  for (std::size_t i = 0; i < certificates.size(); ++i) {
    for (const std::string& name : certificates[i].facts.names) {
      if (by_name.contains(name)) continue;
      GP_TRY(SSL_CTX* const context, context_of(members_for(i, {name})));
      by_name.emplace(name, context);
    }
  }
  return {};
}

SSL_CTX* TlsServer::State::find(std::string_view host) const {
  if (const auto exact = by_name.find(host); exact != by_name.end()) return exact->second;
  const std::size_t dot = host.find('.');
  if (dot == std::string_view::npos || dot == 0) return nullptr;
  const auto wild = by_name.find("*" + std::string(host.substr(dot)));
  return wild != by_name.end() ? wild->second : nullptr;
}

Result<std::unique_ptr<TlsServer>> TlsServer::create(const TlsServerSettings& settings, const Clock& clock) {
  auto keys = std::make_shared<TicketKeys>(clock, settings.ticket_key_lifetime);
  std::unique_ptr<TlsServer> server(new TlsServer(std::move(keys)));
  GP_CHECK(server->reload(settings));
  return server;
}

TlsServer::~TlsServer() = default;

Result<> TlsServer::reload(const TlsServerSettings& settings) {
  if (settings.certificates.empty()) return fail(Errc::invalid, "no certificate is configured");
  const auto fresh = std::make_shared<State>();
  fresh->keys = keys_;
  fresh->ciphers = settings.ciphers;
  fresh->minimum = settings.minimum;
  fresh->client_authorities = settings.client_authorities;
  fresh->proof = settings.proof;
  for (const std::string& protocol : settings.alpn) {
    if (protocol.empty() || protocol.size() > 255) return fail(Errc::invalid, "an ALPN name has 1 to 255 octets");
    fresh->alpn.push_back(static_cast<char>(protocol.size()));
    fresh->alpn += protocol;
  }
  for (const TlsCertificate& certificate : settings.certificates) {
    GP_TRY(ParsedCertificate parsed, parse_certificate(certificate));
    fresh->certificates.push_back(std::move(parsed));
  }
  GP_CHECK(fresh->build());
  const std::lock_guard lock(mutex_);
  state_ = fresh;
  return {};
}

std::shared_ptr<const TlsServer::State> TlsServer::current() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

std::vector<TlsCertificateFacts> TlsServer::certificates() const {
  std::vector<TlsCertificateFacts> out;
  for (const ParsedCertificate& one : current()->certificates) out.push_back(one.facts);
  return out;
}

Result<std::unique_ptr<TlsSession>> TlsServer::session(WaitedSocket& socket) const {
  std::shared_ptr<const State> state = current();
  ERR_clear_error();
  SSL* const ssl = SSL_new(state->contexts.front().get());
  if (ssl == nullptr || !set_socket(ssl, socket)) {
    SSL_free(ssl);
    return fail(Errc::internal, tls_failure_words());
  }
  SSL_set_accept_state(ssl);
  return std::make_unique<TlsSession>(ssl, std::move(state));
}

namespace {

// The system's certificate authorities. A hashed directory (openssl-rehash(1)) is looked into as needed; the bundle
// beside it holds the same, and reading that takes a tenth of a second.
int trust_system_store(SSL_CTX* context) {
  std::error_code ec;
  const bool named = std::getenv(X509_get_default_cert_file_env()) != nullptr;
  if (!named && std::getenv(X509_get_default_cert_dir_env()) == nullptr) {
    for (const auto& entry : std::filesystem::directory_iterator(X509_get_default_cert_dir(), ec)) {
      if (entry.path().extension() == ".0") return SSL_CTX_set_default_verify_dir(context);
    }
  }
  return SSL_CTX_set_default_verify_paths(context);
}

}  // namespace

Result<std::unique_ptr<TlsClient>> TlsClient::create(const TlsClientSettings& settings) {
  ERR_clear_error();
  std::shared_ptr<void> context(SSL_CTX_new(TLS_client_method()),
                                [](void* raw) { SSL_CTX_free(static_cast<SSL_CTX*>(raw)); });
  auto* const raw = static_cast<SSL_CTX*>(context.get());
  if (raw == nullptr) return fail(Errc::internal, tls_failure_words());
  set_common(raw, settings.minimum);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  const bool verifies = settings.verify == TlsClientSettings::Verify::name_and_chain;
  SSL_CTX_set_verify(raw, verifies ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  const int loaded =
      settings.ca_file.empty() ? trust_system_store(raw) : SSL_CTX_load_verify_file(raw, settings.ca_file.c_str());
  if (loaded != 1 && (verifies || !settings.ca_file.empty())) {
    return fail(Errc::invalid,
                fmt::format("certificate authorities {}: {}", settings.ca_file.string(), tls_failure_words()));
  }
  ERR_clear_error();
  return std::unique_ptr<TlsClient>(new TlsClient(std::move(context), verifies));
}

Result<std::unique_ptr<TlsSession>> TlsClient::session(WaitedSocket& socket, std::string_view server_name) const {
  ERR_clear_error();
  SSL* const ssl = SSL_new(static_cast<SSL_CTX*>(context_.get()));
  bool ok = ssl != nullptr && set_socket(ssl, socket);
  std::string name(server_name);
  if (name.ends_with('.')) name.pop_back();
  if (ok && !name.empty()) {
    if (IpAddress::parse(name)) {
      ok = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str()) == 1;
    } else {
      SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
      ok = SSL_set_tlsext_host_name(ssl, name.c_str()) == 1 && SSL_set1_host(ssl, name.c_str()) == 1;
    }
  }
  if (!ok || (verifies_ && name.empty())) {
    SSL_free(ssl);
    return fail(Errc::internal, name.empty() ? "no server name to verify" : tls_failure_words());
  }
  SSL_set_connect_state(ssl);
  return std::make_unique<TlsSession>(ssl, context_);
}

}  // namespace gatepost::runtime
