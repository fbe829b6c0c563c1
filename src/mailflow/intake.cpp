#include "mailflow/intake.hpp"

#include <fmt/format.h>

#include "mailflow/authors.hpp"
#include "mailflow/events.hpp"
#include "mailflow/header_edit.hpp"
#include "mailflow/local_delivery.hpp"
#include "mailflow/sent_as.hpp"
#include "mailflow/trace.hpp"
#include "mime/structure.hpp"
#include "mime/summary.hpp"

namespace gatepost::mailflow {
namespace {

// What is gathered before a worker is asked to take it: large enough that an ordinary message costs one hand-over,
// small enough that a thousand slow senders fit in memory.
constexpr std::size_t kFlushOctets = 256 << 10;

class StreamedIntake final : public Intake {
 public:
  StreamedIntake(IntakeServices& services, std::shared_ptr<const ReceptionOptions> options, Source source,
                 Envelope envelope, std::uint64_t size_hint)
      : services_(services),
        options_(std::move(options)),
        source_(std::move(source)),
        envelope_(std::move(envelope)),
        size_hint_(size_hint),
        id_(services_.queue.new_id()) {}

  bool append(std::string_view octets) override {
    received_ += octets.size();
    if (failed_) return false;
    if (received_ > options_->max_message_octets) {
      stick(Error{Errc::too_large, "message is larger than the limit"});
      return false;
    }
    pending_.append(octets);
    return pending_.size() >= kFlushOctets;
  }

  runtime::Task<> flush() override {
    auto job = [this] { process(false); };
    co_await services_.workers.run(job);
  }

  runtime::Task<Result<Accepted>> finish() override {
    auto job = [this] { return complete(); };
    Result<Accepted> result = co_await services_.workers.run(job);
    co_return result;
  }

  // On a worker: what has come so far.
  void take() { process(false); }

  // On a worker: everything that remains, and the delivery.
  Result<Accepted> complete() {
    process(true);
    Result<Accepted> result = failed_ ? Result<Accepted>(std::unexpected(*failed_)) : store_and_deliver();
    if (!result) report_refusal(result.error());
    return result;
  }

 private:
  void stick(Error error) {
    if (!failed_) failed_ = std::move(error);
    pending_ = {};
    writer_.reset();
  }

  // Moves what is pending into the body. The header is held back until it is complete.
  void process(bool last) {
    if (failed_) return;
    std::string_view rest = pending_;
    if (!header_done_) {
      std::size_t end = header_end(rest, searched_);
      if (end == std::string_view::npos && last) end = rest.size();
      if (end == std::string_view::npos) {
        searched_ = rest.size();
        if (rest.size() > options_->max_header_octets) stick(Error{Errc::too_large, "message header is too large"});
        return;
      }
      if (end > options_->max_header_octets) return stick(Error{Errc::too_large, "message header is too large"});
      if (auto began = begin_body(rest.substr(0, end)); !began) return stick(std::move(began).error());
      rest.remove_prefix(end);
    }
    if (auto wrote = write(rest); !wrote) return stick(std::move(wrote).error());
    pending_.clear();
    // A buffer that grew for one message is not kept for the rest of a slow transfer.
    if (last || pending_.capacity() > 2 * kFlushOctets) pending_ = {};
  }

  Result<> begin_body(std::string_view header) {
    header_done_ = true;
    if (count_received(header) >= options_->max_received) {
      return fail(Errc::limit, "mail loop: too many Received fields");
    }
    std::optional<std::string> sender;
    if (source_.submitter) {
      GP_TRY(Authors authors, check_authors(services_.directory, *source_.submitter, header,
                                            options_->foreign_from ? ForeignFrom::taken : ForeignFrom::refused));
      sender = std::move(authors.sender);
      others_ = std::move(authors.others);
    }
    GP_TRY(writer_, services_.accounts.new_body(size_hint_ == 0 ? pending_.size() : size_hint_));
    const TimePoint now = services_.clock.now();
    const bool local = has_local_destination();
    // RFC 5321 4.4: final delivery puts the return path first. It is taken off again when the same body also leaves.
    std::string trace = local ? fmt::format("Return-Path: <{}>\r\n", envelope_.reverse_path) : std::string();
    trace += received_field(source_, envelope_, options_->hostname, to_string(id_), now);
    GP_CHECK(write(trace));
    if (source_.service != "submission" && !source_.submitter) return write(header);
    const std::string edited = edit_for_submission(
        header,
        {date::format_rfc5322(now),
         fmt::format("<{}.{}@{}>", to_string(id_), services_.random.hex(8), options_->hostname), std::move(sender)});
    return write(edited);
  }

  Result<> write(std::string_view octets) {
    if (octets.empty()) return {};
    scanner_.feed(octets);
    return writer_->append(octets);
  }

