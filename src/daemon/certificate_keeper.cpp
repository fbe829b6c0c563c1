#include "daemon/certificate_keeper.hpp"

#include <pthread.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>

#include <fmt/format.h>

#include "acme/jws.hpp"
#include "acme/ordering.hpp"
#include "base/date.hpp"
#include "daemon/certificate_events.hpp"

namespace gatepost::daemon {
namespace {

using acme::Failure;
using acme::Outcome;
using certificates::Held;
using certificates::State;
using std::chrono::hours;
using std::chrono::seconds;

constexpr hours kNoSuggestions{24};  // until an authority without the service is asked again
constexpr hours kAskAfterFailure{6};
constexpr std::chrono::days kNotice{7};
constexpr hours kNoticeAgain{24};

certificates::KeyKind key_kind(config::KeyKind kind) {
  switch (kind) {
    case config::KeyKind::p256:
      return certificates::KeyKind::p256;
    case config::KeyKind::p384:
      return certificates::KeyKind::p384;
    case config::KeyKind::rsa2048:
      return certificates::KeyKind::rsa2048;
    case config::KeyKind::rsa3072:
      return certificates::KeyKind::rsa3072;
    case config::KeyKind::rsa4096:
      return certificates::KeyKind::rsa4096;
  }
  return certificates::KeyKind::p256;
}

std::vector<std::string> sorted(std::vector<std::string> names) {
  std::ranges::sort(names);
  return names;
}

bool names_are(const Held& held, const std::vector<std::string>& wanted) {
  return sorted(held.chain.front().names) == sorted(wanted);
}

double days_between(TimePoint from, TimePoint to) {
  return std::chrono::duration<double, std::chrono::days::period>(to - from).count();
}

std::string comma_joined(const std::vector<std::string>& names) { return fmt::format("{}", fmt::join(names, ",")); }

}  // namespace

CertificateKeeper::CertificateKeeper(Parts parts)
    : parts_(std::move(parts)),
      hooks_(parts_.clock),
      renewed_(parts_.metrics.counter("gatepost_certificate_renewals_total", "result=\"ok\"",
                                      "Certificates asked for at the authority.")),
      failed_(parts_.metrics.counter("gatepost_certificate_renewals_total", "result=\"failed\"",
                                     "Certificates asked for at the authority.")) {}

CertificateKeeper::~CertificateKeeper() {
  if (thread_.joinable()) {
    thread_.request_stop();
    thread_.join();
  }
  for (Asked& one : asked_) one.outcome.set_value(acme::told_to_stop());
}

void CertificateKeeper::start() {
  thread_ = std::jthread([this](std::stop_token stop) { work(stop); });
  ::pthread_setname_np(thread_.native_handle(), "certificates");
}

void CertificateKeeper::work(std::stop_token stop) {
  while (!stop.stop_requested()) {
    const auto config = parts_.config();
    watch_files(*config);
    renew_private(*config);
    measure();
    answer_asked(*config, stop);
    if (config->acme.on()) {
      for (const Certificate& one : config->acme.certificates) {
        if (!stop.stop_requested()) look_after(*config, one, stop);
      }
    }
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, parts_.tick, [this] { return !asked_.empty(); });
  }
}

void CertificateKeeper::watch_files(const config::Config& config) {
  std::vector<std::filesystem::path> paths;
  for (const config::Certificate& one : config.tls.certificates) {
    paths.push_back(one.cert);
    paths.push_back(one.key);
  }
  if (!watch_.changed(paths)) return;
  std::vector<std::string> before;
  for (const auto& facts : parts_.served()) before.push_back(facts.fingerprint);
  std::vector<ServedCertificates::Refused> refused;
  if (const Result<> done = parts_.refresh(refused); !done) refused.push_back({"", done.error().detail});
  for (const auto& one : refused)
    parts_.log.write(certificate_event::kFileRefused, {{"file", one.file}, {"detail", one.detail}});
  for (const auto& facts : parts_.served()) {
    if (std::ranges::find(before, facts.fingerprint) != before.end()) continue;
    parts_.log.write(certificate_event::kReloaded, {{"file", facts.label},
                                                    {"names", comma_joined(facts.names)},
                                                    {"not_after", date::format_rfc3339(facts.not_after)}});
  }
}

