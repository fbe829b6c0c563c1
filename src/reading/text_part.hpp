#pragma once

#include <optional>
#include <string>

#include "mime/charset.hpp"
#include "mime/structure.hpp"
#include "reading/html_text.hpp"
#include "reading/message_reader.hpp"

namespace gatepost::reading {

// A part that people read: text/*, message/delivery-status and their like.
bool is_text(const mime::Part& part);
bool is_html(const mime::Part& part);
// A part that is no message and no text as it is: what something else may find text in, a document say.
bool may_hold_text(const mime::Part& part);

// The text of such a part as UTF-8 in pieces: transfer encoding and charset undone, HTML as what is read of it. A
// charset nobody knows is read as ASCII.
class TextPartReader {
 public:
  // `structure` need not live on. `part`: of the message that `reader` has open.
  TextPartReader(MessageReader& reader, const mime::Structure& structure, const mime::Part& part);
  // Appends the next piece. False: that was all, though the last octets may come with it. Blocks.
  Result<bool> next(std::string& utf8);

 private:
  SectionReader octets_;
  mime::CharsetDecoder charset_;
  std::optional<HtmlText> html_;
  std::string decoded_, markup_;
};

}  // namespace gatepost::reading
