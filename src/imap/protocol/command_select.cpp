#include "imap/protocol/command.hpp"
#include "imap/protocol/parsers.hpp"

namespace gatepost::imap {
namespace {

// "QRESYNC" SP "(" uidvalidity SP mod-sequence-value [SP known-uids] [SP seq-match-data] ")"
// seq-match-data = "(" known-sequence-set SP known-uid-set ")"      (RFC 7162 7)
Qresync read_qresync(Tokens& t) {
  Qresync out;
  t.space();
  t.expect('(', "QRESYNC needs its parameters in parentheses");
  out.uid_validity = t.nz_number();
  t.space();
  out.modseq = t.number64();
  bool more = t.skip(' ');
  if (more && t.peek() != '(') {
    out.known_uids = t.uid_set();
    more = t.skip(' ');
  }
  if (more) {
    t.expect('(', "QRESYNC needs a set or a match list here");
    out.known_sequence = t.uid_set();
    t.space();
    out.known_sequence_uids = t.uid_set();
    t.expect(')', "The match list of QRESYNC has no end");
    if (out.known_sequence.size() != out.known_sequence_uids.size()) {
      t.fail("The two sets of QRESYNC's match list differ in size");
    }
  }
  t.expect(')', "The parameters of QRESYNC have no end");
  return out;
}

}  // namespace

// select = "SELECT" SP mailbox [select-params]      select-params = SP "(" select-param *(SP select-param) ")"   (RFC
// 4466 2.4)
Body parse_select(Tokens& t, bool read_only) {
  Select out;
  out.read_only = read_only;
  t.space();
  out.mailbox = t.mailbox();
  if (t.at_last()) return out;
  t.space();
  t.expect('(', "A list of parameters is missing");
  do {
    if (t.skip_atom("CONDSTORE")) {
      out.condstore = true;
    } else if (t.skip_atom("QRESYNC") && !out.qresync) {
      out.qresync = read_qresync(t);
    } else {
      t.fail("Unknown parameter of SELECT");
    }
  } while (t.skip(' '));
  t.expect(')', "The list of parameters has no end");
  return out;
}

// create = "CREATE" SP mailbox [create-params]      create-param = "USE" SP "(" [use-attr *(SP use-attr)] ")"   (RFC
// 6154 6)
Body parse_create(Tokens& t) {
  Create out;
  t.space();
  out.mailbox = t.mailbox();
  if (t.at_last()) return out;
  t.space();
  t.expect('(', "A list of parameters is missing");
  if (!t.skip_atom("USE")) t.fail("Unknown parameter of CREATE");
  t.space();
  t.expect('(', "A list of special uses is missing");
  if (!t.skip(')')) {
    do {
      t.expect('\\', "A special use begins with a backslash");
      if (out.special_use.size() == kMaxSpecialUses) t.fail("Too many special uses", Fault::limit);
      out.special_use.push_back(special_use(std::string("\\").append(t.atom())));
    } while (t.skip(' '));
    t.expect(')', "The list of special uses has no end");
  }
  t.expect(')', "The list of parameters has no end");
  return out;
}

}  // namespace gatepost::imap
