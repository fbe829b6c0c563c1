#include <algorithm>
#include <array>
#include <atomic>
#include <thread>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "gate/probe/talk.hpp"

// RFC 5321, STARTTLS of RFC 3207, AUTH of RFC 4954.
namespace gatepost::gate::probe {

namespace {

// Postfix, as it comes, refuses to relay with 454 4.7.1: no limit, and final for a stranger.
bool refuses_relay(const SmtpReply& reply) {
  return reply.code == 454 ||
         (reply.is(4) && !reply.lines.empty() && ascii::ifind(reply.lines.front(), "relay") != std::string_view::npos);
}

// RFC 5321 3.8: 421 ends the session; 4.7.x are limits by policy (RFC 3463 3.8).
bool reply_limits_the_tester(const SmtpReply& reply) {
  if (reply.code == 421) return true;
  return reply.is(4) && !refuses_relay(reply) && !reply.lines.empty() && reply.lines.front().starts_with("4.7.");
}

void add_limited(Talk& talk, Stage stage, const SmtpReply& reply) {
  talk.add(stage, Outcome::unknown, fmt::format("the server limited the tester: {}", reply.text()),
           "try again later, or from another address");
}

bool read_banner(Talk& talk) {
  const auto banner = talk.smtp("");
  if (!banner) {
    talk.add_broken(Stage::banner, banner.error());
    return false;
  }
  if (reply_limits_the_tester(*banner)) {
    add_limited(talk, Stage::banner, *banner);
    return false;
  }
  if (banner->code != 220) {
    talk.add(Stage::banner, Outcome::fail, banner->text(), "the server takes no mail at present: look into its log");
    return false;
  }
  talk.add(Stage::banner, Outcome::ok, banner->text());
  return true;
}

// The words of EHLO; none: it failed, and that is noted.
std::optional<std::vector<std::string>> hello(Talk& talk, Stage stage) {
  const auto reply = talk.smtp("EHLO " + talk.settings.helo_name + "\r\n");
  if (!reply) {
    talk.add_broken(stage, reply.error());
    return std::nullopt;
  }
  if (reply_limits_the_tester(*reply)) {
    add_limited(talk, stage, *reply);
    return std::nullopt;
  }
  if (!reply->is(2)) {
    talk.add(stage, Outcome::fail, fmt::format("EHLO: {}", reply->text()),
             "a mail server of today answers EHLO with 250");
    return std::nullopt;
  }
  std::vector<std::string> words(reply->lines.begin() + std::min<std::ptrdiff_t>(1, std::ssize(reply->lines)),
                                 reply->lines.end());
  std::string shown;
  for (const std::string& word : words) shown += (shown.empty() ? "" : ", ") + printable(word, 40);
  talk.add(stage, Outcome::ok, shown.empty() ? "no extensions" : shown.substr(0, 240));
  return words;
}

// "AUTH PLAIN LOGIN", and "AUTH=LOGIN" of old clients' time.
std::vector<std::string> mechanisms(const std::vector<std::string>& words) {
  std::vector<std::string> out;
  for (const std::string& word : words) {
    if (!ascii::istarts_with(word, "AUTH ") && !ascii::istarts_with(word, "AUTH=")) continue;
    for (const std::string_view name : ascii::split(std::string_view(word).substr(5), ' ')) {
      if (!name.empty()) out.push_back(ascii::to_upper(name));
    }
  }
  return out;
}

void judge_sign_in_before_tls(Talk& talk, const std::vector<std::string>& words) {
  const auto offered = mechanisms(words);
  if (has(offered, "PLAIN") || has(offered, "LOGIN")) {
    talk.add(Stage::sign_in, Outcome::fail, "passwords are taken in plain text, before TLS",
             "offer AUTH after STARTTLS only");
  } else {
    talk.add(Stage::sign_in, Outcome::ok, "no plain-text password before TLS");
  }
}

void judge_sign_in_after_tls(Talk& talk, const std::vector<std::string>& words) {
  const auto offered = mechanisms(words);
  std::string shown;
  for (const std::string& name : offered) shown += (shown.empty() ? "" : ", ") + printable(name, 20);
  if (talk.service.users_sign_in && offered.empty()) {
    talk.add(Stage::sign_in, Outcome::fail, "no sign-in is offered: nobody can send here",
             "switch AUTH on for this port");
  } else if (!offered.empty()) {
    talk.add(Stage::sign_in, Outcome::ok, "after TLS: " + shown);
  }
}

// Whether anything can be sent without TLS where it is required; a sender alone harms nobody.
void judge_without_tls(Talk& talk) {
  if (!talk.service.required_tls) return;
  const auto reply = talk.smtp("MAIL FROM:<>\r\n");
  if (!reply) return;
  if (reply->is(2)) {
    talk.add(Stage::action, Outcome::warn,
             fmt::format("a sender is accepted before TLS and sign-in: {}", reply->text()),
             "answer 530 until TLS is on (RFC 3207 4)");
    (void)talk.smtp("RSET\r\n");
  }
}

// STARTTLS up to the point where the handshake begins.
bool ask_smtp_for_tls(Talk& talk) {
  const auto reply = talk.smtp("STARTTLS\r\n");
  return reply && reply->code == 220;
}

bool prepare_smtp_tls(Talk& talk) {
  const auto banner = talk.smtp("");
  if (!banner || banner->code != 220) return false;
  const auto reply = talk.smtp("EHLO " + talk.settings.helo_name + "\r\n");
  return reply && reply->is(2) && ask_smtp_for_tls(talk);
}

// false: the conversation cannot go on.
bool upgrade_smtp(Talk& talk, const std::vector<std::string>& words) {
  const bool announced = has(words, "STARTTLS");
  const bool hidden = std::ranges::any_of(words, overwritten);
  if (!announced && hidden) {
    talk.add(Stage::starttls, Outcome::fail, "STARTTLS is overwritten on the way",
             "a firewall's SMTP inspection removes it: switch that off");
  } else if (!announced) {
    talk.add(Stage::starttls, talk.service.required_tls ? Outcome::fail : Outcome::warn, "STARTTLS is not offered",
             "give the server a certificate; if it offers STARTTLS on its own host, a device on the way removes it");
  }
  const auto reply = talk.smtp("STARTTLS\r\n");
  if (!reply) {
    talk.add_broken(Stage::starttls, reply.error());
    return false;
  }
  if (reply->code != 220) {
    if (announced) {
      talk.add(Stage::starttls, Outcome::fail, fmt::format("offered, then refused: {}", reply->text()),
               "look into the server's log: its certificate or key may not be readable");
    }
    return true;
  }
  talk.add(Stage::starttls, Outcome::ok, announced ? "accepted" : "accepted although it is not announced");
  if (!talk.start_tls()) return false;
  const auto after = hello(talk, Stage::after_tls);
  if (!after) return false;
  if (has(*after, "STARTTLS")) {
    talk.add(Stage::after_tls, Outcome::warn, "STARTTLS is offered within TLS", "RFC 3207 4.2 forbids it");
  }
  judge_sign_in_after_tls(talk, *after);
  talk.try_old_tls(prepare_smtp_tls);
  return true;
}

}  // namespace

void talk_smtp(Talk& talk) {
  if (!read_banner(talk)) return;
  const auto words = hello(talk, Stage::capabilities);
  if (!words) return;
  if (talk.connection->encrypted()) {
    judge_sign_in_after_tls(talk, *words);
    talk.try_old_tls(nullptr);
  } else {
    judge_sign_in_before_tls(talk, *words);
    judge_without_tls(talk);
    if (talk.service.tls == Tls::starttls && !upgrade_smtp(talk, *words)) return;
  }
  if (talk.service.relay_test && talk.settings.relay_test) try_relay(talk);
  (void)talk.connection->write("QUIT\r\n");
}

namespace {

// A sender and a recipient outside; what a server makes of the old ways to write a route through it.
struct Form {
  std::string sender, recipient;
  bool plain;  // the recipient is outside however one reads it
};

std::vector<Form> relay_forms(const Talk& talk) {
  const std::string own = talk.settings.server_name.empty() ? "localhost" : talk.settings.server_name;
  const std::string literal = talk.address.is_v4() ? fmt::format("[{}]", talk.address.to_string())
                                                   : fmt::format("[IPv6:{}]", talk.address.to_string());
  const std::string out = talk.settings.outside_domain, from = "relaytest@" + out, to = "relaytest@" + out;
  return {
      {"", to, true},
      {from, to, true},
      {"relaytest@" + own, to, true},
      {"postmaster@" + own, to, true},
      {"relaytest@" + literal, to, true},
      {"relaytest@localhost", to, true},
      {"relaytest", to, true},
      {from, to + ".", true},
      {from, "relaytest%" + out + "@" + own, false},
      {from, "relaytest%" + out + "@" + literal, false},
      {from, "relaytest%" + out, false},
      {from, "\"" + to + "\"", false},
      {from, "\"" + to + "\"@" + own, false},
      {from, "\"relaytest%" + out + "\"", false},
      {from, to + "@" + own, false},
      {from, to + "@" + literal, false},
      {from, "@" + own + ":" + to, true},
      {from, "@" + literal + ":" + to, true},
      {from, out + "!relaytest", false},
      {from, out + "!relaytest@" + own, false},
      {from, out + "!relaytest@" + literal, false},
  };
}

enum class Tried : std::uint8_t { not_tried, refused, accepted, temporary };

struct Trial {
  Form form;
  Tried tried = Tried::not_tried;
  std::string answer;
};

Tried outcome_of(const SmtpReply& recipient) {
  if (recipient.is(2)) return Tried::accepted;
  return recipient.is(4) && !refuses_relay(recipient) ? Tried::temporary : Tried::refused;
}

// Some forms on one connection; servers slow down or hang up on those who make many mistakes.
void try_forms(const Talk& talk, std::span<Trial> trials, std::atomic<bool>& limited, SteadyPoint until) {
  PortReport ignored;
  Talk own{talk.service, talk.address, talk.settings, talk.clock, ignored, nullptr, {}};
  const Connected connected =
      Connection::open(own.endpoint(), own.settings.source, own.settings.connect_timeout, own.connection);
  if (connected.how != Connected::How::open) return;
  const auto banner = own.smtp("");
  if (!banner || banner->code != 220 || reply_limits_the_tester(*banner)) {
    limited = limited || (banner && reply_limits_the_tester(*banner));
    return;
  }
  const auto greeted = own.smtp("EHLO " + own.settings.helo_name + "\r\n");
  if (!greeted || !greeted->is(2)) return;
  for (Trial& trial : trials) {
    if (limited || std::chrono::steady_clock::now() > until) break;
    const auto sender = own.smtp("MAIL FROM:<" + trial.form.sender + ">\r\n");
    if (!sender) return;
    if (reply_limits_the_tester(*sender)) limited = true;
    if (!sender->is(2)) {
      trial.tried = sender->is(4) ? Tried::temporary : Tried::refused;
      trial.answer = sender->text();
      continue;
    }
    const auto recipient = own.smtp("RCPT TO:<" + trial.form.recipient + ">\r\n");
    if (!recipient) return;
    trial.answer = recipient->text();
    trial.tried = outcome_of(*recipient);
    if (reply_limits_the_tester(*recipient)) limited = true;
    if (recipient->code == 421 || !own.smtp("RSET\r\n")) return;
  }
  (void)own.connection->write("QUIT\r\n");
}

void judge_relay(Talk& talk, const std::vector<Trial>& trials, Tried control, bool limited) {
  std::size_t tried = 0, temporary = 0;
  const Trial *plain = nullptr, *routed = nullptr;
  for (const Trial& trial : trials) {
    tried += trial.tried == Tried::not_tried ? 0 : 1;
    temporary += trial.tried == Tried::temporary ? 1 : 0;
    if (trial.tried != Tried::accepted) continue;
    const Trial*& first = trial.form.plain ? plain : routed;
    if (first == nullptr) first = &trial;
  }
  const bool trusted = talk.settings.trusted_source.value_or(
      talk.address.is_loopback() || (talk.settings.source && talk.settings.source->is_loopback()));
  const auto what = [&](const Trial& trial) {
    return fmt::format("MAIL FROM:<{}> RCPT TO:<{}>: {}", trial.form.sender, trial.form.recipient, trial.answer);
  };
  if (plain != nullptr && trusted) {
    return talk.add(Stage::action, Outcome::unknown,
                    "mail to other domains is accepted from this host itself, which is usual: " + what(*plain),
                    "probe from another address to know what strangers may do");
  }
  if (plain != nullptr) {
    return talk.add(Stage::action, Outcome::fail, "open relay: anybody may send to anybody through it: " + what(*plain),
                    "accept recipients of other domains from signed-in users only");
  }
  if (routed != nullptr && control == Tried::accepted) {
    talk.add(Stage::action, Outcome::unknown,
             "every recipient of its own domain is accepted, so a route written into one cannot be told from a name: " +
                 what(*routed),
             "refuse unknown recipients at RCPT");
  } else if (routed != nullptr) {
    talk.add(Stage::action, Outcome::warn, "a route through the server seems to be followed: " + what(*routed),
             "refuse %, ! and @ within local parts (RFC 5321 3.6.1)");
  }
  if (limited || tried < trials.size()) {
    return talk.add(Stage::action, Outcome::unknown,
                    fmt::format("{}: {} of {} ways to relay were tried, none worked",
                                limited ? "the server limited the tester" : "the server ended or slowed the test",
                                tried, trials.size()),
                    "try again later, or from another address");
  }
  if (routed != nullptr) return;
  if (temporary == trials.size()) {
    return talk.add(Stage::action, Outcome::unknown, "every recipient was put off (greylisting?)",
                    "try again in some minutes");
  }
  talk.add(Stage::action, Outcome::ok, fmt::format("no relay: {} ways tried", tried));
}

}  // namespace

void try_relay(Talk& talk) {
  constexpr std::size_t kOnOneConnection = 6;
  constexpr std::chrono::seconds kLongest{20};
  std::vector<Trial> trials;
  for (Form& form : relay_forms(talk)) trials.push_back({std::move(form), Tried::not_tried, {}});
  // Whether any local part is taken: then those with a route in them prove nothing.
  const std::string own = talk.settings.server_name.empty() ? "localhost" : talk.settings.server_name;
  trials.push_back(
      {{"", fmt::format("no-such-user-{:x}@{}", std::chrono::steady_clock::now().time_since_epoch().count(), own),
        false},
       Tried::not_tried,
       {}});
  std::atomic<bool> limited = false;
  const SteadyPoint until = std::chrono::steady_clock::now() + kLongest;
  {
    std::vector<std::jthread> threads;
    for (std::size_t at = 0; at < trials.size(); at += kOnOneConnection) {
      const std::size_t count = std::min(kOnOneConnection, trials.size() - at);
      threads.emplace_back([&, at, count] { try_forms(talk, std::span(trials).subspan(at, count), limited, until); });
    }
  }
  const Tried control = trials.back().tried;
  trials.pop_back();
  judge_relay(talk, trials, control, limited);
}

}  // namespace gatepost::gate::probe
