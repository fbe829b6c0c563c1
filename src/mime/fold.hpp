#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gatepost::mime {

// How characters are mapped before texts are compared octet by octet. What is equal, or part of another text, by the
// second is so by the first, and by the third it is by the second.
enum class Casemap : std::uint8_t {
  unicode,  // i;unicode-casemap (RFC 5051 2): titlecase and full decomposition
  ascii,    // i;ascii-casemap (RFC 4790 9.2): "a" to "z" become "A" to "Z"
  none,     // i;octet (RFC 4790 9.3)
};

// The form of a text whose octets are compared, in searches and to put texts in order. By Casemap::unicode, "É" begins
// with "e"; "straße" is not "STRASSE".
std::string fold(std::string_view utf8, Casemap casemap = Casemap::unicode);
// The version of Unicode whose characters fold() knows: what was folded by another one may be folded differently.
std::string unicode_version();

// Folds text piece by piece: the same however it is cut, and each character by itself. Malformed octets become U+FFFD.
class Folder {
 public:
  explicit Folder(Casemap casemap = Casemap::unicode) : casemap_(casemap) {}
  void append(std::string_view utf8, std::string& folded);
  void finish(std::string& folded);  // ready for another text afterwards

 private:
  static void fold_character(char32_t c, std::string& folded);

  const Casemap casemap_;
  std::string held_;  // the beginning of a character
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
