#include "mailflow/reception.hpp"

#include <shared_mutex>

#include <fmt/format.h>

#include "mailflow/authors.hpp"
#include "mailflow/events.hpp"
#include "mailflow/filtered_delivery.hpp"
#include "mailflow/header_edit.hpp"
#include "mailflow/intake.hpp"
#include "mailflow/vacation.hpp"

namespace gatepost::mailflow {
namespace {

class DirectReception final : public Reception {
 public:
  DirectReception(ReceptionOptions options, directory::Directory& directory, account::Accounts& accounts, Queue& queue,
                  runtime::Workers& workers, const Clock& clock, Random& random, Log& log, Metrics& metrics)
      : options_(std::make_shared<const ReceptionOptions>(std::move(options))),
        directory_(directory),
        services_{
            accounts,
            queue,
            workers,
            clock,
            random,
            log,
            metrics.counter("gatepost_mail_accepted_total", "", "Messages taken in."),
            metrics.counter("gatepost_mail_refused_total", "", "Messages refused after their content was received."),
            metrics.counter("gatepost_mail_octets_total", "", "Octets of messages taken in."),
            [this](const QueueEntry& entry, const RecipientState& recipient, TimePoint received, bool retry) {
              return deliver_here(entry, recipient, received, retry);
            },
            directory},
        scripts_(accounts),
        delivery_{accounts,
                  directory,
                  queue,
                  clock,
                  random,
                  log,
                  [this](std::string_view reverse_path, std::string_view recipient, std::string_view message) {
                    return inject(reverse_path, recipient, message);
                  }} {}

  void set_options(ReceptionOptions options) override {
    auto next = std::make_shared<const ReceptionOptions>(std::move(options));
    const std::scoped_lock lock(mutex_);
    options_ = std::move(next);
  }
  ReceptionOptions options() const override { return *current(); }

  Result<> check_sender(const Source& source, std::string_view reverse_path) override {
    // RFC 6409 6.1: a submission server may insist that who signed in may use the return path. The null path cannot
    // impersonate anybody and is needed for notifications that clients make.
    if (!source.submitter || reverse_path.empty()) return {};
    return check_reverse_path(directory_, *source.submitter, reverse_path);
  }

  std::expected<Recipient, RecipientRefusal> check_recipient(const Source& source, std::string_view address) override {
    std::string full(address);
    const std::size_t at = full.rfind('@');
    if (at == std::string::npos) {
      // RFC 5321 4.5.1: "postmaster" without a domain is always accepted; the path parser lets no other such address
      // by.
      auto domain = default_domain();
      if (!domain) return std::unexpected(domain.error());
      full += "@" + *domain;
    } else if (!source.submitter) {
      const auto local = directory_.is_local_domain(std::string_view(full).substr(at + 1));
      if (!local) return std::unexpected(refusal(local.error().code));
      if (!*local) return std::unexpected(RecipientRefusal::relay_denied);
    }
    auto destinations = directory_.resolve(full);
    if (!destinations) return std::unexpected(refusal(destinations.error().code));
    return Recipient{std::move(full), std::move(*destinations)};
  }

  bool may_look_up(std::string_view address) override {
    const std::size_t at = address.rfind('@');
    if (outside_ == nullptr || at == std::string_view::npos) return false;
    const auto local = directory_.is_local_domain(address.substr(at + 1));
    return local && *local && outside_->may_have(address);
  }

  Result<> look_up(std::string_view address) override {
    GP_CHECK(outside_->look_up(address));
    return {};
  }

  void set_outside(directory::OutsidePeople& outside) override { outside_ = &outside; }

  Result<std::unique_ptr<Intake>> begin(Source source, Envelope envelope, std::uint64_t size_hint) override {
    return make_intake(services_, current(), std::move(source), std::move(envelope), size_hint);
  }

  Result<Accepted> submit(Source source, Envelope envelope, std::uint64_t octets, const Pieces& next) override {
    return submit_message(services_, current(), std::move(source), std::move(envelope), octets, next);
  }

  Result<> inject(std::string_view reverse_path, std::string_view recipient, std::string_view message) override {
    auto destinations = directory_.resolve(recipient);
    if (!destinations) return std::unexpected(destinations.error());
    Envelope envelope;
    envelope.reverse_path = reverse_path;
    envelope.recipients.push_back({std::string(recipient), std::move(*destinations)});
    // RFC 3461 6.1: a report asks for none about itself.
    if (reverse_path.empty()) envelope.recipients.back().dsn.notify = smtp::Notify{};
    return inject_message(services_, current(), std::move(envelope), message);
  }

  Result<Delivered> deliver_here(const QueueEntry& entry, const RecipientState& recipient, TimePoint received,
                                 bool retry) override {
    DeliveryRules rules;
    GP_TRY(rules.script, script_of(entry, recipient));
    GP_TRY(rules.forwarding, forwarding_for(entry, recipient));
    Delivered out;
    if (rules.script || rules.forwarding.enabled) {
      const auto options = current();
      GP_TRY(out, deliver_by_rules(delivery_, rules, entry, recipient, received, retry, *options));
    } else {
      GP_CHECK(deliver_local(services_.accounts, entry, recipient, received, retry));
    }
    // The message is here, and that counts: an answer that fails is only noted.
    const Result<> answered = out.kept ? answer_for(entry, recipient) : Result<>();
    if (!answered) {
      services_.log.write(event::kVacationProblem, {{"id", to_string(entry.id)},
                                                    {"account", recipient.address},
                                                    {"to", entry.reverse_path},
                                                    {"detail", answered.error().detail}});
    }
    return out;
  }

