#include "imap/protocol/test_support.hpp"

#include "base/base64.hpp"
#include "imap/protocol/test_writer.hpp"

namespace gatepost::imap::test {

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

std::string write(const Command& command, bool utf8) {
  Writer writer(utf8);
  writer.tag(command.tag);
  std::visit(writer, command.body);
  return writer.take();
}

}  // namespace gatepost::imap::test
