#include "imap/protocol/response.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/base64.hpp"
#include "base/utf8.hpp"
#include "imap/protocol/characters.hpp"

namespace gatepost::imap {
namespace {

std::string_view to_string(Condition condition) {
  switch (condition) {
    case Condition::ok:
      return "OK";
    case Condition::no:
      return "NO";
    case Condition::bad:
      return "BAD";
    case Condition::bye:
      return "BYE";
    case Condition::preauth:
      return "PREAUTH";
  }
  return "BAD";
}

// text = 1*(TEXT-CHAR / UTF8-2 / UTF8-3 / UTF8-4)
void write_text(std::string& out, std::string_view text) {
  const std::string valid = utf8::is_valid(text) ? std::string() : utf8::sanitize(text);
  for (const char c : valid.empty() ? text : std::string_view(valid)) out += ascii::is_control(c) ? ' ' : c;
}

void write_condition(std::string& out, Condition condition, std::string_view code, std::string_view text) {
  out.append(" ").append(to_string(condition)).append(" ");
  if (!code.empty()) out.append("[").append(code).append("] ");
  write_text(out, text.empty() ? to_string(condition) : text);
  out += "\r\n";
}

void write_words(std::string& out, std::span<const std::string_view> words) {
  for (const std::string_view word : words) out.append(" ").append(word);
}

// "* 12 EXISTS"
void write_counted(std::string& out, std::uint32_t number, std::string_view name) {
  out += "* ";
  write_number(out, number);
  out.append(" ").append(name).append("\r\n");
}

std::string numbered(std::string_view name, std::uint64_t number) {
  std::string out(name);
  out += ' ';
  write_number(out, number);
  return out;
}

void append_flags(std::string& out, const Flags& flags) {
  const auto separate = [&out] {
    if (out.back() != '(') out += ' ';
  };
  for (std::uint8_t bit = 1; bit <= flag::kDraft; bit = static_cast<std::uint8_t>(bit << 1)) {
    if ((flags.system & bit) == 0) continue;
    separate();
    out += system_flag_name(bit);
  }
  for (const std::string& keyword : flags.keywords) {
    separate();
    out += keyword;
  }
}

}  // namespace

namespace code {

std::string append_uid(std::uint32_t uid_validity, const NumberSet& uids) {
  return numbered("APPENDUID", uid_validity).append(" ").append(uids.to_string());
}

std::string copy_uid(std::uint32_t uid_validity, const NumberSet& from, const NumberSet& to) {
  return numbered("COPYUID", uid_validity).append(" ").append(from.to_string()).append(" ").append(to.to_string());
}

std::string bad_charset(std::span<const std::string_view> supported) {
  std::string out(kBadCharset);
  for (const std::string_view charset : supported) {
    out += charset == supported.front() ? " (" : " ";
    write_astring(out, charset, false);
  }
  if (!supported.empty()) out += ')';
  return out;
}

std::string no_update(std::string_view tag) {
  std::string out = "NOUPDATE ";
  write_string(out, tag, false);
  return out;
}

std::string bad_event(std::string_view supported) { return std::string("BADEVENT (").append(supported).append(")"); }

std::string undefined_filter(std::string_view name) { return std::string("UNDEFINED-FILTER ").append(name); }

std::string capability(std::span<const std::string_view> capabilities) {
  std::string out = "CAPABILITY";
  write_words(out, capabilities);
  return out;
}

std::string highest_modseq(std::uint64_t modseq) { return numbered("HIGHESTMODSEQ", modseq); }
std::string mailbox_id(std::string_view id) { return std::string("MAILBOXID (").append(id).append(")"); }
std::string in_progress(std::string_view tag, std::uint64_t done, std::uint64_t goal) {
  std::string out = "INPROGRESS (";
  if (tag.find(']') != std::string_view::npos) {
    out += "NIL";
  } else {
    out.append("\"").append(tag).append("\"");
  }
  return out.append(" ").append(std::to_string(done)).append(" ").append(std::to_string(goal)).append(")");
}

std::string message_limit(std::uint32_t limit, std::uint32_t lowest) {
  std::string out = numbered("MESSAGELIMIT", limit);
  if (lowest != 0) write_number(out += ' ', lowest);
  return out;
}

std::string modified(const NumberSet& numbers) { return "MODIFIED " + numbers.to_string(); }

std::string permanent_flags(const Flags& flags, bool may_create) {
  std::string out = "PERMANENTFLAGS (";
  append_flags(out, flags);
  if (may_create) out += out.back() == '(' ? "\\*" : " \\*";
  out += ')';
  return out;
}

std::string metadata_max_size(std::uint64_t octets) { return numbered("METADATA MAXSIZE", octets); }
std::string metadata_long_entries(std::uint64_t octets) { return numbered("METADATA LONGENTRIES", octets); }
std::string uid_next(std::uint32_t uid) { return numbered("UIDNEXT", uid); }
std::string uid_validity(std::uint32_t value) { return numbered("UIDVALIDITY", value); }
std::string unseen(std::uint32_t sequence_number) { return numbered("UNSEEN", sequence_number); }

}  // namespace code

// response-tagged = tag SP resp-cond-state CRLF      resp-text = ["[" resp-text-code "]" SP] text
void write_tagged(std::string& out, std::string_view tag, Condition condition, std::string_view code,
                  std::string_view text) {
  out += tag;
  write_condition(out, condition, code, text);
}

void write_untagged(std::string& out, Condition condition, std::string_view code, std::string_view text) {
  out += '*';
  write_condition(out, condition, code, text);
}

void write_bad(std::string& out, std::string_view tag, std::string_view text) {
  write_tagged(out, tag.empty() ? "*" : tag, Condition::bad, {}, text);
}

void write_continuation(std::string& out, std::string_view text) {
  out += "+ ";
  write_text(out, text.empty() ? "Go on" : text);
  out += "\r\n";
}

void write_challenge(std::string& out, std::string_view octets) {
  out.append("+ ").append(base64::encode(octets)).append("\r\n");
}

void write_capability(std::string& out, std::span<const std::string_view> capabilities) {
  out += "* CAPABILITY";
  write_words(out, capabilities);
  out += "\r\n";
}

void write_enabled(std::string& out, std::span<const std::string_view> capabilities) {
  out += "* ENABLED";
  write_words(out, capabilities);
  out += "\r\n";
}

void write_id(std::string& out, std::span<const std::pair<std::string_view, std::string_view>> fields) {
  out += "* ID ";
  if (fields.empty()) {
    out += "NIL\r\n";
    return;
  }
  char separator = '(';
  for (const auto& [field, value] : fields) {
    out += separator;
    write_string(out, field, false);
    out += ' ';
    write_string(out, value, false);
    separator = ' ';
  }
  out += ")\r\n";
}

void write_flag_list(std::string& out, const Flags& flags, bool recent) {
  out += '(';
  append_flags(out, flags);
  if (recent) out += out.back() == '(' ? "\\Recent" : " \\Recent";
  out += ')';
}

void write_flags(std::string& out, const Flags& flags) {
  out += "* FLAGS ";
  write_flag_list(out, flags);
  out += "\r\n";
}

void write_exists(std::string& out, std::uint32_t count) { write_counted(out, count, "EXISTS"); }
void write_recent(std::string& out, std::uint32_t count) { write_counted(out, count, "RECENT"); }
void write_expunge(std::string& out, std::uint32_t sequence_number) { write_counted(out, sequence_number, "EXPUNGE"); }

// expunged-resp = "VANISHED" [SP "(EARLIER)"] SP known-uids
void write_vanished(std::string& out, const NumberSet& uids, bool earlier) {
  std::size_t line_begin = 0;
  bool open = false;
  for (const auto& range : uids.ranges()) {
    if (open && out.size() - line_begin > kMaxSetLineOctets) {
      out += "\r\n";
      open = false;
    }
    if (open) {
      out += ',';
    } else {
      line_begin = out.size();
      out += earlier ? "* VANISHED (EARLIER) " : "* VANISHED ";
      open = true;
    }
    write_number(out, range.first);
    if (range.last == range.first) continue;
    out += ':';
    write_number(out, range.last);
  }
  if (open) out += "\r\n";
}

namespace {

void end_numbers(std::string& out, std::uint64_t modseq) {
  if (modseq != 0) {
    out += " (MODSEQ ";
    write_number(out, modseq);
    out += ')';
  }
  out += "\r\n";
}

}  // namespace

// "* SEARCH" *(SP nz-number) [SP "(" "MODSEQ" SP mod-sequence-value ")"]
void write_search(std::string& out, const NumberSet& numbers, std::uint64_t modseq) {
  out += "* SEARCH";
  for (const auto& range : numbers.ranges()) {
    for (std::uint64_t n = range.first; n <= range.last; ++n) {
      out += ' ';
      write_number(out, n);
    }
  }
  end_numbers(out, modseq);
}

// sort-data = "SORT" *(SP nz-number) [SP search-sort-mod-seq]
void write_sort(std::string& out, std::span<const std::uint32_t> numbers, std::uint64_t modseq) {
  out += "* SORT";
  for (const std::uint32_t n : numbers) {
    out += ' ';
    write_number(out, n);
  }
  end_numbers(out, modseq);
}

std::string ordered_set(std::span<const std::uint32_t> numbers) {
  std::string out;
  for (std::size_t i = 0; i < numbers.size();) {
    std::size_t last = i;
    while (last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1) ++last;
    if (!out.empty()) out += ',';
    write_number(out, numbers[i]);
    if (last > i) {
      out += ':';
      write_number(out, numbers[last]);
    }
    i = last + 1;
  }
  return out;
}

// thread-data = "THREAD" [SP 1*thread-list]      thread-list = "(" (thread-members / thread-nested) ")"
// thread-members = nz-number *(SP nz-number) [SP thread-nested]      thread-nested = 2*thread-list
void write_thread(std::string& out, std::span<const ThreadNode> nodes, std::uint32_t root) {
  constexpr std::uint32_t kNone = ThreadNode::kNone;
  out += root == kNone ? "* THREAD" : "* THREAD ";
  std::vector<std::uint32_t> open;  // lists that are open: what follows each of them
  std::uint32_t at = root;
  bool begins = true;  // a list begins here
  while (at != kNone || !open.empty()) {
    if (at == kNone) {
      out += ')';
      at = open.back();
      open.pop_back();
      begins = true;
      continue;
    }
    const ThreadNode& node = nodes[at];
    if (begins) {
      out += '(';
      open.push_back(node.next);
    } else if (node.number != 0) {
      out += ' ';
    }
    if (node.number != 0) write_number(out, node.number);
    begins = node.child != kNone && nodes[node.child].next != kNone;
    if (begins && node.number != 0) out += ' ';
    at = node.child;
  }
  out += "\r\n";
}

// esearch-response = "ESEARCH" [search-correlator] [SP "UID"] *(SP search-return-data)
void write_esearch(std::string& out, std::string_view tag, const EsearchResult& result) {
  out += "* ESEARCH (TAG ";
  write_string(out, tag, false);
  if (result.mailbox) {
    out += " MAILBOX ";
    write_mailbox(out, *result.mailbox, result.utf8);
    out += " UIDVALIDITY ";
    write_number(out, result.uid_validity);
  }
  out += result.uid ? ") UID" : ")";
  const auto item = [&out](std::string_view name, std::optional<std::uint64_t> value) {
    if (!value) return;
    out.append(" ").append(name).append(" ");
    write_number(out, *value);
  };
  item("MIN", result.min);
  item("MAX", result.max);
  if (result.all != nullptr && !result.all->empty()) out.append(" ALL ").append(result.all->to_string());
  if (!result.ordered.empty()) out.append(" ALL ").append(result.ordered);
  item("COUNT", result.count);
  if (!result.partial_range.empty()) {
    out.append(" PARTIAL (").append(result.partial_range).append(" ");
    out.append(result.partial.empty() ? "NIL" : result.partial).append(")");
  }
  if (result.modseq != 0) item("MODSEQ", result.modseq);
  // search-return-data =/ "RELEVANCY" SP score-list      score-list = "(" [score *(SP score)] ")"      (RFC 6203 6)
  if (!result.relevancy.empty()) {
    char separator = '(';
    out += " RELEVANCY ";
    for (const std::uint8_t score : result.relevancy) {
      out += separator;
      write_number(out, score);
      separator = ' ';
    }
    out += ')';
  }
  out += "\r\n";
}

// ret-data-addto = "ADDTO" SP "(" context-position SP sequence-set *(SP context-position SP sequence-set) ")"
void write_context_change(std::string& out, std::string_view tag, bool uid, bool added,
                          std::span<const ContextStep> steps) {
  if (steps.empty()) return;
  out += "* ESEARCH (TAG ";
  write_string(out, tag, false);
  out += uid ? ") UID " : ") ";
  out += added ? "ADDTO " : "REMOVEFROM ";
  char separator = '(';
  for (const ContextStep& step : steps) {
    out += separator;
    write_number(out, step.position);
    out.append(" ").append(step.set);
    separator = ' ';
  }
  out += ")\r\n";
}

void write_gen_url_auth(std::string& out, std::span<const std::string> urls, bool utf8) {
  out += "* GENURLAUTH";
  for (const std::string& url : urls) write_string(out += ' ', url, utf8);
  out += "\r\n";
}

void begin_url_fetch(std::string& out, std::string_view url, bool utf8) {
  out += "* URLFETCH ";
  write_string(out, url, utf8);
}

void write_quota(std::string& out, std::string_view root, std::span<const QuotaResource> resources, bool utf8) {
  out += "* QUOTA ";
  write_astring(out, root, utf8);
  out += " (";
  for (const QuotaResource& resource : resources) {
    if (out.back() != '(') out += ' ';
    out.append(resource.name).append(" ");
    write_number(out, resource.usage);
    out += ' ';
    write_number(out, resource.limit);
  }
  out += ")\r\n";
}

void write_quota_root(std::string& out, std::string_view mailbox, std::span<const std::string_view> roots, bool utf8) {
  out += "* QUOTAROOT ";
  write_mailbox(out, mailbox, utf8);
  for (const std::string_view root : roots) {
    out += ' ';
    write_astring(out, root, utf8);
  }
  out += "\r\n";
}

// response-data =/ "*" SP "JMAPACCESS" SP quoted      (RFC 9698 4)
void write_jmap_access(std::string& out, std::string_view session_url) {
  out.append("* JMAPACCESS ");
  write_string(out, session_url, false);
  out += "\r\n";
}

// uidbatches-response = "UIDBATCHES" SP search-correlator [SP uid-range *("," uid-range)]
void write_uid_batches(std::string& out, std::string_view tag, std::span<const NumberSet::Range> ranges) {
  out.append("* UIDBATCHES (TAG ");
  write_string(out, tag, false);
  out += ')';
  char separator = ' ';
  for (const NumberSet::Range& range : ranges) {
    out += std::exchange(separator, ',');
    out.append(std::to_string(range.last)).append(":").append(std::to_string(range.first));
  }
  out += "\r\n";
}

}  // namespace gatepost::imap
