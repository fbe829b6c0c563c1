#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "base/log.hpp"
#include "base/mutex.hpp"
#include "base/result.hpp"
#include "directory/tickets.hpp"
#include "kerberos/settings.hpp"

namespace gatepost::kerberos {

// Takes tickets by the keys of a keytab, and knows whose accounts they are of. Thread-safe.
class Acceptor final : public directory::Tickets {
 public:
  // `vouched`: the address of the account of somebody of an outside directory, as outside::Directories::vouched(); may
  // block.
  using Vouched =
      std::function<Result<std::string>(std::string_view directory, std::string_view user, std::string_view realm)>;
  Acceptor(Log& log, Vouched vouched) : log_(log), vouched_(std::move(vouched)) {}

  void set(Settings settings);  // at the start and at each reload; reads the keytab
  // Looks whether the keytab changed, and what it has then. For every few seconds.
  void refresh();

  bool serves(std::string_view service) const override;
  std::unique_ptr<sasl::TicketContext> open(std::string_view service) override;
  Result<std::string> account_of(std::string_view client) override;

 private:
  // What tells a file from the one before.
  struct Version {
    std::int64_t changed_seconds = 0, changed_nanoseconds = 0;
    std::uint64_t octets = 0, inode = 0;
    bool there = false;
    bool operator==(const Version&) const = default;
  };
  using Services = std::set<std::string, std::less<>>;
  static Version version_of(const std::filesystem::path& file);
  void read(const std::filesystem::path& keytab, const Version& version) GP_REQUIRES(reading_);

  Log& log_;
  const Vouched vouched_;
  Mutex reading_;  // before mutex_
  Version version_ GP_GUARDED_BY(reading_);
  mutable Mutex mutex_;
  // Immutable, shared with calls that go on while it is replaced.
  std::shared_ptr<const Settings> settings_ GP_GUARDED_BY(mutex_) = std::make_shared<const Settings>();
  Services services_ GP_GUARDED_BY(mutex_);
};

}  // namespace gatepost::kerberos
