#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "mime/fold.hpp"
#include "mime/structure.hpp"
#include "reading/message_reader.hpp"

namespace gatepost::reading {

// Fields that a summary knows. The first five are texts, the others addresses.
enum class SummaryField : std::uint8_t {
  date,
  subject,
  in_reply_to,
  message_id,
  references,
  from,
  sender,
  reply_to,
  to,
  cc,
  bcc,
};
inline constexpr std::size_t kSummaryFields = 11;

// A text field as it is in the envelope, undecoded. nullopt: it is not there, or one of addresses.
mime::OptionalText text_field(const mime::Envelope& envelope, SummaryField field);

// What SEARCH compares with a field that a summary knows, folded. Empty when there is none.
std::string searched_text(const mime::Structure& structure, SummaryField field,
                          mime::Casemap casemap = mime::Casemap::unicode);

// The header of a part as far as it is looked at. A view until the reader's next call. Blocks.
Result<std::string_view> header_of(MessageReader& reader, const mime::Part& part);

// Goes through all that is text in a message, as TEXT and BODY compare it: decoded, and folded. Keeps its memory
// between messages. Blocks.
class TextWalk {
 public:
  class Visitor {
   public:
    virtual ~Visitor() = default;
    // Headers outside the body are passed over when this says no.
    virtual bool wants_headers() const = 0;
    // The next piece of a text, ending between characters; false: no more is wanted.
    virtual bool text(std::string_view folded, bool in_body) = 0;
    // Texts are apart from each other: nothing is found across their border.
    virtual void end_text() = 0;
  };
  explicit TextWalk(mime::Casemap casemap = mime::Casemap::unicode) : folder_(casemap) {}
  // Of the message that `reader` has open.
  Result<> walk(MessageReader& reader, const mime::Structure& structure, Visitor& visitor);

 private:
  bool header(std::string_view block, bool in_body, Visitor& visitor);
  Result<bool> part(MessageReader& reader, const mime::Structure& structure, const mime::Part& part, Visitor& visitor);
  bool pass(std::string_view utf8, bool in_body, Visitor& visitor);
  bool end(bool in_body, Visitor& visitor);

  mime::Folder folder_;
  std::string utf8_, folded_;
};

}  // namespace gatepost::reading
