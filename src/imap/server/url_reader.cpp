#include "imap/server/url_reader.hpp"

#include <utility>

#include "imap/server/cmd_append.hpp"
#include "imap/server/structure_writer.hpp"

namespace gatepost::imap::server {

Result<std::unique_ptr<UrlReader>> UrlReader::open(account::Account& account, const MessageUrl& url, Form form) {
  GP_TRY(const account::Folder folder, account.find_folder(url.mailbox));
  if (url.uid_validity && *url.uid_validity != folder.uid_validity) return fail(Errc::not_found, "UIDVALIDITY");
  std::optional<account::ItemId> id;
  GP_CHECK(account.rows(folder.id, NumberSet::of(url.uid, url.uid), [&](const account::Row& row) {
    id = row.item;
    return false;
  }));
  if (!id) return fail(Errc::not_found, "no message of this UID");
  GP_TRY(const account::Item item, account.item(*id));
  std::unique_ptr<UrlReader> out(new UrlReader(account));
  out->section_ = url.section;
  out->partial_ = url.partial;
  if (out->partial_ && out->partial_->octets == 0) out->partial_->octets = INT64_MAX;
  GP_CHECK(out->find(item, form));
  return out;
}

Result<> UrlReader::find(const account::Item& item, Form form) {
  reader_.open(item.body);
  Range range{0, reader_.octets()};
  SectionReader::Change change;
  GP_TRY(structure_, structure_of(reader_, item.summary));
  if (section_ != Section()) {
    const auto place = find_section(structure_, section_);
    if (!place) return fail(Errc::not_found, "no such part");
    range = place->range;
    part_ = place->part;
  }
  const auto text = section_.text;
  if (text == Section::Text::header_fields || text == Section::Text::header_fields_not) {
    change = filter_of(section_);
    changed_ = true;
  }
  const mime::Part& part = structure_.parts[part_];
  // The whole message, multiparts and embedded messages have no encoding of their own (RFC 3516 4.1).
  const bool encoded = text == Section::Text::whole && !section_.part.empty() && part.kind == mime::Part::Kind::single;
  if (form == Form::decoded && encoded) {
    const auto encoding = mime::transfer_encoding(part.encoding);
    unknown_encoding_ = encoding == mime::TransferEncoding::unknown;
    if (!unknown_encoding_) change = mime::TransferDecoder(encoding);
    changed_ = true;
  }
  octets_.emplace(reader_, range, std::move(change));
  window_.emplace(clip(std::uint64_t{1} << 62, partial_));
  return {};
}

Result<Measure> UrlReader::measure() const {
  // Copies go through the octets by themselves.
  return server::measure(*octets_, partial_);
}

Result<bool> UrlReader::next(std::string& out) {
  if (window_->done()) return false;
  piece_.clear();
  GP_TRY(const bool more, octets_->next(piece_));
  out += window_->pass(piece_);
  return more;
}

void UrlReader::write_structure(std::string& out, const Measure* decoded, bool utf8) {
  StructureWriter writer;
  StructureWriter::Shown shown;
  if (decoded != nullptr && changed_ && !unknown_encoding_) {
    shown = {.encoding = "BINARY", .octets = decoded->wanted.octets()};
  }
  writer.part(out, structure_, part_, shown, utf8);
}

Result<> read_url(account::Account& account, const MessageUrl& url,
                  const std::function<Result<>(std::string_view)>& take) {
  GP_TRY(const auto reader, UrlReader::open(account, url));
  std::string piece;
  for (bool more = true; more;) {
    piece.clear();
    GP_TRY(more, reader->next(piece));
    GP_CHECK(take(piece));
  }
  return {};
}

}  // namespace gatepost::imap::server
