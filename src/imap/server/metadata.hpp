#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "account/account.hpp"
#include "imap/protocol/command_sharing.hpp"
#include "imap/protocol/response.hpp"
#include "imap/server/mailbox.hpp"

namespace gatepost::imap::server {

class Session;

// RFC 5464 3.3: who may read and write annotations of a mailbox, and what everybody sees of it only with the right to
// write.
bool may_annotate(sharing::Rights rights, bool shared);

// "/shared/comment" is everybody's "/comment".
struct ScopedEntry {
  bool shared = false;
  std::string_view name;  // of Annotation; empty: the scope itself. A view into the entry
};
ScopedEntry scope_of(std::string_view entry);

// What GETMETADATA asks for, as far as it is there; an entry that is not, and that is asked for without DEPTH, is NIL.
struct FoundMetadata {
  std::vector<MetadataValue> values;  // each once, in the order asked for
  std::uint64_t longest = 0;          // of those that are longer than MAXSIZE and left out; 0: none
};
// Of a folder; of the server when `folder` is kRoot, which only one's own account has. Blocks.
Result<FoundMetadata> find_metadata(const Session& session, account::Account& account, account::FolderId folder,
                                    const GetMetadata& request);

// Adds what changed after `since` to `out`, entries by mailbox as the client names it ("" is the server), and goes on
// to now. Left out: what the session did itself, what it may not know of, and what is not `meant` (null: the server).
// False: so much changed that not all of it is known any more. Does not block.
using ChangedEntries = std::map<std::string, std::vector<std::string>>;
bool add_changed_entries(const Session& session, const Location& place,
                         const std::function<bool(const account::Folder*)>& meant, account::Modseq& since,
                         ChangedEntries& out);

}  // namespace gatepost::imap::server
