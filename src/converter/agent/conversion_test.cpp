#include "converter/agent/conversion.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "converter/agent/agent.hpp"

namespace gatepost::converter {
namespace {

Answer answer_of(std::vector<std::string> command, std::string_view octets, ConversionLimits limits = {}) {
  const int file = ::memfd_create("test", MFD_CLOEXEC);
  EXPECT_EQ(::write(file, octets.data(), octets.size()), std::ssize(octets));
  const Answer out = convert(file, {{"a/b", ""}, std::move(command)}, limits);
  ::close(file);
  return out;
}
Answer shell(const std::string& script, ConversionLimits limits = {}) {
  return answer_of({"/bin/sh", "-c", script}, "octets", limits);
}

TEST(ConverterConversion, GivesWhatTheProgramSays) {
  EXPECT_EQ(answer_of({"/bin/cat"}, "one\ntwo\n\nthree"), (Answer{Outcome::text, false, "", "one two\nthree"}));
  EXPECT_EQ(shell("cat /dev/stdin").text, "octets");
  EXPECT_EQ(answer_of({"/bin/cat"}, " \n\n ").outcome, Outcome::nothing);
  EXPECT_EQ(shell("echo some; exit 3").text, "some");
}

TEST(ConverterConversion, AProgramThatFailsCostsItsAttachmentAlone) {
  EXPECT_EQ(shell("exit 3"), (Answer{Outcome::failed, false, "exit code 3", ""}));
  EXPECT_EQ(answer_of({"/nonexistent"}, "x").outcome, Outcome::failed);
  EXPECT_EQ(shell("kill -SEGV $$; ulimit -v 1; exit 9").outcome, Outcome::failed);
  EXPECT_EQ(answer_of({}, "no document").outcome, Outcome::failed);
}

TEST(ConverterConversion, AProgramThatHangsIsEnded) {
  const ConversionLimits limits{.time = std::chrono::seconds(1)};
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(shell("sleep 60", limits).outcome, Outcome::timed_out);
  EXPECT_EQ(shell("exec >&-; sleep 60", limits).outcome, Outcome::timed_out);
  EXPECT_EQ(shell("while :; do :; done", limits).outcome, Outcome::timed_out);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(20));
}

TEST(ConverterConversion, OutputIsBounded) {
  const Answer endless = shell("yes word");
  EXPECT_EQ(endless.outcome, Outcome::text);
  EXPECT_TRUE(endless.cut);
}

TEST(ConverterConversion, TheProgramMayDoNothingElse) {
  EXPECT_EQ(shell("echo x > /tmp/gatepost-converter-test && echo wrote").outcome, Outcome::failed);
  EXPECT_EQ(shell("kill -0 $PPID && echo reached").outcome, Outcome::failed);
  EXPECT_EQ(shell("cat /proc/self/environ /etc/../proc/$PPID/environ").outcome, Outcome::failed);
  EXPECT_EQ(shell("ulimit -c").text, "0");
}

TEST(ConverterConversion, TidiesText) {
  EXPECT_EQ(tidy_text("  a\r\n b\t c\f d\n", false), "a b c\nd");
  EXPECT_EQ(tidy_text("a\nb\n\n\nc", true), "a\nb\nc");
  EXPECT_EQ(tidy_text("a\xff\xc2\xad"
                      "b",
                      false),
            "a\xef\xbf\xbd"
            "b");
  EXPECT_EQ(tidy_text("", false), "");
}

TEST(ConverterKinds, ReadsTheAdministratorsOwn) {
  const auto way = parse_way("application/X-Drawing,.drw=/usr/bin/drw2txt  -q -");
  ASSERT_TRUE(way);
  ASSERT_EQ(way->size(), 2U);
  EXPECT_EQ((*way)[0].kind, (Kind{"application/x-drawing", ""}));
  EXPECT_EQ((*way)[1].kind, (Kind{"", ".drw"}));
  EXPECT_EQ((*way)[1].command, (std::vector<std::string>{"/usr/bin/drw2txt", "-q", "-"}));
  for (const char* wrong : {"application/x", "=/bin/cat", "x=/bin/cat", "a/b=", "a/b=cat", ""})
    EXPECT_FALSE(parse_way(wrong));
  EXPECT_NE(version_of(ways({})), version_of(ways(*way)));
}

TEST(ConverterServe, AnswersOneAttachmentAfterTheOther) {
  std::array<int, 2> pair{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(pair[0]);
    AgentOptions options;
    options.ways = ways(*parse_way("a/b=/bin/cat"));
    options.max_octets = 100;
    serve(pair[1], options);
    ::_exit(0);
  }
  ::close(pair[1]);
  FrameReader frames(kMaxAnswerFrame);
  const auto next = [&]() -> std::string {
    std::string_view frame;
    std::array<char, 4096> buffer;
    while (frames.next(frame) != FrameReader::Found::frame) {
      const ssize_t got = ::recv(pair[0], buffer.data(), buffer.size(), 0);
      if (got <= 0) return {};
      frames.feed({buffer.data(), static_cast<std::size_t>(got)});
    }
    return std::string(frame);
  };
  const auto say = [&](const std::string& octets) {
    EXPECT_EQ(::send(pair[0], octets.data(), octets.size(), MSG_NOSIGNAL), std::ssize(octets));
  };
  ASSERT_TRUE(parse_greeting(next()));
  say(write(Request{"a/b", ""}) + write_data("hel") + write_data("lo") + write_data(""));
  EXPECT_EQ(parse_answer(next()), (Answer{Outcome::text, false, "", "hello"}));
  say(write(Request{"image/png", ""}) + write_data("hello") + write_data(""));
  EXPECT_EQ(parse_answer(next()).value().outcome, Outcome::unsupported);
  say(write(Request{"a/b", ""}) + write_data(std::string(101, 'x')) + write_data(""));
  EXPECT_EQ(parse_answer(next()).value().outcome, Outcome::too_large);
  say(write_data("what?"));
  EXPECT_EQ(next(), "");
  ::close(pair[0]);
  ::waitpid(child, nullptr, 0);
}

}  // namespace
}  // namespace gatepost::converter
