#include "certificates/store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/clock.hpp"

namespace gatepost::certificates {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;

class CertificateStore : public ::testing::Test {
 protected:
  CertificateStore() { fs::remove_all(root_); }
  ~CertificateStore() override { fs::remove_all(root_); }
  Held make(const std::string& name) {
    const Key key = *Key::make(KeyKind::p256);
    return *Held::read(*authority_.issue(key, {name}, clock_.now()), key.to_pem().reveal());
  }
  ManualClock clock_;
  SeededRandom random_{1};
  const Authority authority_ = *Authority::make("Test", clock_.now());
  const fs::path root_ = fs::path(::testing::TempDir()) / ("gatepost-certificates-" + std::to_string(::getpid()));
  const Store store_{root_};
};

TEST_F(CertificateStore, KeepsACertificateAndTheOneBefore) {
  EXPECT_EQ(store_.current("mail.example.org").error().code, Errc::not_found);
  const Held first = make("mail.example.org"), second = make("mail.example.org");
  ASSERT_TRUE(store_.install("mail.example.org", first));
  ASSERT_TRUE(store_.install("mail.example.org", first));  // once more after a kill
  EXPECT_FALSE(fs::exists(store_.folder("mail.example.org").path() / "previous.pem"));
  ASSERT_TRUE(store_.install("mail.example.org", second));
  const auto now = store_.current("mail.example.org");
  ASSERT_TRUE(now) << now.error().detail;
  EXPECT_EQ(fingerprint(now->chain.front()), fingerprint(second.chain.front()));
  EXPECT_EQ(now->chain.size(), 2U);
  EXPECT_EQ(now->chain_pem.find("PRIVATE"), std::string::npos);
  const auto before = *store_.folder("mail.example.org").read("previous.pem");
  EXPECT_TRUE(Held::read(before, before)->key.same_as(first.key));
}

TEST_F(CertificateStore, IsForItsOwnerAlone) {
  ASSERT_TRUE(store_.install("*.example.org", make("*.example.org")));
  ASSERT_TRUE(store_.authority("mail.example.org", clock_.now()));
  for (const auto& entry : fs::recursive_directory_iterator(root_)) {
    struct stat status{};
    ASSERT_EQ(::stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0077, 0U) << entry.path();
  }
  EXPECT_TRUE(store_.current("*.example.org"));
}

TEST_F(CertificateStore, AnnouncesTheNextKey) {
  const auto next = store_.next_key("mail.example.org", KeyKind::p256);
  ASSERT_TRUE(next);
  EXPECT_TRUE(store_.next_key("mail.example.org", KeyKind::p256)->same_as(*next));
  const Held held = *Held::read(*authority_.issue(*next, {"mail.example.org"}, clock_.now()), next->to_pem().reveal());
  ASSERT_TRUE(store_.install("mail.example.org", held));
  // It has come into use, so there is another one; the same when keys are kept.
  EXPECT_FALSE(store_.next_key("mail.example.org", KeyKind::p256)->same_as(*next));
  EXPECT_TRUE(store_.next_key("mail.example.org", KeyKind::p256, true)->same_as(*next));
  EXPECT_TRUE(store_.next_key("mail.example.org", KeyKind::rsa2048)->is(KeyKind::rsa2048));
}

TEST_F(CertificateStore, WhatWasHalfWrittenIsNotThere) {
  ASSERT_TRUE(store_.install("mail.example.org", make("mail.example.org")));
  std::ofstream(store_.folder("mail.example.org").path() / "certificate.pem.new") << "half";
  EXPECT_TRUE(store_.current("mail.example.org"));
  std::ofstream(store_.file("mail.example.org")) << "damaged";
  EXPECT_EQ(store_.current("mail.example.org").error().code, Errc::corrupt);
  ASSERT_TRUE(store_.install("mail.example.org", make("mail.example.org")));
  EXPECT_TRUE(store_.current("mail.example.org"));
}

TEST_F(CertificateStore, MakesAPrivateCertificateAndRenewsIt) {
  const std::vector<std::string> names{"mail.example.org", "localhost", "127.0.0.1"};
  const auto first = store_.private_certificate(names, clock_.now());
  ASSERT_TRUE(first) << first.error().detail;
  EXPECT_EQ(first->chain.front().names, names);
  const auto same = store_.private_certificate(names, clock_.now());
  EXPECT_EQ(fingerprint(same->chain.front()), fingerprint(first->chain.front()));
  const auto more = store_.private_certificate({"mail.example.org", "localhost", "imap.example.org"}, clock_.now());
  EXPECT_NE(fingerprint(more->chain.front()), fingerprint(first->chain.front()));
  EXPECT_TRUE(more->key.same_as(first->key));
  clock_.advance(std::chrono::days(300));
  const auto renewed = store_.private_certificate({"mail.example.org", "localhost", "imap.example.org"}, clock_.now());
  EXPECT_GT(renewed->chain.front().not_after, more->chain.front().not_after);
  EXPECT_EQ(renewed->chain.back().der, first->chain.back().der);  // the authority stays
}

TEST_F(CertificateStore, RemembersWhatHappened) {
  State state = store_.state("mail.example.org", random_);
  EXPECT_GE(state.share, 0);
  EXPECT_LT(state.share, 1);
  state.cause = "port 80";
  ASSERT_TRUE(store_.set_state("mail.example.org", state));
  EXPECT_EQ(store_.state("mail.example.org", random_), state);
  std::ofstream(store_.folder("mail.example.org").path() / "state.json") << "{";
  EXPECT_EQ(store_.state("mail.example.org", random_).cause, "");
}

}  // namespace
}  // namespace gatepost::certificates
