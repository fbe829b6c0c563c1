#include "jmap/email_filter.hpp"

#include <algorithm>
#include <array>

#include "base/ascii.hpp"
#include "jmap/email.hpp"
#include "jmap/ids.hpp"
#include "mime/body_lists.hpp"
#include "mime/encoded_word.hpp"
#include "mime/fold.hpp"
#include "mime/header.hpp"
#include "mime/normal_form.hpp"
#include "reading/message_reader.hpp"
#include "reading/text_part.hpp"
#include "reading/text_walk.hpp"

namespace gatepost::jmap {
namespace {

namespace flag = account::flag;
using reading::SummaryField;

constexpr std::size_t kMaxEmailConditions = 200, kMaxFilterDepth = 20, kMaxWords = 20;

struct NamedTest {
  std::string_view name;
  Test test;
};
constexpr std::array<NamedTest, 20> kNames = {{{"inMailbox", Test::in_mailbox},
                                               {"inMailboxOtherThan", Test::not_only_in},
                                               {"before", Test::before},
                                               {"after", Test::after},
                                               {"minSize", Test::min_size},
                                               {"maxSize", Test::max_size},
                                               {"allInThreadHaveKeyword", Test::all_in_thread},
                                               {"someInThreadHaveKeyword", Test::some_in_thread},
                                               {"noneInThreadHaveKeyword", Test::none_in_thread},
                                               {"hasKeyword", Test::has_keyword},
                                               {"notKeyword", Test::not_keyword},
                                               {"hasAttachment", Test::has_attachment},
                                               {"text", Test::text},
                                               {"from", Test::from},
                                               {"to", Test::to},
                                               {"cc", Test::cc},
                                               {"bcc", Test::bcc},
                                               {"subject", Test::subject},
                                               {"body", Test::body},
                                               {"header", Test::header}}};

bool is_operator(Test test) { return test <= Test::none_of; }
bool is_of_thread(Test test) { return test >= Test::all_in_thread && test <= Test::none_in_thread; }
bool is_of_message(Test test) { return test >= Test::has_attachment; }

search::Fields fields_of(Test test) {
  namespace field = search::field;
  switch (test) {
    case Test::text:
      return field::kFrom | field::kTo | field::kCc | field::kBcc | field::kSubject | field::kBody;
    case Test::from:
      return field::kFrom;
    case Test::to:
      return field::kTo;
    case Test::cc:
      return field::kCc;
    case Test::bcc:
      return field::kBcc;
    case Test::subject:
      return field::kSubject;
    case Test::body:
      return field::kBody;
    default:
      return 0;
  }
}

// What is to be found: words, or what stands between quotes (RFC 8621 4.4.1).
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty() && words.size() < kMaxWords) {
    const bool quoted = text.front() == '"' || (text.front() == '\'' && text.find('\'', 1) != std::string_view::npos);
    const char end_mark = quoted ? text.front() : ' ';
    if (quoted) text.remove_prefix(1);
    const std::size_t end = std::min(text.find(end_mark), text.size());
    std::string word = mime::fold(mime::to_nfc(std::string(text.substr(0, end))));
    if (!word.empty()) words.push_back(std::move(word));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

std::optional<std::int64_t> seconds_of(const json::value& value) {
  const auto t = read_date(value);
  if (!t) return std::nullopt;
  // Messages have whole seconds: before 10:00:00.5 is also what came at 10:00:00.
  return std::chrono::ceil<std::chrono::seconds>(*t).time_since_epoch().count();
}

}  // namespace

Outcome<EmailFilter> EmailFilter::read(Context& context, const Access& access, const json::value* filter) {
  EmailFilter out;
  if (filter == nullptr) return out;
  JMAP_CALL_TRY(const auto names, access.account->keywords());
  out.keywords_ = *names;
  if (auto done = out.add(context, access, *filter, 0); !done) return std::unexpected(done.error());
  return out;
}

Outcome<> EmailFilter::add(Context& context, const Access& access, const json::value& filter, std::size_t depth) {
  const auto* object = filter.if_object();
  if (object == nullptr || depth > kMaxFilterDepth || conditions_.size() > kMaxEmailConditions) {
    return bad_argument("filter");
  }
  const std::size_t self = conditions_.size();
  conditions_.push_back({.test = Test::all_of});
  if (const auto* name = object->if_contains("operator")) {
    const auto* below = object->if_contains("conditions");
    const std::string_view op = name->is_string() ? std::string_view(name->get_string()) : std::string_view();
    if (below == nullptr || !below->is_array() || (op != "AND" && op != "OR" && op != "NOT")) {
      return bad_argument("filter");
    }
    conditions_[self].test = op == "AND" ? Test::all_of : op == "OR" ? Test::any_of : Test::none_of;
    for (const json::value& one : below->get_array()) {
      if (auto done = add(context, access, one, depth + 1); !done) return done;
    }
  } else {
    for (const auto& [key, value] : *object) {
      if (auto done = add_condition(context, access, key, value); !done) return done;
    }
  }
  conditions_[self].end = static_cast<std::uint32_t>(conditions_.size());
  return {};
}

Outcome<> EmailFilter::add_condition(Context& context, const Access& access, std::string_view name,
                                     const json::value& value) {
  const auto known = std::ranges::find(kNames, name, &NamedTest::name);
  if (known == kNames.end()) return refuse("unsupportedFilter", std::string(name));
  if (conditions_.size() > kMaxEmailConditions) return refuse("unsupportedFilter", "too many conditions");
  Condition c{.test = known->test};
  const auto wrong = bad_argument("filter");
  // RFC 8621 4.4.1 wants the id of a mailbox; one that is not there holds nothing.
  const auto folder_of = [&](const json::value& id) -> std::optional<account::FolderId> {
    const auto text = id.is_string() ? context.id_of(id.get_string()) : std::nullopt;
    if (!text || !is_id(*text)) return std::nullopt;
    return access.ids().find_mailbox(*text).value_or(account::kRoot);
  };
  switch (c.test) {
    case Test::in_mailbox: {
      const auto folder = folder_of(value);
      if (!folder) return wrong;
      c.folder = *folder;
      break;
    }
    case Test::not_only_in: {
      if (!value.is_array()) return wrong;
      for (const json::value& id : value.get_array()) {
        const auto folder = folder_of(id);
        if (!folder) return wrong;
        c.folders.push_back(*folder);
      }
      break;
    }
    case Test::before:
    case Test::after: {
      const auto seconds = seconds_of(value);
      if (!seconds) return wrong;
      c.number = *seconds;
      break;
    }
    case Test::min_size:
    case Test::max_size: {
      const auto octets = read_unsigned(value);
      if (!octets) return wrong;
      c.number = static_cast<std::int64_t>(*octets);
      break;
    }
    case Test::all_in_thread:
    case Test::some_in_thread:
    case Test::none_in_thread:
    case Test::has_keyword:
    case Test::not_keyword: {
      if (!value.is_string() || !is_keyword(value.get_string())) return wrong;
      const json::object one{{value.get_string(), true}};
      const auto wish = read_keywords(one);
      c.flag = wish->system;
      for (std::size_t i = 0; i < keywords_.size() && c.flag == 0; ++i) {
        if (ascii::iequals(keywords_[i], value.get_string())) c.keyword = static_cast<account::KeywordId>(i);
      }
      break;
    }
    case Test::has_attachment:
      if (!value.is_bool()) return wrong;
      c.wanted = value.get_bool();
      break;
    case Test::header: {
      const auto* pair = value.if_array();
      if (pair == nullptr || pair->empty() || pair->size() > 2 || !(*pair)[0].is_string() ||
          (pair->size() == 2 && !(*pair)[1].is_string())) {
        return wrong;
      }
      c.field = std::string((*pair)[0].get_string());
      if (pair->size() == 2) c.needle = mime::fold(std::string((*pair)[1].get_string()));
      break;
    }
    default: {
      if (!value.is_string()) return wrong;
      for (std::string& word : words_of(value.get_string())) {
        Condition each{.test = c.test, .needle = std::move(word)};
        add_text(each);
        each.end = static_cast<std::uint32_t>(conditions_.size() + 1);
        conditions_.push_back(std::move(each));
      }
      return {};
    }
  }
  c.end = static_cast<std::uint32_t>(conditions_.size() + 1);
  conditions_.push_back(std::move(c));
  return {};
}

void EmailFilter::add_text(Condition& condition) {
  if (queries_.size() >= search::kMaxQueries) return;
  condition.query = queries_.size();
  queries_.push_back({.needle = condition.needle, .fields = fields_of(condition.test), .only_narrows = false});
}

std::optional<account::FolderId> EmailFilter::only_in() const {
  for (std::size_t i = 0; i < conditions_.size();) {
    const Condition& c = conditions_[i];
    if (c.test == Test::in_mailbox) return c.folder;
    i = c.test == Test::all_of ? i + 1 : c.end;
  }
  return std::nullopt;
}

bool EmailFilter::is_mailbox_alone() const {
  return !conditions_.empty() && conditions_.back().test == Test::in_mailbox &&
         std::all_of(conditions_.begin(), conditions_.end() - 1,
                     [](const Condition& c) { return c.test == Test::all_of; });
}

bool EmailFilter::asks_body() const {
  return std::ranges::any_of(conditions_,
                             [](const Condition& c) { return c.test == Test::text || c.test == Test::body; });
}

bool EmailFilter::asks_threads() const {
  return std::ranges::any_of(conditions_, [](const Condition& c) { return is_of_thread(c.test); });
}

// The message that was looked at last, as far as it was.
struct EmailMatch::Message : private reading::TextWalk::Visitor {
  Message(account::Account& account, const search::AttachmentTexts* texts) : reader(account), attachments(texts) {}

