#pragma once

#include <chrono>
#include <cstdint>

#include "base/ip.hpp"

namespace gatepost::gate::helper {

// The sets of banned networks in the table `inet gatepost`, by netlink messages written here octet by octet: what runs
// with rights needs no library for three of them. Not thread-safe. All calls give 0 or an errno value; ENOENT: there is
// no such table or set, EPERM: no right to it.
class KernelSets {
 public:
  KernelSets();  // in the network namespace of the caller
  ~KernelSets();
  KernelSets(const KernelSets&) = delete;
  KernelSets& operator=(const KernelSets&) = delete;

  // The kernel forgets it after `length`; an earlier end is replaced.
  int put(const Network& network, std::chrono::seconds length);
  int remove(const Network& network);  // one that is not there is fine
  // A number that is another one when the sets were made anew, empty.
  int which(std::uint64_t& number);

 private:
  int element(std::uint16_t message, std::uint16_t flags, const Network& network, std::chrono::seconds length);
  int send(const char* octets, std::size_t size);
  int handle_of(std::uint16_t message, std::uint64_t& handle);
  int acknowledged(std::uint32_t sequence, std::uint16_t wanted, std::uint64_t* handle);

  int fd_ = -1;
  std::uint32_t sequence_ = 1;
};

}  // namespace gatepost::gate::helper
