#include "imap/protocol/test_support.hpp"

#include <initializer_list>
#include <span>
#include <utility>

#include "base/ascii.hpp"
#include "base/base64.hpp"
#include "base/date.hpp"
#include "imap/protocol/fetch_response.hpp"
#include "imap/protocol/mailbox_name.hpp"
#include "imap/protocol/response.hpp"

namespace gatepost::imap::test {
namespace {

// Appends a list: the words of which the second is true, in parentheses.
class List {
 public:
  explicit List(std::string& out) : out_(out) { out_ += '('; }
  std::string& item(std::string_view text = {}) {
    if (!first_) out_ += ' ';
    first_ = false;
    return out_.append(text);
  }
  void when(bool on, std::string_view text) {
    if (on) item(text);
  }
  void end() { out_ += ')'; }

 private:
  std::string& out_;
  bool first_ = true;
};

std::string number(std::uint64_t n) {
  std::string out;
  write_number(out, n);
  return out;
}

class Writer {
 public:
  explicit Writer(bool utf8) : utf8_(utf8) {}
  std::string take() { return std::move(out_); }
  void tag(std::string_view tag) { out_ += tag; }

  void operator()(const Capability&) { word("CAPABILITY"); }
  void operator()(const Noop&) { word("NOOP"); }
  void operator()(const Logout&) { word("LOGOUT"); }
  void operator()(const StartTls&) { word("STARTTLS"); }
  void operator()(const Unauthenticate&) { word("UNAUTHENTICATE"); }
  void operator()(const Compress& c) {
    word("COMPRESS");
    word(c.mechanism);
  }
  void operator()(const UidBatches& c) {
    word("UIDBATCHES");
    word(std::to_string(c.size));
    if (c.first != 0) word(std::to_string(c.first) + ":" + std::to_string(c.last));
  }
  void operator()(const Namespace&) { word("NAMESPACE"); }
  void operator()(const Idle&) { word("IDLE"); }
  void operator()(const Check&) { word("CHECK"); }
  void operator()(const Close&) { word("CLOSE"); }
  void operator()(const Unselect&) { word("UNSELECT"); }
  void operator()(const Delete& c) { named("DELETE", c.mailbox); }
  void operator()(const Subscribe& c) { named("SUBSCRIBE", c.mailbox); }
  void operator()(const Unsubscribe& c) { named("UNSUBSCRIBE", c.mailbox); }
  void operator()(const GetQuotaRoot& c) { named("GETQUOTAROOT", c.mailbox); }
  void operator()(const GetQuota& c) {
    word("GETQUOTA");
    astring(c.root);
  }
  void operator()(const GetAcl& c) { named("GETACL", c.mailbox); }
  void operator()(const MyRights& c) { named("MYRIGHTS", c.mailbox); }
  void operator()(const SetAcl& c) {
    named("SETACL", c.mailbox);
    astring(c.identifier);
    const char* const sign = c.mode == SetAcl::Mode::add ? "+" : c.mode == SetAcl::Mode::remove ? "-" : "";
    astring(sign + c.rights);
  }
  void operator()(const DeleteAcl& c) {
    named("DELETEACL", c.mailbox);
    astring(c.identifier);
  }
  void operator()(const ListRights& c) {
    named("LISTRIGHTS", c.mailbox);
    astring(c.identifier);
  }
  void operator()(const GetMetadata& c) {
    word("GETMETADATA");
    List options(out_ += " (DEPTH ");
    out_.pop_back();
    out_ += c.depth == GetMetadata::Depth::none ? "0" : c.depth == GetMetadata::Depth::one ? "1" : "infinity";
    if (c.max_size) out_.append(" MAXSIZE ").append(number(*c.max_size));
    options.end();
    mailbox(c.mailbox);
    entries(c.entries);
  }
  void operator()(const SetMetadata& c) {
    named("SETMETADATA", c.mailbox);
    List list(out_ += ' ');
    for (const auto& [entry, value] : c.values) {
      write_astring(list.item(), entry, utf8_);
      out_ += ' ';
      if (value && value->find('\0') != std::string::npos) {
        write_literal_header(out_, value->size(), true);
        out_ += *value;
      } else {
        write_nstring(out_, value ? NString(*value) : std::nullopt, utf8_);
      }
    }
    list.end();
  }
  void operator()(const Rename& c) {
    named("RENAME", c.from);
    mailbox(c.to);
  }
  void operator()(const Id& c);
  void operator()(const Authenticate& c);
  void operator()(const Login& c);
  void operator()(const Enable& c);
  void operator()(const Select& c);
  void operator()(const Create& c);
  void operator()(const imap::List& c);
  void operator()(const Lsub& c);
  void operator()(const Status& c);
  void operator()(const Expunge& c);
  void operator()(const Search& c);
  void operator()(const Sort& c);
  void operator()(const Thread& c);
  void operator()(const Esearch& c);
  void operator()(const CancelUpdate& c) {
    word("CANCELUPDATE");
    for (const std::string& tag : c.tags) write_string(out_ += ' ', tag, utf8_);
  }
  void operator()(const Notify& c);
  void operator()(const ResetKey& c);
  void operator()(const GenUrlAuth& c);
  void operator()(const UrlFetch& c);
  void fetch_items(const FetchItems& items);
  void filter(const MailboxFilter& filter);
  void returns(const SearchReturn& r);
  void keys(const Search& c);
  void program(const Search& c);
  void operator()(const Fetch& c);
  void operator()(const Store& c);
  void operator()(const Copy& c) { transfer("COPY", c.uid, c.set, c.mailbox); }
  void operator()(const Move& c) { transfer("MOVE", c.uid, c.set, c.mailbox); }

