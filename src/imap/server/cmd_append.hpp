#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "account/account.hpp"
#include "imap/protocol/command_append.hpp"
#include "imap/protocol/imap_url.hpp"
#include "imap/server/mailbox.hpp"
#include "mime/structure.hpp"

namespace gatepost::imap::server {

class Session;

inline constexpr std::uint32_t kMaxAppendMessages = 1000;    // of one MULTIAPPEND
inline constexpr std::size_t kMaxSummaryOctets = 64 << 10;   // larger ones are not kept; reading makes them anew
inline constexpr std::size_t kMaxSummariesOctets = 4 << 20;  // of one MULTIAPPEND
inline constexpr std::size_t kMaxHeldOctets = 32 << 10;      // of a literal, before a worker takes them

// The octets that `url` names, into `take`, in pieces. Errc::not_found: it names none here (RFC 4469 3). Blocks.
Result<> read_url(account::Account& account, const MessageUrl& url,
                  const std::function<Result<>(std::string_view)>& take);

// An APPEND on its way (RFC 9051 6.3.12): one message at a time streams to the store, in bounded memory. Nothing is in
// the mailbox before all of them are.
struct Appending {
  explicit Appending(const ParseOptions& options) : reader(options) {}

  AppendReader reader;
  std::optional<Mailbox> target;        // once it was looked for
  account::Uid replaced = 0;            // REPLACE: of the selected mailbox
  std::vector<account::NewItem> items;  // complete
  std::size_t summaries_octets = 0;
  std::uint64_t octets = 0;  // of all messages so far

  // The message that is coming.
  AppendMessage message;
  bool catenated = false;            // CATENATE puts it together: it ends by a step, not by a literal
  std::uint64_t message_octets = 0;  // of it so far, the literal that comes included
  std::string bad_url;               // that names nothing here: BADURL (RFC 4469 4)
  std::unique_ptr<account::BodyWriter> writer;
  mime::StructureScanner scanner;
  std::string held;
};

}  // namespace gatepost::imap::server
