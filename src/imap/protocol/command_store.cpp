#include "imap/protocol/parsers.hpp"

namespace gatepost::imap {

// store = "STORE" SP sequence-set [store-modifiers] SP store-att-flags
// store-att-flags = (["+" / "-"] "FLAGS" [".SILENT"]) SP (flag-list / (flag *(SP flag)))
// store-modifiers = SP "(" store-modifier *(SP store-modifier) ")"      (RFC 4466 2.5)
Body parse_store(Tokens& t, bool uid) {
  Store out;
  out.uid = uid;
  t.space();
  out.set = t.sequence_set();
  t.space();
  if (t.skip('(')) {
    if (!t.skip_atom("UNCHANGEDSINCE")) t.fail("Unknown modifier of STORE");
    t.space();
    out.unchanged_since = t.number64();
    t.expect(')', "The modifiers of STORE have no end");
    t.space();
  }
  if (t.skip('+')) {
    out.mode = Store::Mode::add;
  } else if (t.skip('-')) {
    out.mode = Store::Mode::remove;
  }
  if (t.skip_atom("FLAGS.SILENT")) {
    out.silent = true;
  } else if (!t.skip_atom("FLAGS")) {
    t.fail("STORE changes FLAGS only");
  }
  t.space();
  out.flags = t.flag_list(true);
  return out;
}

}  // namespace gatepost::imap
