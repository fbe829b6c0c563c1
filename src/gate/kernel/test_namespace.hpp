#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "gate/kernel/nft.hpp"

// For tests: work in a network namespace of its own. Nothing here ever touches the rules of the namespace the test was
// started in.
namespace gatepost::gate::testing_namespace {

inline bool enter_empty_namespace() {
  if (::unshare(CLONE_NEWNET) != 0) return false;
  auto nft = Nft::open();
  return nft && nft->list_json().has_value() && std::system("ip link set lo up") == 0;
}

// Runs `body` in a child within a new network namespace; its failures are this test's.
template <class F>
void in_namespace(F&& body) {
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    if (!enter_empty_namespace()) ::_exit(77);
    body();
    std::fflush(nullptr);
    ::_exit(::testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
    GTEST_SKIP() << "no network namespaces here, or no right to their rules";
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "in the namespace; status " << status;
}

inline void sh(const std::string& command) {
  const int status = std::system(command.c_str());
  EXPECT_EQ(status, 0) << command;
}

inline std::string table(Nft& nft) { return *nft.list_table(kTable); }

}  // namespace gatepost::gate::testing_namespace
