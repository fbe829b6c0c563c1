#include "certificates/openssl.hpp"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

namespace gatepost::certificates {

void FreeBio::operator()(bio_st* bio) const { BIO_free(bio); }
void FreeX509::operator()(x509_st* certificate) const { X509_free(certificate); }

BioPtr read_from(std::string_view octets) {
  return BioPtr(BIO_new_mem_buf(octets.data(), static_cast<int>(octets.size())));
}

BioPtr write_to_memory() { return BioPtr(BIO_new(BIO_s_mem())); }

std::string written(bio_st* memory) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory, &text);
  return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

std::string openssl_words() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "no reason given" : reason;
}

std::string to_pem(x509_st* certificate) {
  const BioPtr memory = write_to_memory();
  PEM_write_bio_X509(memory.get(), certificate);
  return written(memory.get());
}

std::string to_der(x509_st* certificate) {
  unsigned char* octets = nullptr;
  const int size = i2d_X509(certificate, &octets);
  std::string out(reinterpret_cast<const char*>(octets), size > 0 ? static_cast<std::size_t>(size) : 0);
  OPENSSL_free(octets);
  return out;
}

int no_passphrase(char*, int, int, void*) { return -1; }

}  // namespace gatepost::certificates
