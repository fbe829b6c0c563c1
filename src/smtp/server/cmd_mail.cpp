#include "smtp/server/events.hpp"
#include "smtp/server/session.hpp"

namespace gatepost::smtp::server {
namespace {

mailflow::BodyType body_type(const std::optional<Body>& body) {
  if (body == Body::binary_mime) return mailflow::BodyType::binary;
  return body == Body::eight_bit_mime ? mailflow::BodyType::eight_bit : mailflow::BodyType::seven_bit;
}

// RFC 4865: when it may go.
std::optional<TimePoint> release_of(const MailParameters& parameters, TimePoint now) {
  if (parameters.hold_for) return now + *parameters.hold_for;
  return parameters.hold_until;
}

}  // namespace

// MAIL (RFC 5321 4.1.1.2). AUTH= is read and not trusted (RFC 4954 5).
Work SmtpSession::on_mail(Mail& mail) {
  // RFC 6409 4.3
  if (service_ == Service::submission && !signed_in_) {
    const bool tls_first = !tls() && starttls_ && shared_.services.door.mechanisms(door_context()).empty();
    return say(530, {5, 7, 0}, tls_first ? "STARTTLS and a sign-in are needed first" : "sign in first");
  }
  if (settings_->max_messages_per_connection != 0 && messages_ >= settings_->max_messages_per_connection) {
    return hang_up({421, {4, 7, 0}, "enough messages for one connection"}, "messages_per_connection");
  }
  std::string reverse_path = mail.reverse_path.address();
  if (const auto refusal = check_mail(mail)) return refuse_sender(*refusal, reverse_path);
  if (const auto allowed = shared_.services.reception.check_sender(source_, reverse_path); !allowed) {
    return refuse_sender(reply_for_sender(allowed.error().code), reverse_path, allowed.error().detail);
  }
  if (!within_rate()) return refuse_sender({450, {4, 7, 1}, "too many messages, try again later"}, reverse_path);
  transaction_.envelope.reverse_path = std::move(reverse_path);
  transaction_.envelope.may_refuse = true;
  transaction_.envelope.not_before = release_of(mail.parameters, shared_.services.clock.now());
  transaction_.envelope.body_type = body_type(mail.parameters.body);
  transaction_.envelope.smtputf8 = mail.parameters.smtputf8;
  transaction_.envelope.ret = mail.parameters.ret;
  transaction_.envelope.envid = std::move(mail.parameters.envid);
  transaction_.declared_octets = mail.parameters.size.value_or(0);
  phase_ = Phase::mail;
  return say(250, {2, 1, 0}, "sender ok");
}

std::optional<Words> SmtpSession::check_mail(const Mail& mail) const {
  // RFC 6531 3.5
  if (mail.reverse_path.needs_smtputf8() && !mail.parameters.smtputf8) {
    return Words{553, {5, 6, 7}, "the address needs SMTPUTF8"};
  }
  // RFC 4865 4
  const TimePoint now = shared_.services.clock.now();
  if (release_of(mail.parameters, now).value_or(now) > now + mailflow::kLongestHold) {
    return Words{501, {5, 5, 4}, "the message cannot be held for so long"};
  }
  // RFC 1870 6.1
  if (mail.parameters.size > settings_->max_message_octets) return reply_for(Errc::too_large);
  return std::nullopt;
}

bool SmtpSession::within_rate() {
  constexpr std::chrono::minutes kMinute(1);
  const SteadyPoint now = shared_.services.clock.steady();
  if (signed_in_) {
    const auto account = signed_in_->principal().id;
    return shared_.messages_by_account.take(account, settings_->messages_per_minute_per_account, kMinute, now);
  }
  if (unlimited_) return true;
  const IpAddress address = peer_.remote.address.limit_key();
  return shared_.messages_by_address.take(address, settings_->messages_per_minute_per_address, kMinute, now);
}

Work SmtpSession::refuse_sender(const Words& words, std::string_view reverse_path, std::string_view detail) {
  counters_.refused.add();
  shared_.services.log.write(event::kSenderRefused, {{"conn", peer_.connection_id},
                                                     {"remote", peer_.remote.to_string()},
                                                     {"user", user()},
                                                     {"from", reverse_path},
                                                     {"reply", for_log(words)},
                                                     {"detail", detail}});
  return say(words);
}

}  // namespace gatepost::smtp::server
