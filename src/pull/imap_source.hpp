#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "pull/channel.hpp"
#include "pull/imap_client.hpp"
#include "sasl/mechanism.hpp"
#include "transfer/message.hpp"

namespace gatepost::pull {

// Up to which UID a folder of the other server has been fetched.
struct Mark {
  std::uint32_t uid_validity = 0, uid = 0;
};
using Marks = std::map<std::string, Mark>;  // by transfer::Message::origin

struct Order {
  Server server;
  SignIn who;
  std::vector<std::string> only, skip;  // folders, as they are called there with '/' between levels; empty: all, none
  Marks marks;
  std::uint64_t max_message_octets = 256 << 20;  // larger ones are passed over
  std::chrono::milliseconds pause{0};            // between messages, for servers that are to be spared
};

// What becomes of it, and how time passes.
struct Witness {
  std::function<void(const std::string& folder, std::uint32_t messages)> folder;   // begins, with about so many to come
  std::function<void(const std::string& where, const std::string& what)> problem;  // is passed over
  std::function<void(std::chrono::milliseconds, const std::string& why)> wait;     // does wait
};

// What a folder of an account of another server is known by: the same for ever, whatever its name here. 32 hex digits.
std::string origin_of(const Server& server, const std::string& user, const std::string& folder);

// All messages of an account of another IMAP server, folder by folder in order of their UIDs, with flags, dates and the
// numbers they have there; nothing is changed there. A connection that breaks, and a server that wants to be left alone
// for a while, are waited for: at most kAttempts times without a message in between. Errors: of ImapClient.
inline constexpr int kAttempts = 12;
std::unique_ptr<transfer::Source> pull_imap(Order order, Witness witness, sasl::Library& library);

}  // namespace gatepost::pull
