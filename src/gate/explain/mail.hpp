#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gate/notes/log_line.hpp"
#include "gate/report/report.hpp"

// What became of a mail, from the server's log and its queue. Pure.
namespace gatepost::gate::explain {

struct MailQuestion {
  std::string id, from, to;  // empty: any
};

// A row of `gatepost queue list`.
struct Waiting {
  std::string id, from, to, last_reply, next;
  std::uint64_t attempts = 0;
  bool held = false;
};
// From its JSON; what is no row is left out.
std::vector<Waiting> waiting_from_json(std::string_view json);

struct Story {
  enum class State : std::uint8_t { delivered, waiting, held, bounced, refused, unknown };
  std::string id;  // empty: it was refused before it had one
  std::string from;
  std::vector<std::string> to;
  State state = State::unknown;
  struct Step {
    TimePoint at{};
    std::string text;
  };
  std::vector<Step> steps;       // in the order they happened
  std::string summary;           // one sentence
  std::string reply;             // the last refusal, as it was said
  std::vector<std::string> why;  // what that means, and what to do
};
std::string_view to_string(Story::State);

// One for each message or refused attempt, the latest first.
std::vector<Story> mail_stories(const MailQuestion& question, const std::vector<notes::LogLine>& lines,
                                const std::vector<Waiting>& queue);

// What a reply of SMTP means, by its enhanced code (RFC 3463) or else its first digit; and what to do.
struct ReplyMeaning {
  std::string_view meaning, remedy;
};
ReplyMeaning meaning_of(std::string_view reply);

// Exit code 0: all was delivered, 1: something was not, 2: nothing is known of such a mail.
Report mail_report(const std::vector<Story>& stories, const std::vector<std::string>& missing);

}  // namespace gatepost::gate::explain
