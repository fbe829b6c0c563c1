#pragma once

#include <expected>
#include <optional>

#include "imap/protocol/command_search.hpp"
#include "imap/server/search_run.hpp"
#include "imap/server/session.hpp"

namespace gatepost::imap::server {

// What SEARCH, SORT and THREAD found in a mailbox.
struct SearchFound {
  NumberSet uids;               // of Wanted::first and last only that one need be right
  account::Modseq highest = 0;  // of all of them; 0 unless `tells_modseq`
  account::Modseq of_first = 0, of_last = 0;
  bool tells_modseq = false;  // the answer names a MODSEQ (RFC 7162 3.1.5)
  bool missing = false;       // some messages were removed meanwhile
  account::Uid lowest = 0;    // only messages from here on were looked at (RFC 9738); 0: all
};

// Runs it. An Answer: the command has failed; then a result that is to be saved is empty (RFC 5182 2.1). `index`: what
// the search index knows, when the same search goes over several mailboxes; empty before the first.
// `most`: messages that are looked at; 0: any number. `among`: only of these.
Task<std::expected<SearchFound, Answer>> find_messages(Session& session, Selected& view, const Search& search,
                                                       SearchRun::Wanted wanted, std::uint32_t most,
                                                       std::optional<search::Answers>* index = nullptr,
                                                       const NumberSet* among = nullptr);

// The highest modseq of these; for answers that name some of what was found (RFC 9394 3.4). Blocks.
Result<account::Modseq> highest_modseq(account::Account& account, account::FolderId folder, const NumberSet& uids);

// RFC 9051 6.4.4: without RETURN, rev2 answers as with RETURN (ALL).
SearchReturn returns_of(const Search& search);
// How much has to be found for an answer.
SearchRun::Wanted wanted_of(const SearchReturn& returns);
// The answer names, or has to know, all that was found.
bool names_all(const SearchReturn& returns);
// What an answer names of what was found, and what of that is the PARTIAL.
struct SearchAnswer {
  NumberSet partial;
  account::Modseq modseq = 0;
};
Result<SearchAnswer> answer_of(account::Account& account, const Selected& view, const SearchReturn& returns,
                               const SearchFound& found);  // blocks
// RFC 5182 2.4, RFC 9394 3.2: what is saved is what was asked for; with MIN, MAX or PARTIAL alone no more than these.
NumberSet to_save(const SearchReturn& returns, const NumberSet& found, const NumberSet& partial);
// Writes ESEARCH. `into`: with tag, and mailbox if there is one to name, and scores.
void write_found(std::string& out, const Selected& view, std::string_view tag, EsearchResult into,
                 const SearchReturn& returns, const SearchFound& found, const SearchAnswer& answer);

// RFC 5267 4.3: a tag names one result that is kept up to date. nullopt: there is nothing against it.
std::optional<Answer> refuse_update(const Session& session, const std::string& tag, const Search& search);
// RETURN (UPDATE): tells of changes of the result from here on, or that it cannot (RFC 5267 4.3).
// `limited`: it is not the whole result.
void keep_updated(Session& session, SearchContext context, bool limited = false);

// How SEARCH and its like end.
Answer end_of_search(Session& session, const SearchFound& found);
// RFC 9738 3.3: an order needs all of them. nullopt: they are not too many.
std::optional<Answer> refuse_order(const Session& session, const SearchFound& found);

}  // namespace gatepost::imap::server
