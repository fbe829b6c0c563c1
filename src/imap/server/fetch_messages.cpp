// What FETCH says of a message after looking into it: structure and sections.

#include <algorithm>
#include <cstring>

#include "imap/protocol/flags.hpp"
#include "imap/server/fetch_run.hpp"
#include "imap/server/hide_nul.hpp"
#include "reading/preview.hpp"

namespace gatepost::imap::server {
namespace {

using Attribute = FetchAttribute;
using Form = FetchSection::Form;

// Sections up to this size are put together in memory, larger ones flow through it.
constexpr std::uint64_t kWholeSectionOctets = 256 << 10;
constexpr std::size_t kMaxSeenRows = 10'000;

bool is_binary(Form form) { return form == Form::binary || form == Form::binary_size; }

}  // namespace

Result<> FetchRun::read_batch() {
  batch_.clear();
  at_ = 0;
  GP_CHECK(read_rows(true));
  if (plan_.mark_seen) mark_batch_seen();
  return read_items();
}

// Before the messages are sent, so that FLAGS tells the truth. When it can't be done, say because the disk is full,
// they are sent nevertheless.
void FetchRun::mark_batch_seen() {
  NumberSet unseen;
  for (const Message& m : batch_) {
    if ((m.row.flags.system & account::flag::kSeen) == 0) unseen.add(m.row.uid);
  }
  if (unseen.empty()) return;
  auto done = account_.store_flags(view_.folder(), unseen, account::FlagChange::add,
                                   account::Flags{account::flag::kSeen, {}}, std::nullopt);
  if (!done) return;
  auto message = batch_.begin();
  for (account::Row& row : done->changed) {
    while (message != batch_.end() && message->row.uid < row.uid) ++message;
    if (message == batch_.end()) break;
    if (message->row.uid != row.uid) continue;
    message->newly_seen = true;
    if (seen_.size() < kMaxSeenRows) seen_.push_back(row);
    message->row = std::move(row);
  }
}

Result<> FetchRun::read_items() {
  std::vector<account::ItemId> ids;
  ids.reserve(batch_.size());
  for (const Message& m : batch_) ids.push_back(m.row.item);
  auto items = account_.items(ids);
  if (items) {
    for (std::size_t i = 0; i < batch_.size(); ++i) batch_[i].item = std::move((*items)[i]);
    return {};
  }
  // One of them is gone, or damaged: the others are not.
  for (Message& m : batch_) {
    auto item = account_.item(m.row.item);
    if (item) {
      m.item = std::move(*item);
    } else {
      m.gone = true;
      fail_message(std::move(item.error()));
    }
  }
  return {};
}

// One step of the message at hand: its beginning, a section, a piece of a literal, its end.
Result<> FetchRun::advance() {
  if (batch_[at_].gone) {
    ++at_;
    return {};
  }
  Result<> done;
  const std::size_t before = page_.size();
  if (flow_) {
    done = flow(*flow_);
    if (!done && begin_ == kSent) return done;
  } else if (!writer_) {
    done = begin_message();
  } else if (section_ < plan_.items.sections.size()) {
    done = begin_section(plan_.items.sections[section_++]);
  } else {
    end_message();
  }
  if (done) return {};
  fail_message(std::move(done.error()));
  if (begin_ != kSent) {  // as if it had not begun
    page_.resize(begin_);
    flow_.reset();
    writer_.reset();
    ++at_;
  } else {
    page_.resize(before);
    writer_->nil(plan_.items.sections[section_ - 1]);
  }
  return {};
}

Result<> FetchRun::begin_message() {
  const Message& m = batch_[at_];
  const FetchItems& items = plan_.items;
  begin_ = page_.size();
  section_ = 0;
  writer_.emplace(page_, name_of(m.row.uid), plan_.utf8);
  write_attributes(m.row, items.has(Attribute::flags) || m.newly_seen,
                   items.has(Attribute::modseq) || (m.newly_seen && plan_.modseq_of_seen));
  reader_.open(m.item.body);
  if (!wants_structure_) return {};
  GP_CHECK(structure_of(reader_, m.item.summary, structure_));
  if (items.has(Attribute::envelope)) structure_writer_.envelope(*writer_, structure_);
  for (const auto& [attribute, extended] : {std::pair{Attribute::body, false}, {Attribute::body_structure, true}}) {
    if (!items.has(attribute)) continue;
    writer_->body_structure(extended);
    structure_writer_.structure(page_, structure_, extended, plan_.utf8);
  }
  if (items.has(Attribute::preview)) GP_CHECK(write_preview());
  has_items_ = has_items_ || items.has(Attribute::envelope) || items.has(Attribute::body) ||
               items.has(Attribute::body_structure) || items.has(Attribute::preview);
  return {};
}

// RFC 8970 4.1: for LAZY, what is at hand, and that there is nothing to be had of a message without text.
Result<> FetchRun::write_preview() {
  const account::Body& body = batch_[at_].item.body;
  if (plan_.items.has(Attribute::preview_lazy)) {
    std::optional<std::string> known = plan_.previews ? plan_.previews->find(account_.id(), body) : std::nullopt;
    if (!known && !reading::has_preview(structure_)) known.emplace();
    writer_->preview(known ? NString(*known) : std::nullopt);
    return {};
  }
  GP_TRY(const std::string text, reading::preview(reader_, structure_));
  if (plan_.previews) plan_.previews->keep(account_.id(), body, text);
  writer_->preview(text);
  return {};
}

void FetchRun::end_message() {
  if (has_items_ || begin_ == kSent) {
    writer_->finish();
  } else {
    page_.resize(begin_);  // all that was asked for was left out: "()" is no response
  }
  writer_.reset();
  ++at_;
}

Result<> FetchRun::begin_section(const FetchSection& section) {
  const Section& wanted = section.section;
  const auto place = wanted == Section() ? Place{{0, reader_.octets()}, 0} : find_section(structure_, wanted);
  if (!place) {
    section.form == Form::binary_size ? writer_->binary_size(section, 0) : writer_->nil(section);
    has_items_ = true;
    return {};
  }
  if (is_binary(section.form)) {
    // The whole message, multiparts and embedded messages have no encoding of their own (RFC 3516 4.1).
    auto encoding = mime::TransferEncoding::identity;
    const mime::Part& part = structure_.parts[wanted.part.empty() ? 0 : place->part];
    if (!wanted.part.empty() && part.kind == mime::Part::Kind::single)
      encoding = mime::transfer_encoding(part.encoding);
    if (encoding == mime::TransferEncoding::unknown) {
      unknown_encoding_ = true;
      return {};
    }
    return changed_section(section, *place, mime::TransferDecoder(encoding));
  }
  if (wanted.text == Section::Text::header_fields || wanted.text == Section::Text::header_fields_not)
    return changed_section(section, *place, filter_of(wanted));
  return whole_section(section, *place);
}

// Octets as they are.
Result<> FetchRun::whole_section(const FetchSection& section, const Place& place) {
  const Range part = clip(place.range.octets(), section.partial);
  const Range range{place.range.begin + part.begin, place.range.begin + part.end};
  has_items_ = true;
  writer_->literal(section, range.octets());
  if (range.octets() <= kWholeSectionOctets) {
    const std::size_t from = page_.size();
    GP_CHECK(reader_.append(range, page_));
    hide_nul(page_, from);
    return {};
  }
  flow_.emplace(SectionReader(reader_, range), Window({0, range.octets()}), false);
  return {};
}

// Octets whose number is only known after going through them.
Result<> FetchRun::changed_section(const FetchSection& section, const Place& place, SectionReader::Change change) {
  SectionReader reader(reader_, place.range, std::move(change));
  const bool binary = is_binary(section.form);
  if (place.range.octets() <= kWholeSectionOctets && section.form != Form::binary_size) {
    scratch_.clear();
    for (bool more = true; more;) {
      GP_TRY(more, reader.next(scratch_));
    }
    const Range part = clip(scratch_.size(), section.partial);
    const std::string_view octets = std::string_view(scratch_).substr(part.begin, part.octets());
    has_items_ = true;
    writer_->literal(section, octets.size(), binary && octets.find('\0') != std::string_view::npos);
    const std::size_t from = page_.size();
    page_ += octets;
    if (!binary) hide_nul(page_, from);
    return {};
  }
  GP_TRY(const Measure size, measure(reader, section.partial));
  has_items_ = true;
  if (section.form == Form::binary_size) {
    writer_->binary_size(section, size.octets);
    return {};
  }
  writer_->literal(section, size.wanted.octets(), binary && size.has_nul);
  flow_.emplace(std::move(reader), Window(size.wanted), binary);
  return {};
}

Result<> FetchRun::flow(Flow& flow) {
  scratch_.clear();
  GP_TRY(const bool more, flow.reader.next(scratch_));
  const std::size_t from = page_.size();
  page_ += flow.window.pass(scratch_);
  if (!flow.binary) hide_nul(page_, from);
  if (!more || flow.window.done()) flow_.reset();
  return {};
}

}  // namespace gatepost::imap::server