  Scripts* scripts() override { return &scripts_; }

 private:
  // Null: none. Scripts that are there and cannot be read keep no mail away.
  Result<std::shared_ptr<const ActiveScript>> script_of(const QueueEntry& entry, const RecipientState& recipient) {
    auto script = scripts_.active(static_cast<account::AccountId>(*recipient.account));
    if (script || (script.error().code != Errc::corrupt && script.error().code != Errc::unsupported)) return script;
    services_.log.write(event::kScriptFailed, {{"id", to_string(entry.id)},
                                               {"account", recipient.address},
                                               {"script", ""},
                                               {"detail", script.error().detail}});
    return nullptr;
  }

  // What cannot be read keeps no mail away either.
  Result<Forwarding> forwarding_for(const QueueEntry& entry, const RecipientState& recipient) {
    GP_TRY(const auto account, services_.accounts.open(static_cast<account::AccountId>(*recipient.account)));
    auto forwarding = forwarding_of(*account);
    if (forwarding || (forwarding.error().code != Errc::corrupt && forwarding.error().code != Errc::unsupported)) {
      return forwarding;
    }
    services_.log.write(event::kScriptFailed, {{"id", to_string(entry.id)},
                                               {"account", recipient.address},
                                               {"script", "forwarding"},
                                               {"detail", forwarding.error().detail}});
    return Forwarding();
  }

  // RFC 3834: who wrote to somebody who is away hears that, and everybody only now and then.
  Result<> answer_for(const QueueEntry& entry, const RecipientState& recipient) {
    if (entry.reverse_path.empty()) return {};
    GP_TRY(const auto account, services_.accounts.open(static_cast<account::AccountId>(*recipient.account)));
    GP_TRY(const Vacation vacation, vacation_of(*account));
    const TimePoint now = services_.clock.now();
    if (!vacation.is_on(now)) return {};
    GP_TRY(const directory::Principal owner, directory_.principal(*recipient.account));
    std::string text(std::min<std::uint64_t>(entry.body.size, kReadHeaderOctets), '\0');
    GP_CHECK(services_.accounts.read_body(entry.body, 0, text));
    const std::size_t end = header_end(text);
    if (end == std::string::npos) return {};
    text.resize(end);
    const auto is_own = [&](std::string_view address) {
      const auto owns = directory_.owns_address(owner.id, address);
      return owns && *owns;
    };
    if (!may_be_answered(text, entry.reverse_path, recipient.original, is_own)) return {};
    // Noted before: rather no answer than one for each try.
    GP_TRY(const bool is_due, note_vacation_told(*account, entry.reverse_path, now));
    if (!is_due) return {};
    const std::string id = fmt::format("vacation.{}@{}", services_.random.hex(12), current()->hostname);
    GP_CHECK(inject("", entry.reverse_path,
                    vacation_answer(vacation, text, owner.address, owner.display_name, entry.reverse_path, id, now)));
    services_.log.write(event::kVacationAnswered,
                        {{"id", to_string(entry.id)}, {"account", owner.address}, {"to", entry.reverse_path}});
    return {};
  }

  std::shared_ptr<const ReceptionOptions> current() const {
    const std::scoped_lock lock(mutex_);
    return options_;
  }

  std::expected<std::string, RecipientRefusal> default_domain() {
    const auto options = current();
    const auto domains = directory_.domains();
    if (!domains) return std::unexpected(RecipientRefusal::try_later);
    if (domains->empty()) return std::unexpected(RecipientRefusal::no_such_user);
    // The domain this host is named in, or the oldest one.
    for (const auto& domain : *domains) {
      if (options->hostname == domain.name || options->hostname.ends_with("." + domain.name)) return domain.name;
    }
    return domains->front().name;
  }

  static RecipientRefusal refusal(Errc code) {
    switch (code) {
      case Errc::not_found:
        return RecipientRefusal::no_such_user;
      case Errc::denied:
        return RecipientRefusal::disabled;
      case Errc::invalid:
        return RecipientRefusal::bad_address;
      default:
        return RecipientRefusal::try_later;
    }
  }

  mutable std::mutex mutex_;
  std::shared_ptr<const ReceptionOptions> options_;
  directory::Directory& directory_;
  directory::OutsidePeople* outside_ = nullptr;
  IntakeServices services_;
  Scripts scripts_;
  const DeliveryServices delivery_;
};

}  // namespace

std::unique_ptr<Reception> Reception::create(ReceptionOptions options, directory::Directory& directory,
                                             account::Accounts& accounts, Queue& queue, runtime::Workers& workers,
                                             const Clock& clock, Random& random, Log& log, Metrics& metrics) {
  return std::make_unique<DirectReception>(std::move(options), directory, accounts, queue, workers, clock, random, log,
                                           metrics);
}

}  // namespace gatepost::mailflow
