// What an IMAP URL names, for CATENATE (RFC 4469 3, RFC 5092 5).

#include <utility>

#include "imap/protocol/imap_url.hpp"
#include "imap/server/cmd_append.hpp"
#include "imap/server/message_reader.hpp"
#include "imap/server/session.hpp"

namespace gatepost::imap::server {

Result<> read_url(const Session& session, std::string_view url, const std::function<Result<>(std::string_view)>& take) {
  const auto named = parse_message_url(url);
  if (!named) return fail(Errc::not_found, "no URL of a message here");
  GP_TRY(const Mailbox mailbox, session.mailbox_of(named->mailbox, sharing::Right::read));
  account::Account& account = mailbox.account();
  const account::Folder& folder = mailbox.folder;
  if (named->uid_validity && *named->uid_validity != folder.uid_validity) return fail(Errc::not_found, "UIDVALIDITY");
  std::optional<account::ItemId> id;
  GP_CHECK(account.rows(folder.id, NumberSet::of(named->uid, named->uid), [&](const account::Row& row) {
    id = row.item;
    return false;
  }));
  if (!id) return fail(Errc::not_found, "no message of this UID");
  GP_TRY(const account::Item item, account.item(*id));
  MessageReader reader(account);
  reader.open(item.body);
  Range range{0, reader.octets()};
  SectionReader::Change change;
  const Section& section = named->section;
  if (section != Section()) {
    GP_TRY(const mime::Structure structure, structure_of(reader, item.summary));
    const auto place = find_section(structure, section);
    if (!place) return fail(Errc::not_found, "no such part");
    range = place->range;
    const bool some = section.text == Section::Text::header_fields || section.text == Section::Text::header_fields_not;
    if (some) change = FieldFilter(section);
  }
  std::optional<Partial> partial = named->partial;
  if (partial && partial->octets == 0) partial->octets = INT64_MAX;
  Window window(clip(std::uint64_t{1} << 62, partial));
  SectionReader octets(reader, range, std::move(change));
  std::string piece;
  for (bool more = true; more && !window.done();) {
    piece.clear();
    GP_TRY(more, octets.next(piece));
    GP_CHECK(take(window.pass(piece)));
  }
  return {};
}

}  // namespace gatepost::imap::server
