#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gatepost::mime {

// What search compares: UTF-8 with full case folding and canonical and compatibility composition (Unicode's
// NFKC_Casefold, in the spirit of RFC 5051): "STRASSE" and "straße" are the same, "e" and "é" are not.
std::string fold(std::string_view utf8);

// Folds text piece by piece: the same however it is cut. Malformed octets become U+FFFD.
class Folder {
 public:
  void append(std::string_view utf8, std::string& folded);
  void finish(std::string& folded);  // ready for another text afterwards

 private:
  static void fold_segment(std::string_view text, std::string& folded);

  std::string held_;  // what the next piece may still change
};

// Looks for a text in text that passes by in pieces, also across their borders. Linear time.
class Searcher {
 public:
  // `needle`: folded. The empty one is found in everything.
  explicit Searcher(std::string needle);
  // True once the needle has been seen; more need not be fed then.
  bool feed(std::string_view folded);
  bool found() const { return found_; }
  // Forgets what was seen: the next text.
  void restart();

 private:
  std::string needle_;
  std::vector<std::uint32_t> border_;  // [n]: longest border of the needle's first n octets (Knuth, Morris, Pratt)
  std::size_t matched_ = 0;
  bool found_ = false;
};

}  // namespace gatepost::mime
