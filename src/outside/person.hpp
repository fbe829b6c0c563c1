#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "outside/connection.hpp"
#include "outside/settings.hpp"

namespace gatepost::outside {

// What an entry says of a person.
struct Person {
  std::string dn;
  std::string unique_id;               // octets; empty: it has none
  std::vector<std::string> addresses;  // canonical, the primary one first, each once
  std::string display_name;
  bool enabled = true;
  std::string why_disabled;
  std::string uid;                     // by which groups of POSIX name it
  std::vector<std::string> member_of;  // groups it says to be in, as normal_dn()
  std::string changed;                 // the time of its last change, as it came
};

// What an entry says of a group.
struct Group {
  std::string dn;  // as normal_dn()
  std::string unique_id;
  std::vector<std::string> addresses;  // canonical, the primary one first
  std::string display_name;
  std::vector<std::string> members;    // entries, as normal_dn()
  std::vector<std::string> uids;       // people by uid (RFC 2307 2.2: memberUid)
  std::vector<std::string> member_of;  // groups it is in, as normal_dn()
};
Group read_group(const Settings& settings, Entry entry);
std::vector<std::string> group_attributes(const Settings& settings);

// One text for all ways to write one name; what is no name, in lower case.
std::string normal_dn(std::string_view dn);

// Addresses that are none, and those of other domains than `settings` names, are left out.
Person read_person(const Settings& settings, Entry entry, TimePoint now);

// The attributes read_person() looks at.
std::vector<std::string> person_attributes(const Settings& settings);

}  // namespace gatepost::outside
