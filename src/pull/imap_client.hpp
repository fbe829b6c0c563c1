#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "pull/channel.hpp"
#include "pull/imap_reply.hpp"
#include "sasl/mechanism.hpp"

namespace gatepost::pull {

struct SignIn {
  std::string user;
  Secret password;
};

// The client's side of IMAP, as far as fetching all mail needs it (RFC 3501, RFC 9051). Blocking; one thread. Nothing
// on the server is changed: folders are opened by EXAMINE, messages read by BODY.PEEK.
// Errc::unavailable, closed, timed_out: for now; backoff() says how long the server asks to wait. unauthenticated;
// denied: refused for good; invalid: what the server says makes no sense.
class ImapClient {
 public:
  static Result<std::unique_ptr<ImapClient>> open(const Server& server, const SignIn& who, sasl::Library& library,
                                                  std::chrono::milliseconds& backoff);

  Result<std::vector<Listed>> folders();
  Result<std::optional<Namespace>> personal();
  struct Opened {
    std::uint32_t uid_validity = 0, uid_next = 0, exists = 0;
  };
  Result<Opened> examine(const std::string& name);
  // What there is of these UIDs: UID, flags, dates; ascending.
  Result<std::vector<Fetched>> rows(std::uint32_t first, std::uint32_t last);
  // The highest UID in the folder; 0: it is empty.
  Result<std::uint32_t> highest();

  // Bodies of several messages, in any order, and not of those that are gone.
  Result<> ask_bodies(std::span<const std::uint32_t> uids);
  struct Body {
    bool there = false;  // false: there are no more
    std::uint64_t octets = 0;
    std::string refused;  // why some of the rest were not given
  };
  Result<Body> next_body();
  Result<std::size_t> read_body(std::span<char> out);  // 0: all
  Result<std::uint32_t> end_body();                    // whose it was; 0: the server does not say

  std::chrono::milliseconds backoff() const { return backoff_; }

 private:
  explicit ImapClient(std::unique_ptr<Channel> channel) : channel_(std::move(channel)) {}
  using Untagged = std::function<void(std::string_view text)>;
  Result<> greet(const Server& server);
  Result<> sign_in(const SignIn& who, sasl::Library& library);
  Result<> authenticate(sasl::ClientExchange& exchange);
  Result<> login(const SignIn& who);
  Result<> ask_capabilities();
  bool can(std::string_view capability) const;
  std::string next_tag();
  Result<StatusLine> run(std::string_view command, const Untagged& untagged);
  Result<> run_ok(std::string_view command, const Untagged& untagged = {});
  Result<StatusLine> await(const std::string& tag, const Untagged& untagged);
  // A response with the literals in it.
  Result<std::string> response();
  Result<std::string> complete(std::string line);
  std::unexpected<Error> refused(const StatusLine& line);
  std::string quoted(std::string_view text) const;
  std::string mailbox(const std::string& name) const;

  std::unique_ptr<Channel> channel_;
  std::vector<std::string> capabilities_;
  std::uint32_t tags_ = 0;
  bool utf8_ = false;
  std::string asked_;       // the tag of what was asked for
  std::uint64_t left_ = 0;  // octets of the body
  std::uint32_t uid_ = 0;   // whose it is, as far as that is known
  bool in_body_ = false;
  std::chrono::milliseconds backoff_{0};
};

}  // namespace gatepost::pull
