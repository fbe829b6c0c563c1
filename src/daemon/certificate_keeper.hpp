#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "acme/client.hpp"
#include "acme/outcome.hpp"
#include "acme/transport.hpp"
#include "admin/command.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "certificates/store.hpp"
#include "config/config.hpp"
#include "daemon/file_watch.hpp"
#include "daemon/hook_queue.hpp"
#include "daemon/self_probe.hpp"
#include "daemon/served_certificates.hpp"
#include "daemon/solvers.hpp"

namespace gatepost::daemon {

// Looks after the certificates of a running server: gets and renews those of [acme], reads changed files, renews the
// private authority's, makes the listeners show what is new, and looks whether they do. One thread of its own, which
// may wait for minutes; nothing of it runs on an I/O thread.
class CertificateKeeper {
 public:
  struct Parts {
    const certificates::Store& store;
    std::function<std::shared_ptr<const config::Config>()> config;
    // Makes the listeners follow the store and the files; names what could not be used.
    std::function<Result<>(std::vector<ServedCertificates::Refused>&)> refresh;
    // By the live contexts: those of mail, and those of a service's.
    std::function<std::vector<runtime::TlsCertificateFacts>()> served;
    std::function<std::vector<runtime::TlsCertificateFacts>(config::Service)> served_by;
    std::function<std::vector<OpenPort>()> ports;
    std::shared_ptr<runtime::TlsValidation> validation;  // shared with the TlsServers
    http::server::Challenges& challenges;
    const Clock& clock;
    Random& random;
    Log& log;
    Metrics& metrics;
    // How an authority is reached; by default HTTPS that trusts `ca_file`.
    std::function<std::unique_ptr<acme::Transport>(const std::filesystem::path& ca_file)> transport = {};
    std::chrono::milliseconds tick{5000};  // between two looks at files and clocks
  };
  explicit CertificateKeeper(Parts parts);
  ~CertificateKeeper();  // what is on its way is stopped; the next start goes on with it

  void start();
  void stop_soon() { thread_.request_stop(); }  // the destructor waits for it
  // An administrator's verb: "certificate list" and its like. Blocks, "renew" for minutes. Thread-safe.
  admin::Reply command(const admin::Request& request, std::stop_token stop);

 private:
  using Certificate = config::AcmeCertificate;
  struct Asked {
    std::string name;
    std::promise<acme::Outcome<>> outcome;
  };
  // What the store says of one, so that it is not read every few seconds.
  struct Known {
    TimePoint due{};                      // the next attempt
    TimePoint not_before{}, not_after{};  // of the present one; epoch: there is none
  };
  // Of one port at the last look at it.
  struct Probed {
    TimePoint at{};
    std::vector<gate::probe::PortReport> ports;
  };

  void work(std::stop_token stop);
  void watch_files(const config::Config& config);
  void renew_private(const config::Config& config);
  void measure();
  void look_after(const config::Config& config, const Certificate& one, std::stop_token stop);
  const Known& known(const config::Config& config, const Certificate& one);
  void ask_for_suggestion(const config::Config& config, const Certificate& one, std::stop_token stop);
  void warn_before_end(const Certificate& one, const Known& known);
  acme::Outcome<> renew(const config::Config& config, const Certificate& one, std::stop_token stop);
  acme::Outcome<certificates::Held> obtain(const config::Config& config, const Certificate& one, std::stop_token stop);
  std::unique_ptr<acme::Transport> transport(const config::Acme& acme) const;
  acme::Outcome<acme::AccountSettings> account_settings(const config::Acme& acme) const;
  void revoke(acme::Client& client, const certificates::Held& before, std::stop_token stop);
  void note_failure(const Certificate& one, const acme::Failure& failure);
  void show_new(const std::string& called, const certificates::Facts& leaf);
  void answer_asked(const config::Config& config, std::stop_token stop);

  // certificate_verbs.cpp
  admin::Reply list() const;
  admin::Reply show(const admin::Request& request) const;
  admin::Reply tlsa(const admin::Request& request) const;
  admin::Reply mta_sts(const admin::Request& request) const;
  admin::Reply authority() const;
  admin::Reply renew_now(const admin::Request& request, std::stop_token stop);
  admin::Reply rehearse(const admin::Request& request, std::stop_token stop);
  admin::Reply hook_next(std::stop_token stop);
  admin::Reply hook_done(const admin::Request& request);

  const Parts parts_;
  HookQueue hooks_;
  FileWatch watch_;
  std::map<std::string, Known> known_;          // of the work thread; by names and authority
  std::map<std::string, TimePoint> ask_again_;  // of the work thread: authorities without suggestions
  std::map<std::string, TimePoint> said_at_;    // of the work thread: when it was last said that one ends
  std::set<std::string> measured_;              // of the work thread: names that have a metric
  Counter& renewed_;
  Counter& failed_;

  mutable std::mutex mutex_;  // guards the three below
  std::condition_variable_any wake_;
  std::deque<Asked> asked_;
  Probed probed_;
  std::jthread thread_;
};

}  // namespace gatepost::daemon
