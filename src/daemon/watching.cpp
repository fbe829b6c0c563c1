// What the daemon tells monitoring, and what it looks after by itself.
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "base/date.hpp"
#include "daemon/daemon.hpp"
#include "daemon/events.hpp"
#include "daemon/paths.hpp"
#include "daemon/version.hpp"

namespace gatepost::daemon {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::chrono::days kCertificateNotice{14};

double resident_octets() {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/proc/self/statm", "re"), &std::fclose);
  unsigned long size = 0;
  unsigned long resident = 0;
  if (!file || std::fscanf(file.get(), "%lu %lu", &size, &resident) != 2) return 0;
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double processor_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto of = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
  return of(used.ru_utime) + of(used.ru_stime);
}

double descriptor_limit() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  return static_cast<double>(files.rlim_cur);
}

double seconds_since_1970(TimePoint at) {
  return static_cast<double>(std::chrono::duration_cast<seconds>(at.time_since_epoch()).count());
}

}  // namespace

void Daemon::add_metrics() {
  Metrics& m = product_->metrics;
  m.gauge("gatepost_build_info", fmt::format("version=\"{}\"", version()), "The running version.").set(1);
  m.callback("gatepost_connections", "", "Open connections.",
             [this] { return static_cast<double>(connections_.count()); });
  for (const std::string_view service : {"imap", "ldap", "pop3", "submission"}) {
    m.callback("gatepost_signed_in", fmt::format("service=\"{}\"", service), "Signed-in sessions.",
               [this, service] { return static_cast<double>(door_->signed_in(service)); });
  }
  m.callback("gatepost_refused_sign_ins", "", "Refusals of sign-in in force.",
             [this] { return static_cast<double>(authenticator_->bans().size()); });
  m.callback("gatepost_bans", "", "Banned addresses and networks.",
             [this] { return static_cast<double>(bans_->list().size()); });
  m.callback("gatepost_bans_in_firewall", "", "1 while bans are in the firewall, too.",
             [this] { return bans_->enforcement().firewall ? 1.0 : 0.0; });
  m.callback("gatepost_store_disk_low", "", "1 while free space is below the reserve and new mail is refused.",
             [this] { return product_->store->disk_low() ? 1.0 : 0.0; });
  if (indexes_) {
    m.callback("gatepost_search_accounts_behind", "", "Accounts that wait to be indexed for searches, or are.",
               [this] { return static_cast<double>(indexes_->lag().accounts); });
    m.callback("gatepost_search_changes_behind", "", "Changes of accounts that their search indexes do not have yet.",
               [this] { return static_cast<double>(indexes_->lag().changes); });
    m.callback("gatepost_search_messages_behind", "", "Messages to be read for search indexes, as far as known.",
               [this] { return static_cast<double>(indexes_->lag().messages); });
  }
  if (attachment_indexes_) {
    m.callback("gatepost_attachments_messages_behind", "",
               "Messages whose attachments are to be looked at, as far as known.",
               [this] { return static_cast<double>(attachment_indexes_->lag().messages); });
  }
  m.callback("gatepost_workers_queued", "", "Jobs that wait for a worker thread.",
             [this] { return static_cast<double>(workers_->queued()); });
  m.callback("gatepost_certificate_expiry_seconds", "", "When the first certificate ends, in seconds since 1970.",
             [this] {
               double first = 0;
               if (tls_ == nullptr) return first;
               for (const auto& one : tls_.load()->certificates()) {
                 const double at = seconds_since_1970(one.not_after);
                 if (first == 0 || at < first) first = at;
               }
               return first;
             });
  // The names every Prometheus client uses.
  m.callback("process_start_time_seconds", "", "When the process started, in seconds since 1970.",
             [this] { return seconds_since_1970(started_); });
  m.callback("process_resident_memory_bytes", "", "Memory in use.", resident_octets);
  m.callback("process_cpu_seconds_total", "", "Processor time used.", processor_seconds);
  m.callback("process_max_fds", "", "How many descriptors the process may have.", descriptor_limit);
}

std::vector<Chore> Daemon::chores() {
  std::vector<Chore> out;
  // Looking makes the store say in the log when space runs low, also while no mail comes.
  out.push_back({"free space", seconds(5), seconds(5), [this](std::stop_token) -> Result<> {
                   (void)product_->store->disk_low();
                   return {};
                 }});
  out.push_back({"interrupted deletions", seconds(0), hours(24), [this](std::stop_token stop) {
                   const auto wanted = [this](account::AccountId id) {
                     // Only what is certainly gone goes.
                     const auto found = product_->directory->principal(static_cast<directory::PrincipalId>(id));
                     return found || found.error().code != Errc::not_found;
                   };
                   return product_->accounts->finish_removals(wanted, stop);
                 }});
  out.push_back({"certificates", seconds(0), hours(24), [this](std::stop_token) { return look_at_certificates(); }});
  out.push_back({"former passwords", minutes(5), hours(24),
                 [this](std::stop_token) { return product_->directory->forget_former_passwords(); }});
  out.push_back({"sessions of browsers", minutes(5), minutes(5), [this](std::stop_token) -> Result<> {
                   GP_CHECK(web_sessions_->tidy());
                   return {};
                 }});
  out.push_back({"use of the listeners", hours(1), hours(1), [this](std::stop_token) { return gate_notes_.save(); }});
  out.push_back({"unused bodies", minutes(10), hours(1), [this](std::stop_token stop) -> Result<> {
                   GP_CHECK(product_->store->collect(stop));
                   return {};
                 }});
  if (attachment_texts_) {
    out.push_back(
        {"texts of attachments that are gone", minutes(30), hours(6), [this](std::stop_token stop) -> Result<> {
           GP_CHECK(attachment_texts_->sweep(*product_->store, stop));
           return {};
         }});
  }
  out.push_back({"old change records", minutes(20), hours(6),
                 [this](std::stop_token stop) { return product_->accounts->prune(stop); }});
  out.push_back({"what makes the next look cheap", seconds(10), seconds(10),
                 [this](std::stop_token stop) { return product_->accounts->write_derived(stop); }});
  return out;
}

Result<> Daemon::look_at_certificates() {
  if (tls_ == nullptr) return {};
  const std::string own = certificates_directory(*config()).string();
  for (const runtime::TlsCertificateFacts& one : tls_.load()->certificates()) {
    if (one.label.starts_with(own)) continue;  // its keeper renews it, and says when it cannot
    if (one.not_after - clock_.now() > kCertificateNotice) continue;
    log_.write(event::kCertificateEnds, {{"file", one.label},
                                         {"names", fmt::format("{}", fmt::join(one.names, ","))},
                                         {"not_after", date::format_rfc3339(one.not_after)}});
  }
  return {};
}

}  // namespace gatepost::daemon
