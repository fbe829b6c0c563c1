#include "certificates/facts.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>

#include "base/ascii.hpp"
#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/ip.hpp"
#include "certificates/openssl.hpp"

namespace gatepost::certificates {
namespace {

constexpr std::size_t kMaxChainOctets = 1 << 20;
constexpr std::size_t kMaxCertificates = 16;
constexpr int kMostNamesRead = 1000;

std::string one_line(const X509_NAME* name) {
  const BioPtr memory = write_to_memory();
  if (X509_NAME_print_ex(memory.get(), name, 0, XN_FLAG_RFC2253) < 0) return {};
  return written(memory.get());
}

// Dates of certificates go further than a TimePoint does.
TimePoint time_of_asn1(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  const std::chrono::seconds since(timegm(&parts));
  constexpr auto kLast = std::chrono::floor<std::chrono::seconds>(TimePoint::max().time_since_epoch());
  constexpr auto kFirst = std::chrono::ceil<std::chrono::seconds>(TimePoint::min().time_since_epoch());
  return TimePoint(std::clamp(since, kFirst, kLast));
}

std::string text_of_asn1(const ASN1_STRING* string) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
          static_cast<std::size_t>(ASN1_STRING_length(string))};
}

std::string address_of(std::string_view octets) {
  IpAddress address;
  if (octets.size() == 4) {
    ByteReader reader(octets);
    address = IpAddress::v4(reader.u32());
  } else if (octets.size() == 16) {
    std::ranges::copy(octets, address.octets.begin());
  } else {
    return {};
  }
  return address.to_string();
}

std::vector<std::string> names_of(const X509* certificate) {
  std::vector<std::string> names;
  auto* const all = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < std::min(sk_GENERAL_NAME_num(all), kMostNamesRead); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(all, i);
    std::string text;
    if (name->type == GEN_DNS) text = ascii::to_lower(text_of_asn1(name->d.dNSName));
    if (name->type == GEN_IPADD) text = address_of(text_of_asn1(name->d.iPAddress));
    if (!text.empty()) names.push_back(std::move(text));
  }
  GENERAL_NAMES_free(all);
  return names;
}

std::string authority_key_of(const X509* certificate) {
  auto* const id =
      static_cast<AUTHORITY_KEYID*>(X509_get_ext_d2i(certificate, NID_authority_key_identifier, nullptr, nullptr));
  std::string out = id != nullptr && id->keyid != nullptr ? text_of_asn1(id->keyid) : std::string();
  AUTHORITY_KEYID_free(id);
  return out;
}

// RFC 9773 4.1 wants the octets of the DER, with the leading zero of a number whose first bit is set.
std::string serial_of(const X509* certificate) {
  unsigned char* octets = nullptr;
  const int size = i2d_ASN1_INTEGER(X509_get0_serialNumber(certificate), &octets);
  // RFC 5280 4.1.2.2: at most 20 octets, so the length is one octet; longer ones of strangers are cut off with it.
  std::string out(reinterpret_cast<const char*>(octets), size > 0 ? static_cast<std::size_t>(size) : 0);
  OPENSSL_free(octets);
  return out.size() > 2 && static_cast<unsigned char>(out[1]) < 0x80 ? out.substr(2) : std::string();
}

std::string public_der_of(const X509* certificate) {
  unsigned char* octets = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &octets);
  std::string out(reinterpret_cast<const char*>(octets), size > 0 ? static_cast<std::size_t>(size) : 0);
  OPENSSL_free(octets);
  return out;
}

Facts facts_of(X509* certificate) {
  Facts out;
  out.names = names_of(certificate);
  out.subject = one_line(X509_get_subject_name(certificate));
  out.issuer = one_line(X509_get_issuer_name(certificate));
  out.serial = serial_of(certificate);
  out.authority_key = authority_key_of(certificate);
  out.public_der = public_der_of(certificate);
  out.der = to_der(certificate);
  out.not_before = time_of_asn1(X509_get0_notBefore(certificate));
  out.not_after = time_of_asn1(X509_get0_notAfter(certificate));
  out.is_authority = X509_check_ca(certificate) != 0;
  out.self_issued = X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) == 0;
  return out;
}

}  // namespace

Result<std::vector<Facts>> read_chain(std::string_view pem) {
  if (pem.size() > kMaxChainOctets) return fail(Errc::invalid, "too long for a chain of certificates");
  const BioPtr bio = read_from(pem);
  std::vector<Facts> out;
  for (;;) {
    const X509Ptr one(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr));
    if (!one) break;
    if (out.size() == kMaxCertificates) return fail(Errc::invalid, "more certificates than a chain has");
    out.push_back(facts_of(one.get()));
  }
  ERR_clear_error();  // the end of the text is an error to OpenSSL
  if (out.empty()) return fail(Errc::invalid, "no certificate in PEM");
  return out;
}

Result<std::vector<Facts>> read_pair(std::string_view chain_pem, const Key& key) {
  GP_TRY(std::vector<Facts> chain, read_chain(chain_pem));
  if (chain.front().public_der != key.public_der())
    return fail(Errc::invalid, "the key is not that of the certificate");
  for (std::size_t i = 1; i < chain.size(); ++i) {
    if (chain[i - 1].issuer != chain[i].subject)
      return fail(Errc::invalid, "certificate " + std::to_string(i + 1) + " is not the issuer of the one before it");
  }
  return chain;
}

std::string fingerprint(const Facts& facts) {
  const Sha256Value digest = sha256(facts.der);
  return to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

bool stands_for(const Facts& facts, std::string_view host) {
  const std::string name = ascii::to_lower(host);
  return std::ranges::any_of(facts.names, [&](const std::string& pattern) {
    if (!pattern.starts_with("*.")) return pattern == name;
    const std::size_t dot = name.find('.');
    return dot != std::string::npos && dot != 0 && std::string_view(name).substr(dot) == pattern.substr(1);
  });
}

std::string tlsa_data(std::string_view public_der) {
  const Sha256Value digest = sha256(public_der);
  return "3 1 1 " + to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace gatepost::certificates
