#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "account/account.hpp"
#include "imap/protocol/command_fetch.hpp"
#include "imap/protocol/fetch_response.hpp"
#include "imap/server/preview_cache.hpp"
#include "imap/server/section.hpp"
#include "imap/server/selected.hpp"
#include "imap/server/structure_writer.hpp"
#include "imap/server/uid_pages.hpp"

namespace gatepost::imap::server {

using KeywordNames = std::shared_ptr<const std::vector<std::string>>;  // the account's; shared with it

struct FetchPlan {
  FetchItems items;  // with UID and MODSEQ where they are implied
  NumberSet uids;    // of the view
  bool utf8 = false;
  bool uid_only = false;                // responses are UIDFETCH (RFC 9586)
  bool recent = false;                  // FLAGS has \Recent (rev1)
  bool mark_seen = false;               // messages whose sections are read without PEEK become \Seen (RFC 9051 6.4.5)
  PreviewCache* previews = nullptr;     // outlives the run; null: none are kept
  bool modseq_of_seen = false;          // with the FLAGS that report it (RFC 7162 3.1)
  std::function<bool()> still_allowed;  // asked before each batch, on a worker; none: always
};

// Writes the FETCH responses of many messages in pages of bounded size, reading what they need as it goes. Each call of
// next() is one job for a worker; the session sends the page before it asks for the next.
class FetchRun {
 public:
  // All of these outlive it, and nothing of `view` changes meanwhile.
  FetchRun(account::Account& account, const Selected& view, FetchPlan plan);

  // Replaces page() by the next one. False: it is the last. `keywords`: none when no flags are told. Blocks. An error
  // means that a literal was left unfinished: the connection can only be closed.
  Result<bool> next(KeywordNames keywords);
  std::string& page() { return page_; }
  // The page ends within a response: nothing else may be written before the next one.
  bool within_message() const { return writer_.has_value(); }
  // Of the message that comes next, when the client has not heard of its keywords: Session::keywords() before next().
  const account::Flags& unheard() const { return unheard_; }

  // At the end.
  bool missing() const { return missing_; }                         // some messages were gone
  bool unknown_encoding() const { return unknown_encoding_; }       // NO [UNKNOWN-CTE] (RFC 3516 4.3)
  const std::optional<Error>& failure() const { return failure_; }  // some message or section could not be read
  // What FLAGS has been sent of after \Seen was set here; not all of them when they are many.
  std::vector<account::Row> take_seen() { return std::move(seen_); }

 private:
  struct Message {
    account::Row row;
    account::Item item;
    bool gone = false, newly_seen = false;
  };
  // A literal on its way out.
  struct Flow {
    SectionReader reader;
    Window window;
    bool binary;
  };

  // fetch_run.cpp
  Result<> read_rows(bool into_batch);
  void write_row(const account::Row& row);
  void write_attributes(const account::Row& row, bool flags, bool modseq);
  const std::string& flag_list(const account::Row& row);
  const std::string& written_flag_list(const account::Row& row, bool recent);
  FetchName name_of(account::Uid uid) {
    return plan_.uid_only ? FetchName{uid, true} : FetchName{ranks_.of(uid), false};
  }
  bool knows_keywords(const account::Row& row) const;
  void fail_message(Error error);

  // fetch_messages.cpp
  Result<> read_batch();
  void mark_batch_seen();
  Result<> read_items();
  Result<> advance();
  Result<> begin_message();
  Result<> write_preview();
  Result<> begin_section(const FetchSection& section);
  Result<> whole_section(const FetchSection& section, const Place& place);
  Result<> changed_section(const FetchSection& section, const Place& place, SectionReader::Change change);
  Result<> flow(Flow& flow);
  void end_message();

  account::Account& account_;
  const Selected& view_;
  const FetchPlan plan_;
  const bool wants_items_, wants_structure_;
  UidPages pages_;
  Ranks ranks_;
  NumberSet chunk_;  // being read
  std::string page_;

  KeywordNames keywords_;
  std::unordered_map<std::string, std::string> flag_lists_;  // by flags and keyword ids
  std::string flag_key_;
  // The list of the row before, which most often is that of the next, too.
  const std::string* last_list_ = nullptr;
  account::Flags last_flags_;
  bool last_recent_ = false;
  account::Uid waited_for_ = 0;  // the row that asked for newer keywords
  account::Flags unheard_;

  std::vector<Message> batch_;
  std::size_t at_ = 0;  // the message in the batch
  MessageReader reader_;
  StructureWriter structure_writer_;
  mime::Structure structure_;
  std::optional<FetchWriter> writer_;  // a response has begun
  std::size_t section_ = 0;
  static constexpr std::size_t kSent = std::numeric_limits<std::size_t>::max();
  std::size_t begin_ = kSent;  // of the response in page_; kSent: some of it has been sent
  bool has_items_ = false;     // the response is not "()"
  std::optional<Flow> flow_;
  std::string scratch_;

  bool missing_ = false, unknown_encoding_ = false;
  std::optional<Error> failure_;
  std::vector<account::Row> seen_;
};

}  // namespace gatepost::imap::server
