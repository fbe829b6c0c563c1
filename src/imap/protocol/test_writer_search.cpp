// SEARCH and what is built on it: ESEARCH, SORT, THREAD, NOTIFY's choice of mailboxes.

#include "base/ascii.hpp"
#include "base/date.hpp"
#include "imap/protocol/test_writer.hpp"

namespace gatepost::imap::test {

static std::string day(std::chrono::sys_days day) {
  return std::string(ascii::trim(std::string_view(date::format_imap_datetime(day)).substr(0, 11)));
}

void Writer::key(const SearchKey& key) {
  const auto with_text = [&](std::string_view name) {
    out_ += name;
    astring(key.text);
  };
  const auto with = [&](std::string_view name, const std::string& value) {
    out_.append(name).append(" ").append(value);
  };
  switch (key.op) {
    case SearchOp::all:
      out_ += "ALL";
      return;
    case SearchOp::conjunction:
      out_ += '(';
      return;
    case SearchOp::disjunction:
      out_ += "OR";
      return;
    case SearchOp::negation:
      out_ += "NOT";
      return;
    case SearchOp::flag:
      out_.append(key.wanted ? "" : "UN").append(system_flag_name(key.flag).substr(1));
      return;
    case SearchOp::keyword:
      return with(key.wanted ? "KEYWORD" : "UNKEYWORD", key.text);
    case SearchOp::recent:
      out_ += key.wanted ? "RECENT" : "OLD";
      return;
    case SearchOp::new_:
      out_ += "NEW";
      return;
    case SearchOp::modseq:
      return with("MODSEQ", number(key.number));
    case SearchOp::sequence:
      out_ += key.set.to_string();
      return;
    case SearchOp::uid:
      return with("UID", key.set.to_string());
    case SearchOp::uid_after:
      return with("UIDAFTER", number(key.number));
    case SearchOp::uid_before:
      return with("UIDBEFORE", number(key.number));
    case SearchOp::larger:
      return with("LARGER", number(key.number));
    case SearchOp::smaller:
      return with("SMALLER", number(key.number));
    case SearchOp::before:
      return with("BEFORE", day(key.day));
    case SearchOp::on:
      return with("ON", day(key.day));
    case SearchOp::since:
      return with("SINCE", day(key.day));
    case SearchOp::sent_before:
      return with("SENTBEFORE", day(key.day));
    case SearchOp::sent_on:
      return with("SENTON", day(key.day));
    case SearchOp::sent_since:
      return with("SENTSINCE", day(key.day));
    case SearchOp::saved_before:
      return with("SAVEDBEFORE", day(key.day));
    case SearchOp::saved_on:
      return with("SAVEDON", day(key.day));
    case SearchOp::saved_since:
      return with("SAVEDSINCE", day(key.day));
    case SearchOp::save_date_supported:
      out_ += "SAVEDATESUPPORTED";
      return;
    case SearchOp::older:
      return with("OLDER", number(key.number));
    case SearchOp::younger:
      return with("YOUNGER", number(key.number));
    case SearchOp::bcc:
      return with_text("BCC");
    case SearchOp::cc:
      return with_text("CC");
    case SearchOp::from:
      return with_text("FROM");
    case SearchOp::to:
      return with_text("TO");
    case SearchOp::subject:
      return with_text("SUBJECT");
    case SearchOp::header:
      out_ += "HEADER";
      astring(key.field);
      astring(key.text);
      return;
    case SearchOp::body:
      return with_text("BODY");
    case SearchOp::text:
      return with_text("TEXT");
    case SearchOp::email_id:
      return with("EMAILID", key.text);
    case SearchOp::filter:
      return with("FILTER", key.text);
    case SearchOp::thread_id:
      return with("THREADID", key.text);
  }
}

void Writer::operator()(const Search& c) {
  verb("SEARCH", c.uid);
  program(c);
}

void Writer::program(const Search& c) {
  if (c.returns) returns(*c.returns);
  if (!c.charset.empty()) {
    word("CHARSET");
    astring(c.charset);
  }
  keys(c);
}

void Writer::filter(const MailboxFilter& filter) {
  out_ += to_string(filter.kind);
  if (filter.mailboxes.empty()) return;
  out_ += " (";
  for (const std::string& name : filter.mailboxes) {
    if (out_.back() != '(') out_ += ' ';
    write_mailbox(out_, name, utf8_);
  }
  out_ += ')';
}

void Writer::operator()(const Notify& c) {
  word("NOTIFY");
  word(c.groups.empty() ? "NONE" : c.status ? "SET STATUS" : "SET");
  for (const NotifyGroup& group : c.groups) {
    out_ += " (";
    filter(group.filter);
    std::string names = event_names(group.events);
    if (has(group.events, NotifyEvent::unknown)) names += names.empty() ? "Other" : " Other";
    if (names.empty()) {
      out_ += " NONE)";
      continue;
    }
    out_ += " (";
    if (!group.new_items.empty()) {
      names.erase(0, std::string_view("MessageNew").size());
      out_ += "MessageNew ";
      fetch_items(group.new_items);
    }
    out_.append(names).append("))");
  }
}

void Writer::operator()(const Esearch& c) {
  word("ESEARCH");
  List filters(out_ += " IN ");
  for (const MailboxFilter& one : c.in) {
    filters.item();
    filter(one);
  }
  filters.end();
  program(c.search);
}

void Writer::operator()(const Sort& c) {
  verb("SORT", c.search.uid);
  if (c.search.returns) returns(*c.search.returns);
  List list(out_ += ' ');
  for (const SortCriterion& criterion : c.criteria) {
    list.item((criterion.reverse ? "REVERSE " : "") + std::string(to_string(criterion.key)));
  }
  list.end();
  astring(c.search.charset);
  keys(c.search);
}

void Writer::operator()(const Thread& c) {
  verb("THREAD", c.search.uid);
  constexpr std::string_view kNames[] = {"ORDEREDSUBJECT", "REFERENCES", "REFS"};
  word(kNames[static_cast<int>(c.algorithm)]);
  astring(c.search.charset);
  keys(c.search);
}

void Writer::returns(const SearchReturn& r) {
  List list(out_ += " RETURN ");
  list.when(r.min, "MIN");
  list.when(r.max, "MAX");
  list.when(r.all, "ALL");
  list.when(r.count, "COUNT");
  list.when(r.save, "SAVE");
  list.when(r.update, "UPDATE");
  if (!r.update_items.empty()) fetch_items(r.update_items);
  list.when(r.context, "CONTEXT");
  list.when(r.relevancy, "RELEVANCY");
  if (r.partial) list.item("PARTIAL " + to_string(*r.partial));
  list.end();
}

void Writer::keys(const Search& c) {
  std::vector<std::uint32_t> open_groups;  // ends
  bool group_begins = false;
  for (std::size_t i = 1; i < c.keys.size(); ++i) {
    while (!open_groups.empty() && open_groups.back() == i) {
      out_ += ')';
      open_groups.pop_back();
    }
    if (!group_begins) out_ += ' ';
    if (c.keys[i].fuzzy) out_ += "FUZZY ";
    group_begins = c.keys[i].op == SearchOp::conjunction;
    if (group_begins) open_groups.push_back(c.keys[i].end);
    key(c.keys[i]);
  }
  out_.append(open_groups.size(), ')');
}

}  // namespace gatepost::imap::test
