#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "account/account.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/random.hpp"
#include "directory/door.hpp"
#include "mailflow/queue.hpp"
#include "mailflow/reception.hpp"
#include "runtime/workers.hpp"
#include "store/store.hpp"
#include "transcripts/transcript.hpp"

namespace gatepost::transcripts {

inline constexpr std::string_view kDomain = "demo.example", kHost = "mail.demo.example";
Variables variables();

// Everything sessions work with, in memory: one domain, two accounts and what the head of a transcript adds.
class World {
 public:
  explicit World(const Transcript& transcript);

  // The folder's newest message, or nothing.
  Result<std::string> newest(std::string_view address, std::string_view folder);
  // Switches an account off, as the admin does.
  Result<> disable(std::string_view address);
  // What an identifier may do in a folder from now on; folder "*": in all, and in those made later. Rights "-": none;
  // "send-as", "-send-on-behalf" and the like: granted, taken back.
  Result<> grant(std::string_view address, std::string_view folder, std::string_view identifier,
                 std::string_view rights);
  Result<> add(std::string_view address, std::string_view folder, std::string_view message);

  ManualClock clock;
  SeededRandom random{1};
  Metrics metrics;
  MemorySink sink;
  Log log{sink, clock};
  runtime::Workers workers{0};
  std::unique_ptr<store::Store> store;
  std::unique_ptr<directory::Directory> directory;
  std::unique_ptr<account::Accounts> accounts;
  std::unique_ptr<mailflow::Queue> queue;
  std::unique_ptr<mailflow::Reception> reception;
  std::unique_ptr<sasl::Library> library;
  std::unique_ptr<directory::Authenticator> authenticator;
  std::unique_ptr<directory::Door> door;

 private:
  Result<std::shared_ptr<account::Account>> open(std::string_view address);
  void add_account(std::string_view address, std::string_view password);
};

}  // namespace gatepost::transcripts
