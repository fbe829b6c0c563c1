#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "outside/filter.hpp"
#include "outside/person.hpp"
#include "outside/servers.hpp"

namespace gatepost::outside {

// What was asked and answered, for `gatepost directory test`; never a password.
using Trace = std::vector<std::string>;

// One outside directory. Thread-safe; calls block. Errors: Errc::unavailable when no server could say; Errc::conflict:
// several entries answer to the name; Errc::invalid, not_found, denied, too_large: a base, a filter, rights or limits
// do not fit.
class Source {
 public:
  // `connector` and the rest are borrowed for life.
  Source(Settings settings, Connector& connector, const Clock& clock, Log& log, Metrics& metrics);

  const Settings& settings() const { return settings_; }
  // Whether a name of this form may be one of its own.
  bool speaks_for(const Name& name) const;
  // None: nobody there is called so.
  Result<std::optional<Person>> find(const Name& name, Trace* trace = nullptr);
  // An empty password is Proof::Kind::wrong, and nobody is asked.
  Result<Proof> prove(const Person& person, const Secret& password, Trace* trace = nullptr);

  // All people, or those that changed since a time that an earlier listing gave. Errc::too_large: more than
  // `most_people`.
  struct Listing {
    std::vector<Person> people;
    std::string latest;  // the latest change of all; empty: not known
  };
  Result<Listing> list(std::string_view since);
  // The people with these unique ids who are there, in any order.
  Result<std::vector<Person>> look_at(const std::vector<std::string>& unique_ids);
  Result<std::vector<Group>> list_groups();

  std::vector<Servers::State> servers() const { return servers_.state(); }

 private:
  const Settings settings_;
  const Clock& clock_;
  Log& log_;
  Servers servers_;
};

}  // namespace gatepost::outside
