#include "mime/encoded_word.hpp"

#include <algorithm>
#include <optional>

#include "base/ascii.hpp"
#include "mime/charset.hpp"
#include "mime/header.hpp"
#include "mime/transfer.hpp"

namespace gatepost::mime {
namespace {

struct EncodedWord {
  std::string_view charset;  // without RFC 2231 5's "*" language
  bool base64 = false;
  std::string_view text;
  std::size_t octets = 0;  // of the whole word
};

// encoded-word = "=?" charset "?" encoding "?" encoded-text "?="      (RFC 2047 2)
// `text` begins with "=?". Blanks in the encoded text are against the rules and common in Q. Looks no further than the
// third "?" behind the first.
std::optional<EncodedWord> read_word(std::string_view text) {
  const std::size_t charset_end = text.find('?', 2);
  if (charset_end == std::string_view::npos || charset_end + 2 >= text.size() || text[charset_end + 2] != '?')
    return std::nullopt;
  EncodedWord word;
  word.charset = text.substr(2, charset_end - 2);
  word.charset = word.charset.substr(0, word.charset.find('*'));
  if (word.charset.empty() || std::ranges::any_of(word.charset, ascii::is_blank)) return std::nullopt;
  const char encoding = ascii::lower(text[charset_end + 1]);
  if (encoding != 'b' && encoding != 'q') return std::nullopt;
  word.base64 = encoding == 'b';
  const std::size_t begin = charset_end + 3;
  std::size_t end = text.find('?', begin);
  // A "?" in the text is against the rules too, and seen in Q; the word ends with the first "?=".
  if (end == std::string_view::npos || end + 1 >= text.size() || text[end + 1] != '=') return std::nullopt;
  // "?=41?=": the "=" begins an encoded octet when the text of Q goes on behind it. Not decidable; the first one
  // counts.
  word.text = text.substr(begin, end - begin);
  word.octets = end + 2;
  return word;
}

// RFC 2047 4.2: quoted-printable with "_" for a blank, and no lines.
void decode_q(std::string_view text, std::string& out) {
  std::string spaced(text);
  std::ranges::replace(spaced, '_', ' ');
  // A blank at the end is content here. The mark behind it keeps it from being dropped.
  spaced += '.';
  const std::string decoded = decode_transfer(spaced, TransferEncoding::quoted_printable);
  out.append(decoded, 0, decoded.size() - 1);
}

class WordsDecoder {
 public:
  std::string decode(std::string_view text) {
    std::size_t plain = 0;  // where the text not yet written begins
    std::size_t at = text.find("=?");
    while (at != std::string_view::npos) {
      const auto word = read_word(text.substr(at));
      if (!word || !is_open(word->charset)) {
        at = text.find("=?", at + 2);
        continue;
      }
      const std::string_view between = text.substr(plain, at - plain);
      // RFC 2047 6.2: blanks between two words are no text.
      const bool adjacent = after_word_ && std::ranges::all_of(between, ascii::is_blank);
      if (!adjacent) write_plain(between);
      if (!ascii::iequals(word->charset, pending_charset_)) flush();
      pending_charset_ = word->charset;
      if (word->base64) {
        pending_ += decode_transfer(word->text, TransferEncoding::base64);
      } else {
        decode_q(word->text, pending_);
      }
      after_word_ = true;
      plain = at + word->octets;
      at = text.find("=?", plain);
    }
    write_plain(text.substr(plain));
    // What words may have hidden, no header value has.
    std::ranges::replace_if(out_, [](char c) { return c == '\r' || c == '\n' || c == '\0'; }, ' ');
    return std::move(out_);
  }

 private:
  void write_plain(std::string_view text) {
    flush();
    if (!text.empty()) out_ += to_utf8(text);
  }

  // Opening a charset is not cheap: the last one is remembered.
  bool is_open(std::string_view charset) {
    if (!decoder_ || !ascii::iequals(charset, open_charset_)) {
      auto opened = CharsetDecoder::open(charset);
      if (!opened) return false;
      // What waits is in the old one.
      flush();
      decoder_ = std::move(opened);
      open_charset_ = charset;
    }
    return true;
  }

  void flush() {
    if (pending_.empty()) return;
    decoder_->append(pending_, out_);
    decoder_->finish(out_);
    pending_.clear();
  }

  std::string out_, pending_;
  std::string_view pending_charset_, open_charset_;
  std::optional<CharsetDecoder> decoder_;
  bool after_word_ = false;
};

}  // namespace

std::string decode_words(std::string_view value) {
  const std::string text = unfold(value);
  if (text.find("=?") == std::string::npos) return to_utf8(text);
  return WordsDecoder().decode(text);
}

}  // namespace gatepost::mime
