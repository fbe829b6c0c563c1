#include <algorithm>

#include "base/utf8.hpp"
#include "jmap/email.hpp"
#include "jmap/email_filter.hpp"
#include "jmap/ids.hpp"
#include "mime/encoded_word.hpp"
#include "mime/fold.hpp"
#include "reading/text_part.hpp"

// SearchSnippet/get (RFC 8621 5).
namespace gatepost::jmap {
namespace {

constexpr std::size_t kBefore = 60, kSnippetOctets = 240;  // RFC 8621 5: at most 255 octets
constexpr int kMaxSnippetPieces = 8;

struct Match {
  std::size_t begin, end;
};

// Where a folded needle stands in a text, at the borders of its characters. Folding a character does not depend on
// others, so that the text is folded one by one.
std::vector<Match> find_all(std::string_view text, const std::vector<std::string>& needles, std::size_t at_most) {
  std::string folded;
  std::vector<std::size_t> from;  // of each folded octet, its character in `text`
  mime::Folder folder;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t at = text.size() - rest.size();
    const std::string_view before = rest;
    (void)utf8::next(rest);
    const std::size_t size = folded.size();
    folder.append(before.substr(0, before.size() - rest.size()), folded);
    from.resize(from.size() + folded.size() - size, at);
  }
  folder.finish(folded);
  from.resize(folded.size(), text.size());
  std::vector<Match> matches;
  for (const std::string& needle : needles) {
    for (std::size_t at = folded.find(needle); at != std::string::npos && matches.size() < at_most;
         at = folded.find(needle, at + needle.size())) {
      const std::size_t last = at + needle.size();
      // Up to the character behind the last one.
      std::size_t end = last < from.size() ? from[last] : text.size();
      if (end == from[at]) continue;
      matches.push_back({from[at], end});
    }
  }
  std::ranges::sort(matches, {}, &Match::begin);
  return matches;
}

void put_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out += c;
    }
  }
}

// With what was found between <mark> and </mark>; null when nothing was.
json::value marked(std::string_view text, const std::vector<std::string>& needles, bool cut) {
  const auto matches = find_all(text, needles, 20);
  if (matches.empty()) return nullptr;
  std::size_t begin = 0;
  std::size_t end = text.size();
  if (cut) {
    begin = matches[0].begin > kBefore ? matches[0].begin - kBefore : 0;
    while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xc0) == 0x80) --begin;
    end = std::min(text.size(), begin + kSnippetOctets - 40);
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  }
  std::string out;
  std::size_t at = begin;
  for (const Match& match : matches) {
    if (match.begin < at || match.end > end) continue;
    put_escaped(out, text.substr(at, match.begin - at));
    out += "<mark>";
    put_escaped(out, text.substr(match.begin, match.end - match.begin));
    out += "</mark>";
    at = match.end;
  }
  put_escaped(out, text.substr(at, end - at));
  return json::value(std::string_view(out));
}

// The text that people read, blanks between words as one.
Result<std::string> text_of_message(reading::MessageReader& reader, const mime::Structure& structure) {
  std::string out;
  for (const mime::Part& part : structure.parts) {
    if (!reading::is_text(part)) continue;
    reading::TextPartReader text(reader, structure, part);
    std::string piece;
    bool more = true;
    for (int n = 0; more && n < kMaxSnippetPieces; ++n) {
      GP_TRY(more, text.next(piece));
    }
    for (const char c : piece) {
      const bool blank = static_cast<unsigned char>(c) <= ' ';
      if (!blank)
        out += c;
      else if (!out.empty() && out.back() != ' ')
        out += ' ';
    }
    out += ' ';
  }
  return out;
}

}  // namespace

Answer search_snippet_get(Call& call) {
  Arguments arguments(call.given);
  const std::string account = arguments.id("accountId");
  const json::value* filter = arguments.any("filter");
  const auto ids = arguments.texts("emailIds");
  if (!ids) arguments.wrong("emailIds");
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  if (ids->size() > call.context.limits.objects_in_get) return refuse("requestTooLarge");
  auto access = call.context.access(account);
  if (!access) return std::unexpected(access.error());
  auto read = EmailFilter::read(call.context, **access, filter);
  if (!read) return std::unexpected(read.error());
  std::vector<std::string> in_subject, in_body;
  for (const Condition& c : read->conditions()) {
    if (c.test == Test::text || c.test == Test::subject) in_subject.push_back(c.needle);
    if (c.test == Test::text || c.test == Test::body) in_body.push_back(c.needle);
  }
  JMAP_CALL_TRY(const auto found, find_emails(**access, *ids));
  json::array list;
  std::vector<std::string> missing;
  for (std::size_t i = 0; i < ids->size(); ++i) {
    const auto item =
        found[i] ? (*access)->account->item(found[i]->row().item) : Result<account::Item>(fail(Errc::not_found));
    if (!item) {
      if (item.error().code != Errc::not_found) return std::unexpected(refusal_for_call(item.error()));
      missing.push_back((*ids)[i]);
      continue;
    }
    reading::MessageReader reader(*(*access)->account);
    reader.open(item->body);
    JMAP_CALL_TRY(const auto structure, reading::structure_of(reader, item->summary));
    json::object one{{"emailId", (*ids)[i]}, {"subject", nullptr}, {"preview", nullptr}};
    const auto subject = structure.envelope().subject;
    if (subject && !in_subject.empty()) one["subject"] = marked(mime::decode_words(*subject), in_subject, false);
    if (!in_body.empty()) {
      JMAP_CALL_TRY(const std::string text, text_of_message(reader, structure));
      one["preview"] = marked(text, in_body, true);
    }
    list.push_back(std::move(one));
  }
  return json::object{{"accountId", account},
                      {"list", std::move(list)},
                      {"notFound", missing.empty() ? json::value() : json::value(strings(missing))}};
}

}  // namespace gatepost::jmap