void CertificateKeeper::renew_private(const config::Config& config) {
  const std::string file = parts_.store.private_file(config.server.hostname).string();
  for (const auto& facts : parts_.served()) {
    if (facts.label != file) continue;
    if (parts_.clock.now() < certificates::renewal_time(facts.not_before, facts.not_after, {})) return;
    std::vector<ServedCertificates::Refused> refused;
    if (const Result<> done = parts_.refresh(refused); !done) {
      parts_.log.write(certificate_event::kFailed, {{"name", config.server.hostname}, {"cause", done.error().detail}});
    }
    return;
  }
}

void CertificateKeeper::measure() {
  for (const auto& facts : parts_.served()) {
    if (facts.names.empty() || !measured_.insert(facts.names.front()).second) continue;
    const std::string name = facts.names.front();
    parts_.metrics.callback("gatepost_certificate_days_left", fmt::format("name=\"{}\"", name),
                            "Days until the served certificate ends.",
                            // Asked for as long as the daemon lives, which is longer than this does.
                            [served = parts_.served, &clock = parts_.clock, name] {
                              for (const auto& one : served()) {
                                if (!one.names.empty() && one.names.front() == name)
                                  return days_between(clock.now(), one.not_after);
                              }
                              return std::numeric_limits<double>::quiet_NaN();
                            });
  }
}

const CertificateKeeper::Known& CertificateKeeper::known(const config::Config& config, const Certificate& one) {
  const std::string& called = one.names.front();
  const auto [at, fresh] = known_.try_emplace(fmt::format("{} {}", comma_joined(one.names), config.acme.directory));
  Known& out = at->second;
  if (!fresh) return out;
  const State state = parts_.store.state(called, parts_.random);
  out.due = state.retry_at;
  const auto held = parts_.store.current(called);
  if (!held) return out;
  (void)parts_.store.set_state(called, state);  // the share is drawn once
  const certificates::Facts& leaf = held->chain.front();
  out.not_before = leaf.not_before;
  out.not_after = leaf.not_after;
  // One for other names is good until the right one is there.
  if (names_are(*held, one.names)) out.due = certificates::next_attempt(leaf.not_before, leaf.not_after, state);
  return out;
}

void CertificateKeeper::look_after(const config::Config& config, const Certificate& one, std::stop_token stop) {
  if (known(config, one).not_after != TimePoint{}) {
    ask_for_suggestion(config, one, stop);
    warn_before_end(one, known(config, one));
  }
  if (known(config, one).due <= parts_.clock.now()) (void)renew(config, one, stop);
}

void CertificateKeeper::warn_before_end(const Certificate& one, const Known& known) {
  const TimePoint now = parts_.clock.now();
  // Of those that live for days alone, when less than a sixth is left.
  if (known.not_after - now > std::min<TimePoint::duration>(kNotice, (known.not_after - known.not_before) / 6)) return;
  TimePoint& said = said_at_[one.names.front()];
  if (said != TimePoint{} && now - said < kNoticeAgain) return;
  said = now;
  parts_.log.write(certificate_event::kEnding,
                   {{"name", one.names.front()}, {"not_after", date::format_rfc3339(known.not_after)}});
}

