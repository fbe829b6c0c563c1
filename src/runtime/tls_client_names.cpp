#include "runtime/tls_client_names.hpp"

#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <memory>
#include <string_view>

namespace gatepost::runtime {
namespace {

constexpr std::size_t kMaxNames = 20;
constexpr std::size_t kMaxOctets = 320;

bool is_address(std::string_view text) {
  return text.size() <= kMaxOctets && text.contains('@') &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

// The string in a name that may be a mail address; nullptr: it is of another kind.
const ASN1_STRING* text_of(const GENERAL_NAME* name) {
  if (name->type == GEN_EMAIL) return name->d.rfc822Name;
  if (name->type != GEN_OTHERNAME || OBJ_obj2nid(name->d.otherName->type_id) != NID_ms_upn) return nullptr;
  const ASN1_TYPE* const value = name->d.otherName->value;
  return value != nullptr && value->type == V_ASN1_UTF8STRING ? value->value.utf8string : nullptr;
}

}  // namespace

std::vector<std::string> mail_names(x509_st* certificate) {
  std::vector<std::string> out;
  const std::unique_ptr<GENERAL_NAMES, void (*)(GENERAL_NAMES*)> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
      &GENERAL_NAMES_free);
  if (!names) return out;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()) && out.size() < kMaxNames; ++i) {
    const ASN1_STRING* const text = text_of(sk_GENERAL_NAME_value(names.get(), i));
    if (text == nullptr) continue;
    const std::string_view view(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                                static_cast<std::size_t>(ASN1_STRING_length(text)));
    if (is_address(view) && std::ranges::find(out, view) == out.end()) out.emplace_back(view);
  }
  return out;
}

TimePoint good_until(x509_st* certificate) {
  std::tm fields{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &fields) != 1) return {};
  return TimePoint(std::chrono::seconds(::timegm(&fields)));
}

}  // namespace gatepost::runtime
