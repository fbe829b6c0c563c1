#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// Rights (RFC 4314) and annotations (RFC 5464).
namespace gatepost::imap {

inline constexpr std::size_t kMaxEntries = 200;  // of one GETMETADATA or SETMETADATA

struct GetAcl {
  std::string mailbox;
  bool operator==(const GetAcl&) const = default;
};
struct SetAcl {
  enum class Mode : std::uint8_t { replace, add, remove };
  std::string mailbox;
  std::string identifier;  // never empty
  Mode mode = Mode::replace;
  std::string rights;  // lower case letters and digits
  bool operator==(const SetAcl&) const = default;
};
struct DeleteAcl {
  std::string mailbox;
  std::string identifier;  // never empty
  bool operator==(const DeleteAcl&) const = default;
};
struct ListRights {
  std::string mailbox;
  std::string identifier;  // never empty
  bool operator==(const ListRights&) const = default;
};
struct MyRights {
  std::string mailbox;
  bool operator==(const MyRights&) const = default;
};

// Names of entries are in lower case (RFC 5464 3.2); they are, or lie in, "/private" or "/shared".
struct GetMetadata {
  enum class Depth : std::uint8_t { none, one, infinity };
  std::string mailbox;  // empty: of the server
  std::optional<std::uint32_t> max_size;
  Depth depth = Depth::none;
  std::vector<std::string> entries;
  bool operator==(const GetMetadata&) const = default;
};
struct SetMetadata {
  std::string mailbox;
  std::vector<std::pair<std::string, std::optional<std::string>>> values;
  bool operator==(const SetMetadata&) const = default;
};

}  // namespace gatepost::imap