void CertificateKeeper::ask_for_suggestion(const config::Config& config, const Certificate& one, std::stop_token stop) {
  const std::string& called = one.names.front();
  const TimePoint now = parts_.clock.now();
  TimePoint& again = ask_again_[called];
  if (now < again) return;
  State state = parts_.store.state(called, parts_.random);
  if (state.suggestion && now < state.suggestion->ask_again) {
    again = state.suggestion->ask_again;
    return;
  }
  const auto held = parts_.store.current(called);
  auto settings = account_settings(config.acme);
  if (!held || !settings) return;
  const auto authority = transport(config.acme);
  acme::Client client(*authority, parts_.store.account(config.acme.directory), *std::move(settings), parts_.clock);
  again = now + kAskAfterFailure;
  if (!client.read_directory(stop)) return;
  const auto suggestion = client.suggestion(held->chain.front(), stop);
  if (!suggestion) return;
  const certificates::Facts& leaf = held->chain.front();
  const TimePoint before = certificates::renewal_time(leaf.not_before, leaf.not_after, state);
  state.suggestion = *suggestion;
  again = *suggestion ? (*suggestion)->ask_again : now + kNoSuggestions;
  (void)parts_.store.set_state(called, state);
  known_.clear();
  const TimePoint after = certificates::renewal_time(leaf.not_before, leaf.not_after, state);
  if (*suggestion && after + hours(24) < before) {
    parts_.log.write(
        certificate_event::kSuggested,
        {{"name", called}, {"renew_at", date::format_rfc3339(after)}, {"explanation", (*suggestion)->explanation}});
  }
}

std::unique_ptr<acme::Transport> CertificateKeeper::transport(const config::Acme& acme) const {
  return parts_.transport ? parts_.transport(acme.ca_file) : std::make_unique<acme::CurlTransport>(acme.ca_file);
}

Outcome<acme::AccountSettings> CertificateKeeper::account_settings(const config::Acme& acme) const {
  acme::AccountSettings out{acme.directory, acme.contact, acme.account_key_id, {}};
  if (acme.account_key_file.empty()) return out;
  std::ifstream in(acme.account_key_file);
  std::string line;
  std::getline(in, line);
  while (line.ends_with('\r') || line.ends_with(' ')) line.pop_back();
  const auto octets = acme::from_base64url(line);
  if (!octets || octets->empty()) {
    return acme::failed(fmt::format("[acme] account_key_file {} cannot be read, or its first line is not base64url",
                                    acme.account_key_file.string()),
                        "write the key the authority gave you into it, and let the server's user read it");
  }
  out.external_key = Secret(*octets);
  return out;
}

Outcome<> CertificateKeeper::renew(const config::Config& config, const Certificate& one, std::stop_token stop) {
  const std::string& called = one.names.front();
  auto held = obtain(config, one, stop);
  known_.clear();
  if (!held) {
    if (!held.error().stopped) note_failure(one, held.error());
    return std::unexpected(std::move(held).error());
  }
  renewed_.add();
  const certificates::Facts& leaf = held->chain.front();
  parts_.log.write(certificate_event::kRenewed, {{"name", called},
                                                 {"names", comma_joined(leaf.names)},
                                                 {"issuer", leaf.issuer},
                                                 {"not_after", date::format_rfc3339(leaf.not_after)}});
  show_new(called, leaf);
  return {};
}

Outcome<Held> CertificateKeeper::obtain(const config::Config& config, const Certificate& one, std::stop_token stop) {
  const std::string& called = one.names.front();
  GP_TRY(acme::AccountSettings settings, account_settings(config.acme));
  GP_TRY(const std::unique_ptr<acme::Solver> solver,
         make_solver(config, one,
                     {parts_.challenges, *parts_.validation, hooks_, parts_.clock, parts_.random, parts_.log}));
  const auto authority = transport(config.acme);
  acme::Client client(*authority, parts_.store.account(config.acme.directory), std::move(settings), parts_.clock);
  GP_CHECK(client.open(stop));
  acme::Ordering ordering(client, parts_.store, *solver, parts_.clock);
  const acme::Wanted wanted{one.names, key_kind(config.acme.key), config.acme.reuse_key};
  GP_TRY(Held held, ordering.run(wanted, stop));
  const auto before = parts_.store.current(called);
  GP_ACME_CHECK(parts_.store.install(called, held));
  ordering.finished(wanted);
  if (!wanted.reuse_key) (void)parts_.store.next_key(called, wanted.key);
  State fresh;
  fresh.share = static_cast<double>(parts_.random.u64() >> 11) / static_cast<double>(1ULL << 53);
  fresh.tried_at = parts_.clock.now();
  // Whatever the clocks and the authority's windows say: never one right after the other.
  const auto lifetime = held.chain.front().not_after - held.chain.front().not_before;
  fresh.retry_at = fresh.tried_at + std::min<TimePoint::duration>(hours(1), lifetime / 10);
  (void)parts_.store.set_state(called, fresh);
  ask_again_.erase(called);
  if (config.acme.revoke_replaced && before && !before->key.same_as(held.key)) revoke(client, *before, stop);
  return held;
}

