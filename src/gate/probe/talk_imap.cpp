#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "gate/probe/talk.hpp"

// RFC 9051, STARTTLS and LOGINDISABLED of its 6.2.1 and 6.2.3.
namespace gatepost::gate::probe {

namespace {

Result<ImapAnswer> imap_command(Talk& talk, std::string_view words) {
  return talk.ask<ImapAnswer>(fmt::format("p1 {}\r\n", words), [](std::string_view input, ImapAnswer& into) {
    return take_imap_answer(input, "p1", into);
  });
}

// "* OK ...": its capabilities, when it has some. none: the conversation is over.
std::optional<std::string> greeting(Talk& talk) {
  auto line = talk.ask<std::string>("", take_line);
  if (!line) {
    talk.add_broken(Stage::banner, line.error());
    return std::nullopt;
  }
  if (ascii::istarts_with(*line, "* BYE")) {
    talk.add(Stage::banner, Outcome::unknown, fmt::format("the server limited the tester: {}", printable(*line)),
             "try again later, or from another address");
    return std::nullopt;
  }
  if (!ascii::istarts_with(*line, "* OK") && !ascii::istarts_with(*line, "* PREAUTH")) {
    talk.add(Stage::banner, Outcome::fail, fmt::format("not IMAP: {}", printable(*line)),
             "something else listens there");
    return std::nullopt;
  }
  talk.add(Stage::banner, Outcome::ok, printable(*line));
  return *std::move(line);
}

std::optional<std::vector<std::string>> imap_capabilities(Talk& talk, Stage stage) {
  const auto answer = imap_command(talk, "CAPABILITY");
  if (!answer) {
    talk.add_broken(stage, answer.error());
    return std::nullopt;
  }
  auto words = imap_capabilities(*answer);
  if (answer->status != "OK" || words.empty()) {
    talk.add(stage, Outcome::fail, fmt::format("CAPABILITY: {} {}", answer->status, printable(answer->text)),
             "no IMAP server of today");
    return std::nullopt;
  }
  std::string shown;
  for (const std::string& word : words) shown += (shown.empty() ? "" : " ") + printable(word, 40);
  talk.add(stage, Outcome::ok, shown.substr(0, 240));
  return words;
}

bool imap_takes_passwords(const std::vector<std::string>& words) {
  return !has(words, "LOGINDISABLED") || has(words, "AUTH=PLAIN") || has(words, "AUTH=LOGIN");
}

void judge_before_tls(Talk& talk, const std::vector<std::string>& words) {
  if (has(words, "AUTH=PLAIN") || has(words, "AUTH=LOGIN") || !has(words, "LOGINDISABLED")) {
    talk.add(Stage::sign_in, Outcome::fail, "passwords are taken in plain text, before TLS",
             "announce LOGINDISABLED and no AUTH=PLAIN until TLS is on (RFC 9051 6.2.3)");
  } else {
    talk.add(Stage::sign_in, Outcome::ok, "no plain-text password before TLS");
  }
}

void judge_after_tls(Talk& talk, const std::vector<std::string>& words) {
  const bool some_mechanism =
      std::ranges::any_of(words, [](const std::string& word) { return word.starts_with("AUTH="); });
  if (imap_takes_passwords(words) || some_mechanism) {
    talk.add(Stage::sign_in, Outcome::ok, "offered after TLS");
  } else {
    talk.add(Stage::sign_in, Outcome::fail, "no sign-in is offered: nobody can read mail here",
             "switch a mechanism on");
  }
}

bool prepare_imap_tls(Talk& talk) {
  const auto line = talk.ask<std::string>("", take_line);
  if (!line || !ascii::istarts_with(*line, "* OK")) return false;
  const auto answer = imap_command(talk, "STARTTLS");
  return answer && answer->status == "OK";
}

bool upgrade_imap(Talk& talk, const std::vector<std::string>& words) {
  const bool announced = has(words, "STARTTLS");
  if (!announced) {
    talk.add(Stage::starttls, Outcome::fail, "STARTTLS is not offered",
             "give the server a certificate; if it offers STARTTLS on its own host, a device on the way removes it");
  }
  const auto answer = imap_command(talk, "STARTTLS");
  if (!answer) {
    talk.add_broken(Stage::starttls, answer.error());
    return false;
  }
  if (answer->status != "OK") {
    if (announced) {
      talk.add(Stage::starttls, Outcome::fail, fmt::format("offered, then refused: {}", printable(answer->text)),
               "look into the server's log: its certificate or key may not be readable");
    }
    return false;
  }
  talk.add(Stage::starttls, Outcome::ok, announced ? "accepted" : "accepted although it is not announced");
  return talk.start_tls();
}

}  // namespace

void talk_imap(Talk& talk) {
  if (!greeting(talk)) return;
  auto words = imap_capabilities(talk, talk.connection->encrypted() ? Stage::after_tls : Stage::capabilities);
  if (!words) return;
  const bool implicit = talk.connection->encrypted();
  if (!implicit) {
    judge_before_tls(talk, *words);
    if (talk.service.tls != Tls::starttls || !upgrade_imap(talk, *words)) return;
    words = imap_capabilities(talk, Stage::after_tls);
    if (!words) return;
  }
  judge_after_tls(talk, *words);
  talk.try_old_tls(implicit ? nullptr : prepare_imap_tls);
  (void)talk.connection->write("p2 LOGOUT\r\n");
}

}  // namespace gatepost::gate::probe
