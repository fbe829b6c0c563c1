#include "transcripts/protocols.hpp"

#include <stdexcept>

#include "base/ascii.hpp"
#include "imap/server/server.hpp"
#include "pop3/server/server.hpp"
#include "smtp/server/server.hpp"

namespace gatepost::transcripts {
namespace {

// Takes a setting of the head, or says no.
bool set(smtp::server::Settings& s, std::string_view name, std::string_view value) {
  if (name == "max_message_octets") {
    s.max_message_octets = number(value);
  } else if (name == "max_recipients") {
    s.max_recipients = number(value);
  } else if (name == "max_bad_commands") {
    s.max_bad_commands = number(value);
  } else if (name == "max_messages_per_connection") {
    s.max_messages_per_connection = number(value);
  } else if (name == "messages_per_minute_per_address") {
    s.messages_per_minute_per_address = number(value);
  } else if (name == "messages_per_minute_per_account") {
    s.messages_per_minute_per_account = number(value);
  } else if (name == "recipients_per_hour_per_account") {
    s.recipients_per_hour_per_account = number(value);
  } else if (name == "unlimited") {
    s.unlimited.push_back(*Network::parse(value));
  } else if (name == "bare_line_ends") {
    s.bare_line_ends = value == "normalise" ? smtp::BareLineEnds::normalise : smtp::BareLineEnds::refuse;
  } else if (name == "require_tls") {
    s.require_tls = value == "yes";
  } else {
    return false;
  }
  return true;
}

// "NAME VERSION CAPABILITY,CAPABILITY QUIRK"; "*": any version.
imap::server::ClientSwitch client_switch(std::string_view value) {
  std::vector<std::string> words = {""};
  for (const char c : value) {
    if (c == ' ') {
      words.emplace_back();
    } else {
      words.back().push_back(c);
    }
  }
  words.resize(4);
  imap::server::ClientSwitch out{.name = words[0], .version = words[1] == "*" ? "" : words[1]};
  out.hidden.emplace_back();
  for (const char c : words[2]) {
    if (c == ',') {
      out.hidden.emplace_back();
    } else {
      out.hidden.back().push_back(c);
    }
  }
  out.delay_new_mail = words[3] == "delay_new_mail";
  return out;
}

bool set(imap::server::Settings& s, std::string_view name, std::string_view value) {
  if (name == "message_limit") {
    s.message_limit = number(value);
  } else if (name == "max_message_octets") {
    s.max_message_octets = number(value);
  } else if (name == "command_octets") {
    s.command_octets = number(value);
  } else if (name == "literal_octets") {
    s.literal_octets = number(value);
  } else if (name == "bad_commands") {
    s.bad_commands = number(value);
  } else if (name == "failed_sign_ins") {
    s.failed_sign_ins = number(value);
  } else if (name == "admin") {
    s.admin = value;
  } else if (name == "small_literals") {
    s.small_literals = value == "yes";
  } else if (name == "client") {
    s.clients.push_back(client_switch(value));
  } else {
    return false;
  }
  return true;
}

bool set(pop3::server::Settings& s, std::string_view name, std::string_view value) {
  if (name == "login_delay") {
    s.login_delay = std::chrono::seconds(number(value));
  } else if (name == "expire_days") {
    s.expire_days = number(value);
  } else if (name == "bad_commands") {
    s.bad_commands = number(value);
  } else if (name == "failed_sign_ins") {
    s.failed_sign_ins = number(value);
  } else {
    return false;
  }
  return true;
}

// Those that world.cpp takes, and `starttls no`: a listener that cannot do it.
bool is_common(std::string_view name) {
  for (const std::string_view known :
       {"sign_in_without_tls", "sessions_per_account", "mechanism", "max_received", "starttls"}) {
    if (name == known) return true;
  }
  return false;
}

}  // namespace

struct Protocols::Servers {
  std::unique_ptr<smtp::server::Server> smtp;
  std::unique_ptr<imap::server::Server> imap;
  std::unique_ptr<pop3::server::Server> pop3;
  bool starttls = true;
};

Protocols::Protocols(World& w, const Transcript& transcript) : servers_(std::make_unique<Servers>()) {
  smtp::server::Settings smtp{.hostname = std::string(kHost)};
  imap::server::Settings imap{.hostname = std::string(kHost),
                              .version = "0",
                              .jmap_session = "https://" + std::string(kHost) + "/.well-known/jmap"};
  pop3::server::Settings pop3{.hostname = std::string(kHost)};
  for (const auto& [name, value] : transcript.head) {
    if (name != "set") continue;
    const std::size_t space = value.find(' ');
    const std::string_view key = std::string_view(value).substr(0, space);
    const std::string_view setting = std::string_view(value).substr(std::min(value.size(), space + 1));
    if (key == "starttls") servers_->starttls = setting == "yes";
    bool known = is_common(key);
    known |= set(smtp, key, setting);
    known |= set(imap, key, setting);
    known |= set(pop3, key, setting);
    if (!known) throw std::runtime_error("no setting " + value);
  }
  servers_->smtp = std::make_unique<smtp::server::Server>(
      smtp::server::Services{*w.reception, *w.door, w.workers, w.clock, w.log, w.metrics}, smtp);
  servers_->imap = std::make_unique<imap::server::Server>(
      imap::server::Services{*w.accounts, *w.door, w.workers, w.clock, w.log, w.metrics}, imap);
  servers_->pop3 = std::make_unique<pop3::server::Server>(
      pop3::server::Services{*w.accounts, *w.door, w.workers, w.clock, w.log, w.metrics}, pop3);
}

Protocols::~Protocols() = default;

Result<runtime::SessionFactory> Protocols::factory(std::string_view listener) {
  const bool starttls = servers_->starttls && !implicit_tls(listener);
  if (implicit_tls(listener)) listener.remove_suffix(1);
  using runtime::Output;
  using runtime::Peer;
  using Waker = std::shared_ptr<runtime::Waker>;
  if (listener == "smtp" || listener == "submission") {
    const auto service = listener == "smtp" ? smtp::server::Service::smtp : smtp::server::Service::submission;
    return [server = servers_->smtp.get(), service, starttls](Peer& peer, Output& output, Waker waker) {
      return server->session(service, starttls, peer, output, std::move(waker));
    };
  }
  if (listener == "imap") {
    return [server = servers_->imap.get(), starttls](Peer& peer, Output& output, Waker waker) {
      return server->session(peer, output, std::move(waker), starttls);
    };
  }
  if (listener == "pop3") {
    return [server = servers_->pop3.get(), starttls](Peer& peer, Output& output, Waker waker) {
      return server->session(peer, output, std::move(waker), starttls);
    };
  }
  return fail(Errc::not_found, "no listener " + std::string(listener));
}

}  // namespace gatepost::transcripts
