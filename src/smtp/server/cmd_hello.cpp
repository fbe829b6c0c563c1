#include "base/date.hpp"
#include "base/utf8.hpp"
#include "smtp/server/session.hpp"

namespace gatepost::smtp::server {

// HELO, EHLO (RFC 5321 4.1.1.1). What is offered is what this session would do now.
Work SmtpSession::on_hello(Hello& hello) {
  // RFC 6531 3.7.1: A-labels only; the name goes into Received fields.
  if (!utf8::is_ascii(hello.name)) return say(501, {5, 5, 2}, "the host name must be ASCII");
  if (phase_ != Phase::connected) ++idle_;
  phase_ = Phase::ready;
  end_transaction();  // RFC 5321 4.1.4: like RSET
  source_.hello = std::move(hello.name);
  source_.esmtp = hello.extended;
  if (!hello.extended) {
    write(output_.buffer(), make_reply(250, settings_->hostname));
    return Work::none;
  }
  Reply reply{.code = 250, .enhanced = std::nullopt, .lines = {settings_->hostname}};
  reply.lines.emplace_back("PIPELINING");                                             // RFC 2920
  reply.lines.emplace_back("SIZE " + std::to_string(settings_->max_message_octets));  // RFC 1870
  reply.lines.emplace_back("8BITMIME");                                               // RFC 6152
  reply.lines.emplace_back("BINARYMIME");                                             // RFC 3030
  reply.lines.emplace_back("CHUNKING");                                               // RFC 3030
  reply.lines.emplace_back("SMTPUTF8");                                               // RFC 6531
  reply.lines.emplace_back("DSN");                                                    // RFC 3461
  // RFC 4865 4: how many seconds, and until when.
  if (service_ == Service::submission) {
    constexpr std::size_t kWholeSeconds = 19;
    const TimePoint last = shared_.services.clock.now() + mailflow::kLongestHold;
    reply.lines.push_back("FUTURERELEASE " + std::to_string(mailflow::kLongestHold.count()) + " " +
                          date::format_rfc3339(last).substr(0, kWholeSeconds) + "Z");
  }
  reply.lines.emplace_back("ENHANCEDSTATUSCODES");                // RFC 2034
  if (starttls_ && !tls()) reply.lines.emplace_back("STARTTLS");  // RFC 3207
  if (!signed_in_ && !tls_is_due()) {                             // RFC 4954
    std::string mechanisms;
    for (const sasl::Mechanism mechanism : shared_.services.door.mechanisms(door_context())) {
      mechanisms += " ";
      mechanisms += sasl::to_string(mechanism);
    }
    if (!mechanisms.empty()) reply.lines.emplace_back("AUTH" + mechanisms);
  }
  reply.lines.emplace_back("HELP");
  write(output_.buffer(), reply);
  return Work::none;
}

}  // namespace gatepost::smtp::server
