#include "daemon/formats.hpp"

#include <gtest/gtest.h>

namespace gatepost::daemon {
namespace {

using Kind = UpgradeVerdict::Kind;

ProgramFacts program(std::string version, std::uint32_t from, std::uint32_t to, std::uint32_t writes) {
  return {std::move(version), {{"queue", from, to, writes}}};
}

TEST(Formats, AProgramReadsWhatItWrites) {
  for (const Format& f : formats()) {
    EXPECT_LE(f.reads_from, f.writes) << f.name;
    EXPECT_GE(f.reads_to, f.writes) << f.name;
  }
}

TEST(Formats, WhatAProgramSaysOfItselfIsUnderstood) {
  const auto facts = program_facts_from_json(to_json(this_program()));
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->version, this_program().version);
  EXPECT_EQ(facts->formats, formats());
  EXPECT_FALSE(program_facts_from_json("gatepost 0.1.0\n"));
  EXPECT_FALSE(program_facts_from_json(R"({"version":"1"})"));
  EXPECT_FALSE(program_facts_from_json(R"({"version":"1","formats":[{"name":"queue","reads_from":-1}]})"));
}

TEST(Formats, VersionsAreComparedAsNumbers) {
  EXPECT_EQ(judge_upgrade(program("0.9.1", 1, 1, 1), program("0.10.0", 1, 1, 1)).kind, Kind::upgrade);
  EXPECT_EQ(judge_upgrade(program("0.10.0", 1, 1, 1), program("0.9.1", 1, 1, 1)).kind, Kind::downgrade);
  EXPECT_EQ(judge_upgrade(program("1.0", 1, 1, 1), program("1.0", 1, 1, 1)).kind, Kind::same);
}

TEST(Formats, ThereIsAWayBackWhileTheRunningProgramReadsWhatTheNextOneWrites) {
  EXPECT_TRUE(judge_upgrade(program("1.0", 1, 2, 1), program("1.1", 1, 2, 2)).way_back);
  const auto one_way = judge_upgrade(program("1.0", 1, 1, 1), program("1.1", 1, 2, 2));
  EXPECT_EQ(one_way.kind, Kind::upgrade);
  EXPECT_FALSE(one_way.way_back);
  EXPECT_NE(one_way.detail.find("queue"), std::string::npos);
}

TEST(Formats, AProgramThatCannotReadTheDataIsRefusedWhateverItsVersion) {
  EXPECT_EQ(judge_upgrade(program("1.0", 1, 1, 1), program("2.0", 2, 3, 3)).kind, Kind::unreadable);
  EXPECT_EQ(judge_upgrade(program("1.0", 1, 2, 2), program("0.9", 1, 1, 1)).kind, Kind::unreadable);
  EXPECT_EQ(judge_upgrade(program("1.0", 1, 1, 1), {"1.1", {}}).kind, Kind::unreadable);
}

}  // namespace
}  // namespace gatepost::daemon
