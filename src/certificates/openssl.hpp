#pragma once

#include <memory>
#include <string>
#include <string_view>

struct bio_st;
struct evp_pkey_st;
struct x509_st;

// What the files of this layer share of OpenSSL.
namespace gatepost::certificates {

struct FreeBio {
  void operator()(bio_st* bio) const;
};
struct FreeX509 {
  void operator()(x509_st* certificate) const;
};
using BioPtr = std::unique_ptr<bio_st, FreeBio>;
using X509Ptr = std::unique_ptr<x509_st, FreeX509>;

BioPtr read_from(std::string_view octets);  // a view; lives no longer than `octets`
BioPtr write_to_memory();
std::string written(bio_st* memory);
// The first error of OpenSSL's queue in its own words; empties it.
std::string openssl_words();
std::string to_pem(x509_st* certificate);
std::string to_der(x509_st* certificate);
int no_passphrase(char*, int, int, void*);

}  // namespace gatepost::certificates
