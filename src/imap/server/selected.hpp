#pragma once

#include <algorithm>
#include <cstdint>
#include <expected>
#include <memory>
#include <set>
#include <string_view>
#include <vector>

#include "account/account.hpp"
#include "account/object_ids.hpp"
#include "base/number_set.hpp"
#include "imap/protocol/sequence_set.hpp"
#include "imap/server/answer.hpp"
#include "imap/server/search_context.hpp"
#include "sharing/rights.hpp"

namespace gatepost::imap::server {

class RemovedAccount;

// What happened to the selected mailbox, as read by a worker and not told yet.
struct News {
  account::Folder folder;
  std::shared_ptr<const NumberSet> uids;  // as they are now
  NumberSet vanished;                     // of those the client knows
  NumberSet touched;                      // the same with those whose change this session told itself
  NumberSet changed;                      // flags changed, of those the client knows and that stay
  std::vector<account::Row> rows;         // of these, when they are few (account::Delta)
  std::uint32_t arrived = 0;              // how many the client does not know
  account::Uid first_recent = 0;          // of what arrived (Opened::first_recent)
  account::Modseq to = 0;
  bool withheld = false;  // messages vanished, and that may not be told now: nothing else is filled in
};

// What UIDBATCHES has told of the mailbox as it was then (RFC 10022 3.1.1).
struct BatchesTold {
  std::shared_ptr<const NumberSet> uids;  // shared as Selected::uids() is
  NumberSet batches;
  std::uint32_t repeats = 0;
};

// Which of the account's keywords FLAGS has named. Of one's own account these are the first so many; in another's
// folder those that its messages were seen to have, since the rest would tell of folders that are none of the client's
// business.
struct KeywordsTold {
  std::size_t first = 0;
  std::set<account::KeywordId> some;
  bool only_some = false;  // another's
  // Of those, none that is unheard of.
  bool has(const account::Flags& flags) const {
    return !only_some ||
           std::ranges::all_of(flags.keywords, [this](account::KeywordId id) { return some.contains(id); });
  }
};

// One session's view of a mailbox: what the client knows of it. Between two commands only take() changes it, so
// sequence numbers stay as they are while a command runs (RFC 9051 7.5.1). The UIDs are shared with everybody who sees
// the same; a folder of a million messages costs nothing here.
class Selected {
 public:
  // `account`: the one it lies in, shared with whoever else has it open.
  Selected(std::shared_ptr<account::Account> account, account::Opened opened, bool read_only);

  account::Account& account() const { return *account_; }
  std::shared_ptr<account::Account> shared_account() const { return account_; }
  account::FolderId folder() const { return folder_; }
  account::ObjectIds ids() const;  // of what is in it
  bool read_only() const { return read_only_; }
  std::uint32_t uid_validity() const { return uid_validity_; }
  std::uint32_t exists() const { return static_cast<std::uint32_t>(uids_->size()); }
  // The message with sequence number n is the n-th of these: uids().rank(uid), uids().select(n). Others may have
  // removed some of them meanwhile: Account::rows() leaves those out.
  const NumberSet& uids() const { return *uids_; }
  std::shared_ptr<const NumberSet> shared_uids() const { return uids_; }
  bool is_recent(account::Uid uid) const { return recent_.contains(uid); }
  std::uint32_t recent() const { return static_cast<std::uint32_t>(recent_.size()); }
  // All up to this modseq has been told.
  account::Modseq modseq() const { return modseq_; }

  // The UIDs that a command means, among uids(). A sequence number beyond exists() is BAD (RFC 9051 6.4.4, 9); UIDs
  // that are not there are left out. "$" is the saved search result.
  std::expected<NumberSet, Answer> resolve(const SequenceSet& set, bool uid) const;
  // UIDs or, as the client asked, their sequence numbers.
  NumberSet as_asked(const NumberSet& uids, bool uid) const;

  // Result of SEARCH RETURN (SAVE) (RFC 5182), UIDs; what vanishes leaves it.
  const NumberSet& saved() const { return saved_; }
  void save(NumberSet uids) { saved_ = std::move(uids); }

  // The command has told the client the flags of `uids` as they were at `modseq` or later: what changed in them up to
  // then is no news. Forgotten at the command's end.
  void told(const NumberSet& uids, account::Modseq modseq);
  // The same for STORE.SILENT, whose client knows the outcome of exactly these rows.
  void told(std::vector<account::Row> rows) { told_rows_ = std::move(rows); }

  // Reads the news. Blocks: on a worker, while the session waits. Errc::not_found: the folder was deleted.
  Result<News> read_news(bool vanished_allowed);
  // Makes them what the client knows; before that, uids() is still the numbering that EXPUNGE speaks of.
  void take(const News& news);
  // This row is no news for what told() has heard.
  bool is_told(const account::Row& row) const;
  // All news are told, or nothing happened after all.
  void forget_told();

  // News with vanished messages came when they could not be told; they wait for a command in which they can.
  bool withheld = false;
  std::vector<SearchContext> contexts;  // searches whose results are kept up to date (RFC 5267)
  NumberSet made_here;                  // messages that this session put here, and has not told of yet
  BatchesTold batches_told;
  std::string prefix;                       // of names in this account: Location::prefix
  std::shared_ptr<RemovedAccount> removed;  // Mailbox::removed
  account::Modseq metadata_since = 0;       // annotations have been told up to here, when that is wanted
  sharing::Rights rights_told;              // by FLAGS and PERMANENTFLAGS
  KeywordsTold keywords_told;

 private:
  static bool same_moment(const account::Delta& delta, const account::Opened& now);

  std::shared_ptr<account::Account> account_;
  account::FolderId folder_;
  bool read_only_;
  std::uint32_t uid_validity_;
  std::shared_ptr<const NumberSet> uids_;  // shared with the account and other sessions
  NumberSet recent_, saved_;
  account::Modseq modseq_;
  NumberSet told_;
  account::Modseq told_modseq_ = 0;
  std::vector<account::Row> told_rows_;
};

}  // namespace gatepost::imap::server