void CertificateKeeper::revoke(acme::Client& client, const Held& before, std::stop_token stop) {
  const std::string name = before.chain.front().names.empty() ? "" : before.chain.front().names.front();
  const auto done = client.revoke(before.chain.front().der, stop);
  if (done) {
    parts_.log.write(certificate_event::kRevoked,
                     {{"name", name}, {"fingerprint", certificates::fingerprint(before.chain.front())}});
  } else {
    parts_.log.write(certificate_event::kRevokeFailed, {{"name", name}, {"cause", done.error().cause}});
  }
}

void CertificateKeeper::note_failure(const Certificate& one, const Failure& failure) {
  const std::string& called = one.names.front();
  failed_.add();
  State state = parts_.store.state(called, parts_.random);
  ++state.failures;
  state.tried_at = parts_.clock.now();
  state.retry_at = state.tried_at + std::max(certificates::back_off(state.failures, state.share), failure.retry_after);
  state.cause = failure.cause;
  state.remedy = failure.remedy;
  (void)parts_.store.set_state(called, state);
  parts_.log.write(certificate_event::kFailed, {{"name", called},
                                                {"cause", failure.cause},
                                                {"remedy", failure.remedy},
                                                {"failures", state.failures},
                                                {"retry_at", date::format_rfc3339(state.retry_at)}});
}

void CertificateKeeper::show_new(const std::string& called, const certificates::Facts& leaf) {
  std::vector<ServedCertificates::Refused> refused;
  if (const Result<> done = parts_.refresh(refused); !done) {
    parts_.log.write(certificate_event::kFileRefused, {{"file", called}, {"detail", done.error().detail}});
    return;
  }
  const auto config = parts_.config();
  // What is shown without a name, or for the host's, is looked at; other names have no port of their own.
  if (!certificates::stands_for(leaf, config->server.hostname)) return;
  Probed probed{parts_.clock.now(),
                probe_ports(parts_.ports(), config->server.hostname, leaf.der, config->acme.ca_file, parts_.clock)};
  bool good = true;
  for (const auto& port : probed.ports) {
    for (const auto& finding : port.findings) {
      if (finding.outcome != gate::probe::Outcome::fail || finding.stage > gate::probe::Stage::certificate) continue;
      good = false;
      parts_.log.write(certificate_event::kProbeFailed,
                       {{"listener", port.service}, {"at", port.at.to_string()}, {"finding", finding.text}});
    }
  }
  if (good) parts_.log.write(certificate_event::kProbed, {{"name", called}, {"ports", probed.ports.size()}});
  const std::lock_guard lock(mutex_);
  probed_ = std::move(probed);
}

void CertificateKeeper::answer_asked(const config::Config& config, std::stop_token stop) {
  for (;;) {
    Asked one;
    {
      const std::lock_guard lock(mutex_);
      if (asked_.empty()) return;
      one = std::move(asked_.front());
      asked_.pop_front();
    }
    const auto certificate = std::ranges::find_if(config.acme.certificates,
                                                  [&](const Certificate& c) { return c.names.front() == one.name; });
    if (certificate == config.acme.certificates.end()) {
      one.outcome.set_value(
          acme::failed("[acme] has no certificate called " + one.name, "gatepost certificate list names them"));
    } else {
      one.outcome.set_value(renew(config, *certificate, stop));
    }
  }
}

}  // namespace gatepost::daemon
