#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "directory/directory.hpp"

namespace gatepost::jmap {

// How many things each user has going on at one time. Thread-safe; outlives what it gave.
class Slots {
 public:
  // One of them, until it is destroyed.
  class Held {
   public:
    Held(Held&& other) noexcept;
    ~Held();
    Held& operator=(Held&&) = delete;

   private:
    friend class Slots;
    Held(Slots& slots, directory::PrincipalId user) : slots_(&slots), user_(user) {}
    Slots* slots_;  // null: moved from
    directory::PrincipalId user_;
  };
  // nullopt: he has `most` already.
  std::optional<Held> take(directory::PrincipalId user, std::uint32_t most);

 private:
  std::mutex mutex_;                                                // guards what follows
  std::unordered_map<directory::PrincipalId, std::uint32_t> held_;  // who has none is not in it
};

}  // namespace gatepost::jmap
