#include "daemon/certificate_keeper.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "acme/test_authority.hpp"

namespace gatepost::daemon {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr const char* kName = "mail.example.org";

// To the one authority of a test.
class Passing final : public acme::Transport {
 public:
  explicit Passing(acme::Transport& to) : to_(to) {}
  acme::Outcome<acme::HttpResponse> send(const acme::HttpRequest& request, std::stop_token stop) override {
    return to_.send(request, stop);
  }

 private:
  acme::Transport& to_;
};

struct Lines final : LogSink {
  void write(Level, std::string_view line) override {
    const std::lock_guard lock(mutex);
    text += std::string(line) + "\n";
  }
  std::string all() {
    const std::lock_guard lock(mutex);
    return text;
  }
  std::mutex mutex;
  std::string text;
};

class Keeper : public ::testing::Test {
 protected:
  Keeper() {
    fs::remove_all(root_);
    config::Config config = config::Config::defaults();
    config.server.hostname = kName;
    config.server.data_dir = root_;
    config.acme.directory = std::string(acme::test::TestAuthority::kBase) + "/directory";
    config.acme.agree_to_terms = true;
    config.acme.challenge = config::Challenge::tls_alpn_01;
    config.complete();
    config_ = std::make_shared<const config::Config>(std::move(config));
    authority_.challenge_type = "tls-alpn-01";
    authority_.key_of_request = [this] { return *store_.next_key(kName, certificates::KeyKind::p256); };
  }
  ~Keeper() override { fs::remove_all(root_); }

  std::unique_ptr<CertificateKeeper> process() {
    return std::make_unique<CertificateKeeper>(
        CertificateKeeper::Parts{.store = store_,
                                 .config = [this] { return config_; },
                                 .refresh = [this](auto&) -> Result<> {
                                   ++refreshed_;
                                   return {};
                                 },
                                 .served = [] { return std::vector<runtime::TlsCertificateFacts>(); },
                                 .served_by = [](auto) { return std::vector<runtime::TlsCertificateFacts>(); },
                                 .ports = [] { return std::vector<OpenPort>(); },
                                 .validation = validation_,
                                 .challenges = challenges_,
                                 .clock = clock_,
                                 .random = random_,
                                 .log = log_,
                                 .metrics = metrics_,
                                 .transport = [this](const fs::path&) { return std::make_unique<Passing>(authority_); },
                                 .tick = 5ms});
  }
  // Runs one until `done`, which looks at what is on the disk alone.
  bool run_until(const std::function<bool()>& done) {
    const auto keeper = process();
    keeper->start();
    for (int i = 0; i < 6000; ++i) {
      if (done()) return true;
      std::this_thread::sleep_for(10ms);
    }
    return false;
  }
  std::string fingerprint() const {
    const auto held = store_.current(kName);
    return held ? certificates::fingerprint(held->chain.front()) : std::string();
  }
  certificates::State state() { return store_.state(kName, random_); }

  ManualClock clock_;
  SystemRandom random_;
  Lines lines_;
  Log log_{lines_, clock_};
  Metrics metrics_;
  const fs::path root_ = fs::path(::testing::TempDir()) / ("gatepost-keeper-" + std::to_string(::getpid()));
  const certificates::Store store_{root_};
  const std::shared_ptr<runtime::TlsValidation> validation_ = std::make_shared<runtime::TlsValidation>();
  http::server::Challenges challenges_;
  acme::test::TestAuthority authority_{clock_};
  std::shared_ptr<const config::Config> config_;
  std::atomic<int> refreshed_{0};
};

TEST_F(Keeper, GetsWhatIsMissingAndRenewsItBeforeItEnds) {
  ASSERT_TRUE(run_until([&] { return !fingerprint().empty() && state().tried_at != TimePoint{}; })) << lines_.all();
  const std::string first = fingerprint();
  EXPECT_GE(refreshed_, 1);
  EXPECT_THAT(lines_.all(), HasSubstr("certificate.renewed"));
  // A restart at any time before the last third changes nothing.
  clock_.advance(50h * 24);
  const auto resting = process();
  resting->start();
  const admin::Reply listed = resting->command({"certificate list", {}}, {});
  EXPECT_THAT(listed.json, HasSubstr("\"got\":true"));
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(fingerprint(), first);
  // In it, without anybody asking, and long before the end.
  clock_.advance(11h * 24);
  for (int i = 0; i < 6000 && fingerprint() == first; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_NE(fingerprint(), first);
}

TEST_F(Keeper, WaitsLongerAfterEachFailureAndKeepsTheLastGoodOne) {
  ASSERT_TRUE(run_until([&] { return !fingerprint().empty() && state().tried_at != TimePoint{}; }));
  const std::string first = fingerprint();
  authority_.challenge_error = {{"type", "urn:ietf:params:acme:error:connection"}, {"detail", "Timeout"}};
  clock_.advance(61h * 24);
  ASSERT_TRUE(run_until([&] { return state().failures == 1; })) << lines_.all();
  EXPECT_EQ(fingerprint(), first);
  EXPECT_THAT(state().cause, HasSubstr("port 443 of mail.example.org"));
  EXPECT_GT(state().retry_at, clock_.now() + 10min);
  const std::string shown = process()->command({"certificate list", {}}, {}).text;
  EXPECT_THAT(shown, HasSubstr("open port 443"));
  clock_.advance(20min);
  ASSERT_TRUE(run_until([&] { return state().failures == 2; })) << lines_.all();
  EXPECT_GT(state().retry_at, clock_.now() + 20min);
  // The authority sees the name again.
  authority_.challenge_error = {};
  clock_.advance(2h);
  ASSERT_TRUE(run_until([&] { return fingerprint() != first && state().failures == 0; })) << lines_.all();
}

TEST_F(Keeper, FollowsTheAuthorityThatWantsItEarlier) {
  ASSERT_TRUE(run_until([&] { return !fingerprint().empty() && state().tried_at != TimePoint{}; }));
  const std::string first = fingerprint();
  authority_.suggests = true;  // a window in the past
  clock_.advance(25h);
  ASSERT_TRUE(run_until([&] { return fingerprint() != first; })) << lines_.all();
  EXPECT_THAT(lines_.all(), HasSubstr("certificate.suggested"));
}

TEST_F(Keeper, AnswersWhoAsksForARenewal) {
  auto keeper = process();
  keeper->start();
  const admin::Reply done = keeper->command({"certificate renew", {{"name", {kName}}}}, {});
  EXPECT_EQ(done.exit_code, 0) << done.text;
  const admin::Reply unknown = keeper->command({"certificate renew", {{"name", {"other.example.org"}}}}, {});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_THAT(unknown.text, HasSubstr("has no certificate called"));
  keeper = process();  // the authority of this test takes one at a time
  const admin::Reply rehearsal = keeper->command({"certificate rehearse", {}}, {});
  EXPECT_EQ(rehearsal.exit_code, 0) << rehearsal.text;
  EXPECT_EQ(keeper->command({"certificate tlsa", {}}, {}).exit_code, 1);  // nothing is served here
  EXPECT_EQ(keeper->command({"certificate nonsense", {}}, {}).exit_code, 2);
}

}  // namespace
}  // namespace gatepost::daemon
