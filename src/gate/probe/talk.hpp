#pragma once

#include <chrono>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gate/probe/certificate.hpp"
#include "gate/probe/connection.hpp"
#include "gate/probe/prober.hpp"

// What the conversations of all protocols share.
namespace gatepost::gate::probe {

class Stopwatch {
 public:
  // Time since the last lap.
  std::chrono::microseconds lap() {
    const auto now = std::chrono::steady_clock::now();
    return std::chrono::duration_cast<std::chrono::microseconds>(now - std::exchange(since_, now));
  }

 private:
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
};

// One port under test: its connection, and the report it fills.
struct Talk {
  const Service& service;
  const IpAddress& address;
  const Settings& settings;
  const Clock& clock;
  PortReport& report;
  std::unique_ptr<Connection> connection;
  Stopwatch watch;

  Endpoint endpoint() const { return {address, service.port}; }
  void add(Stage stage, Outcome outcome, std::string text, std::string remedy = {}) {
    report.add(stage, outcome, watch.lap(), std::move(text), std::move(remedy));
  }
  // An answer did not come or made no sense.
  void add_broken(Stage stage, const Error& error);

  // Sends `command` (with its line end; "": nothing) and reads one answer.
  template <class Answer>
  Result<Answer> ask(std::string_view command, auto take) {
    Answer answer;
    connection->set_deadline(std::chrono::steady_clock::now() + settings.answer_timeout);
    if (!command.empty()) GP_CHECK(connection->write(command));
    GP_CHECK(connection->read([&](std::string_view input) { return take(input, answer); }));
    return answer;
  }
  Result<SmtpReply> smtp(std::string_view command) { return ask<SmtpReply>(command, take_smtp_reply); }

  // The handshake with its findings. false: there is no TLS now.
  bool start_tls();
  // The answer to a STARTTLS that was not announced, or the lack of it, has been noted by the caller. Whether old TLS
  // versions are accepted, on a connection of its own; `prepare` brings a fresh one to where TLS begins.
  void try_old_tls(bool (*prepare)(Talk&));
};

// A capability word that a device on the way has overwritten, as some firewalls do with STARTTLS.
bool overwritten(std::string_view capability);
bool has(const std::vector<std::string>& words, std::string_view word);

// Each begins on a connection that was just opened, or after TLS where that comes first.
void talk_smtp(Talk& talk);
void talk_imap(Talk& talk);
void talk_pop3(Talk& talk);
void talk_http(Talk& talk);
void talk_ldap(Talk& talk);
// Who may send on through the server. Opens connections of its own.
void try_relay(Talk& talk);

}  // namespace gatepost::gate::probe
