#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/log.hpp"
#include "gate/notes/log_line.hpp"

using namespace gatepost;

// Any octets as a line; and what was read, written again by the log, is read the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto line = gate::notes::read_log_line(text);
  if (!line) return 0;
  GP_ASSERT(line->fields.size() <= gate::notes::kMaxFields);
  (void)line->remote();
  std::vector<Field> fields;
  for (const auto& [key, value] : line->fields) {
    if (value.size() > 1024 || key.find_first_of(" =") != std::string::npos) return 0;
    fields.emplace_back(key, value);
  }
  if (line->name.empty()) return 0;
  MemorySink sink;
  const ManualClock clock;
  Log log(sink, clock, Level::debug);
  const Event event{line->name, Level::info, "", "", ""};
  log.write(event, fields);
  const auto again = gate::notes::read_log_line(sink.lines().front());
  GP_ASSERT(again && again->name == line->name && again->fields == line->fields);
  return 0;
}
