#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/utf8.hpp"
#include "gate/log/print.hpp"
#include "gate/log/reader.hpp"
#include "gate/log/text.hpp"

using namespace gatepost;
using namespace gatepost::gate::log;

// First octet: the format (its low half) and how the rest, a log, is cut into pieces (its high half). Whole and cut it
// says the same, and what is printed of it is clean.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto format = static_cast<Format>((data[0] & 0x0f) % 9);
  const std::size_t piece = 1U + (data[0] >> 4) * 5U;
  const std::string_view log(reinterpret_cast<const char*>(data) + 1, size - 1);
  Context context;
  context.reference_year = 2026;
  context.boot_time = TimePoint(std::chrono::seconds(1'794'186'724));

  std::vector<std::string> whole, cut;
  const auto into = [](std::vector<std::string>& out) {
    return [&out](const Item& item) {
      out.push_back(format_json(item));
      GP_ASSERT(utf8::is_valid(out.back()) && utf8::is_valid(format_text(item)));
      for (const char c : format_text(item)) GP_ASSERT(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
      if (item.kind == Kind::event) GP_ASSERT(item.event.source.known && item.event.destination.known);
    };
  };
  Reader first(format, context);
  first.push(log, into(whole));
  first.finish(into(whole));
  Reader second(format, context);
  for (std::size_t at = 0; at < log.size(); at += piece) second.push(log.substr(at, piece), into(cut));
  second.finish(into(cut));
  GP_ASSERT(whole == cut);

  Address address;
  const std::string_view front = log.substr(0, 50);
  const auto known = IpAddress::parse(front);
  GP_ASSERT(text::parse_address(front, address) == known.has_value());
  if (known) GP_ASSERT(address.ip == *known);
  return 0;
}
