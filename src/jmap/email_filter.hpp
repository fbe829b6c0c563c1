#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "jmap/line_filter.hpp"
#include "jmap/standard.hpp"
#include "jmap/views.hpp"
#include "search/attachment_texts.hpp"
#include "search/query.hpp"

// What Email/query looks for (RFC 8621 4.4.1).
namespace gatepost::jmap {

enum class Test : std::uint8_t {
  all_of,
  any_of,
  none_of,
  in_mailbox,
  not_only_in,  // inMailboxOtherThan
  before,
  after,
  min_size,
  max_size,
  all_in_thread,
  some_in_thread,
  none_in_thread,
  has_keyword,
  not_keyword,
  has_attachment,
  text,  // anywhere; the further ones are in one place
  from,
  to,
  cc,
  bcc,
  subject,
  body,
  header,
};

struct Condition {
  Test test{};
  std::uint32_t end = 0;  // of operators: behind the last condition below, in the list
  account::FolderId folder{};
  std::vector<account::FolderId> folders;
  std::int64_t number = 0;                    // seconds of 1970, octets
  bool wanted = true;                         // hasAttachment
  std::uint8_t flag = 0;                      // of a keyword that is a system flag
  std::optional<account::KeywordId> keyword;  // else; none: no message has it
  std::string needle;                         // folded
  std::string field;                          // of header
  std::optional<std::size_t> query;           // that an index may know
};

// A filter made ready. Conditions in prefix order; the first is the whole. The same text gives the same.
class EmailFilter {
 public:
  // Null: everything. Errors: invalidArguments, unsupportedFilter.
  static Outcome<EmailFilter> read(Context& context, const Access& access, const json::value* filter);

  const std::vector<Condition>& conditions() const { return conditions_; }
  const std::vector<search::Query>& queries() const { return queries_; }
  // The only mailbox that something can be found in, when the filter says so.
  std::optional<account::FolderId> only_in() const;
  bool is_mailbox_alone() const;  // everything in only_in() matches
  bool asks_body() const;         // some condition looks into the text of messages
  bool asks_threads() const;      // the answer for a message depends on others of its conversation

 private:
  Outcome<> add(Context& context, const Access& access, const json::value& filter, std::size_t depth);
  Outcome<> add_condition(Context& context, const Access& access, std::string_view name, const json::value& value);
  void add_text(Condition& condition);

  std::vector<Condition> conditions_;
  std::vector<search::Query> queries_;
  std::vector<std::string> keywords_;  // of the account
};

// Says of one message after the other whether it matches. Reads no more of it than the answer needs. One thread;
// blocks.
class EmailMatch {
 public:
  // Borrows all. `copied`: of the visible folders; null: nothing. `attachments`: what was found in them (RFC
  // 8621 4.4.1: text in attachments may be looked for, too); null: nothing. `all`: the visible folders' views, for
  // conditions on conversations.
  EmailMatch(const EmailFilter& filter, const Access& access, Views& views, search::Answers answers,
             const search::AttachmentTexts* attachments, const CopiedEmails* copied,
             const std::vector<std::shared_ptr<const FolderView>>& all);
  ~EmailMatch();
  Result<bool> operator()(const FolderView& view, const Line& line) {
    if (!lines_ || (copied_ != nullptr && copied_->find(line.email) != nullptr)) return test_all(view, line);
    if (!lines_->matches(view, line)) return false;
    if (!lines_->attachments()) return true;
    if (marks_ && AttachmentMarks::block_of(line.item) == marked_block_) {
      if (const auto known = marks_->find(*access_.account, line.item)) return *known == *lines_->attachments();
    }
    return test_attached(line, *lines_->attachments());
  }

 private:
  struct Message;
  Result<bool> test_all(const FolderView& view, const Line& line);
  Result<bool> test_attached(const Line& line, bool wanted);
  Result<bool> test(std::uint32_t& at, const FolderView& view, const Line& line);
  Result<bool> test_one(const Condition& c, const FolderView& view, const Line& line);
  bool has(const Condition& c, const FolderView& view, const Line& line) const;
  Result<Message*> message(const Line& line);
  Result<bool> attached(const Line& line);
  void read_threads(const std::vector<std::shared_ptr<const FolderView>>& all);

  const EmailFilter& filter_;
  const Access& access_;
  Views& views_;
  search::Answers answers_;
  const search::AttachmentTexts* const attachments_;
  const CopiedEmails* const copied_;
  const CopiedEmails::Together* together_ = nullptr;  // of the message that is looked at
  // Of each condition on conversations, by its index: how many messages a conversation has, and how many with the
  // keyword.
  struct Tally {
    std::uint32_t all = 0, with = 0;
  };
  std::unordered_map<std::uint32_t, std::unordered_map<account::ItemId, Tally>> threads_;
  std::optional<LineFilter> lines_;  // when that says all
  std::unique_ptr<Message> message_;
  std::shared_ptr<AttachmentMarks> marks_;  // of the items of marked_block_
  std::uint64_t marked_block_ = 0;
};

}  // namespace gatepost::jmap
