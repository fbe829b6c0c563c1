#include "gate/explain/mail.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "base/ascii.hpp"
#include "base/utf8.hpp"
#include "gate/explain/shown.hpp"
#include "gate/log/print.hpp"

namespace gatepost::gate::explain {
namespace {

namespace json = boost::json;
using State = Story::State;

// RFC 3463 3: subject and detail; those senders meet, in the words of somebody who is asked why.
struct Row {
  std::string_view code, meaning, remedy;
};
constexpr Row kCodes[] = {
    {"1.1", "there is no such mailbox",
     "correct the address; when it is one of ours: gatepost account list, gatepost alias list"},
    {"1.2", "there is no such domain, or it takes no mail", "look at the part behind the @"},
    {"1.3", "the address is not written as one", "correct the address"},
    {"1.6", "the mailbox has moved and left no address", "ask for the new address"},
    {"1.8", "the sender's domain is not known there", "look at the sender's domain in DNS"},
    {"1.10", "the domain says that it takes no mail", "correct the address"},
    {"2.1", "the mailbox is switched off", "ask its owner by another way"},
    {"2.2", "the mailbox is full", "its owner has to make room, or its quota has to grow: gatepost account set-quota"},
    {"2.3", "the message is larger than that mailbox takes", "send it by a link, or in parts"},
    {"3.1", "the other server's disk is full", "wait: it is tried again"},
    {"3.2", "the other server takes no mail at present", "wait: it is tried again"},
    {"3.4", "the message is larger than that server takes", "send it by a link; ours is [limits] message_octets"},
    {"4.1", "the other server does not answer", "gatepost gate explain --to HOST --port 25 tells where it ends"},
    {"4.2", "the connection to the other server broke",
     "wait: it is tried again; a broken route or a device that inspects mail does this"},
    {"4.3", "the domain's servers could not be looked up",
     "gatepost gate explain --to DOMAIN --port 25; look at [dns] servers"},
    {"4.4", "there is no way to that domain", "look at its MX records"},
    {"4.6", "the message goes round in a circle", "look at forwardings and at the MX records: one of them leads back"},
    {"4.7", "it waited longer than mail is kept", "look at what was said at each try"},
    {"5.0", "the servers did not understand each other", "look at both logs"},
    {"5.3", "too many recipients at once", "send to fewer at a time"},
    {"6.1", "the kind of content is not taken there", "send it in another form"},
    {"7.0", "refused for reasons of policy",
     "the text has the reason: a block list, a missing PTR record, SPF or DMARC"},
    {"7.1", "refused for reasons of policy, or held back for a while (greylisting)",
     "the text has the reason: a block list, relaying, SPF, DMARC; greylisting ends by itself"},
    {"7.8", "the sign-in was wrong", "set the password anew"},
    {"7.9", "that way of signing in is too weak there", "use another mechanism, over TLS"},
    {"7.23", "SPF does not allow this host to send for that domain",
     "add this host's address to the domain's SPF record"},
    {"7.25", "this host's address has no name in DNS (PTR)", "ask the provider to set one that is the host's name"},
    {"7.26", "neither SPF nor DKIM vouch for the sender's domain", "publish SPF and DKIM for it"},
};

struct Found {
  Story story;
  bool delivered = false, bounced = false, refused = false;
  std::string missing;  // of the rights to send: which one, and how it is granted
};

void add(Found& found, const notes::LogLine& line, std::string text) {
  found.story.steps.push_back({line.time, std::move(text)});
}

void note_recipient(Story& story, std::string_view address) {
  if (address.empty() || std::ranges::find(story.to, address) != story.to.end()) return;
  story.to.emplace_back(address);
}

void take_line(Found& f, const notes::LogLine& line) {
  Story& s = f.story;
  const auto field = [&line](std::string_view key) { return shown(line.field(key)); };
  if (!line.field("from").empty()) s.from = line.field("from");
  note_recipient(s, line.field("to"));
  const std::string peer = line.field("remote").empty() ? "" : " from " + field("remote");
  if (line.name == "mail.accepted") {
    add(f, line,
        fmt::format("taken in{}: {} recipient(s), {} local mailbox(es), {} to be sent on", peer, field("rcpts"),
                    field("local"), field("queued")));
    f.delivered = line.field("queued") == "0";
  } else if (line.name == "mail.refused") {
    f.refused = true;
    s.reply = line.field("detail");
    if (line.field("code") == "forbidden") f.missing = s.reply;
    const bool full = line.field("code") == "disk_full";
    add(f, line, fmt::format("refused after its content had come{}: {} ({})", peer, field("detail"), field("code")));
    if (full) s.reply = "452 4.3.1 " + s.reply;
    if (line.field("code") == "too_large") s.reply = "552 5.3.4 " + s.reply;
    if (line.field("code") == "over_quota") s.reply = "552 5.2.2 " + s.reply;
    if (line.field("code") == "limit") s.reply = "554 5.4.6 " + s.reply;
  } else if (line.name == "mail.delivered") {
    f.delivered = true;
    add(f, line,
        fmt::format("delivered to {}{}{}", field("to"), line.field("host").empty() ? "" : " by ", field("host")));
  } else if (line.name == "mail.deferred") {
    s.reply = line.field("reply");
    add(f, line,
        fmt::format("not delivered to {} for now{}{}: {}", field("to"), line.field("host").empty() ? "" : ", said ",
                    field("host"), field("reply")));
  } else if (line.name == "mail.bounced") {
    f.bounced = true;
    s.reply = line.field("reply");
    add(f, line, fmt::format("could not be delivered to {}, and its sender was told: {}", field("to"), field("reply")));
  } else if (line.name == "smtp.recipient_refused" || line.name == "smtp.sender_refused") {
    f.refused = true;
    s.reply = line.field("reply");
    add(f, line,
        fmt::format("{} was refused{}: {}",
                    line.name == "smtp.sender_refused" ? "its sender" : "the recipient " + field("to"), peer,
                    field("reply")));
    if (line.name == "smtp.sender_refused") f.missing = line.field("detail");
  } else if (line.name == "mail.sent_as") {
    add(f, line, fmt::format("sent by {} in the name of {} ({})", field("user"), field("author"), field("right")));
  } else if (line.name == "sieve.filtered") {
    add(f, line, fmt::format("by the script of {}: {}", field("account"), field("did")));
  } else if (line.name == "sieve.failed") {
    add(f, line,
        fmt::format("the script of {} failed, so it went to the inbox: {}", field("account"), field("detail")));
  } else if (line.name == "smtp.bare_line_end") {
    f.refused = true;
    s.reply = "550 5.6.0 a CR or LF alone";
    add(f, line, fmt::format("refused{}: it has a CR or LF alone", peer));
  } else {
    std::string text = line.name;
    for (const auto& [key, value] : line.fields) {
      if (key != "conn" && key != "id") text += fmt::format(" {}={}", shown(key), shown(value.substr(0, 120)));
    }
    add(f, line, std::move(text));
  }
}

bool about_mail(const notes::LogLine& line) {
  return line.name.starts_with("mail.") || line.name.starts_with("queue.") || line.name.starts_with("relay.") ||
         line.name.starts_with("sieve.") || line.name == "smtp.recipient_refused" ||
         line.name == "smtp.sender_refused" || line.name == "smtp.bare_line_end";
}

bool wanted(const MailQuestion& q, const Story& s) {
  if (!q.id.empty() && s.id != q.id) return false;
  if (!q.from.empty() && !ascii::iequals(s.from, q.from)) return false;
  return q.to.empty() || std::ranges::any_of(s.to, [&](const std::string& to) { return ascii::iequals(to, q.to); });
}

void conclude(Found& f, const std::vector<Waiting>& queue) {
  Story& s = f.story;
  const std::string to = s.to.empty() ? "its recipient" : shown(fmt::format("{}", fmt::join(s.to, ", ")));
  const auto waits = std::ranges::find_if(queue, [&](const Waiting& w) { return !s.id.empty() && w.id == s.id; });
  if (waits != queue.end()) {
    s.state = waits->held ? State::held : State::waiting;
    if (!waits->last_reply.empty()) s.reply = waits->last_reply;
    s.summary = waits->held ? "It is held by an administrator: it is not tried until it is released."
                            : fmt::format("It waits for {}: tried {} time(s), next at {}.", shown(waits->to),
                                          waits->attempts, shown(waits->next));
    s.why.push_back(waits->held ? fmt::format("let it go: gatepost queue release {}", shown(s.id))
                                : fmt::format("try at once: gatepost queue retry {}", shown(s.id)));
  } else if (f.bounced) {
    s.state = State::bounced;
    s.summary = fmt::format("It could not be delivered to {}, and its sender was told.", to);
  } else if (f.refused) {
    s.state = State::refused;
    s.summary = "This server did not take it, and told the client so.";
  } else if (f.delivered) {
    s.state = State::delivered;
    s.summary = fmt::format("It was delivered to {}.", to);
  } else {
    s.summary = "What became of it is not known here: the log does not reach that far.";
  }
  if (s.state == State::delivered || s.state == State::unknown || s.reply.empty()) return;
  if (s.state == State::refused && !f.missing.empty()) {
    s.why.insert(s.why.begin(), shown(f.missing));
    return;
  }
  const ReplyMeaning m = meaning_of(s.reply);
  if (!m.meaning.empty()) s.why.insert(s.why.begin(), fmt::format("{}: {}", m.meaning, m.remedy));
}

}  // namespace

std::string_view to_string(State state) {
  switch (state) {
    case State::delivered:
      return "delivered";
    case State::waiting:
      return "waiting";
    case State::held:
      return "held";
    case State::bounced:
      return "bounced";
    case State::refused:
      return "refused";
    case State::unknown:
      break;
  }
  return "unknown";
}

ReplyMeaning meaning_of(std::string_view reply) {
  // "550 5.1.1 text", "550-5.1.1 text", or without the enhanced code.
  if (reply.size() < 3 || reply[0] < '2' || reply[0] > '5') return {"", ""};
  std::string_view rest = reply.substr(3);
  while (!rest.empty() && (rest.front() == ' ' || rest.front() == '-')) rest.remove_prefix(1);
  if (rest.size() > 2 && rest[0] == reply[0] && rest[1] == '.') {
    const std::string_view code = rest.substr(2, std::min(rest.find(' '), rest.size()) - 2);
    const auto row = std::ranges::find(kCodes, code, &Row::code);
    if (row != std::end(kCodes)) return {row->meaning, row->remedy};
  }
  if (reply[0] == '4') return {"the other side cannot take it just now", "wait: it is tried again"};
  if (reply[0] == '5') return {"the other side refuses it for good", "read what it said"};
  return {"", ""};
}

std::vector<Waiting> waiting_from_json(std::string_view text) {
  std::vector<Waiting> out;
  boost::system::error_code error;
  const json::value root = json::parse({text.data(), text.size()}, error);
  if (error || !root.is_array()) return out;
  for (const json::value& one : root.get_array()) {
    const json::object* o = one.if_object();
    if (o == nullptr) continue;
    const auto field = [o](const char* key) {
      const json::value* v = o->if_contains(key);
      return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
    };
    Waiting w{field("id"), field("from"), field("to"), field("last_reply"), field("next"), 0, false};
    boost::system::error_code bad;
    if (const json::value* v = o->if_contains("attempts")) w.attempts = v->to_number<std::uint64_t>(bad);
    if (const json::value* v = o->if_contains("held")) w.held = v->is_bool() && v->get_bool();
    out.push_back(std::move(w));
  }
  return out;
}

std::vector<Story> mail_stories(const MailQuestion& question, const std::vector<notes::LogLine>& lines,
                                const std::vector<Waiting>& queue) {
  std::map<std::string, Found, std::less<>> found;
  for (const notes::LogLine& line : lines) {
    if (!about_mail(line)) continue;
    const std::string id(line.field("id"));
    // A refusal before the message had a number is a story of its own, by connection.
    Found& f = found[id.empty() ? "conn " + std::string(line.field("conn")) : id];
    f.story.id = id;
    take_line(f, line);
  }
  for (const Waiting& w : queue) {
    Found& f = found[w.id];
    f.story.id = w.id;
    f.story.from = w.from;
    note_recipient(f.story, w.to);
  }
  std::vector<Story> out;
  for (auto& [key, f] : found) {
    if (!wanted(question, f.story)) continue;
    conclude(f, queue);
    out.push_back(std::move(f.story));
  }
  const auto last = [](const Story& s) { return s.steps.empty() ? TimePoint::max() : s.steps.back().at; };
  std::ranges::sort(
      out, [&](const Story& a, const Story& b) { return std::pair(last(a), a.id) > std::pair(last(b), b.id); });
  return out;
}

Report mail_report(const std::vector<Story>& stories, const std::vector<std::string>& missing) {
  Report out;
  json::array list;
  bool all_well = true;
  for (const Story& s : stories) {
    all_well = all_well && s.state == State::delivered;
    out.text += fmt::format("{} from <{}> to {}: {}\n", s.id.empty() ? "A mail" : "Mail " + shown(s.id), shown(s.from),
                            s.to.empty() ? "?" : shown(fmt::format("{}", fmt::join(s.to, ", "))), to_string(s.state));
    json::array steps, why, to;
    for (const Story::Step& step : s.steps) {
      out.text += fmt::format("  {}  {}\n", date::format_rfc3339(step.at).substr(0, 19), step.text);
      steps.push_back(json::object{{"time", date::format_rfc3339(step.at)}, {"text", utf8::sanitize(step.text)}});
    }
    out.text += fmt::format("  {}\n", s.summary);
    for (const std::string& one : s.why) {
      out.text += fmt::format("  -> {}\n", one);
      why.emplace_back(utf8::sanitize(one));
    }
    for (const std::string& one : s.to) to.emplace_back(utf8::sanitize(one));
    list.push_back(json::object{{"id", utf8::sanitize(s.id)},
                                {"from", utf8::sanitize(s.from)},
                                {"to", std::move(to)},
                                {"state", to_string(s.state)},
                                {"summary", utf8::sanitize(s.summary)},
                                {"reply", utf8::sanitize(s.reply)},
                                {"steps", std::move(steps)},
                                {"why", std::move(why)}});
  }
  if (stories.empty())
    out.text =
        "Nothing is known of such a mail: it never came to this server, or longer ago than its log reaches.\n"
        "  -> whether its sender reaches this server at all: gatepost gate explain --from ADDRESS --port 25\n";
  json::array unknown;
  for (const std::string& one : missing) {
    out.text += fmt::format("Not known: {}\n", shown(one));
    unknown.emplace_back(utf8::sanitize(one));
  }
  out.json = json::serialize(json::object{{"mails", std::move(list)}, {"missing", std::move(unknown)}});
  out.exit_code = stories.empty() ? 2 : all_well ? 0 : 1;
  return out;
}

}  // namespace gatepost::gate::explain
