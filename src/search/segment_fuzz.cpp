#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "search/merge.hpp"
#include "search/query.hpp"

// A segment whose blocks are any octets, as a damaged disk or whoever has the file gives them: it is read or refused.
// The first octets say how long the contents, and how long the dictionary is; what is left are postings.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost;
  using namespace gatepost::search;
  if (size < 2) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::string_view contents = input.substr(0, data[0]);
  const std::string_view dictionary = input.substr(contents.size(), data[1]);
  const std::string_view postings = input.substr(contents.size() + dictionary.size());
  const GetBlock get = [&](std::uint32_t number) -> Result<std::string> {
    if (number == 0) return std::string(contents);
    if (number > 8) return fail(Errc::corrupt, "a block is missing");
    return std::string(number % 2 == 1 ? dictionary : postings);
  };
  const auto read = SegmentContents::read(get);
  if (!read) return 0;
  const Query queries[] = {{"a", 255}, {"abcd", field::kBody}, {"\u6f22", 255}, {"a b", 255}, {"12", 3}};
  Gatherer gatherer(queries, read->size());
  (void)gatherer.ask(get, read->size());
  const MergeInput input_of[] = {{*read, get}};
  const auto merged = merge(
      input_of, [](std::uint64_t item) { return item % 2 == 0; },
      [](std::uint32_t, std::string_view) -> Result<> { return {}; }, [] { return true; });
  GP_ASSERT(!merged || merged->items <= read->size());
  return 0;
}
