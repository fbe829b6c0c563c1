#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "runtime/dns_record.hpp"

using namespace gatepost::runtime;

// First octet: the type; the rest: RDATA, also tried as a name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view rdata(reinterpret_cast<const char*>(data) + 1, size - 1);
  constexpr RecordType kTypes[] = {RecordType::a,    RecordType::ns,   RecordType::cname,
                                   RecordType::ptr,  RecordType::mx,   RecordType::txt,
                                   RecordType::aaaa, RecordType::tlsa, RecordType::srv};
  DnsAnswer answer;
  const bool ok = add_record(answer, kTypes[data[0] % std::size(kTypes)], rdata);
  const std::size_t found =
      answer.addresses.size() + answer.mx.size() + answer.names.size() + answer.texts.size() + answer.srv.size();
  GP_ASSERT(!ok || found == 1);
  for (const auto& name : answer.names) GP_ASSERT(name.size() <= 253);
  if (const auto name = canonical_name(rdata)) GP_ASSERT(canonical_name(*name) == name);
  return 0;
}
