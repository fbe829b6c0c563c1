#include <array>

#include "base/ascii.hpp"
#include "gate/log/formats.hpp"
#include "gate/log/text.hpp"

namespace gatepost::gate::log {

namespace {

// What one word of a prefix says of the packet; false: nothing.
bool read_word(std::string_view word, LogEvent& event) {
  struct Meaning {
    std::string_view word;
    Verdict verdict;
    How how;
  };
  static constexpr auto kWords = std::to_array<Meaning>({{"DROP", Verdict::deny, How::drop},
                                                         {"BLOCK", Verdict::deny, How::drop},
                                                         {"DENY", Verdict::deny, How::drop},
                                                         {"DENIED", Verdict::deny, How::drop},
                                                         {"REJECT", Verdict::deny, How::reject},
                                                         {"ACCEPT", Verdict::allow, How::unknown},
                                                         {"ALLOW", Verdict::allow, How::unknown},
                                                         {"PASS", Verdict::allow, How::unknown}});
  for (const Meaning& meaning : kWords) {
    if (!ascii::iequals(word, meaning.word)) continue;
    event.verdict = meaning.verdict;
    event.how = meaning.how;
    return true;
  }
  return false;
}

// The first word that says something decides.
void read_words(std::string_view prefix, LogEvent& event) {
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= prefix.size(); ++i) {
    if (i < prefix.size() && ascii::is_alnum(prefix[i])) continue;
    if (i - begin >= 4 && i - begin <= 6 && read_word(prefix.substr(begin, i - begin), event)) return;
    begin = i + 1;
  }
}

// "gp:imaps:default": the rules Gatepost itself generates carry what they are for (gate/backend). What is not let in is
// dropped, but on the way out rejected.
bool read_generated(std::string_view prefix, Scratch& scratch, LogEvent& event) {
  if (!text::take(prefix, "gp:")) return false;
  const std::size_t colon = prefix.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view service = prefix.substr(0, colon), why = prefix.substr(colon + 1);
  if (why == "default" || why == "rate" || why == "connections") {
    event.verdict = Verdict::deny;
    event.how = service == "egress" ? How::reject : How::drop;
    if (why == "rate") event.reason = "rate-limit";
    if (why == "connections") event.reason = "connection-limit";
  } else if (why == "open") {
    event.verdict = Verdict::allow;
  } else {
    return false;
  }
  event.rule = scratch.join("gatepost:", service);
  return true;
}

// "gatepost drop imaps": what rules written by hand may say.
bool read_own(std::string_view prefix, Scratch& scratch, LogEvent& event) {
  if (!text::take(prefix, "gatepost ")) return false;
  const std::string_view word = text::take_word(prefix);
  text::skip_blanks(prefix);
  if (prefix.empty()) return false;
  if (word == "rate") {
    event.verdict = Verdict::deny;
    event.how = How::drop;
    event.reason = "rate-limit";
  } else if (word == "drop" || word == "reject" || word == "accept") {
    read_word(word, event);
  } else {
    return false;
  }
  event.rule = scratch.join("gatepost:", prefix);
  return true;
}

// "[UFW LIMIT BLOCK]"
bool read_ufw(std::string_view prefix, Scratch& scratch, LogEvent& event) {
  if (!prefix.starts_with("[UFW ") || !prefix.ends_with(']')) return false;
  std::string_view words = prefix.substr(5, prefix.size() - 6);
  const std::string_view all = words;
  const std::size_t begin = scratch.used();
  scratch.append("ufw:");
  bool first = true;
  for (std::string_view word = text::take_word(words); !word.empty(); word = text::take_word(words)) {
    if (first && word == "LIMIT") event.reason = "rate-limit";
    if (!first) scratch.append('-');
    for (const char c : word) scratch.append(ascii::lower(c));
    first = false;
  }
  if (first) return false;
  event.rule = scratch.since(begin);
  if (!all.starts_with("AUDIT")) read_words(all, event);
  return true;
}

// "filter_IN_public_REJECT", "STATE_INVALID_DROP": firewalld's LogDenied. A zone may be called "block" or "drop", so
// the verdict is what the prefix ends with.
bool read_firewalld(std::string_view prefix, Scratch& scratch, LogEvent& event) {
  constexpr std::string_view kZone = "filter_IN_";
  const std::size_t last = prefix.rfind('_');
  if (last == std::string_view::npos) return false;
  std::string_view name = prefix.substr(0, last);
  const bool zone = prefix.starts_with(kZone) && last > kZone.size();
  const bool known = zone || prefix.starts_with("filter_") || name == "FINAL" || name == "STATE_INVALID" ||
                     name == "rpfilter" || name == "RFC3964_IPv4";
  LogEvent said;
  if (!known || !read_word(prefix.substr(last + 1), said)) return false;
  event.verdict = said.verdict;
  event.how = said.how;
  if (name == "STATE_INVALID") event.reason = "invalid-state";
  if (name == "rpfilter") event.reason = "spoofed-source";
  const std::size_t begin = scratch.used();
  scratch.append("firewalld:");
  if (zone) {
    name.remove_prefix(kZone.size());
    if (name.ends_with("_ICMP")) name.remove_suffix(5);
    scratch.append(name);
  } else {
    for (const char c : name) scratch.append(ascii::lower(c));
  }
  event.rule = scratch.since(begin);
  return true;
}

}  // namespace

void read_prefix(std::string_view prefix, Scratch& scratch, LogEvent& event) {
  text::skip_blanks(prefix);
  while (!prefix.empty() && (prefix.back() == ' ' || prefix.back() == ':')) prefix.remove_suffix(1);
  if (prefix.empty()) return;
  if (read_generated(prefix, scratch, event) || read_own(prefix, scratch, event) || read_ufw(prefix, scratch, event) ||
      read_firewalld(prefix, scratch, event)) {
    return;
  }
  event.rule = prefix;
  read_words(prefix, event);
}

}  // namespace gatepost::gate::log
