#pragma once

#include <stdlib.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include "account/account.hpp"
#include "admin/command.hpp"
#include "directory/door.hpp"
#include "mailflow/queue.hpp"
#include "store/store.hpp"

namespace gatepost::admin {

// A fresh directory, removed with everything in it at the end.
class FreshDirectory {
 public:
  FreshDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "gatepost-admin-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~FreshDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  FreshDirectory(const FreshDirectory&) = delete;
  FreshDirectory& operator=(const FreshDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// A store that does not mind a nearly full disk.
inline store::Options store_options(std::string_view engine, const std::filesystem::path& directory) {
  store::Options options;
  options.engine = engine;
  options.directory = directory;
  options.reserve_octets = 0;
  options.reserve_percent = 0;
  return options;
}

// A whole product without a network, and a server's part that only takes notes.
class AdminFixture : public testing::Test {
 protected:
  explicit AdminFixture(std::string_view engine = "memory") {
    store = *store::open(store_options(engine, temporary.path() / "store"), null_log(), metrics, clock);
    directory::Options options;
    options.argon2_memory_kib = 8;
    options.argon2_iterations = 1;
    directory = *directory::Directory::open(store->keys(), options, clock, random);
    const auto quota_of = [this](account::AccountId id) {
      const auto p = directory->principal(static_cast<directory::PrincipalId>(id));
      return p ? account::QuotaLimits(p->quota_octets, p->quota_messages) : account::QuotaLimits();
    };
    accounts = account::Accounts::create(*store, {}, quota_of, clock, random, null_log(), metrics);
    queue = *mailflow::Queue::open(*store, random, null_log(), metrics);
    authenticator =
        std::make_unique<directory::Authenticator>(*directory, directory::SignInLimits{}, clock, null_log(), metrics);
    library = *sasl::Library::create("secret");
    door = std::make_unique<directory::Door>(*library, *authenticator, directory::DoorPolicy{}, null_log(), metrics);
    services = std::make_unique<Services>(Services{.directory = *directory,
                                                   .accounts = *accounts,
                                                   .queue = *queue,
                                                   .store = *store,
                                                   .random = random,
                                                   .clock = clock});
    services->authenticator = authenticator.get();
    services->server.end_sessions = [this](account::AccountId id) {
      door->revoke(static_cast<directory::PrincipalId>(id));
    };
    services->server.queue_changed = [this] { ++queue_changes; };
    context.service = "imap";
    context.tls = true;
  }

  Reply ask(std::string verb, std::map<std::string, std::vector<std::string>> options = {}) {
    // By way of the control socket's form.
    const auto request = request_from_json(to_json(Request{std::move(verb), std::move(options)}));
    EXPECT_TRUE(request);
    const auto reply = reply_from_json(to_json(run(*services, *request)));
    EXPECT_TRUE(reply);
    return *reply;
  }
  // Does something that must succeed.
  Reply done(std::string verb, std::map<std::string, std::vector<std::string>> options = {}) {
    Reply reply = ask(verb, std::move(options));
    EXPECT_EQ(reply.exit_code, 0) << verb << ": " << reply.text;
    return reply;
  }
  static boost::json::value json(const Reply& reply) { return boost::json::parse(reply.json); }
  static std::string text(const boost::json::value& value, std::string_view key) {
    return std::string(value.as_object().at(boost::json::string_view(key.data(), key.size())).as_string());
  }
  // The error's stable name, or "" for a success.
  std::string error(const Reply& reply) { return reply.exit_code == 0 ? "" : text(json(reply), "error"); }

  void domain_and_anna() {
    done("domain add", {{"name", {"example.org"}}});
    done("account add", {{"address", {"anna@example.org"}}, {"name", {"Anna"}}, {"password", {"correct horse"}}});
  }
  std::optional<Errc> sign_in(std::string_view name, std::string_view password) {
    session = door->with_password(name, Secret(password), context, [] {});
    return session ? std::nullopt : std::optional(session.error().code);
  }
  account::AccountId anna() { return static_cast<account::AccountId>(directory->find("anna@example.org")->id); }
  account::Body body(std::string_view octets) {
    auto writer = *accounts->new_body(octets.size());
    EXPECT_TRUE(writer->append(octets));
    return *writer->finish();
  }
  mailflow::QueueId queued(std::string_view to) {
    mailflow::QueueEntry entry;
    entry.body = body("Subject: x\r\n\r\n");
    entry.reverse_path = "anna@example.org";
    entry.created = clock.now();
    entry.due = clock.now() + std::chrono::hours(1);
    entry.recipients.push_back({.address = std::string(to), .original = std::string(to), .last_reply = "451 later"});
    return *queue->add(std::move(entry));
  }

  FreshDirectory temporary;
  ManualClock clock;
  SystemRandom random;
  Metrics metrics;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<directory::Directory> directory;
  std::unique_ptr<account::Accounts> accounts;
  std::unique_ptr<mailflow::Queue> queue;
  std::unique_ptr<directory::Authenticator> authenticator;
  std::unique_ptr<sasl::Library> library;
  std::unique_ptr<directory::Door> door;
  std::unique_ptr<Services> services;
  directory::DoorContext context;
  Result<std::unique_ptr<directory::SignedIn>> session = fail(Errc::closed);
  int queue_changes = 0;
};

}  // namespace gatepost::admin
