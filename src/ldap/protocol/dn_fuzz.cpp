#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "ldap/protocol/dn.hpp"
#include "ldap/protocol/matching.hpp"

// A name reads the same after it was written, its normal form stays, and so does every prepared value.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost::ldap;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (const auto dn = parse_dn(input)) {
    const std::string text = to_text(*dn);
    if (text.size() <= kMaxDnOctets) {
      const auto back = parse_dn(text);
      GP_ASSERT(back && *back == *dn);
      GP_ASSERT(normal_form(*back) == normal_form(*dn));
    }
  }
  for (const Rule rule : {Rule::case_ignore, Rule::case_exact, Rule::numeric_string, Rule::telephone_number,
                          Rule::integer, Rule::uuid, Rule::object_identifier}) {
    const auto once = prepare(rule, input);
    if (!once) continue;
    const auto twice = prepare(rule, *once);
    // Folding may make something new to fold once, never twice.
    if (rule != Rule::case_ignore && rule != Rule::case_exact) GP_ASSERT(twice && *twice == *once);
    (void)prepare_part(rule, input, false, true);
  }
  (void)prepare(Rule::generalized_time, input);
  return 0;
}
