#include "account/threading.hpp"

#include <algorithm>
#include <string>

#include "base/ascii.hpp"
#include "base/digest.hpp"
#include "mime/base_subject.hpp"
#include "mime/fold.hpp"
#include "mime/message_ids.hpp"
#include "mime/summary.hpp"

namespace gatepost::account {
namespace {

std::uint64_t hash_of(std::string_view id, std::string_view subject) {
  std::string text;
  text.reserve(id.size() + 1 + subject.size());
  text.append(id).push_back('\0');
  text.append(subject);
  const Sha256Value digest = sha256(text);
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < sizeof hash; ++i) hash = hash << 8 | digest[i];
  return hash;
}

// What programs write before the subject of an answer or a forward in other languages than RFC 5256 2.1 knows.
constexpr std::string_view kMarks[] = {"aw",  "wg",  "antw", "antwort", "sv", "vs",  "vl",  "rv",
                                       "res", "enc", "rif",  "tr",      "r",  "i",   "odp", "pd",
                                       "ynt", "ilt", "bls",  "doorst",  "hs", "ref", "fs"};

// Behind "AW:", "AW[2]:"; the same text when there is no such mark.
std::string_view behind_mark(std::string_view subject) {
  const std::size_t end = subject.find_first_of(":[ ");
  if (end == std::string_view::npos) return subject;
  const std::string_view word = subject.substr(0, end);
  if (std::ranges::none_of(kMarks, [&](std::string_view m) { return ascii::iequals(word, m); })) return subject;
  std::string_view rest = subject.substr(end);
  if (rest.starts_with('[')) {
    const std::size_t close = rest.find_first_not_of("0123456789", 1);
    if (close == std::string_view::npos || rest[close] != ']') return subject;
    rest.remove_prefix(close + 1);
  }
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  return rest.starts_with(':') ? rest.substr(1) : subject;
}

// Without marks, as often as they are there.
std::string topic_of(std::string_view subject) {
  constexpr int kMostMarks = 20;
  std::string topic(subject);
  for (int n = 0; n < kMostMarks; ++n) {
    topic = mime::base_subject(topic).text;
    const std::string_view rest = behind_mark(topic);
    if (rest.size() == topic.size()) break;
    topic = std::string(rest);
  }
  return mime::fold(topic);
}

}  // namespace

std::vector<std::uint64_t> thread_marks(std::string_view summary) {
  std::vector<std::uint64_t> marks;
  mime::Structure structure;
  if (summary.empty() || !mime::decode_envelope(summary, structure) || structure.envelopes.empty()) return marks;
  const mime::Envelope& envelope = structure.envelopes.front();
  std::vector<std::string> ids = mime::message_ids(envelope.message_id.value_or(""));
  if (ids.size() > 1) ids.resize(1);
  const auto near = [&ids](mime::OptionalText field) {
    const auto found = mime::message_ids(field.value_or(""));
    for (auto id = found.rbegin(); id != found.rend() && ids.size() < kMaxThreadMarks; ++id) ids.push_back(*id);
  };
  near(envelope.in_reply_to);
  near(envelope.references);
  if (ids.empty()) return marks;
  const std::string subject = topic_of(envelope.subject.value_or(""));
  for (const std::string& id : ids) {
    const std::uint64_t mark = hash_of(id, subject);
    if (std::ranges::find(marks, mark) == marks.end()) marks.push_back(mark);
  }
  return marks;
}

}  // namespace gatepost::account
