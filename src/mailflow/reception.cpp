#include "mailflow/reception.hpp"

#include <shared_mutex>

#include "mailflow/intake.hpp"

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
            metrics.counter("gatepost_mail_octets_total", "", "Octets of messages taken in.")} {}

  void set_options(ReceptionOptions options) override {
    auto next = std::make_shared<const ReceptionOptions>(std::move(options));
    const std::scoped_lock lock(mutex_);
    options_ = std::move(next);
  }
  ReceptionOptions options() const override { return *current(); }

  Result<> check_sender(const Source& source, std::string_view reverse_path) override {
    // RFC 6409 6.1: a submission server may insist that the return path belongs to who signed in. The null path cannot
    // impersonate anybody and is needed for notifications that clients make.
    if (!source.submitter || reverse_path.empty()) return {};
    GP_TRY(const bool owns, directory_.owns_address(source.submitter->id, reverse_path));
    if (!owns) return fail(Errc::denied, "sender address does not belong to " + source.submitter->address);
    return {};
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

 private:
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
  IntakeServices services_;
};

}  // namespace

std::unique_ptr<Reception> Reception::create(ReceptionOptions options, directory::Directory& directory,
                                             account::Accounts& accounts, Queue& queue, runtime::Workers& workers,
                                             const Clock& clock, Random& random, Log& log, Metrics& metrics) {
  return std::make_unique<DirectReception>(std::move(options), directory, accounts, queue, workers, clock, random, log,
                                           metrics);
}

}  // namespace gatepost::mailflow
