#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "imap/server/fetch_run.hpp"
#include "imap/server/search_match.hpp"
#include "imap/server/search_program.hpp"
#include "imap/server/uid_pages.hpp"

namespace gatepost::imap::server {

// Goes through a mailbox in jobs of bounded length, so that a long search leaves workers to others.
class SearchRun {
 public:
  // How much has to be found.
  enum class Wanted : std::uint8_t { all, first, last };
  // All of these outlive it, and nothing of `view` changes meanwhile.
  SearchRun(const SearchProgram& program, account::Account& account, const Selected& view, const Clock& clock,
            Wanted wanted, const NumberSet* among = nullptr,        // among: only these are looked at
            search::Answers* index = nullptr,                       // index: what it knows of program.queries()
            std::uint32_t most = 0,                                 // and no more, from the newest on; 0: any number
            const search::AttachmentTexts* attachments = nullptr);  // null: they are not searched

  // Goes on for a while. False: done. Blocks.
  Result<bool> next();

  std::uint64_t goal() const { return undecided_.size(); }  // messages to be looked at
  std::uint64_t left() const { return pages_.left() + pending_.size() - at_; }
  // The lowest UID that `most` left; 0: it did not matter.
  account::Uid lowest() const { return lowest_; }
  // At the end. UIDs; of Wanted::first and last only that one need be right.
  const NumberSet& found() const { return found_; }
  bool missing() const { return missing_; }  // some messages were gone
  // The first message that could not be read; such do not match.
  const std::optional<Error>& damage() const { return damage_; }
  // The largest modseq of what was found; filled in when the program asks for it (RFC 7162 3.1.5, 3.1.10).
  account::Modseq highest() const { return highest_; }
  account::Modseq of_first() const { return first_.modseq; }
  account::Modseq of_last() const { return last_.modseq; }

 private:
  struct Hit {
    account::Uid uid = 0;
    account::Modseq modseq = 0;
  };
  bool decided() const;
  Result<> read_page();
  Result<> look_into_some();
  void end_page();

  account::Account& account_;
  const Selected& view_;
  const Clock& clock_;
  const Wanted wanted_;
  NumberSet found_;
  account::Uid lowest_ = 0;
  NumberSet undecided_;  // by the program's bounds; those certain are in found_
  UidPages pages_;
  SearchMatch match_;
  std::vector<account::Row> pending_;  // of the page: those that have to be looked into
  std::size_t at_ = 0;
  std::vector<Hit> hits_;  // of the page
  Hit first_, last_;
  account::Modseq highest_ = 0;
  bool missing_ = false;
  std::optional<Error> damage_;
};

}  // namespace gatepost::imap::server
