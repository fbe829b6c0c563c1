#include <cstddef>
#include <cstdint>

#include "base/result.hpp"
#include "jmap/mdn_report.hpp"

// Any octets as the part of a notification for programs: what is read of it can be written, and is read the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost::jmap;
  const auto report = read_report({reinterpret_cast<const char*>(data), size});
  if (!report) return 0;
  GP_ASSERT(is_disposition(report->disposition));
  const auto again = read_report(write_report(*report));
  GP_ASSERT(again.has_value());
  GP_ASSERT(again->final_recipient.has_value() == report->final_recipient.has_value());
  GP_ASSERT(again->errors.size() == report->errors.size());
  return 0;
}