 private:
  void word(std::string_view text) { out_.append(" ").append(text); }
  void astring(std::string_view text) { write_astring(out_ += ' ', text, utf8_); }
  void mailbox(std::string_view name) { write_mailbox(out_ += ' ', name, utf8_); }
  void named(std::string_view verb, std::string_view name) {
    word(verb);
    mailbox(name);
  }
  void entries(const std::vector<std::string>& names) {
    List list(out_ += ' ');
    for (const std::string& name : names) write_astring(list.item(), name, utf8_);
    list.end();
  }
  void set(const SequenceSet& set) { word(set.to_string()); }
  // Reference or pattern.
  void pattern(std::string_view text) {
    write_string(out_ += ' ', utf8_ ? std::string(text) : utf8_to_modified_utf7(text).value_or(""), utf8_);
  }
  void verb(std::string_view name, bool uid) {
    if (uid) word("UID");
    word(name);
  }
  void transfer(std::string_view name, bool uid, const SequenceSet& numbers, std::string_view to) {
    verb(name, uid);
    set(numbers);
    mailbox(to);
  }
  void status_items(StatusItems items) {
    List list(out_ += ' ');
    for (unsigned bit = 1; bit <= static_cast<unsigned>(StatusItem::deleted_storage); bit <<= 1) {
      if (has(items, static_cast<StatusItem>(bit))) list.item(to_string(static_cast<StatusItem>(bit)));
    }
    list.end();
  }
  void key(const SearchKey& key);
  void section(const FetchSection& section);

