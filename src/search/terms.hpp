#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ascii.hpp"
#include "base/utf8.hpp"

// What an index holds of a text, so that any part of any word is found again. Text is folded UTF-8 (mime/fold.hpp).
// Pure.
namespace gatepost::search {

// Where in a message a text stands, one bit each. A subject is in kSubject as people read it and in kHeader as it is
// in the header.
using Fields = std::uint8_t;
namespace field {
inline constexpr Fields kSubject = 1, kFrom = 2, kTo = 4, kCc = 8, kBcc = 16;
inline constexpr Fields kOther = 32;  // further fields that a summary knows
inline constexpr Fields kHeader = 64, kBody = 128;
}  // namespace field

// Sorted in this order within an index.
enum class TermKind : char {
  ideographs = '1',  // two neighbours in a run of them, or the only one of a run
  gram = '2',        // three neighbouring characters of a word that is too long, or too random, to be kept whole
  word = '3',        // a whole word
};

enum class CharClass : std::uint8_t { separator, word, ideograph };
CharClass class_of(char32_t c);

inline constexpr std::size_t kMaxWordCharacters = 24;
// Serial numbers, keys, checksums, base64: each would be a word of its own that nobody else has. Kept as grams they
// cost what they are long, and the list of words stays one that can be searched through.
bool is_kept_whole(std::string_view word, std::size_t characters);

// The octets of the code point that `text` begins with; `text` is well-formed and not empty.
inline std::size_t leading_octets(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}
std::size_t characters_of(std::string_view text);

// Cuts text into terms. It comes in pieces that end between code points; `end()` is where one text ends and another
// begins. Linear time, bounded memory. `term(TermKind, std::string_view)`: the view is valid during the call.
class Splitter {
 public:
  template <class Term>
  void feed(std::string_view folded, Term&& term);
  template <class Term>
  void end(Term&& term);

 private:
  static constexpr std::size_t kFlushOctets = 512;

  template <class Term>
  void end_run(Term&& term);
  template <class Term>
  void whole_word(std::string_view word, std::size_t characters, Term&& term);
  template <class Term>
  static void grams(std::string_view text, Term&& term);
  template <class Term>
  void add_word_part(std::string_view part, std::size_t characters, Term&& term);
  template <class Term>
  void add_ideograph(std::string_view character, Term&& term);
  static std::size_t last_two(std::string_view text);

  CharClass in_ = CharClass::separator;
  std::string run_;             // of a word: all of it, or, when it is long, what the next gram begins with
  std::size_t characters_ = 0;  // in the run so far
  bool long_ = false;
  std::string pair_;  // of ideographs
};

// A run of characters of one class within what is looked for.
struct Piece {
  std::string text;
  std::size_t characters = 0;
  bool ideographs = false;
  bool open_left = false, open_right = false;  // the word in the text may go on there
};
std::vector<Piece> pieces_of(std::string_view needle);

template <class Term>
void Splitter::feed(std::string_view folded, Term&& term) {
  std::size_t i = 0;
  while (i < folded.size()) {
    std::size_t end = i;
    while (end < folded.size() && ascii::is_alnum(folded[end])) ++end;
    if (end > i) {
      if (in_ == CharClass::ideograph) end_run(term);
      const std::string_view part = folded.substr(i, end - i);
      // Most words: whole, between two ASCII characters.
      if (in_ == CharClass::separator && end < folded.size() && !ascii::is_8bit(folded[end])) {
        whole_word(part, part.size(), term);
        i = end;
        continue;
      }
      in_ = CharClass::word;
      add_word_part(part, part.size(), term);
      i = end;
      continue;
    }
    if (!ascii::is_8bit(folded[i])) {
      end_run(term);
      ++i;
      continue;
    }
    std::string_view rest = folded.substr(i);
    const char32_t c = utf8::next(rest);
    const std::string_view character = folded.substr(i, folded.size() - rest.size() - i);
    i += character.size();
    const CharClass now = class_of(c);
    if (now != in_) end_run(term);
    in_ = now;
    if (now == CharClass::word) add_word_part(character, 1, term);
    if (now == CharClass::ideograph) add_ideograph(character, term);
  }
}

template <class Term>
void Splitter::end(Term&& term) {
  end_run(term);
}

template <class Term>
void Splitter::end_run(Term&& term) {
  if (in_ == CharClass::word) {
    if (long_) {
      grams(run_, term);
    } else {
      whole_word(run_, characters_, term);
    }
  } else if (in_ == CharClass::ideograph && characters_ == 1) {
    term(TermKind::ideographs, std::string_view(run_));
  }
  run_.clear();
  characters_ = 0;
  long_ = false;
  in_ = CharClass::separator;
}

template <class Term>
void Splitter::whole_word(std::string_view word, std::size_t characters, Term&& term) {
  if (is_kept_whole(word, characters)) {
    term(TermKind::word, word);
  } else {
    grams(word, term);
  }
}

template <class Term>
void Splitter::grams(std::string_view text, Term&& term) {
  std::size_t ends[3] = {0, 0, 0};  // of the last three characters
  std::size_t begin = 0, count = 0;
  for (std::size_t at = 0; at < text.size(); ++count) {
    const std::size_t next = at + leading_octets(text.substr(at));
    if (count >= 3) begin = ends[0];
    ends[0] = ends[1];
    ends[1] = ends[2];
    ends[2] = next;
    at = next;
    if (count >= 2) term(TermKind::gram, text.substr(begin, at - begin));
  }
}

template <class Term>
void Splitter::add_word_part(std::string_view part, std::size_t characters, Term&& term) {
  run_ += part;
  characters_ += characters;
  if (characters_ > kMaxWordCharacters) long_ = true;
  if (!long_ || run_.size() < kFlushOctets) return;
  grams(run_, term);
  run_.erase(0, last_two(run_));
}

template <class Term>
void Splitter::add_ideograph(std::string_view character, Term&& term) {
  if (characters_ > 0) {
    pair_.assign(run_).append(character);
    term(TermKind::ideographs, std::string_view(pair_));
  }
  run_.assign(character);
  characters_ = characters_ > 0 ? 2 : 1;
}

}  // namespace gatepost::search
