#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "converter/protocol/message.hpp"

// What either process reads of the other: the first octet says how it is cut.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost;
  using namespace gatepost::converter;
  if (size == 0) return 0;
  const std::size_t cut = std::size_t{data[0]} + 1;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  for (const std::size_t most : {kMaxRequestFrame, kMaxAnswerFrame}) {
    FrameReader reader(most);
    auto found = FrameReader::Found::need_more;
    for (std::size_t at = 0; at < input.size() && found != FrameReader::Found::bad; at += cut) {
      reader.feed(input.substr(at, cut));
      std::string_view frame;
      while ((found = reader.next(frame)) == FrameReader::Found::frame) {
        GP_ASSERT(!frame.empty() && frame.size() <= most);
        if (const auto greeting = parse_greeting(frame)) {
          GP_ASSERT(std::string_view(write(*greeting)).substr(4) == frame);
          (void)match(greeting->kinds, "application/octet-stream", "a.pdf");
        }
        if (const auto request = parse_request(frame)) GP_ASSERT(std::string_view(write(*request)).substr(4) == frame);
        if (const auto answer = parse_answer(frame)) GP_ASSERT(std::string_view(write(*answer)).substr(4) == frame);
        if (const auto octets = parse_data(frame)) GP_ASSERT(octets->size() <= kMaxDataOctets);
      }
    }
  }
  return 0;
}
