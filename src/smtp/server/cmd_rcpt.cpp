#include <utility>

#include "smtp/server/events.hpp"
#include "smtp/server/session.hpp"

namespace gatepost::smtp::server {

// RCPT (RFC 5321 4.1.1.3)
Work SmtpSession::on_rcpt(Rcpt& rcpt) {
  mailflow::Envelope& envelope = transaction_.envelope;
  const std::string address = rcpt.forward_path.address();
  // RFC 6531 3.5
  if (rcpt.forward_path.needs_smtputf8() && !envelope.smtputf8) {
    return refuse_recipient({553, {5, 6, 7}, "the address needs SMTPUTF8"}, address);
  }
  // RFC 5321 4.5.3.1.10
  if (envelope.recipients.size() >= settings_->max_recipients) {
    return refuse_recipient({452, {4, 5, 3}, "too many recipients"}, address);
  }
  mailflow::Reception& reception = shared_.services.reception;
  auto recipient = reception.check_recipient(source_, address);
  if (!recipient && recipient.error() == mailflow::RecipientRefusal::no_such_user && reception.may_look_up(address)) {
    sought_ = std::move(rcpt);
    return Work::look_up;
  }
  return take_recipient(rcpt, std::move(recipient));
}

// Somebody of another directory may have no account yet.
runtime::Task<> SmtpSession::look_up_recipient() {
  mailflow::Reception& reception = shared_.services.reception;
  const std::string address = sought_->forward_path.address();
  const auto ask = [&reception, &address] { return reception.look_up(address); };
  const Result<> asked = co_await shared_.services.workers_for_sign_in().run(ask);
  Rcpt rcpt = *std::exchange(sought_, std::nullopt);
  if (!asked) {
    take_recipient(rcpt, std::unexpected(mailflow::RecipientRefusal::try_later));
  } else {
    take_recipient(rcpt, reception.check_recipient(source_, address));
  }
}

Work SmtpSession::take_recipient(Rcpt& rcpt, std::expected<mailflow::Recipient, mailflow::RecipientRefusal> recipient) {
  mailflow::Envelope& envelope = transaction_.envelope;
  const std::string address = rcpt.forward_path.address();
  if (!recipient) {
    if (recipient.error() == mailflow::RecipientRefusal::no_such_user && !signed_in_) {
      peer_.tell(runtime::Conduct::unknown_recipient, address);
    }
    return refuse_recipient(reply_for(recipient.error()), address);
  }
  if (!signed_in_) peer_.tell(runtime::Conduct::known_recipient);
  if (transaction_.destinations + recipient->destinations.size() > kMaxDestinations) {
    return refuse_recipient({452, {4, 5, 3}, "too many recipients"}, address);
  }
  if (signed_in_) {
    constexpr std::chrono::hours kHour(1);
    if (!shared_.recipients_by_account.take(signed_in_->principal().id, settings_->recipients_per_hour_per_account,
                                            kHour, shared_.services.clock.steady())) {
      return refuse_recipient({450, {4, 7, 1}, "too many recipients in this hour, try again later"}, address);
    }
  }
  transaction_.destinations += recipient->destinations.size();
  recipient->dsn = {rcpt.parameters.notify, std::move(rcpt.parameters.orcpt)};
  envelope.recipients.push_back(*std::move(recipient));
  phase_ = Phase::rcpt;
  return say(250, {2, 1, 5}, "recipient ok");
}

Work SmtpSession::refuse_recipient(const Words& words, std::string_view address) {
  counters_.recipients_refused.add();
  shared_.services.log.write(event::kRecipientRefused, {{"conn", peer_.connection_id},
                                                        {"remote", peer_.remote.to_string()},
                                                        {"user", user()},
                                                        {"from", transaction_.envelope.reverse_path},
                                                        {"to", address},
                                                        {"reply", for_log(words)}});
  return say(words);
}

}  // namespace gatepost::smtp::server
