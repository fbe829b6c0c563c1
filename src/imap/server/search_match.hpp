#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "account/account.hpp"
#include "imap/server/search_program.hpp"
#include "imap/server/section.hpp"
#include "mime/fold.hpp"
#include "mime/structure.hpp"
#include "reading/text_walk.hpp"
#include "search/attachment_texts.hpp"
#include "search/query.hpp"

namespace gatepost::imap::server {

struct Services;

// What searches look into beside messages; null: nothing.
const search::AttachmentTexts* attachment_texts(const Services& services);

// Yes, no, or not known before more of the message is read.
enum class Truth : std::uint8_t { no, yes, unknown };

// Decides whether messages match, one after the other, reading no more of each than the decision needs: keys that cost
// less come first. Keeps its memory between messages. Blocks where it says so.
class SearchMatch : private reading::TextWalk::Visitor {
 public:
  // All of these outlive it. `index`: what it knows of program.queries(); may be null. `attachments`: what else there
  // is to look into; null: nothing.
  SearchMatch(const SearchProgram& program, account::Account& account, const Selected& view, search::Answers* index,
              const search::AttachmentTexts* attachments = nullptr);

  Truth by_row(const account::Row& row);
  // For what by_row() left unknown. Blocks.
  Result<bool> by_message(const account::Row& row, const account::Item& item);

 private:
  struct Seeker {
    std::uint32_t test;
    bool in_headers;  // TEXT; else BODY
    mime::Searcher searcher;
  };

  // Of composed keys from those of their children (Kleene's logic). What the whole is.
  Truth combine();
  // Marks keys of this depth whose answer can still matter; false: there is none.
  bool need(Depth depth);
  bool test_row(const SearchTest& test, const account::Row& row, std::uint32_t position) const;
  void ask_index(const account::Row& row);

  Result<> look_at_summary(const account::Item& item);
  bool test_summary(const SearchTest& test);
  bool test_sent(const SearchTest& test) const;
  const std::string& summary_text(SummaryField field);
  Result<> look_at_header();

  Result<> look_at_text(const account::Item& item);
  void look_at_attachments(const account::Body& body);
  bool wants_headers() const override;
  bool text(std::string_view folded, bool in_body) override;
  void end_text() override;

  const SearchProgram& program_;
  const Selected& view_;
  search::Answers* const index_;
  const search::AttachmentTexts* const attachments_;
  MessageReader reader_;
  std::vector<Truth> values_;
  std::vector<bool> chain_, needed_;  // chain_: the key and all above it are undecided

  mime::Structure structure_;
  std::array<std::optional<std::string>, kSummaryFields> summary_texts_;  // folded, of the message at hand

  std::vector<Seeker> seekers_;   // of all BODY and TEXT keys
  std::vector<Seeker*> seeking_;  // still undecided in the message at hand
  reading::TextWalk walk_;
};

}  // namespace gatepost::imap::server
