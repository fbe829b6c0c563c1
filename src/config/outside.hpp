#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

// Directories of others (docs/directory.md).
namespace gatepost::config {

enum class OutsideKind : std::uint8_t { active_directory, openldap };

struct OutsideServer {
  std::string host;
  std::uint16_t port = 636;
  bool implicit_tls = true;  // ldaps://
  bool operator==(const OutsideServer&) const = default;
};

// [[outside_directory]]
struct OutsideDirectory {
  std::string name;
  OutsideKind kind = OutsideKind::openldap;
  std::vector<OutsideServer> servers;
  bool without_tls = false;       // in the file only by the sentence kSignInWithoutTls
  std::filesystem::path ca_file;  // empty: the system's
  std::string bind_dn;            // empty: anonymous
  std::filesystem::path password_file;
  std::string base;
  bool sign_in = true;
  bool people = false, groups = false;
  std::string group_base, group_filter;  // filled in by complete(), likewise
  std::chrono::seconds refresh{300}, full_refresh{3600};
  std::uint32_t disable_after = 2, most_gone_percent = 10, most_people = 200'000;
  std::vector<std::string> domains;  // empty: all
  // Empty ones are filled in by complete(), as the kind has them; the login filter "none" is emptied there.
  std::string people_filter, address_filter, login_filter;
  std::string address_attribute, name_attribute, id_attribute, disabled_attribute;
  std::vector<std::string> addresses_attributes;
  std::uint32_t connections = 8;
  std::uint32_t page_size = 500;
  std::uint64_t answer_octets = 64ULL << 20;
  std::chrono::seconds connect_timeout{5}, answer_timeout{10};
  std::chrono::seconds remember_right{60}, remember_wrong{30};
  std::chrono::seconds outlast_outage{0};
  bool operator==(const OutsideDirectory&) const = default;

  void complete();
};
inline constexpr std::string_view kNoLogin = "none";

}  // namespace gatepost::config
