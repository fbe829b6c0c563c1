#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/utf8.hpp"
#include "search/test_support.hpp"

// The first line is looked for in the rest, cut in two texts: what an index says of them is so.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost;
  using namespace gatepost::search;
  const std::string input = utf8::sanitize({reinterpret_cast<const char*>(data), size});
  const std::size_t end = std::min(input.find('\n'), input.size());
  const std::string needle = input.substr(0, end);
  if (needle.empty() || end == input.size()) return 0;
  const std::string rest = input.substr(end + 1);
  const std::size_t middle = std::min(rest.find('\n'), rest.size());
  const std::vector<std::string> texts{rest.substr(0, middle), rest.substr(middle)};
  const test::Blocks blocks = test::index_of(texts);
  const Query queries[] = {{needle, field::kBody}, {needle, field::kHeader}};
  Gatherer gatherer(queries, texts.size());
  gatherer.ask(blocks.get(), texts.size()).value();
  Answers answers = gatherer.finish();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const bool has = texts[i].find(needle) != std::string::npos;
    GP_ASSERT(answers.of(0, test::row_of(i + 1, texts[i])) != (has ? Says::no : Says::yes));
    GP_ASSERT(answers.of(1, test::row_of(i + 1, texts[i])) != Says::yes);
  }
  return 0;
}
