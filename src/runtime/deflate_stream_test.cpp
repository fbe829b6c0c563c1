#include "runtime/deflate_stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.hpp"
#include "runtime/connection.hpp"
#include "runtime/deflate.hpp"
#include "runtime/memory_stream.hpp"
#include "runtime/run_to_end.hpp"
#include "runtime/test_session.hpp"

namespace gatepost::runtime {
namespace {

using namespace std::chrono_literals;

std::string compress(Deflater& deflater, std::string_view text) {
  std::string out;
  deflater.put(text);
  while (*deflater.next(out)) {
  }
  return out;
}

std::string decompress(Inflater& inflater, std::string_view octets) {
  std::string out;
  std::string room(1000, '\0');
  for (;;) {
    const auto progress = inflater.next(octets, room);
    EXPECT_TRUE(progress) << octets.size();
    if (!progress) return out;
    out.append(room, 0, progress->produced);
    octets.remove_prefix(progress->consumed);
    if (progress->produced == 0 && octets.empty()) return out;
  }
}

std::string letters(std::size_t octets) {
  SeededRandom random(7);
  std::string out(octets, '\0');
  for (char& c : out) c = static_cast<char>('a' + random.u64() % 20);
  return out;
}

TEST(Deflate, GivesBackWhatItWasGivenOverMemoryThatComesAndGoes) {
  Deflater deflater;
  Inflater inflater;
  for (const std::size_t size : {0, 1, 255, 256, 5000, 3, 100'000, 40'000, 17, 300}) {
    const std::string text = letters(size);
    EXPECT_EQ(decompress(inflater, compress(deflater, text)), text) << size;
    if (size % 2 == 0) deflater.rest();
    inflater.rest();
    EXPECT_TRUE(inflater.is_resting()) << size;
  }
}

TEST(Deflate, HoldsNoCompressorForSmallPieces) {
  Deflater deflater;
  Inflater inflater;
  const std::string octets = compress(deflater, "* 5 EXISTS\r\n");
  EXPECT_TRUE(deflater.is_resting());
  EXPECT_EQ(octets.size(), 12U + 5U);
  EXPECT_EQ(decompress(inflater, octets), "* 5 EXISTS\r\n");
}

TEST(Deflate, KeepsItsMemoryWithinABlock) {
  Deflater deflater;
  Inflater inflater;
  const std::string octets = compress(deflater, letters(5000));
  const std::string begin = decompress(inflater, std::string_view(octets).substr(0, 2000));
  inflater.rest();
  EXPECT_FALSE(inflater.is_resting());
  EXPECT_EQ(begin + decompress(inflater, std::string_view(octets).substr(2000)), letters(5000));
}

TEST(Deflate, RefusesWhatIsNone) {
  Inflater inflater;
  std::string room(100, '\0');
  const auto progress = inflater.next("a1 NOOP\r\n\xff\xff\xff\xff", room);
  ASSERT_FALSE(progress);
  EXPECT_EQ(progress.error().code, Errc::invalid);
}

class DeflateStreamTest : public ::testing::Test {
 protected:
  std::string play(std::unique_ptr<ScriptStream> stream) {
    transcript_ = stream->transcript();
    const SessionFactory make = [this](Peer& peer, Output& output, std::shared_ptr<Waker> waker) {
      return std::make_unique<test::LineSession>(peer, output, std::move(waker), watched_);
    };
    run_to_end(
        serve(std::move(stream), Peer{"c1", {}, {}, "test", {}}, make, settings_, {clock_, log_, buffers_, live_}));
    return transcript_->output;
  }
  // What the server said after "hello" and "ok".
  std::string after_ok(const std::string& output) {
    static constexpr std::string_view kBegin = "hello\r\nok\r\n";
    EXPECT_TRUE(output.starts_with(kBegin));
    return decompress(inflater_, std::string_view(output).substr(kBegin.size()));
  }
  std::string sent(std::string_view text) { return compress(deflater_, text); }

  ManualClock clock_;
  MemorySink sink_;
  Log log_{sink_, clock_};
  BufferPool buffers_;
  LiveConnections live_;
  ServeSettings settings_;
  test::Watched watched_;
  Deflater deflater_;
  Inflater inflater_;
  std::shared_ptr<const ScriptStream::Transcript> transcript_;
};

TEST_F(DeflateStreamTest, CompressesBothDirectionsHoweverTheInputIsCut) {
  for (std::size_t chunk = 1; chunk <= 9; ++chunk) {
    deflater_.rest();
    auto stream = std::make_unique<ScriptStream>(clock_, chunk);
    stream->send("COMPRESS\r\n" + sent("one\r\ntwo\r\n") + sent("BIG 100000\r\n") + sent("QUIT\r\n"));
    Inflater fresh;
    const std::string output = play(std::move(stream));
    const std::string text = decompress(fresh, std::string_view(output).substr(11));
    EXPECT_TRUE(text.starts_with("= one\r\n= two\r\n")) << chunk;
    EXPECT_TRUE(text.ends_with("bye\r\n")) << chunk;
    EXPECT_GT(text.size(), 100'000U);
    EXPECT_LT(output.size(), 20'000U);
  }
}

TEST_F(DeflateStreamTest, GoesOnAfterItsMemoryWasGivenBack) {
  auto stream = std::make_unique<ScriptStream>(clock_);
  stream->send("COMPRESS\r\n" + sent("BIG 50000\r\n")).silence(30s).send(sent("one\r\n")).silence(30s);
  stream->wake_session().silence(10s).send(sent("QUIT\r\n"));
  const std::string text = after_ok(play(std::move(stream)));
  EXPECT_TRUE(text.ends_with("= one\r\nnews\r\nbye\r\n"));
}

TEST_F(DeflateStreamTest, TellsNewsWhileThePeerIsWithinABlock) {
  auto stream = std::make_unique<ScriptStream>(clock_);
  const std::string octets = sent("a line that is long enough for a block" + letters(500) + "\r\nQUIT\r\n");
  stream->send("COMPRESS\r\n" + octets.substr(0, 40)).wake_session().silence(10s).send(octets.substr(40));
  const std::string text = after_ok(play(std::move(stream)));
  EXPECT_TRUE(text.starts_with("news\r\n= a line")) << text.substr(0, 60);
  EXPECT_TRUE(text.ends_with("bye\r\n"));
}

TEST_F(DeflateStreamTest, ClosesWhenTheOctetsAreNoDeflate) {
  auto stream = std::make_unique<ScriptStream>(clock_);
  stream->send("COMPRESS\r\none\r\n\xff\xff\xff\xff\xff\r\n").stay_silent();
  play(std::move(stream));
  EXPECT_TRUE(transcript_->closed);
}

// Sixteen million spaces in a few kilobytes come to the session as it takes them, and it says that the line is too
// long.
TEST_F(DeflateStreamTest, HoldsNoMoreOfABombThanTheSessionTakes) {
  auto stream = std::make_unique<ScriptStream>(clock_);
  const std::string bomb = sent(std::string(16 << 20, ' '));
  EXPECT_LT(bomb.size(), 20'000U);
  stream->send("COMPRESS\r\n" + bomb).stay_silent();
  const std::string text = after_ok(play(std::move(stream)));
  EXPECT_TRUE(text.ends_with("too long\r\n"));
  EXPECT_LE(watched_.largest_input, 256U << 10);
}

}  // namespace
}  // namespace gatepost::runtime
