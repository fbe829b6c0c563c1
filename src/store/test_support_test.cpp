#include "store/test_support.hpp"

#include <cstdlib>
#include <stdexcept>

namespace gatepost::store {

TestDirectory::TestDirectory(std::string_view purpose) {
  std::string pattern =
      (std::filesystem::temp_directory_path() / ("gatepost-" + std::string(purpose) + "-XXXXXX")).string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
  path_ = pattern;
}

TestDirectory::~TestDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Options test_options(const std::filesystem::path& directory) {
  Options options;
  options.directory = directory / "store";
  options.cache_octets = 8 << 20;
  options.reserve_octets = 0;
  return options;
}

}  // namespace gatepost::store
