#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "http/server/content.hpp"
#include "http/server/exchange.hpp"
#include "http/server/router.hpp"

namespace gatepost::http::server {

// The files of a folder, read once and held in memory with what compression makes of them (zstd, br, gzip), so that a
// request costs no disk and no compressor. A folder "/" is its index.html. Hidden files and links out of the folder are
// not served. Names under "assets/" carry a hash of their content, as bundlers make them, and may be kept for ever;
// all others are asked for again (ETag). Thread-safe.
class StaticFiles {
 public:
  static constexpr std::size_t kMaxOctets = 64 << 20;  // of all files, before compression
  static constexpr std::size_t kMaxFiles = 4096;

  // Errc::not_found, denied; too_large beyond the limits above. On an error the files of before stay. Takes a while:
  // each is compressed as well as it can be.
  Result<> load(const std::filesystem::path& folder);
  void clear();
  std::size_t size() const;

  // Answers GET and HEAD of what is below `path`, which ends in "*". `policy`: Content-Security-Policy of HTML pages.
  Route route(std::string path, std::string policy) const;

 private:
  struct Form;
  struct File;
  struct Folder;
  struct Found;
  std::optional<Found> find(Exchange& exchange) const;
  static Content content_of(const File& file, const Form& form, const std::string& policy);
  std::shared_ptr<const Folder> current() const;
  mutable std::mutex mutex_;  // guards folder_
  std::shared_ptr<const Folder> folder_;
};

// Content-Type by the end of a name; "application/octet-stream" where nobody knows.
std::string_view type_of(std::string_view name);

}  // namespace gatepost::http::server
