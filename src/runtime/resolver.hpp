#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/ip.hpp"
#include "base/result.hpp"
#include "runtime/task.hpp"

namespace gatepost::runtime {

// The numbers of the DNS (IANA "DNS parameters").
enum class RecordType : std::uint16_t {
  a = 1,
  ns = 2,
  cname = 5,
  ptr = 12,
  mx = 15,
  txt = 16,
  aaaa = 28,
  srv = 33,
  tlsa = 52
};

struct MxRecord {
  std::uint16_t preference = 0;
  std::string host;  // lower case, no dot at the end; "" is the null MX (RFC 7505)
  bool operator==(const MxRecord&) const = default;
};

// RFC 2782
struct SrvRecord {
  std::uint16_t priority = 0, weight = 0, port = 0;
  std::string host;  // as in MxRecord; "": decidedly not offered
  bool operator==(const SrvRecord&) const = default;
};

struct DnsAnswer {
  enum class Status : std::uint8_t { found, no_data, no_such_name };
  Status status = Status::found;
  bool secure = false;  // DNSSEC: the answer, or its absence, is proven (RFC 4035)
  std::chrono::seconds ttl{0};
  std::vector<IpAddress> addresses;  // A, AAAA
  std::vector<MxRecord> mx;          // by preference; equal ones in the order received
  std::vector<SrvRecord> srv;        // by priority
  std::vector<std::string> texts;    // TXT, strings joined (RFC 7208 3.3); TLSA: the record's octets
  std::vector<std::string> names;    // PTR, NS, CNAME
  bool operator==(const DnsAnswer&) const = default;
};

// Looks names up. Usable from any I/O thread; the task ends on the caller's. `name` without regard to case and final
// dot.
class Resolver {
 public:
  virtual ~Resolver() = default;
  // Errc::unavailable (no usable answer: SERVFAIL), timed_out, corrupt (DNSSEC says it is forged: never use it, RFC
  // 4035 5), invalid (no domain name). The detail says more.
  virtual Task<Result<DnsAnswer>> query(std::string name, RecordType type) = 0;
  // The PTR record of an address.
  Task<Result<DnsAnswer>> query_pointer(const IpAddress& address);
};
// "1.2.0.192.in-addr.arpa", "...ip6.arpa" (RFC 1035 3.5, RFC 3596 2.5).
std::string pointer_name(const IpAddress& address);

struct ResolverSettings {
  std::vector<Endpoint> servers;  // ask these; empty: those of `resolv_conf`
  std::filesystem::path resolv_conf = "/etc/resolv.conf";
  std::filesystem::path hosts = "/etc/hosts";  // empty: none
  std::chrono::seconds timeout{10};            // of one look-up, retries included
  std::size_t cache_entries = 10'000;
  bool validate = true;  // DNSSEC, from the root's keys
};

// libunbound, validating, with its own cache, and answers kept here for their TTL so that most cost no thread change.
// Thread-safe. Its thread reads answers; the destructor ends it. IoThreads outlive it, tasks waiting then get
// Errc::closed.
class UnboundResolver final : public Resolver {
 public:
  static Result<std::unique_ptr<UnboundResolver>> create(const ResolverSettings& settings, const Clock& clock);
  ~UnboundResolver() override;
  Task<Result<DnsAnswer>> query(std::string name, RecordType type) override;

 private:
  struct Engine;
  explicit UnboundResolver(std::shared_ptr<Engine> engine);
  std::shared_ptr<Engine> engine_;  // shared with look-ups on their way
};

// Answers from a table: tests, and hosts without DNS. What is not in it is no_such_name. Thread-safe.
class StaticResolver final : public Resolver {
 public:
  StaticResolver& add(std::string_view name, RecordType type, DnsAnswer answer);
  StaticResolver& add_address(std::string_view name, std::string_view address);  // A or AAAA, and the PTR
  StaticResolver& add_mx(std::string_view name, std::uint16_t preference, std::string_view host);
  StaticResolver& add_text(std::string_view name, std::string_view text);
  StaticResolver& add_failure(std::string_view name, RecordType type, Errc code);
  Task<Result<DnsAnswer>> query(std::string name, RecordType type) override;

 private:
  DnsAnswer& at(std::string_view name, RecordType type);
  std::mutex mutex_;  // guards both
  std::map<std::pair<std::string, RecordType>, DnsAnswer> table_;
  std::map<std::pair<std::string, RecordType>, Errc> failures_;
};

}  // namespace gatepost::runtime
