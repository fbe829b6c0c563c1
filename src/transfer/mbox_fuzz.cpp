#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "transfer/mbox.hpp"

// An mbox from anywhere: the same messages however it is cut, and what was read is read again when it is written.
namespace {

using namespace gatepost;
using namespace gatepost::transfer;

struct Read {
  Message message;
  std::string octets;
  bool operator==(const Read&) const = default;
};

std::vector<Read> read(std::string_view file, MboxQuoting quoting, std::size_t chunk) {
  MboxReader reader(quoting);
  std::vector<Read> out;
  bool open = false;
  const auto drain = [&] {
    while (auto event = reader.next()) {
      if (event->kind == MboxReader::Event::Kind::begin) {
        GP_ASSERT(!open);
        open = true;
        out.push_back({event->message, {}});
      } else if (event->kind == MboxReader::Event::Kind::octets) {
        GP_ASSERT(open);
        out.back().octets += event->octets;
      } else {
        GP_ASSERT(open);
        open = false;
      }
    }
  };
  for (std::size_t at = 0; at < file.size(); at += chunk) {
    reader.feed(file.substr(at, chunk));
    drain();
  }
  reader.finish();
  drain();
  GP_ASSERT(!open);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view file(reinterpret_cast<const char*>(data) + 2, size - 2);
  const auto quoting = (data[0] & 1) != 0 ? MboxQuoting::mboxo : MboxQuoting::mboxrd;
  const auto found = read(file, quoting, 1U + data[1]);
  GP_ASSERT(found == read(file, quoting, file.size() + 1));
  std::string written;
  for (const Read& r : found) {
    MboxWriter writer(MboxQuoting::mboxrd);
    writer.begin(r.message, written);
    writer.write(r.octets, written);
    writer.end(written);
  }
  const auto again = read(written, MboxQuoting::mboxrd, 4096);
  GP_ASSERT(again.size() == found.size());
  for (std::size_t i = 0; i < found.size(); ++i) GP_ASSERT(again[i].message.flags == found[i].message.flags);
  return 0;
}
