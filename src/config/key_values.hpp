#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/date.hpp"
#include "config/fields.hpp"

// What the values of keys may be: checks of texts, readers and writers of the parts of lists, and the words that stand
// for a choice. For the tables in keys.cpp and keys_of_tables.cpp.
namespace gatepost::config::values {

using namespace fields;

// The place of a value: AT(Config, smtp.banner).
#define AT(owner, member) (+[](owner& o) -> decltype(o.member)& { return o.member; })

inline constexpr std::uint64_t kKiB = 1024;
inline constexpr std::uint64_t kMiB = 1024 * kKiB;
inline constexpr std::uint64_t kGiB = 1024 * kMiB;
inline constexpr std::uint64_t kTiB = 1024 * kGiB;
inline constexpr std::int64_t kMany = 1'000'000;

// Nothing: the text may be there.
using Refusal = std::optional<Complaint>;
Refusal any_text(std::string_view);
Refusal not_empty(std::string_view text);
Refusal host_name(std::string_view text);
Refusal host_or_address(std::string_view text);
Refusal mail_address(std::string_view text);
Refusal user_name(std::string_view text);
// RFC 5321 4.2: greeting = 220 SP Domain [ SP textstring ]; textstring = 1*(%d09 / %d32-126)
Refusal greeting_text(std::string_view text);
Refusal folder_name(std::string_view text);  // of the highest level
Refusal delimiter(std::string_view text);
Refusal log_target(std::string_view text);
Refusal sign_in_phrase(Auth& auth, std::string_view text);
Refusal group_name(std::string_view text);
Refusal zone_name(std::string_view text);

// One part of a list, put into `out`; false: it cannot be one.
bool take_network(std::string_view text, std::vector<Network>& out);
bool take_address(std::string_view text, std::vector<IpAddress>& out);
bool take_source(std::string_view text, std::vector<IpAddress>& out);
bool take_name_server(std::string_view text, std::vector<Endpoint>& out);
bool take_wait(std::string_view text, std::vector<seconds>& out);
bool take_factor_owner(std::string_view text, std::vector<std::string>& out);
bool take_mechanism(std::string_view text, std::vector<std::string>& out);
// A host name, or "*." and a host name.
bool take_served_name(std::string_view text, std::vector<std::string>& out);
// A domain, or "*" for all.
bool take_forward_domain(std::string_view text, std::vector<std::string>& out);
bool take_capability(std::string_view text, std::vector<std::string>& out);
bool take_quirk(std::string_view text, std::vector<std::string>& out);
bool take_port(std::string_view text, std::vector<std::uint16_t>& out);
bool take_group_name(std::string_view text, std::vector<std::string>& out);

std::string write_network(const Network& n);
std::string write_address(const IpAddress& a);
std::string write_endpoint(const Endpoint& e);
std::string write_wait(const seconds& s);
std::string write_text(const std::string& s);
std::string write_port(const std::uint16_t& port);

template <class O>
Key<O> networks(std::string_view section, std::string_view name, At<O, std::vector<Network>> field,
                std::string_view meaning) {
  return list<O, Network>(section, name, field, take_network, write_network, 0, "\"192.0.2.0/24\", \"2001:db8::/32\"",
                          "list of networks", meaning);
}

template <class O>
Key<O> addresses(std::string_view section, std::string_view name, At<O, std::vector<IpAddress>> field,
                 std::string_view meaning) {
  return list<O, IpAddress>(section, name, field, take_address, write_address, 1, "\"192.0.2.1\", \"*\"",
                            "list of addresses, \"*\" for all", meaning);
}

template <class O>
Key<O> ports(std::string_view section, std::string_view name, At<O, std::vector<std::uint16_t>> field,
             std::string_view meaning) {
  return list<O, std::uint16_t>(section, name, field, take_port, write_port, 0, "443", "list of ports", meaning);
}

template <class O>
Key<O> day(std::string_view section, std::string_view name, At<O, TimePoint> field, std::string_view meaning) {
  return {section,
          name,
          "date, \"2026-12-04\"",
          meaning,
          false,
          [field](O& o, const Value& v, const std::filesystem::path&) -> std::optional<Complaint> {
            const auto* s = std::get_if<std::string>(&v.data);
            const auto parsed = s == nullptr ? std::nullopt : parse_day(*s);
            if (!parsed) return wrong_type("a date in quotes such as \"2026-12-04\"");
            field(o) = *parsed;
            return std::nullopt;
          },
          [field](O& o) { return field(o) == TimePoint{} ? "never" : in_quotes(date::format_rfc3339(field(o))); }};
}

template <class O>
Key<O> required(Key<O> key) {
  key.required = true;
  return key;
}

// A default that follows from other values, said in words.
template <class O>
Key<O> shown(Key<O> key, std::string_view words_for_default) {
  key.default_words = words_for_default;
  return key;
}

inline constexpr std::array<std::pair<std::string_view, TlsVersion>, 2> kTlsVersions = {
    {{"1.2", TlsVersion::v1_2}, {"1.3", TlsVersion::v1_3}}};
inline constexpr std::array<std::pair<std::string_view, Store::Engine>, 2> kEngines = {
    {{"rocksdb", Store::Engine::rocksdb}, {"memory", Store::Engine::memory}}};
inline constexpr std::array<std::pair<std::string_view, Smtp::LineEnds>, 2> kLineEnds = {
    {{"refuse", Smtp::LineEnds::refuse}, {"normalise", Smtp::LineEnds::normalise}}};
inline constexpr std::array<std::pair<std::string_view, Mailflow::OutgoingTls>, 3> kOutgoingTls = {
    {{"none", Mailflow::OutgoingTls::none},
     {"opportunistic", Mailflow::OutgoingTls::opportunistic},
     {"required", Mailflow::OutgoingTls::required}}};
inline constexpr std::array<std::pair<std::string_view, Ldap::Sees>, 2> kSees = {
    {{"everyone", Ldap::Sees::everyone}, {"own_domain", Ldap::Sees::own_domain}}};
inline constexpr std::array<std::pair<std::string_view, Level>, 5> kLevels = {{{"debug", Level::debug},
                                                                               {"info", Level::info},
                                                                               {"notice", Level::notice},
                                                                               {"warning", Level::warning},
                                                                               {"error", Level::error}}};
inline constexpr std::array<std::pair<std::string_view, Service>, 8> kServices = {{{"smtp", Service::smtp},
                                                                                   {"submission", Service::submission},
                                                                                   {"imap", Service::imap},
                                                                                   {"pop3", Service::pop3},
                                                                                   {"http", Service::http},
                                                                                   {"https", Service::https},
                                                                                   {"ldap", Service::ldap},
                                                                                   {"metrics", Service::metrics}}};
inline constexpr std::array<std::pair<std::string_view, TlsMode>, 3> kTlsModes = {
    {{"none", TlsMode::none}, {"starttls", TlsMode::starttls}, {"implicit", TlsMode::implicit}}};
inline constexpr std::array<std::pair<std::string_view, Audience>, 6> kAudiences = {{{"internet", Audience::internet},
                                                                                     {"trusted", Audience::trusted},
                                                                                     {"vpn", Audience::vpn},
                                                                                     {"admin", Audience::admin},
                                                                                     {"named", Audience::named},
                                                                                     {"off", Audience::off}}};
inline constexpr std::array<std::pair<std::string_view, GateLog>, 3> kGateLogs = {
    {{"drops", GateLog::drops}, {"all", GateLog::all}, {"none", GateLog::none}}};
inline constexpr std::array<std::pair<std::string_view, Gate::Scope>, 2> kScopes = {
    {{"own-ports", Gate::Scope::own_ports}, {"host", Gate::Scope::host}}};

}  // namespace gatepost::config::values