  account::ItemId item{};
  account::Body body;
  reading::MessageReader reader;
  mime::Structure structure;
  reading::TextWalk walk;
  const search::AttachmentTexts* const attachments;

  bool field_has(SummaryField field, const std::string& needle) const {
    return reading::searched_text(structure, field).find(needle) != std::string::npos;
  }
  Result<bool> body_has(const std::string& needle) {
    searcher_.emplace(needle);
    GP_CHECK(walk.walk(reader, structure, *this));
    return searcher_->found() || attachments_have();
  }
  Result<bool> header_has(const std::string& field, const std::string& needle) {
    GP_TRY(const std::string_view block, reading::header_of(reader, structure.parts[0]));
    mime::HeaderReader fields(block);
    while (const auto f = fields.next()) {
      if (!ascii::iequals(f->name, field)) continue;
      if (mime::fold(mime::decode_words(f->value)).find(needle) != std::string::npos) return true;
    }
    return false;
  }

 private:
  bool attachments_have() {
    if (attachments == nullptr || std::ranges::none_of(structure.parts, reading::may_hold_text)) return false;
    return std::ranges::any_of(attachments->texts_of(body), [&](const std::string& utf8) {
      searcher_->restart();
      return searcher_->feed(mime::fold(utf8));
    });
  }
  bool wants_headers() const override { return false; }
  bool text(std::string_view folded, bool /*in_body*/) override { return !searcher_->feed(folded); }
  void end_text() override {
    if (!searcher_->found()) searcher_->restart();
  }
  std::optional<mime::Searcher> searcher_;
};

EmailMatch::EmailMatch(const EmailFilter& filter, const Access& access, Views& views, search::Answers answers,
                       const search::AttachmentTexts* attachments, const CopiedEmails* copied,
                       const std::vector<std::shared_ptr<const FolderView>>& all)
    : filter_(filter),
      access_(access),
      views_(views),
      answers_(std::move(answers)),
      attachments_(attachments),
      copied_(copied),
      lines_(LineFilter::of(filter)) {
  if (filter.asks_threads()) read_threads(all);
}
EmailMatch::~EmailMatch() = default;

bool EmailMatch::has(const Condition& c, const FolderView& view, const Line& line) const {
  if (c.flag != 0) return ((together_ != nullptr ? together_->flags : line.flags) & c.flag) != 0;
  return c.keyword && std::ranges::binary_search(
                          together_ != nullptr ? together_->keywords : view.keywords[line.keywords], *c.keyword);
}

void EmailMatch::read_threads(const std::vector<std::shared_ptr<const FolderView>>& all) {
  for (std::uint32_t i = 0; i < filter_.conditions().size(); ++i) {
    const Condition& c = filter_.conditions()[i];
    if (!is_of_thread(c.test)) continue;
    auto& tallies = threads_[i];
    for (const auto& view : all) {
      for (const Line& line : view->lines) {
        together_ = copied_ != nullptr ? copied_->find(line.email) : nullptr;
        if (together_ != nullptr && together_->first != line.item) continue;
        Tally& tally = tallies[line.thread];
        ++tally.all;
        tally.with += has(c, *view, line) ? 1 : 0;
      }
    }
  }
}

Result<bool> EmailMatch::test_all(const FolderView& view, const Line& line) {
  if (filter_.conditions().empty()) return true;
  together_ = copied_ != nullptr ? copied_->find(line.email) : nullptr;
  std::uint32_t at = 0;
  return test(at, view, line);
}

// Leaves `at` behind the condition and what is below it.
Result<bool> EmailMatch::test(std::uint32_t& at, const FolderView& view, const Line& line) {
  const std::uint32_t self = at;
  const Condition& c = filter_.conditions()[self];
  at = c.end;
  if (!is_operator(c.test)) {
    if (is_of_thread(c.test)) {
      const auto& tallies = threads_.at(self);
      const auto found = tallies.find(line.thread);
      const Tally tally = found == tallies.end() ? Tally{} : found->second;
      if (c.test == Test::all_in_thread) return tally.with == tally.all;
      return (tally.with > 0) == (c.test == Test::some_in_thread);
    }
    return test_one(c, view, line);
  }
  // First what the line tells, so that no message is read in vain.
  const bool ends_on = c.test != Test::all_of;  // an answer that decides
  for (const bool of_message : {false, true}) {
    for (std::uint32_t below = self + 1; below < c.end;) {
      const Condition& next = filter_.conditions()[below];
      const bool later = is_of_message(next.test) || is_operator(next.test);
      if (later != of_message) {
        below = next.end;
        continue;
      }
      GP_TRY(const bool is, test(below, view, line));
      if (is == ends_on) return c.test == Test::any_of;
    }
  }
  return c.test != Test::any_of;
}

Result<EmailMatch::Message*> EmailMatch::message(const Line& line) {
  if (!message_) message_ = std::make_unique<Message>(*access_.account, attachments_);
  if (message_->item == line.item) return message_.get();
  message_->item = {};
  GP_TRY(const account::Item item, access_.account->item(line.item));
  message_->reader.open(item.body);
  message_->body = item.body;
  GP_TRY(message_->structure, reading::structure_of(message_->reader, item.summary));
  message_->item = line.item;
  return message_.get();
}

Result<bool> EmailMatch::attached(const Line& line) {
  if (const std::uint64_t block = AttachmentMarks::block_of(line.item); !marks_ || block != marked_block_) {
    marks_ = views_.marks(*access_.account, block);
    marked_block_ = block;
  }
  if (const auto known = marks_->find(*access_.account, line.item)) return *known;
  GP_TRY(const Message* const opened, message(line));
  const bool has = mime::has_attachment(opened->structure);
  marks_->set(*access_.account, line.item, has);
  return has;
}

Result<bool> EmailMatch::test_attached(const Line& line, bool wanted) {
  auto is = attached(line);
  if (!is && is.error().code == Errc::not_found) return false;  // it went meanwhile
  GP_TRY(const bool has, std::move(is));
  return has == wanted;
}

Result<bool> EmailMatch::test_one(const Condition& c, const FolderView& view, const Line& line) {
  switch (c.test) {
    case Test::in_mailbox:
      if (together_ != nullptr) return std::ranges::binary_search(together_->folders, c.folder);
      return view.folder == c.folder;
    case Test::not_only_in: {
      const auto is_other = [&c](account::FolderId id) { return std::ranges::find(c.folders, id) == c.folders.end(); };
      return together_ != nullptr ? std::ranges::any_of(together_->folders, is_other) : is_other(view.folder);
    }
    case Test::before:
      return line.received < c.number;
    case Test::after:
      return line.received >= c.number;
    case Test::min_size:
      return line.octets >= static_cast<std::uint64_t>(c.number);
    case Test::max_size:
      return line.octets < static_cast<std::uint64_t>(c.number);
    case Test::has_keyword:
      return has(c, view, line);
    case Test::not_keyword:
      return !has(c, view, line);
    case Test::has_attachment:
      return test_attached(line, c.wanted);
    default:
      break;
  }
  if (c.query && !answers_.empty()) {
    account::Row row;
    row.item = line.item;
    row.octets = line.octets;
    row.received = TimePoint(std::chrono::seconds(line.received));
    const search::Says says = answers_.of(*c.query, row);
    if (says != search::Says::unknown) return says == search::Says::yes;
  }
  auto opened = message(line);
  if (!opened) {
    // It went meanwhile.
    if (opened.error().code == Errc::not_found) return false;
    return std::unexpected(std::move(opened.error()));
  }
  Message& m = **opened;
  switch (c.test) {
    case Test::from:
      return m.field_has(SummaryField::from, c.needle);
    case Test::to:
      return m.field_has(SummaryField::to, c.needle);
    case Test::cc:
      return m.field_has(SummaryField::cc, c.needle);
    case Test::bcc:
      return m.field_has(SummaryField::bcc, c.needle);
    case Test::subject:
      return m.field_has(SummaryField::subject, c.needle);
    case Test::body:
      return m.body_has(c.needle);
    case Test::header:
      return m.header_has(c.field, c.needle);
    default:
      break;
  }
  for (const auto field :
       {SummaryField::subject, SummaryField::from, SummaryField::to, SummaryField::cc, SummaryField::bcc}) {
    if (m.field_has(field, c.needle)) return true;
  }
  return m.body_has(c.needle);
}

}  // namespace gatepost::jmap
