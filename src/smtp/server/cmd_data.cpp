#include <fmt/format.h>

#include <iterator>

#include "smtp/server/events.hpp"
#include "smtp/server/session.hpp"

namespace gatepost::smtp::server {
namespace {

// A refused message is read to its end, so that the client hears why; but not for ever.
std::uint64_t drained_octets(const Settings& settings) {
  constexpr std::uint64_t kMore = 64 << 10;
  return 2 * settings.max_message_octets + kMore;
}

}  // namespace

// DATA (RFC 5321 4.1.1.4)
Work SmtpSession::on_data(Data&) {
  if (transaction_.envelope.recipients.empty()) return say(554, {5, 5, 1}, "no valid recipients");
  // RFC 3030 3
  if (transaction_.envelope.body_type == mailflow::BodyType::binary) {
    return say(503, {5, 5, 1}, "BINARYMIME needs BDAT");
  }
  if (const auto refusal = begin_content()) {
    end_transaction();
    return say(*refusal);
  }
  receiver_.expect_data(settings_->bare_line_ends);
  mode_ = Mode::data;
  output_.write("354 go ahead, a line with a dot alone ends it\r\n");
  return Work::none;
}

// BDAT (RFC 3030 2). Its octets follow whatever we think of it, and come before the reply.
Work SmtpSession::on_bdat(Bdat& bdat) {
  if (bdat.octets > drained_octets(*settings_)) {
    const Words words = reply_for(Errc::too_large);
    return hang_up(words, "a chunk far over the size limit");
  }
  last_chunk_ = bdat.last;
  chunk_octets_ = bdat.octets;
  chunk_refusal_ = check_chunk(bdat);
  receiver_.expect_bdat(bdat.octets);
  mode_ = Mode::chunk;
  // Nothing may follow that would make the connection call again.
  if (bdat.octets == 0) return take(receiver_.next({}));
  return Work::none;
}

std::optional<Words> SmtpSession::check_chunk(const Bdat& bdat) {
  if (phase_ == Phase::connected || phase_ == Phase::ready) return Words{503, {5, 5, 1}, "MAIL must come first"};
  if (phase_ == Phase::mail) return Words{554, {5, 5, 1}, "no valid recipients"};
  if (phase_ == Phase::rcpt) {
    // RFC 3030 3: every octet of BINARYMIME is kept.
    const bool binary = transaction_.envelope.body_type == mailflow::BodyType::binary;
    if (auto refusal = begin_content()) return refusal;
    if (!binary) transaction_.checker.emplace(settings_->bare_line_ends);
  } else if (!transaction_.intake) {  // an earlier chunk was refused
    return Words{503, {5, 5, 1}, "the message was refused, RSET must come first"};
  }
  if (bdat.octets > settings_->max_message_octets - std::min(transaction_.octets, settings_->max_message_octets)) {
    return reply_for(Errc::too_large);
  }
  return std::nullopt;
}

std::optional<Words> SmtpSession::begin_content() {
  mailflow::Source source = source_;
  source.smtputf8 = transaction_.envelope.smtputf8;
  auto intake = shared_.services.reception.begin(std::move(source), std::move(transaction_.envelope),
                                                 transaction_.declared_octets);
  transaction_.envelope = {};
  if (!intake) {
    counters_.refused.add();
    return reply_for(intake.error().code);
  }
  transaction_.intake = *std::move(intake);
  return std::nullopt;
}

bool SmtpSession::append(std::string_view text) {
  if (!transaction_.checker) return transaction_.intake->append(text);
  bool full = false;
  while (!text.empty()) {
    const LineEndChecker::Piece piece = transaction_.checker->next(text);
    full |= transaction_.intake->append(piece.text);
    text.remove_prefix(piece.consumed);
  }
  return full;
}

Work SmtpSession::on_body(const Receiver::Item& item) {
  if (mode_ == Mode::chunk && chunk_refusal_) return Work::none;
  transaction_.octets += item.consumed;
  if (transaction_.octets > drained_octets(*settings_)) {
    return hang_up(reply_for(Errc::too_large), "far more data than the size limit");
  }
  return append(item.text) ? Work::flush : Work::none;
}

Work SmtpSession::on_data_end(const Receiver::Item& item) {
  mode_ = Mode::commands;
  if (item.bare_line_end && settings_->bare_line_ends == BareLineEnds::refuse) return refuse_bare_line_ends();
  return Work::deliver;
}

// RFC 3030 2: one refused chunk is the end of the message; after its last chunk another one may begin.
Work SmtpSession::end_refused_chunk() {
  const Words refusal = *std::exchange(chunk_refusal_, std::nullopt);
  if (phase_ == Phase::rcpt || phase_ == Phase::chunks) {
    transaction_ = Transaction();
    phase_ = last_chunk_ ? Phase::ready : Phase::chunks;
  }
  return say(refusal);
}

Work SmtpSession::on_chunk_end(const Receiver::Item& item) {
  mode_ = Mode::commands;
  if (chunk_refusal_) return end_refused_chunk();
  phase_ = Phase::chunks;
  transaction_.octets += item.consumed;
  const bool full = append(item.text);
  if (last_chunk_ && transaction_.checker) transaction_.intake->append(transaction_.checker->finish());
  if (transaction_.checker && transaction_.checker->found() && settings_->bare_line_ends == BareLineEnds::refuse) {
    return refuse_bare_line_ends();
  }
  if (last_chunk_) return Work::deliver;
  fmt::format_to(std::back_inserter(output_.buffer()), "250 2.0.0 {} octets\r\n", chunk_octets_);
  return full ? Work::flush : Work::none;
}

Work SmtpSession::refuse_bare_line_ends() {
  counters_.refused.add();
  shared_.services.log.write(event::kBareLineEnd,
                             {{"conn", peer_.connection_id}, {"remote", peer_.remote.to_string()}, {"user", user()}});
  const bool more_chunks = phase_ == Phase::chunks && !last_chunk_;
  end_transaction();
  if (more_chunks) phase_ = Phase::chunks;
  return say(550, {5, 6, 0}, "the message has a CR or LF alone");
}

runtime::Task<> SmtpSession::deliver() {
  Result<mailflow::Accepted> accepted = co_await transaction_.intake->finish();
  end_transaction();
  if (!accepted) {
    counters_.refused.add();
    say(reply_for_message(accepted.error().code));
    co_return;
  }
  if (!accepted->refusal.empty()) {
    // The recipient's script says so (RFC 5429 2.1.1).
    counters_.refused.add();
    fmt::format_to(std::back_inserter(output_.buffer()), "{}\r\n", accepted->refusal);
    co_return;
  }
  counters_.accepted.add();
  ++messages_;
  bad_ = idle_ = 0;
  fmt::format_to(std::back_inserter(output_.buffer()), "250 2.0.0 taken as {}\r\n", accepted->queue_id);
}

}  // namespace gatepost::smtp::server
