#pragma once

#include <filesystem>
#include <string_view>

#include "store/store.hpp"

namespace gatepost::store {

// A fresh directory below the system's temporary one, removed with everything in it at the end.
class TestDirectory {
 public:
  explicit TestDirectory(std::string_view purpose);
  ~TestDirectory();
  TestDirectory(const TestDirectory&) = delete;
  TestDirectory& operator=(const TestDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Options for a small store in `directory` that does not mind a nearly full disk.
Options test_options(const std::filesystem::path& directory);

}  // namespace gatepost::store
