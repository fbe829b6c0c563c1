#include "discovery/apple_profile.hpp"

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

#include <fmt/format.h>

#include "base/digest.hpp"

namespace gatepost::discovery {
namespace {

// RFC 9562 5.8: a UUID of our own making, here from a hash of what it names.
std::string uuid_of(std::string_view name) {
  Sha256Value hash = sha256(name);
  hash[6] = static_cast<std::uint8_t>((hash[6] & 0x0f) | 0x80);
  hash[8] = static_cast<std::uint8_t>((hash[8] & 0x3f) | 0x80);
  std::string out;
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += fmt::format("{:02X}", hash[i]);
  }
  return out;
}

std::string reversed(std::string_view host) {
  std::string out;
  while (!host.empty()) {
    const std::size_t dot = host.rfind('.');
    const std::string_view label = dot == std::string_view::npos ? host : host.substr(dot + 1);
    if (!out.empty()) out += '.';
    out += label;
    host = dot == std::string_view::npos ? std::string_view() : host.substr(0, dot);
  }
  return out;
}

class Plist {
 public:
  Plist& text(std::string_view key, std::string_view value) {
    out += fmt::format("<key>{}</key><string>{}</string>\n", key, xml_escaped(value));
    return *this;
  }
  Plist& number(std::string_view key, unsigned value) {
    out += fmt::format("<key>{}</key><integer>{}</integer>\n", key, value);
    return *this;
  }
  Plist& flag(std::string_view key, bool value) {
    out += fmt::format("<key>{}</key><{}/>\n", key, value ? "true" : "false");
    return *this;
  }
  std::string out;
};

struct Free {
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(CMS_ContentInfo* p) const { CMS_ContentInfo_free(p); }
  void operator()(STACK_OF(X509) * p) const { sk_X509_pop_free(p, X509_free); }
};
template <class T>
using Own = std::unique_ptr<T, Free>;

Own<BIO> over(std::string_view text) { return Own<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }
int no_passphrase(char*, int, int, void*) { return -1; }

}  // namespace

Result<std::string> write_apple_profile(const MailServices& services, std::string_view address,
                                        std::string_view hostname) {
  const MailService* incoming = best(services, Kind::imap);
  const bool imap = incoming != nullptr;
  if (!imap) incoming = best(services, Kind::pop3);
  const MailService* const outgoing = best(services, Kind::submission);
  if (incoming == nullptr || outgoing == nullptr) return fail(Errc::not_found, "no port for mail programs is open");
  const std::string identifier = reversed(hostname) + ".mail." + uuid_of(address);
  Plist account;
  account.text("EmailAccountType", imap ? "EmailTypeIMAP" : "EmailTypePOP")
      .text("EmailAccountDescription", address)
      .text("EmailAddress", address)
      .text("IncomingMailServerAuthentication", "EmailAuthPassword")
      .text("IncomingMailServerHostName", incoming->host)
      .number("IncomingMailServerPortNumber", incoming->port)
      .flag("IncomingMailServerUseSSL", true)
      .text("IncomingMailServerUsername", address)
      .text("OutgoingMailServerAuthentication", "EmailAuthPassword")
      .text("OutgoingMailServerHostName", outgoing->host)
      .number("OutgoingMailServerPortNumber", outgoing->port)
      .flag("OutgoingMailServerUseSSL", true)
      .text("OutgoingMailServerUsername", address)
      .flag("OutgoingPasswordSameAsIncomingPassword", true)
      .text("PayloadDisplayName", "Mail")
      .text("PayloadIdentifier", identifier + ".account")
      .text("PayloadType", "com.apple.mail.managed")
      .text("PayloadUUID", uuid_of(identifier + ".account"))
      .number("PayloadVersion", 1);
  Plist profile;
  profile.text("PayloadDescription", fmt::format("Sets up mail for {}", address))
      .text("PayloadDisplayName", fmt::format("Mail of {}", address))
      .text("PayloadIdentifier", identifier)
      .text("PayloadOrganization", hostname)
      .flag("PayloadRemovalDisallowed", false)
      .text("PayloadType", "Configuration")
      .text("PayloadUUID", uuid_of(identifier))
      .number("PayloadVersion", 1);
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
      "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\">\n<dict>\n{}"
      "<key>PayloadContent</key>\n<array>\n<dict>\n{}</dict>\n</array>\n</dict>\n</plist>\n",
      profile.out, account.out);
}

Result<std::string> sign_profile(std::string_view octets, const std::string& chain_pem, const std::string& key_pem) {
  ERR_clear_error();
  const Own<BIO> chain_text = over(chain_pem), key_text = over(key_pem), content = over(octets);
  const Own<X509> leaf(PEM_read_bio_X509(chain_text.get(), nullptr, no_passphrase, nullptr));
  const Own<EVP_PKEY> key(PEM_read_bio_PrivateKey(key_text.get(), nullptr, no_passphrase, nullptr));
  const Own<STACK_OF(X509)> chain(sk_X509_new_null());
  while (X509* const next = PEM_read_bio_X509(chain_text.get(), nullptr, no_passphrase, nullptr)) {
    sk_X509_push(chain.get(), next);
  }
  ERR_clear_error();
  if (!leaf || !key) return fail(Errc::invalid, "no certificate to sign with");
  const Own<CMS_ContentInfo> cms(
      CMS_sign(leaf.get(), key.get(), chain.get(), content.get(), CMS_BINARY | CMS_NOSMIMECAP));
  const Own<BIO> der(BIO_new(BIO_s_mem()));
  if (!cms || i2d_CMS_bio(der.get(), cms.get()) != 1) {
    ERR_clear_error();
    return fail(Errc::invalid, "the certificate cannot sign");
  }
  char* text = nullptr;
  const long size = BIO_get_mem_data(der.get(), &text);
  return std::string(text, static_cast<std::size_t>(size));
}

}  // namespace gatepost::discovery
