#include "imap/protocol/command_url.hpp"

#include "base/ascii.hpp"
#include "imap/protocol/parsers.hpp"

namespace gatepost::imap {
namespace {

// url-fetch-ext = "(" url-full *(SP url-fetch-param) ")"
UrlFetch::Request read_extended(Tokens& t) {
  UrlFetch::Request out;
  out.url = t.astring();
  while (t.skip(' ')) {
    bool* known = nullptr;
    if (t.skip_atom("BODY")) {
      known = &out.body;
    } else if (t.skip_atom("BINARY")) {
      known = &out.binary;
    } else if (t.skip_atom("BODYPARTSTRUCTURE")) {
      known = &out.structure;
    }
    if (known == nullptr || *known) {
      t.fail(known == nullptr ? "Unknown parameter of URLFETCH" : "A parameter of URLFETCH twice");
      break;
    }
    *known = true;
  }
  t.expect(')', "The list of parameters has no end");
  // RFC 5524 3.1
  if (out.body && out.binary) t.fail("BODY and BINARY exclude each other");
  return out;
}

}  // namespace

// resetkey = "RESETKEY" [SP mailbox *(SP mechanism)]
Body parse_reset_key(Tokens& t, bool) {
  ResetKey out;
  if (t.at_last()) return out;
  t.space();
  out.mailbox = t.mailbox();
  while (!t.at_last()) {
    t.space();
    if (out.mechanisms.size() == kMaxUrls) t.fail("Too many mechanisms", Fault::limit);
    out.mechanisms.push_back(ascii::to_upper(t.name()));
  }
  return out;
}

// genurlauth = "GENURLAUTH" 1*(SP url-rump SP mechanism)
Body parse_gen_url_auth(Tokens& t, bool) {
  GenUrlAuth out;
  do {
    t.space();
    if (out.requests.size() == kMaxUrls) t.fail("Too many URLs", Fault::limit);
    std::string url = t.astring();
    t.space();
    out.requests.emplace_back(std::move(url), ascii::to_upper(t.name()));
  } while (!t.at_last());
  return out;
}

// urlfetch = "URLFETCH" 1*(SP url-fetch-arg)
Body parse_url_fetch(Tokens& t, bool) {
  UrlFetch out;
  do {
    t.space();
    if (out.requests.size() == kMaxUrls) t.fail("Too many URLs", Fault::limit);
    if (t.skip('(')) {
      out.requests.push_back(read_extended(t));
    } else {
      out.requests.emplace_back().url = t.astring();
    }
  } while (!t.at_last());
  return out;
}

}  // namespace gatepost::imap
