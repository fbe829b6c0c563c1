#include "daemon/program.hpp"

#include <gtest/gtest.h>

namespace gatepost::daemon {
namespace {

using std::chrono::seconds;

TEST(Program, ItsOutputAndItsEndAreReported) {
  const auto run = run_program("/bin/sh", "sh", {"-c", "echo out; echo err >&2; cat; exit 3"}, seconds(60));
  ASSERT_TRUE(run);
  EXPECT_EQ(run->exit_code, 3);
  EXPECT_EQ(run->output, "out\nerr\n");
}

TEST(Program, OneThatHangsIsKilled) {
  const auto run = run_program("/bin/sh", "sh", {"-c", "exec sleep 600"}, seconds(1));
  ASSERT_FALSE(run);
  EXPECT_EQ(run.error().code, Errc::timed_out);
}

TEST(Program, EndlessOutputIsBounded) {
  const auto run = run_program("/bin/sh", "sh", {"-c", "yes | head -c 1000000"}, seconds(60), 1000);
  ASSERT_TRUE(run);
  EXPECT_EQ(run->output.size(), 1000u);
}

TEST(Program, WhatIsNoProgramIsNotStarted) {
  EXPECT_EQ(run_program("/etc/passwd", "x", {}, seconds(60)).error().code, Errc::denied);
  EXPECT_EQ(run_program("/nowhere", "x", {}, seconds(60)).error().code, Errc::denied);
}

}  // namespace
}  // namespace gatepost::daemon
