#pragma once

#include <cstdint>
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

}  // namespace gatepost::imap::server
