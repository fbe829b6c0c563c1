#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

// How folders are named where each is a directory. The inbox is "INBOX"; names of other programs that cannot be read as
// they should are taken as they are, octets that are no UTF-8 replaced.
namespace gatepost::transfer {

// Maildir++: ".Projects.2026", in modified UTF-7 (RFC 3501 5.1.3), levels parted by dots; a dot within a name is "%2E".
std::string maildir_name(std::string_view path);
std::string path_of_maildir(std::string_view name);

// One name of a path as the name of a directory: not hidden, not "..".
std::string directory_name(std::string_view name);
std::string name_of_directory(std::string_view directory);

// Names that are longer than a file's may be, on disk and as they are. On disk they end in a digest of the whole, so
// that the same name comes out each time; a file beside the folders says what they are.
class LongNames {
 public:
  static constexpr std::string_view kFile = "gatepost-names";
  // `file`: its contents. Lines that say nothing are passed over.
  static LongNames parse(std::string_view file);
  std::string format() const;
  // The name on disk for `escaped`, which stands for `name`. Shorter ones stay as they are.
  std::string fit(std::string escaped, std::string_view name);
  const std::string* find(std::string_view on_disk) const;  // null: it is not one of these
  std::size_t size() const { return names_.size(); }

 private:
  std::map<std::string, std::string, std::less<>> names_;  // by the name on disk
};

// "INBOX" in any case is the inbox; what a path cannot hold (controls, empty names) is made harmless.
std::string clean_path(std::string_view path);

}  // namespace gatepost::transfer