  bool has_local_destination() const {
    for (const auto& recipient : envelope_.recipients) {
      for (const auto& destination : recipient.destinations) {
        if (destination.kind == directory::Destination::Kind::account) return true;
      }
    }
    return false;
  }

  Result<Accepted> store_and_deliver() {
    GP_TRY(const account::Body body, writer_->finish());
    writer_.reset();
    QueueEntry entry;
    entry.id = id_;
    entry.body = body;
    entry.summary = mime::encode(scanner_.finish());
    entry.reverse_path = envelope_.reverse_path;
    entry.body_type = envelope_.body_type;
    entry.smtputf8 = envelope_.smtputf8;
    entry.ret = envelope_.ret;
    entry.envid = envelope_.envid;
    const TimePoint now = services_.clock.now();
    // Until then it is as if it had not been sent: its lifetime begins when it may go (RFC 4865).
    entry.created = entry.due = std::max(now, envelope_.not_before.value_or(now));
    entry.recipients = destinations_of(envelope_);
    const QueueEntry sent = others_.empty() ? QueueEntry() : entry;
    GP_TRY(const Accepted accepted, deliver_or_queue(services_.queue, services_.workers, std::move(entry), now,
                                                     envelope_.may_refuse, services_.deliver_here));
    if (!accepted.refusal.empty()) {
      services_.refused.add();
      return accepted;
    }
    services_.accepted.add();
    services_.octets.add(body.size);
    services_.log.write(event::kAccepted, {{"conn", source_.connection_id},
                                           {"id", to_string(id_)},
                                           {"from", envelope_.reverse_path},
                                           {"to", envelope_.recipients.front().address},
                                           {"rcpts", envelope_.recipients.size()},
                                           {"size", body.size},
                                           {"local", accepted.local},
                                           {"queued", accepted.queued},
                                           {"remote", source_.remote.to_string()}});
    for (const directory::Authorship& other : others_) sent_as(services_, sent, *source_.submitter, other);
    return accepted;
  }

  void report_refusal(const Error& error) {
    services_.refused.add();
    services_.log.write(event::kRefused, {{"conn", source_.connection_id},
                                          {"id", to_string(id_)},
                                          {"from", envelope_.reverse_path},
                                          {"code", gatepost::to_string(error.code)},
                                          {"detail", error.detail},
                                          {"remote", source_.remote.to_string()}});
  }

  IntakeServices& services_;
  std::shared_ptr<const ReceptionOptions> options_;
  Source source_;
  Envelope envelope_;
  std::uint64_t size_hint_;
  std::vector<directory::Authorship> others_;  // that it is sent as, or on behalf of
  QueueId id_;
  std::string pending_;
  std::size_t searched_ = 0;
  std::uint64_t received_ = 0;
  bool header_done_ = false;
  std::optional<Error> failed_;
  std::unique_ptr<account::BodyWriter> writer_;
  mime::StructureScanner scanner_;
};

}  // namespace

Result<std::unique_ptr<Intake>> make_intake(IntakeServices& services, std::shared_ptr<const ReceptionOptions> options,
                                            Source source, Envelope envelope, std::uint64_t size_hint) {
  if (envelope.recipients.empty()) return fail(Errc::invalid, "no recipients");
  if (size_hint > options->max_message_octets) return fail(Errc::too_large, "declared size is over the limit");
  return std::make_unique<StreamedIntake>(services, std::move(options), std::move(source), std::move(envelope),
                                          size_hint);
}

Result<Accepted> submit_message(IntakeServices& services, std::shared_ptr<const ReceptionOptions> options,
                                Source source, Envelope envelope, std::uint64_t octets, const Reception::Pieces& next) {
  if (envelope.recipients.empty()) return fail(Errc::invalid, "no recipients");
  if (octets > options->max_message_octets) return fail(Errc::too_large, "message is larger than the limit");
  StreamedIntake intake(services, std::move(options), std::move(source), std::move(envelope), octets);
  std::string piece;
  for (bool more = true; more;) {
    piece.clear();
    GP_TRY(more, next(piece));
    if (intake.append(piece)) intake.take();
  }
  return intake.complete();
}

Result<> inject_message(IntakeServices& services, std::shared_ptr<const ReceptionOptions> options, Envelope envelope,
                        std::string_view message) {
  Source source;
  source.connection_id = "local";
  source.service = "local";
  source.hello = options->hostname;
  source.esmtp = true;
  auto limits = std::make_shared<ReceptionOptions>(*options);
  limits->max_message_octets = std::max<std::uint64_t>(limits->max_message_octets, message.size());
  StreamedIntake intake(services, std::move(limits), std::move(source), std::move(envelope), message.size());
  intake.append(message);
  GP_CHECK(intake.complete());
  return {};
}

}  // namespace gatepost::mailflow
