#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/ascii.hpp"
#include "base/result.hpp"
#include "base/utf8.hpp"
#include "mime/parameters.hpp"

// Any value: no name twice, within the limit, and each decodes to valid UTF-8.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost;
  const std::string_view value(reinterpret_cast<const char*>(data), size);
  mime::TextPool pool;
  std::vector<mime::Parameter> parameters;
  const auto type = mime::read_content_type(value, pool, parameters);
  GP_ASSERT(type ? !type->type.empty() && !type->subtype.empty() : parameters.empty());
  GP_ASSERT(parameters.size() <= mime::kMaxParameters);
  for (const mime::Parameter& parameter : parameters) {
    GP_ASSERT(!parameter.name.empty());
    GP_ASSERT(mime::find_parameter(parameters, parameter.name)->data() == parameter.value.data());
    GP_ASSERT(parameter.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
    const auto decoded = mime::decode_parameter(parameters, parameter.name);
    GP_ASSERT(decoded && utf8::is_valid(*decoded));
  }
  mime::read_disposition(value, pool, parameters);
  return 0;
}
