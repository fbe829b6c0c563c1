#pragma once

// Tests only: a reception that takes what it is told to, and remembers it.

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "mailflow/reception.hpp"

namespace gatepost::smtp::server::test {

class FakeReception final : public mailflow::Reception {
 public:
  struct Message {
    mailflow::Source source;
    mailflow::Envelope envelope;
    std::uint64_t size_hint = 0;
    std::string content;
    bool finished = false;
    int flushes = 0;
  };

  // What happens.
  std::optional<Errc> begin_fails, finish_fails;
  std::size_t flush_at = SIZE_MAX;  // octets that append() wants flushed
  std::size_t keep = SIZE_MAX;      // octets of content to remember
  std::string domain = "demo.example";
  std::size_t destinations = 1;  // of every recipient

  // What happened.
  std::set<std::string> looked_up;  // and found
  std::deque<Message> messages;
  int alive = 0;  // intakes
  void forget() { messages.clear(); }

  void set_options(mailflow::ReceptionOptions) override {}
  mailflow::ReceptionOptions options() const override { return {}; }

  Result<> check_sender(const mailflow::Source& source, std::string_view reverse_path) override {
    if (!source.submitter || reverse_path.empty() || reverse_path == source.submitter->address) return {};
    return fail(Errc::denied);
  }

  std::expected<mailflow::Recipient, mailflow::RecipientRefusal> check_recipient(const mailflow::Source& source,
                                                                                 std::string_view address) override {
    using enum mailflow::RecipientRefusal;
    if (address.starts_with("nobody@")) return std::unexpected(no_such_user);
    if (address.starts_with("outside") && !looked_up.contains(std::string(address)))
      return std::unexpected(no_such_user);
    if (address.starts_with("later@")) return std::unexpected(try_later);
    if (address.starts_with("disabled@")) return std::unexpected(disabled);
    if (address.starts_with("bad@")) return std::unexpected(bad_address);
    const bool local = address == "postmaster" || address.ends_with("@" + domain);
    if (!local && !source.submitter) return std::unexpected(relay_denied);
    return mailflow::Recipient{std::string(address), std::vector<directory::Destination>(destinations)};
  }

  bool may_look_up(std::string_view address) override { return address.starts_with("outside"); }
  Result<> look_up(std::string_view address) override {
    if (address.starts_with("outside-down@")) return fail(Errc::unavailable);
    if (!address.starts_with("outside-nobody@")) looked_up.emplace(address);
    return {};
  }

  Result<std::unique_ptr<mailflow::Intake>> begin(mailflow::Source source, mailflow::Envelope envelope,
                                                  std::uint64_t size_hint) override {
    if (begin_fails) return fail(*begin_fails);
    messages.push_back({std::move(source), std::move(envelope), size_hint, {}});
    return std::make_unique<FakeIntake>(*this, messages.back());
  }

  Result<mailflow::Accepted> submit(mailflow::Source, mailflow::Envelope, std::uint64_t, const Pieces&) override {
    return fail(Errc::unsupported);
  }
  Result<> inject(std::string_view, std::string_view, std::string_view) override { return fail(Errc::unsupported); }

 private:
  class FakeIntake final : public mailflow::Intake {
   public:
    FakeIntake(FakeReception& owner, Message& message) : owner_(owner), message_(message) { ++owner_.alive; }
    ~FakeIntake() override { --owner_.alive; }
    bool append(std::string_view octets) override {
      const std::size_t room = owner_.keep - std::min(owner_.keep, message_.content.size());
      message_.content += octets.substr(0, room);
      pending_ += octets.size();
      return pending_ >= owner_.flush_at;
    }
    runtime::Task<> flush() override {
      pending_ = 0;
      ++message_.flushes;
      co_return;
    }
    runtime::Task<Result<mailflow::Accepted>> finish() override {
      message_.finished = true;
      if (owner_.finish_fails) co_return fail(*owner_.finish_fails);
      co_return mailflow::Accepted{.queue_id = "0123456789ab", .octets = message_.content.size(), .local = 1};
    }

   private:
    FakeReception& owner_;
    Message& message_;
    std::size_t pending_ = 0;
  };
};

}  // namespace gatepost::smtp::server::test