  std::string out_;
  bool utf8_;
};

void Writer::operator()(const Id& c) {
  word("ID");
  if (c.fields.empty()) return word("NIL");
  List list(out_ += ' ');
  for (const auto& [name, value] : c.fields) {
    write_string(list.item(), name, utf8_);
    write_nstring(list.item(), value ? NString(*value) : std::nullopt, utf8_);
  }
  list.end();
}

void Writer::operator()(const Authenticate& c) {
  word("AUTHENTICATE");
  word(c.mechanism);
  if (c.initial) word(c.initial->empty() ? "=" : base64::encode(c.initial->reveal()));
}

void Writer::operator()(const Login& c) {
  word("LOGIN");
  astring(c.user);
  astring(c.password.reveal());
}

void Writer::operator()(const Enable& c) {
  word("ENABLE");
  for (const std::string& capability : c.capabilities) word(capability);
}

void Writer::operator()(const Select& c) {
  named(c.read_only ? "EXAMINE" : "SELECT", c.mailbox);
  if (!c.condstore && !c.qresync) return;
  List list(out_ += ' ');
  list.when(c.condstore, "CONDSTORE");
  if (c.qresync) {
    list.item("QRESYNC (").append(number(c.qresync->uid_validity)).append(" ").append(number(c.qresync->modseq));
    if (c.qresync->known_uids) word(c.qresync->known_uids->to_string());
    if (!c.qresync->known_sequence.empty()) {
      word("(" + c.qresync->known_sequence.to_string() + " " + c.qresync->known_sequence_uids.to_string() + ")");
    }
    out_ += ')';
  }
  list.end();
}

void Writer::operator()(const Create& c) {
  named("CREATE", c.mailbox);
  if (c.special_use.empty()) return;
  List list(out_ += " (USE ");
  for (const SpecialUse use : c.special_use) {
    list.item(use == SpecialUse::unknown ? "\\X-Unknown" : special_use_name(use));
  }
  list.end();
  out_ += ')';
}

void Writer::operator()(const imap::List& c) {
  word("LIST");
  if (c.extended) {
    List list(out_ += ' ');
    list.when(c.select.subscribed, "SUBSCRIBED");
    list.when(c.select.remote, "REMOTE");
    list.when(c.select.recursive_match, "RECURSIVEMATCH");
    list.when(c.select.special_use, "SPECIAL-USE");
    list.end();
  }
  pattern(c.reference);
  if (c.patterns.size() == 1) {
    pattern(c.patterns[0]);
  } else {
    out_ += " (";
    const std::size_t at = out_.size();
    for (const std::string& text : c.patterns) pattern(text);
    out_.erase(at, 1);
    out_ += ')';
  }
  if (c.returns == imap::List::Return()) return;
  List list(out_ += " RETURN ");
  list.when(c.returns.subscribed, "SUBSCRIBED");
  list.when(c.returns.children, "CHILDREN");
  list.when(c.returns.special_use, "SPECIAL-USE");
  list.when(c.returns.my_rights, "MYRIGHTS");
  if (!c.returns.metadata.empty()) {
    list.item("METADATA");
    entries(c.returns.metadata);
  }
  if (c.returns.status) {
    list.item("STATUS");
    status_items(*c.returns.status);
  }
  list.end();
}

void Writer::operator()(const Lsub& c) {
  word("LSUB");
  pattern(c.reference);
  pattern(c.pattern);
}

void Writer::operator()(const Status& c) {
  named("STATUS", c.mailbox);
  status_items(c.items);
}

void Writer::operator()(const Expunge& c) {
  verb("EXPUNGE", c.uids.has_value());
  if (c.uids) set(*c.uids);
}

std::string day(std::chrono::sys_days day) {
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

void Writer::operator()(const ResetKey& c) {
  word("RESETKEY");
  if (!c.mailbox) return;
  write_mailbox(out_ += ' ', *c.mailbox, utf8_);
  for (const std::string& mechanism : c.mechanisms) word(mechanism);
}

void Writer::operator()(const GenUrlAuth& c) {
  word("GENURLAUTH");
  for (const auto& [url, mechanism] : c.requests) {
    astring(url);
    word(mechanism);
  }
}

void Writer::operator()(const UrlFetch& c) {
  word("URLFETCH");
  for (const UrlFetch::Request& request : c.requests) {
    if (!request.body && !request.binary && !request.structure) {
      astring(request.url);
      continue;
    }
    out_ += " (";
    write_astring(out_, request.url, utf8_);
    if (request.body) word("BODY");
    if (request.binary) word("BINARY");
    if (request.structure) word("BODYPARTSTRUCTURE");
    out_ += ')';
  }
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
    group_begins = c.keys[i].op == SearchOp::conjunction;
    if (group_begins) open_groups.push_back(c.keys[i].end);
    key(c.keys[i]);
  }
  out_.append(open_groups.size(), ')');
}

void Writer::section(const FetchSection& asked) {
  using Form = FetchSection::Form;
  if (asked.form != Form::body && asked.form != Form::binary) {
    write_section_name(out_, asked);
    return;
  }
  out_ += asked.form == Form::body ? "BODY" : "BINARY";
  if (asked.peek) out_ += ".PEEK";
  write_section(out_, asked.section);
  if (asked.partial) {
    out_.append("<")
        .append(number(asked.partial->offset))
        .append(".")
        .append(number(asked.partial->octets))
        .append(">");
  }
}

void Writer::fetch_items(const FetchItems& items) {
  List list(out_);
  for (const auto& [attribute, name] : std::initializer_list<std::pair<FetchAttribute, std::string_view>>{
           {FetchAttribute::flags, "FLAGS"},
           {FetchAttribute::internal_date, "INTERNALDATE"},
           {FetchAttribute::rfc822_size, "RFC822.SIZE"},
           {FetchAttribute::uid, "UID"},
           {FetchAttribute::envelope, "ENVELOPE"},
           {FetchAttribute::body, "BODY"},
           {FetchAttribute::body_structure, "BODYSTRUCTURE"},
           {FetchAttribute::modseq, "MODSEQ"},
           {FetchAttribute::email_id, "EMAILID"},
           {FetchAttribute::thread_id, "THREADID"},
           {FetchAttribute::save_date, "SAVEDATE"}}) {
    list.when(items.has(attribute), name);
  }
  list.when(items.has(FetchAttribute::preview), items.has(FetchAttribute::preview_lazy) ? "PREVIEW (LAZY)" : "PREVIEW");
  for (const FetchSection& asked : items.sections) {
    list.item();
    section(asked);
  }
  list.end();
}

void Writer::operator()(const Fetch& c) {
  verb("FETCH", c.uid);
  set(c.set);
  out_ += ' ';
  fetch_items(c.items);
  if (!c.changed_since && !c.partial) return;
  List modifiers(out_ += ' ');
  if (c.changed_since) modifiers.item("CHANGEDSINCE " + number(*c.changed_since));
  modifiers.when(c.vanished, "VANISHED");
  if (c.partial) modifiers.item("PARTIAL " + to_string(*c.partial));
  modifiers.end();
}

void Writer::operator()(const Store& c) {
  verb("STORE", c.uid);
  set(c.set);
  if (c.unchanged_since) word("(UNCHANGEDSINCE " + number(*c.unchanged_since) + ")");
  constexpr std::string_view kModes[] = {" ", " +", " -"};
  out_.append(kModes[static_cast<int>(c.mode)]).append(c.silent ? "FLAGS.SILENT " : "FLAGS ");
  write_flag_list(out_, c.flags);
}

}  // namespace

std::string write(const Command& command, bool utf8) {
  Writer writer(utf8);
  writer.tag(command.tag);
  std::visit(writer, command.body);
  return writer.take();
}

}  // namespace gatepost::imap::test
