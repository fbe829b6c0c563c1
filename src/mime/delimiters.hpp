#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gatepost::mime {

// The boundaries of the multiparts that are open, outermost first.
class Delimiters {
 public:
  struct Match {
    std::size_t level;  // of the multipart whose delimiter it is, as given to open()
    bool closes;        // "--boundary--"
  };

  bool empty() const { return hashes_.empty(); }
  void open(std::size_t level, std::string boundary);
  // Forgets the boundaries of multiparts at `level` and deeper.
  void close_from(std::size_t level);

  // delimiter := "--" boundary [ "--" ] transport-padding      (RFC 2046 5.1.1)
  // `line`: without its line end. All of the line must agree, so that one boundary may begin like another. The
  // innermost counts when several do. The cost hardly grows with the number of boundaries.
  std::optional<Match> find(std::string_view line) const;

 private:
  struct Boundary {
    std::size_t level;
    std::string text;
  };
  std::vector<Boundary> boundaries_;
  std::vector<std::uint32_t> hashes_;
};

}  // namespace gatepost::mime
