#include "imap/server/index_text.hpp"

#include "imap/server/section.hpp"
#include "reading/text_walk.hpp"

namespace gatepost::imap::server {
namespace {

namespace field = search::field;

class IntoIndex final : public reading::TextWalk::Visitor {
 public:
  explicit IntoIndex(search::SegmentBuilder& into) : into_(into) {}
  bool wants_headers() const override { return true; }
  bool text(std::string_view folded, bool in_body) override {
    return into_.text(folded, in_body ? field::kBody : field::kHeader);
  }
  void end_text() override { into_.end_text(); }

 private:
  search::SegmentBuilder& into_;
};

}  // namespace

search::Fields index_field(SummaryField of) {
  switch (of) {
    case SummaryField::subject:
      return field::kSubject;
    case SummaryField::from:
      return field::kFrom;
    case SummaryField::to:
      return field::kTo;
    case SummaryField::cc:
      return field::kCc;
    case SummaryField::bcc:
      return field::kBcc;
    case SummaryField::date:
    case SummaryField::in_reply_to:
    case SummaryField::message_id:
    case SummaryField::references:
      return field::kOther;
    case SummaryField::sender:
    case SummaryField::reply_to:
      return field::kOther;
  }
  return field::kOther;
}

Result<> IndexText::read(account::Account& owner, const account::Item& item, search::SegmentBuilder& into) {
  MessageReader reader(owner);
  reader.open(item.body);
  GP_TRY(const mime::Structure structure, structure_of(reader, item.summary));
  for (std::size_t i = 0; i < kSummaryFields; ++i) {
    const auto of = static_cast<SummaryField>(i);
    const std::string text = reading::searched_text(structure, of);
    if (text.empty()) continue;
    if (!into.text(text, index_field(of))) return {};
    into.end_text();
  }
  IntoIndex visitor(into);
  reading::TextWalk walk;
  return walk.walk(reader, structure, visitor);
}

}  // namespace gatepost::imap::server
