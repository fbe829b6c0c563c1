#include <fmt/format.h>

#include "base/ascii.hpp"
#include "gate/probe/talk.hpp"

// RFC 1939, CAPA of RFC 2449, STLS of RFC 2595 4.
namespace gatepost::gate::probe {

namespace {

Result<Pop3Answer> pop3_command(Talk& talk, std::string_view words, bool multiline) {
  return talk.ask<Pop3Answer>(words, [multiline](std::string_view input, Pop3Answer& into) {
    return take_pop3_answer(input, multiline, into);
  });
}

// none: the server knows no CAPA, or the conversation is over; either is noted.
std::optional<std::vector<std::string>> pop3_capabilities(Talk& talk, Stage stage, bool& over) {
  auto answer = pop3_command(talk, "CAPA\r\n", true);
  over = !answer;
  if (!answer) {
    talk.add_broken(stage, answer.error());
    return std::nullopt;
  }
  if (!answer->ok) {
    talk.add(stage, Outcome::unknown, "the server does not say what it can do (no CAPA)");
    return std::nullopt;
  }
  std::string shown;
  for (const std::string& line : answer->lines) shown += (shown.empty() ? "" : ", ") + printable(line, 40);
  talk.add(stage, Outcome::ok, shown.substr(0, 240));
  return std::move(answer->lines);
}

bool pop3_takes_passwords(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    if (ascii::iequals(line, "USER")) return true;
    if (!ascii::istarts_with(line, "SASL ")) continue;
    for (const std::string_view word : ascii::split(line, ' ')) {
      if (ascii::iequals(word, "PLAIN") || ascii::iequals(word, "LOGIN")) return true;
    }
  }
  return false;
}

bool signs_in(const std::vector<std::string>& lines) {
  if (pop3_takes_passwords(lines)) return true;
  for (const std::string& line : lines) {
    if (ascii::istarts_with(line, "SASL ")) return true;
  }
  return false;
}

bool prepare_pop3_tls(Talk& talk) {
  const auto banner = pop3_command(talk, "", false);
  if (!banner || !banner->ok) return false;
  const auto answer = pop3_command(talk, "STLS\r\n", false);
  return answer && answer->ok;
}

bool upgrade_pop3(Talk& talk, bool announced, bool known) {
  const auto answer = pop3_command(talk, "STLS\r\n", false);
  if (!answer) {
    talk.add_broken(Stage::starttls, answer.error());
    return false;
  }
  if (!answer->ok) {
    talk.add(Stage::starttls, Outcome::fail,
             announced ? fmt::format("offered, then refused: {}", printable(answer->text)) : "STLS is not offered",
             announced
                 ? "look into the server's log: its certificate or key may not be readable"
                 : "give the server a certificate; if it offers STLS on its own host, a device on the way removes it");
    return false;
  }
  talk.add(Stage::starttls, announced || !known ? Outcome::ok : Outcome::warn,
           announced ? "accepted" : "accepted although it is not announced");
  return talk.start_tls();
}

}  // namespace

void talk_pop3(Talk& talk) {
  const auto banner = pop3_command(talk, "", false);
  if (!banner) return talk.add_broken(Stage::banner, banner.error());
  if (!banner->ok) {
    return talk.add(Stage::banner, Outcome::unknown,
                    fmt::format("the server limited the tester: {}", printable(banner->text)),
                    "try again later, or from another address");
  }
  talk.add(Stage::banner, Outcome::ok, "+OK " + printable(banner->text));
  const bool implicit = talk.connection->encrypted();
  bool over = false;
  auto lines = pop3_capabilities(talk, implicit ? Stage::after_tls : Stage::capabilities, over);
  if (over) return;
  if (!implicit) {
    if (!lines) {
      talk.add(Stage::sign_in, Outcome::unknown,
               "whether passwords are taken before TLS cannot be told without trying one");
    } else if (pop3_takes_passwords(*lines)) {
      talk.add(Stage::sign_in, Outcome::fail, "passwords are taken in plain text, before TLS",
               "announce neither USER nor SASL PLAIN until TLS is on (RFC 2595 2.1)");
    } else {
      talk.add(Stage::sign_in, Outcome::ok, "no plain-text password before TLS");
    }
    if (talk.service.tls != Tls::starttls || !upgrade_pop3(talk, lines && has(*lines, "STLS"), lines.has_value()))
      return;
    lines = pop3_capabilities(talk, Stage::after_tls, over);
    if (over) return;
  }
  if (lines) {
    const bool some = signs_in(*lines);
    talk.add(Stage::sign_in, some ? Outcome::ok : Outcome::fail,
             some ? "offered after TLS" : "no sign-in is offered: nobody can read mail here",
             some ? "" : "switch a mechanism on");
  }
  talk.try_old_tls(implicit ? nullptr : prepare_pop3_tls);
  (void)talk.connection->write("QUIT\r\n");
}

}  // namespace gatepost::gate::probe
