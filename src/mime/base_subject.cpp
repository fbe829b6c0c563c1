#include "mime/base_subject.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "mime/encoded_word.hpp"

namespace gatepost::mime {
namespace {

constexpr std::string_view kForwardTrailer = "(fwd)", kForwardHeader = "[fwd:";

void trim_front(std::string_view& text) { text.remove_prefix(std::min(text.find_first_not_of(' '), text.size())); }
void trim_back(std::string_view& text) { text.remove_suffix(text.size() - text.find_last_not_of(' ') - 1); }

// subj-blob = "[" *BLOBCHAR "]" *WSP      How long the one at the front is; 0: there is none.
std::size_t blob_octets(std::string_view text) {
  if (!text.starts_with('[')) return 0;
  const std::size_t end = text.find_first_of("[]", 1);
  if (end == std::string_view::npos || text[end] != ']') return 0;
  return std::min(text.find_first_not_of(' ', end + 1), text.size());
}

// subj-refwd = ("re" / ("fw" ["d"])) *WSP [subj-blob] ":"
std::size_t reply_octets(std::string_view text) {
  std::size_t at = 0;
  if (ascii::istarts_with(text, "re")) {
    at = 2;
  } else if (ascii::istarts_with(text, "fwd")) {
    at = 3;
  } else if (ascii::istarts_with(text, "fw")) {
    at = 2;
  } else {
    return 0;
  }
  at = std::min(text.find_first_not_of(' ', at), text.size());
  at += blob_octets(text.substr(at));
  return at < text.size() && text[at] == ':' ? at + 1 : 0;
}

// 2.1 (2): subj-trailer = "(fwd)" / WSP
void drop_trailers(std::string_view& text, bool& is_reply) {
  for (trim_back(text); text.size() >= kForwardTrailer.size(); trim_back(text)) {
    if (!ascii::iequals(text.substr(text.size() - kForwardTrailer.size()), kForwardTrailer)) return;
    text.remove_suffix(kForwardTrailer.size());
    is_reply = true;
  }
}

// 2.1 (3) to (5): subj-leader = (*subj-blob subj-refwd) / WSP, and blobs as long as something is left behind them. One
// look at a row of blobs decides about all of them.
void drop_leaders(std::string_view& text, bool& is_reply) {
  for (;;) {
    trim_front(text);
    std::string_view rest = text, last_blob = text;
    while (const std::size_t octets = blob_octets(rest)) {
      last_blob = rest;
      rest.remove_prefix(octets);
    }
    const std::size_t reply = reply_octets(rest);
    if (reply == 0) {
      text = rest.empty() ? last_blob : rest;
      return;
    }
    text = rest.substr(reply);
    is_reply = true;
  }
}

}  // namespace

BaseSubject base_subject(std::string_view subject) {
  std::string decoded = decode_words(subject);
  // 2.1 (1): tabs and continuations are spaces, many are one.
  for (char& c : decoded) {
    if (ascii::is_space(c)) c = ' ';
  }
  const auto twice = std::ranges::unique(decoded, [](char a, char b) { return a == ' ' && b == ' '; });
  decoded.erase(twice.begin(), twice.end());
  BaseSubject out;
  std::string_view text = decoded;
  for (;;) {
    drop_trailers(text, out.is_reply);
    drop_leaders(text, out.is_reply);
    // (6): subj-fwd = subj-fwd-hdr subject subj-fwd-trl
    if (!ascii::istarts_with(text, kForwardHeader) || !text.ends_with(']')) break;
    text.remove_prefix(kForwardHeader.size());
    text.remove_suffix(1);
    out.is_reply = true;
  }
  out.text = text;
  return out;
}

}  // namespace gatepost::mime
