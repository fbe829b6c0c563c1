#include "runtime/connection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/connection_observer.hpp"
#include "runtime/memory_stream.hpp"
#include "runtime/run_to_end.hpp"
#include "runtime/test_certificates.hpp"
#include "runtime/test_session.hpp"

namespace gatepost::runtime {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Ends final : public ConnectionObserver {
 public:
  void refused(std::string_view, const Endpoint&, std::string_view) override {}
  void opened(const Peer& peer) override { opened_by = peer.connection_id; }
  void ended(const Peer&, End how, std::chrono::steady_clock::duration, std::string_view detail) override {
    ends.emplace_back(how, detail);
  }
  std::string opened_by;
  std::vector<std::pair<End, std::string>> ends;
};

class ConnectionTest : public ::testing::Test {
 protected:
  // Plays the script to its end; what the peer saw.
  std::string play(std::unique_ptr<ScriptStream> stream) {
    transcript_ = stream->transcript();
    const SessionFactory make = [this](Peer& peer, Output& output, std::shared_ptr<Waker> waker) {
      return std::make_unique<test::LineSession>(peer, output, std::move(waker), watched_);
    };
    run_to_end(serve(std::move(stream), Peer{"c1", {}, {}, "test", {}}, make, settings_,
                     {clock_, log_, buffers_, live_, &ends_}));
    EXPECT_EQ(live_.size(), 0U);
    EXPECT_TRUE(transcript_->closed);
    return transcript_->output;
  }
  std::unique_ptr<ScriptStream> script(std::size_t chunk = 4096) {
    return std::make_unique<ScriptStream>(clock_, chunk);
  }

