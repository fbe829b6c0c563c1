#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "base/utf8.hpp"
#include "mime/fold.hpp"

// Any text folds the same however it is cut, to valid UTF-8. Its first octets are searched for in the rest.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string whole = mime::fold(text);
  GP_ASSERT(utf8::is_valid(whole));
  const std::size_t chunk = size == 0 ? 1 : 1 + data[size - 1] % 9;
  mime::Folder folder;
  std::string pieces;
  for (std::size_t i = 0; i < size; i += chunk) folder.append(text.substr(i, chunk), pieces);
  folder.finish(pieces);
  GP_ASSERT(pieces == whole);

  const std::string_view needle = text.substr(0, size == 0 ? 0 : data[0] % 8), haystack = text.substr(needle.size());
  mime::Searcher searcher{std::string(needle)};
  for (std::size_t i = 0; i < haystack.size(); i += chunk) searcher.feed(haystack.substr(i, chunk));
  GP_ASSERT(searcher.found() == (haystack.find(needle) != std::string_view::npos));
  return 0;
}
