#include "imap/protocol/command_fetch.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "imap/protocol/parsers.hpp"

namespace gatepost::imap {
namespace {

struct SimpleRow {
  std::string_view name;
  FetchAttribute attribute;
};
constexpr SimpleRow kSimple[] = {
    {"FLAGS", FetchAttribute::flags},
    {"UID", FetchAttribute::uid},
    {"INTERNALDATE", FetchAttribute::internal_date},
    {"RFC822.SIZE", FetchAttribute::rfc822_size},
    {"ENVELOPE", FetchAttribute::envelope},
    {"BODYSTRUCTURE", FetchAttribute::body_structure},
    {"MODSEQ", FetchAttribute::modseq},
    {"EMAILID", FetchAttribute::email_id},
    {"THREADID", FetchAttribute::thread_id},
    {"SAVEDATE", FetchAttribute::save_date},
};

using Form = FetchSection::Form;
using Text = Section::Text;

struct SectionRow {
  std::string_view name;
  Form form;
  bool peek;
};
constexpr SectionRow kSections[] = {
    {"BODY", Form::body, false},         {"BODY.PEEK", Form::body, true},          {"BINARY", Form::binary, false},
    {"BINARY.PEEK", Form::binary, true}, {"BINARY.SIZE", Form::binary_size, true},
};

struct OldRow {
  std::string_view name;
  Form form;
  Text text;
  bool peek;
};
constexpr OldRow kOld[] = {
    {"RFC822", Form::rfc822, Text::whole, false},
    {"RFC822.HEADER", Form::rfc822_header, Text::header, true},
    {"RFC822.TEXT", Form::rfc822_text, Text::text, false},
};

struct TextRow {
  std::string_view name;
  Text text;
};
constexpr TextRow kTexts[] = {
    {"HEADER", Text::header},
    {"HEADER.FIELDS", Text::header_fields},
    {"HEADER.FIELDS.NOT", Text::header_fields_not},
    {"TEXT", Text::text},
    {"MIME", Text::mime},
};

template <class Row, std::size_t kSize>
const Row* find(const Row (&rows)[kSize], std::string_view name) {
  for (const Row& row : rows) {
    if (ascii::iequals(row.name, name)) return &row;
  }
  return nullptr;
}

// header-list = "(" header-fld-name *(SP header-fld-name) ")"
void read_fields(Tokens& t, Section& section) {
  t.space();
  t.expect('(', "A list of header fields is missing");
  do {
    if (section.fields.size() == kMaxSectionFields) t.fail("Too many header fields", Fault::limit);
    section.fields.push_back(t.astring());
  } while (t.skip(' '));
  t.expect(')', "The list of header fields has no end");
}

}  // namespace

// section = "[" [section-spec] "]"      section-spec = section-msgtext / (section-part ["." section-text])
// section-part = nz-number *("." nz-number)
Section parse_section(Tokens& t) {
  Section out;
  t.expect('[', "A section is missing");
  bool text_follows = t.peek() != ']';
  while (text_follows && ascii::is_digit(t.peek())) {
    if (out.part.size() == kMaxSectionDepth) t.fail("A section is too deep", Fault::limit);
    out.part.push_back(t.nz_number());
    text_follows = t.skip('.');
  }
  if (text_follows) {
    const TextRow* row = find(kTexts, t.name());
    if (row == nullptr) {
      t.fail("Unknown section");
      return out;
    }
    out.text = row->text;
    // RFC 9051 6.4.5: MIME must be prefixed by part numbers.
    if (out.text == Text::mime && out.part.empty()) t.fail("MIME needs the number of a part");
    if (out.text == Text::header_fields || out.text == Text::header_fields_not) read_fields(t, out);
  }
  t.expect(']', "The section has no end");
  return out;
}

namespace {

// partial = "<" number64 "." nz-number64 ">"
std::optional<Partial> read_partial(Tokens& t) {
  if (!t.skip('<')) return std::nullopt;
  Partial out;
  out.offset = t.number64();
  t.expect('.', "A partial fetch is two numbers");
  out.octets = t.number64();
  if (out.octets == 0) t.fail("A partial fetch of no octets");
  t.expect('>', "The partial fetch has no end");
  return out;
}

void add_section(Tokens& t, FetchItems& items, FetchSection section) {
  if (std::ranges::find(items.sections, section) != items.sections.end()) return;
  if (items.sections.size() == kMaxFetchSections) return t.fail("Too many sections", Fault::limit);
  items.sections.push_back(std::move(section));
}

// "BODY" section ["<" ... ">"] / "BODY.PEEK" ... / "BINARY" [".PEEK"] section-binary [partial] / "BINARY.SIZE"
// section-binary
void read_section_item(Tokens& t, FetchItems& items, const SectionRow& row) {
  FetchSection out{.form = row.form, .peek = row.peek, .section = parse_section(t), .partial = {}};
  if (out.form != Form::body && out.section.text != Text::whole) t.fail("BINARY takes the number of a part only");
  if (out.form != Form::binary_size) out.partial = read_partial(t);
  if (t.ok()) add_section(t, items, std::move(out));
}

// RFC 8970 6: "PREVIEW" [SP "(" preview-mod *(SP preview-mod) ")"]
void read_preview(Tokens& t, FetchItems& items) {
  items.add(FetchAttribute::preview);
  if (!t.peek_text(" (LAZY)")) return;
  t.space();
  t.skip('(');
  t.skip_atom("LAZY");
  t.skip(')');
  items.add(FetchAttribute::preview_lazy);
}

void read_item(Tokens& t, FetchItems& items) {
  const std::string_view name = t.name();
  if (const SimpleRow* row = find(kSimple, name)) return items.add(row->attribute);
  if (t.peek() == '[') {
    if (const SectionRow* row = find(kSections, name)) return read_section_item(t, items, *row);
  }
  if (ascii::iequals(name, "BODY")) return items.add(FetchAttribute::body);
  if (ascii::iequals(name, "PREVIEW")) return read_preview(t, items);
  if (const OldRow* row = find(kOld, name)) {
    FetchSection section{.form = row->form, .peek = row->peek, .section = {}, .partial = {}};
    section.section.text = row->text;
    return add_section(t, items, std::move(section));
  }
  t.fail("Unknown item of FETCH");
}

// "ALL" / "FULL" / "FAST"
bool read_macro(Tokens& t, FetchItems& items) {
  const bool full = t.skip_atom("FULL"), all = full || t.skip_atom("ALL");
  if (!all && !t.skip_atom("FAST")) return false;
  items.add(FetchAttribute::flags);
  items.add(FetchAttribute::internal_date);
  items.add(FetchAttribute::rfc822_size);
  if (all) items.add(FetchAttribute::envelope);
  if (full) items.add(FetchAttribute::body);
  return true;
}

// fetch-modifiers = SP "(" fetch-modifier *(SP fetch-modifier) ")"      (RFC 4466 2.4, RFC 7162 7)
void read_modifiers(Tokens& t, Fetch& fetch) {
  t.space();
  t.expect('(', "A list of modifiers is missing");
  do {
    if (t.skip_atom("CHANGEDSINCE")) {
      t.space();
      fetch.changed_since = t.number64();
    } else if (t.skip_atom("VANISHED")) {
      fetch.vanished = true;
    } else if (t.skip_atom("PARTIAL")) {
      if (fetch.partial) t.fail("PARTIAL twice");
      fetch.partial = read_partial_range(t);
    } else {
      t.fail("Unknown modifier of FETCH");
    }
  } while (t.skip(' '));
  t.expect(')', "The list of modifiers has no end");
  // RFC 7162 3.2.6: BAD otherwise.
  if (fetch.vanished && (!fetch.uid || !fetch.changed_since)) t.fail("VANISHED needs UID FETCH and CHANGEDSINCE");
}

}  // namespace

FetchItems read_fetch_items(Tokens& t) {
  FetchItems out;
  t.expect('(', "A list of items is missing");
  do {
    read_item(t, out);
  } while (t.skip(' '));
  t.expect(')', "The list of items has no end");
  return out;
}

bool FetchItems::sets_seen() const {
  return std::ranges::any_of(sections, [](const FetchSection& s) { return !s.peek; });
}

// fetch = "FETCH" SP sequence-set SP ("ALL" / "FULL" / "FAST" / fetch-att / "(" fetch-att *(SP fetch-att) ")")
// [fetch-modifiers]
Body parse_fetch(Tokens& t, bool uid) {
  Fetch out;
  out.uid = uid;
  t.space();
  out.set = t.sequence_set();
  t.space();
  if (t.peek() == '(') {
    out.items = read_fetch_items(t);
  } else if (!read_macro(t, out.items)) {
    read_item(t, out.items);
  }
  if (!t.at_last()) read_modifiers(t, out);
  return out;
}

}  // namespace gatepost::imap