  ManualClock clock_;
  MemorySink sink_;
  Log log_{sink_, clock_};
  BufferPool buffers_;
  LiveConnections live_;
  ServeSettings settings_;
  test::Watched watched_;
  Ends ends_;
  std::shared_ptr<const ScriptStream::Transcript> transcript_;
};

TEST_F(ConnectionTest, GivesTheSameRepliesHoweverTheInputIsCut) {
  for (std::size_t chunk = 1; chunk <= 9; ++chunk) {
    auto stream = script(chunk);
    stream->send("one\r\ntwo\r\nDATA\r\nsome text\r\n.\r\nthree\r\nQUIT\r\n");
    EXPECT_EQ(play(std::move(stream)), "hello\r\n= one\r\n= two\r\ngo\r\nsize 11\r\n= three\r\nbye\r\n") << chunk;
  }
}

TEST_F(ConnectionTest, SendsTheRepliesToPipelinedItemsInOneWrite) {
  auto stream = script();
  stream->send("a\r\nb\r\nc\r\nd\r\n");
  EXPECT_EQ(play(std::move(stream)), "hello\r\n= a\r\n= b\r\n= c\r\n= d\r\n");
  EXPECT_EQ(transcript_->writes, 2U);
}

TEST_F(ConnectionTest, DropsWhatWasPipelinedBehindStartTls) {
  const auto tls = test::make_tls_server({test::make_certificate({"mail.example.org"})}, clock_);
  settings_.tls = tls.get();
  TlsFacts facts;
  facts.version = "TLSv1.3";
  auto stream = script();
  stream->send("STARTTLS\r\ninjected\r\n").start_tls(facts).send("after\r\nWHO\r\n");
  EXPECT_EQ(play(std::move(stream)), "hello\r\nok\r\n= after\r\n:: TLSv1.3\r\n");
}

TEST_F(ConnectionTest, ClosesAfterAFailedHandshakeAndSaysWhyInTheLog) {
  const auto tls = test::make_tls_server({test::make_certificate({"mail.example.org"})}, clock_);
  settings_.tls = tls.get();
  auto stream = script();
  stream->send("STARTTLS\r\n").send("never\r\n");
  EXPECT_EQ(play(std::move(stream)), "hello\r\nok\r\n");
  EXPECT_THAT(sink_.lines(), ElementsAre(HasSubstr("tls.failed conn=c1")));
  EXPECT_EQ(watched_.closed, 1);
}

TEST_F(ConnectionTest, ShakesHandsBeforeTheSessionExistsWhenTlsIsImplicit) {
  const auto tls = test::make_tls_server({test::make_certificate({"mail.example.org"})}, clock_);
  settings_.tls = tls.get();
  settings_.implicit_tls = true;
  TlsFacts facts;
  facts.version = "TLSv1.2";
  auto stream = script();
  stream->start_tls(facts).send("QUIT\r\n");
  EXPECT_EQ(play(std::move(stream)), "hello\r\nbye\r\n");
  ASSERT_TRUE(watched_.tls());
  EXPECT_EQ(watched_.tls()->version, "TLSv1.2");
}

TEST_F(ConnectionTest, EndsASilentClientAtTheDeadlineWithTheSessionsWords) {
  auto stream = script();
  stream->send("a\r\n").stay_silent();
  const auto before = clock_.steady();
  EXPECT_EQ(play(std::move(stream)), "hello\r\n= a\r\ntoo slow\r\n");
  EXPECT_EQ(clock_.steady() - before, settings_.deadlines.command);
  EXPECT_TRUE(transcript_->shut_down);
}

TEST_F(ConnectionTest, TellsTheObserverHowItEnded) {
  using End = ConnectionObserver::End;
  {
    auto stream = script();
    stream->send("QUIT\r\n");
    play(std::move(stream));
  }
  {
    auto stream = script();
    stream->send("a\r\n");
    play(std::move(stream));
  }
  {
    auto stream = script();
    stream->stay_silent();
    play(std::move(stream));
  }
  settings_.implicit_tls = true;
  const auto tls = test::make_tls_server({test::make_certificate({"mail.example.org"})}, clock_);
  settings_.tls = tls.get();
  {
    auto stream = script();
    stream->send("EHLO plain\r\n");
    play(std::move(stream));
  }
  settings_.implicit_tls = false;
  {
    auto stream = script();
    stream->send(std::string("\x16\x03\x01\x02\x00\x01\r\n", 8));
    play(std::move(stream));
  }
  ASSERT_EQ(ends_.ends.size(), 5U);
  EXPECT_EQ(ends_.ends[4].first, End::handshake);
  EXPECT_THAT(ends_.ends[4].second, HasSubstr("plain text"));
  EXPECT_EQ(ends_.opened_by, "c1");
  EXPECT_EQ(ends_.ends[0].first, End::session);
  EXPECT_EQ(ends_.ends[1].first, End::peer);
  EXPECT_EQ(ends_.ends[2].first, End::timed_out);
  EXPECT_EQ(ends_.ends[3].first, End::handshake);
  EXPECT_FALSE(ends_.ends[3].second.empty());
}

TEST_F(ConnectionTest, DoesNotLetSingleOctetsExtendTheTimeOfACommand) {
  auto stream = script();
  stream->send("a\r\n");
  for (int i = 0; i < 60; ++i) stream->silence(60s).send("x");
  const auto before = clock_.steady();
  EXPECT_EQ(play(std::move(stream)), "hello\r\n= a\r\ntoo slow\r\n");
  EXPECT_LE(clock_.steady() - before, settings_.deadlines.command);
}

TEST_F(ConnectionTest, LetsASlowButSteadyTransferGoOn) {
  auto stream = script();
  stream->send("DATA\r\n");
  for (int i = 0; i < 100; ++i) stream->silence(100s).send(std::string(20'000, 'x'));
  stream->send("\r\n.\r\nQUIT\r\n");
  EXPECT_THAT(play(std::move(stream)), HasSubstr("size 2000002\r\nbye"));
}

TEST_F(ConnectionTest, EndsATransferThatTrickles) {
  auto stream = script();
  stream->send("DATA\r\n");
  for (int i = 0; i < 1000; ++i) stream->silence(10s).send("xxx");
  const auto before = clock_.steady();
  EXPECT_EQ(play(std::move(stream)), "hello\r\ngo\r\ntoo slow\r\n");
  EXPECT_LE(clock_.steady() - before, 2 * settings_.deadlines.data);
}

TEST_F(ConnectionTest, GoesOnAfterADeadlineWhenTheSessionSaysSo) {
  auto stream = script();
  stream->send("IDLE\r\n").stay_silent();
  const auto before = clock_.steady();
  EXPECT_EQ(play(std::move(stream)), "hello\r\nidling\r\ntoo slow\r\ntoo slow\r\ntoo slow\r\n");
  EXPECT_EQ(clock_.steady() - before, 3 * settings_.deadlines.idle);
}

TEST_F(ConnectionTest, WakesASessionThatWaits) {
  auto stream = script();
  stream->send("IDLE\r\n").silence(5s).wake_session().silence(5s).send("QUIT\r\n");
  EXPECT_EQ(play(std::move(stream)), "hello\r\nidling\r\nnews\r\nbye\r\n");
}

TEST_F(ConnectionTest, AWakerIsHarmlessAfterTheConnectionIsGone) {
  auto stream = script();
  stream->send("QUIT\r\n");
  play(std::move(stream));
  watched_.waker()->wake();
  EXPECT_EQ(watched_.woken, 0);
}

TEST_F(ConnectionTest, AFailingSessionEndsItsConnectionAndIsLogged) {
  auto stream = script();
  stream->send("THROW\r\nafter\r\n");
  EXPECT_EQ(play(std::move(stream)), "hello\r\n");
  EXPECT_THAT(sink_.lines(), ElementsAre(HasSubstr("thrown by the session")));
  EXPECT_EQ(watched_.gone, 1);
}

TEST_F(ConnectionTest, AnswersAllThatAHalfClosedPeerHadSent) {
  auto stream = script();
  stream->send("a\r\nb\r\nc");
  EXPECT_EQ(play(std::move(stream)), "hello\r\n= a\r\n= b\r\n");
  EXPECT_EQ(watched_.closed, 1);
}

TEST_F(ConnectionTest, NeverHoldsMoreThanTheSessionAsksFor) {
  auto stream = script(64 << 10);
  stream->send(std::string(10 << 20, 'x'));
  EXPECT_EQ(play(std::move(stream)), "hello\r\ntoo long\r\n");
  EXPECT_EQ(watched_.largest_input, 128U << 10);
}

TEST_F(ConnectionTest, GivesBackItsBuffersWhileItWaits) {
  auto stream = script();
  stream->send("IDLE\r\n").silence(5s).stay_silent();
  play(std::move(stream));
  EXPECT_EQ(buffers_.idle(), 2U);  // one for input, one for output, used again and again
}

TEST_F(ConnectionTest, SaysFarewellWhenItIsToStop) {
  live_.stop_all(false);
  auto stream = script();
  stream->send("a\r\n").stay_silent();
  EXPECT_EQ(play(std::move(stream)), "hello\r\ngoing down\r\n");
}

TEST_F(ConnectionTest, WritesMuchInPiecesOfBoundedSize) {
  auto stream = script();
  stream->send("BIG 1000000\r\nQUIT\r\n");
  EXPECT_EQ(play(std::move(stream)).size(), 1'000'000U + 2 + 7 + 5);
  EXPECT_GE(transcript_->writes, 30U);
}

}  // namespace
}  // namespace gatepost::runtime
