#include "runtime/tls_certificates.hpp"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "base/bytes.hpp"
#include "base/ip.hpp"
#include "runtime/tls_error.hpp"

namespace gatepost::runtime {

namespace {

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using BioPtr = std::unique_ptr<BIO, FreeBio>;

BioPtr over(const std::string& text) { return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

// No prompt on the terminal of a daemon: a key with a passphrase is an error.
int no_passphrase(char*, int, int, void*) { return -1; }

std::string one_line(const X509_NAME* name) {
  const BioPtr memory(BIO_new(BIO_s_mem()));
  if (!memory || X509_NAME_print_ex(memory.get(), name, 0, XN_FLAG_RFC2253) < 0) return {};
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

TimePoint time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return std::chrono::time_point_cast<TimePoint::duration>(std::chrono::system_clock::from_time_t(timegm(&parts)));
}

// RFC 9525 6.3: names are in subjectAltName; the common name counts only where there is none.
std::vector<std::string> names_in(X509* certificate) {
  std::vector<std::string> names;
  auto* const alternatives =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(alternatives); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(alternatives, i);
    if (name->type != GEN_DNS) continue;
    const auto* const text = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
    names.push_back(ascii::to_lower({text, static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName))}));
  }
  const bool no_alternatives = alternatives == nullptr;
  GENERAL_NAMES_free(alternatives);
  if (no_alternatives) {
    char common[256];
    const int size =
        X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, common, sizeof common);
    if (size > 0) names.push_back(ascii::to_lower({common, static_cast<std::size_t>(size)}));
  }
  return names;
}

std::string serial_of(const X509* certificate) {
  BIGNUM* const number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr);
  std::string octets(number == nullptr ? 0 : static_cast<std::size_t>(BN_num_bytes(number)), '\0');
  if (number != nullptr) BN_bn2bin(number, reinterpret_cast<unsigned char*>(octets.data()));
  BN_free(number);
  return to_hex(octets);
}

std::string fingerprint_of(const X509* certificate) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest, &size) != 1) return {};
  return to_hex({reinterpret_cast<const char*>(digest), size});
}

Result<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    const int why = errno;
    return fail(why == EACCES ? Errc::denied : Errc::not_found,
                fmt::format("{}: {}", path.string(), std::strerror(why)));
  }
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (in.bad()) return fail(Errc::invalid, fmt::format("{}: cannot be read", path.string()));
  return text;
}

}  // namespace

void FreeX509::operator()(x509_st* certificate) const { X509_free(certificate); }
void FreeKey::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

Result<TlsCertificate> read_tls_certificate(const std::filesystem::path& chain, const std::filesystem::path& key,
                                            std::vector<std::string> names) {
  TlsCertificate out;
  GP_TRY(out.chain_pem, read_file(chain));
  GP_TRY(out.key_pem, read_file(key));
  out.names = std::move(names);
  out.label = chain.string();
  return out;
}

Result<ParsedCertificate> parse_certificate(const TlsCertificate& from) {
  ERR_clear_error();
  const auto bad = [&from](std::string_view what) {
    const std::string why = tls_failure_words();
    return fail(Errc::invalid, fmt::format("{}: {}{}{}", from.label.empty() ? "certificate" : from.label, what,
                                           why.empty() ? "" : ": ", why));
  };
  ParsedCertificate out;
  const BioPtr chain = over(from.chain_pem);
  out.leaf.reset(PEM_read_bio_X509(chain.get(), nullptr, no_passphrase, nullptr));
  if (!out.leaf) return bad("holds no PEM certificate");
  while (X509* const next = PEM_read_bio_X509(chain.get(), nullptr, no_passphrase, nullptr))
    out.chain.emplace_back(next);
  ERR_clear_error();  // the end of the PEM text is reported as an error
  const BioPtr key = over(from.key_pem);
  out.key.reset(PEM_read_bio_PrivateKey(key.get(), nullptr, no_passphrase, nullptr));
  if (!out.key) return bad("its private key cannot be read (PEM without a passphrase is needed)");
  if (X509_check_private_key(out.leaf.get(), out.key.get()) != 1)
    return bad("the private key belongs to another certificate");
  out.key_type = EVP_PKEY_get_base_id(out.key.get());
  out.facts.names = from.names.empty() ? names_in(out.leaf.get()) : from.names;
  for (std::string& name : out.facts.names) name = ascii::to_lower(name);
  out.facts.subject = one_line(X509_get_subject_name(out.leaf.get()));
  out.facts.issuer = one_line(X509_get_issuer_name(out.leaf.get()));
  out.facts.label = from.label;
  out.facts.serial = serial_of(out.leaf.get());
  out.facts.fingerprint = fingerprint_of(out.leaf.get());
  for (const X509Ptr& link : out.chain) out.facts.chain.push_back(one_line(X509_get_subject_name(link.get())));
  out.facts.not_before = time_of(X509_get0_notBefore(out.leaf.get()));
  out.facts.not_after = time_of(X509_get0_notAfter(out.leaf.get()));
  return out;
}

bool name_matches(std::string_view pattern, std::string_view host) {
  if (!pattern.starts_with("*.")) return pattern == host;
  const std::size_t dot = host.find('.');
  return dot != std::string_view::npos && dot != 0 && host.substr(dot) == pattern.substr(1);
}

}  // namespace gatepost::runtime
