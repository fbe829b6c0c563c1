// BODY and TEXT: all that is text in a message, decoded and folded, passes by all keys at once.

#include <algorithm>

#include "imap/server/search_match.hpp"
#include "imap/server/text_part.hpp"
#include "mime/charset.hpp"
#include "mime/encoded_word.hpp"
#include "mime/header.hpp"

namespace gatepost::imap::server {
Result<> SearchMatch::look_at_text() {
  if (!need(Depth::text)) return {};
  seeking_.clear();
  for (Seeker& seeker : seekers_) {
    if (!needed_[seeker.test]) continue;
    seeker.searcher.restart();
    seeking_.push_back(&seeker);
  }
  for (std::uint32_t i = 0; i < structure_.parts.size() && !seeking_.empty(); ++i) {
    const mime::Part& part = structure_.parts[i];
    // The header of a message within the message is part of its body; what only describes a part is not.
    const bool embedded = i > 0 && part.envelope != mime::kNoEnvelope;
    if (part.header_octets() > 0 && (embedded || std::ranges::any_of(seeking_, &Seeker::in_headers))) {
      GP_TRY(const std::string_view block, header_of(part));
      seek_in_header(block, embedded);
    }
    if (is_text(part) && !seeking_.empty()) GP_CHECK(seek_in_part(part));
  }
  for (const Seeker* seeker : seeking_) values_[seeker->test] = Truth::no;
  return {};
}

void SearchMatch::seek_in_header(std::string_view block, bool part_of_body) {
  mime::HeaderReader fields(block);
  while (const auto field = fields.next()) {
    if (seeking_.empty()) return;
    utf8_ = mime::to_utf8(field->name);
    utf8_.append(": ").append(mime::decode_words(field->value));
    seek(utf8_, part_of_body);
    end_seeking(part_of_body);
  }
}

Result<> SearchMatch::seek_in_part(const mime::Part& part) {
  TextPartReader text(reader_, structure_, part);
  for (bool more = true; more && !seeking_.empty();) {
    utf8_.clear();
    GP_TRY(more, text.next(utf8_));
    seek(utf8_, true);
  }
  end_seeking(true);
  return {};
}

void SearchMatch::seek(std::string_view utf8, bool in_body) {
  folded_.clear();
  folder_.append(utf8, folded_);
  feed_seekers(in_body);
}

// Texts are apart from each other: nothing is found across their border.
void SearchMatch::end_seeking(bool in_body) {
  folded_.clear();
  folder_.finish(folded_);
  feed_seekers(in_body);
  for (Seeker* seeker : seeking_) seeker->searcher.restart();
}

void SearchMatch::feed_seekers(bool in_body) {
  const auto found = std::erase_if(seeking_, [&](Seeker* seeker) {
    if (!in_body && !seeker->in_headers) return false;
    if (!seeker->searcher.feed(folded_)) return false;
    values_[seeker->test] = Truth::yes;
    return true;
  });
  // The others may not matter any more.
  if (found > 0 && combine() != Truth::unknown) seeking_.clear();
}

}  // namespace gatepost::imap::server
