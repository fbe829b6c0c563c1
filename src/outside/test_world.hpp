#pragma once

#include <gtest/gtest.h>

#include <list>

#include "outside/directories.hpp"
#include "outside/test_directory.hpp"
#include "store/store.hpp"

namespace gatepost::outside::test {

using Kind = directory::OutsideSignIn::Answer::Kind;
using Values = std::map<std::string, std::vector<std::string>, ascii::ILess>;

inline constexpr std::string_view kAnna = "anna@example.org";
inline std::string dn(std::string_view name) { return "uid=" + std::string(name) + ",dc=example,dc=org"; }

inline Settings settings() {
  Settings s;
  s.name = "office";
  s.servers = {{.host = "a"}, {.host = "b"}};
  s.bind_dn = "cn=reader";
  s.bind_password = Secret("reads");
  s.base = "dc=example,dc=org";
  s.people_filter = "(p=*)";
  s.address_filter = "(mail={address})";
  s.login_filter = "(uid={user})";
  s.attributes = {.address = "mail",
                  .addresses = {"proxyAddresses"},
                  .display_name = "cn",
                  .unique_id = "entryUUID",
                  .disabled = "locked"};
  return s;
}

// One outside directory, servers in memory, and a directory of our own with the domain example.org.
class World : public testing::Test {
 protected:
  void SetUp() override {
    store_ = *store::open({.engine = "memory"}, null_log(), metrics_, clock_);
    directory_ = *directory::Directory::open(store_->keys(), cheap_, clock_, random_);
    ASSERT_TRUE(directory_->add_domain("example.org"));
    servers_.passwords["cn=reader"] = "reads";
  }
  void open(Settings s) {
    outside_ = *Directories::open({.directory = *directory_,
                                   .keys = store_->keys(),
                                   .connector = servers_,
                                   .clock = clock_,
                                   .random = random_,
                                   .log = log_,
                                   .metrics = metrics_,
                                   .end_sessions = [this](directory::PrincipalId id) { ended_.push_back(id); },
                                   .signed_in = [this] { return signed_in_; }},
                                  {.memory_kib = 8, .iterations = 1});
    std::vector<Settings> all;
    all.push_back(std::move(s));
    outside_->set(std::move(all));
  }
  // Somebody with a password, and what the test may change of him.
  Values& person(const std::string& name, const Values& more = {}) {
    Values values{
        {"mail", {name + "@example.org"}}, {"cn", {"Name of " + name}}, {"uid", {name}}, {"entryUUID", {"id-" + name}}};
    for (const auto& [key, value] : more) values[key] = value;
    return servers_
        .add(dn(name), {"(p=*)", "(&(p=*)(mail=" + name + "@example.org))", "(&(p=*)(uid=" + name + "))"},
             "password of " + name, std::move(values))
        .attributes;
  }
  Values& group(const std::string& name, Values values) {
    values["cn"] = {name};
    values["entryUUID"] = {"id-of-group-" + name};
    return servers_.add("cn=" + name + ",ou=groups", {"(g=*)"}, "", std::move(values)).attributes;
  }
  directory::Principal add_anna() {
    return *directory_->add_principal(directory::PrincipalKind::person, kAnna, "Anna");
  }
  Result<directory::OutsideSignIn::Answer> check(std::string_view name, std::string_view password) {
    return outside_->check(name, Secret(password));
  }
  Kind kind(std::string_view name, std::string_view password) {
    const auto answer = check(name, password);
    if (!answer) ADD_FAILURE() << answer.error().detail;
    return answer ? answer->kind : Kind::unknown;
  }
  void all_fail(Errc code = Errc::timed_out) {
    for (const char* host : {"a", "b"}) servers_.failing[host] = servers_.broken[host] = {code, "down"};
  }

  const directory::Options cheap_{.argon2_memory_kib = 8, .argon2_iterations = 1};
  ManualClock clock_;
  SeededRandom random_{1};
  MemorySink sink_;
  Log log_{sink_, clock_};
  Metrics metrics_;
  TestDirectory servers_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<directory::Directory> directory_;
  std::vector<directory::PrincipalId> ended_;      // whose sessions were ended
  std::vector<directory::PrincipalId> signed_in_;  // whose sessions there are
  std::unique_ptr<Directories> outside_;
};

}  // namespace gatepost::outside::test
