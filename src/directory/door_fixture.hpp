#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "directory/door.hpp"
#include "directory/test_support.hpp"

namespace gatepost::directory {

class DoorTest : public testing::Test {
 protected:
  DoorTest() {
    EXPECT_TRUE(dir->add_domain("example.org"));
    anna = dir.person("anna@example.org", "correct horse");
    context.remote = *IpAddress::parse("192.0.2.1");
    context.service = "imap";
    context.connection_id = "4f2a";
    context.tls = true;
  }

  Result<std::unique_ptr<SignedIn>> with_password(
      std::string_view password = "correct horse", std::function<void()> revoked = [] {}) {
    return door.with_password("anna@example.org", Secret(password), context, std::move(revoked));
  }
  // Plays the client of `mechanism` to the end.
  SignInStep play(std::string_view mechanism, std::string_view name, std::string_view password) {
    auto client = *library->client({std::string(mechanism)}, true, name, Secret(password));
    auto conversation = door.start(mechanism, context, [] {});
    if (!conversation) return conversation.error();
    const auto initial = *client->initial();
    SignInStep step = initial ? (*conversation)->begin(*initial) : (*conversation)->begin(std::nullopt);
    while (auto* challenge = std::get_if<sasl::Challenge>(&step)) {
      auto answer = client->step(challenge->octets);
      if (!answer) return answer.error();
      step = (*conversation)->answer(*answer);
    }
    const SignInStep after = (*conversation)->answer("more");
    EXPECT_EQ(std::get<Error>(after).code, Errc::invalid) << "it is over";
    return step;
  }
  static std::optional<Errc> code_of(const SignInStep& step) {
    const auto* error = std::get_if<Error>(&step);
    return error != nullptr ? std::optional(error->code) : std::nullopt;
  }

  TestDirectory dir;
  Principal anna;
  MemorySink sink;
  Log log{sink, dir.clock};
  Metrics metrics;
  std::unique_ptr<sasl::Library> library = *sasl::Library::create("secret of this server");
  Authenticator authenticator{*dir, {}, dir.clock, log, metrics};
  Door door{*library, authenticator, {}, log, metrics};
  DoorContext context;
};

}  // namespace gatepost::directory
