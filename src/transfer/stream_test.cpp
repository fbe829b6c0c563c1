#include "transfer/stream.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include <gmock/gmock.h>

#include "transfer/line_ends.hpp"

namespace gatepost::transfer {
namespace {

using testing::SizeIs;

struct Pipe {
  Pipe() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0); }
  ~Pipe() {
    for (const int fd : ends) {
      if (fd >= 0) ::close(fd);
    }
  }
  void close(int end) { ::close(std::exchange(ends[end], -1)); }
  int ends[2] = {-1, -1};
};

Message some_message() {
  Message m;
  m.folder = "Projects/Grün";
  m.flags = account::flag::kSeen;
  m.keywords = {"$Work", "Later"};
  m.received = TimePoint(std::chrono::seconds(-5));
  m.id = "17.4";
  m.pop3_id = "0000001a6553f100";
  return m;
}

TEST(MessageStream, CarriesMessagesWhole) {
  Pipe pipe;
  const std::string large(1'000'000, 'x');
  std::thread writer([&] {
    StreamSink sink(pipe.ends[0], {});
    for (const std::string& text : {std::string("short"), std::string(), large, std::string("after")}) {
      ASSERT_TRUE(sink.begin(some_message()));
      ASSERT_TRUE(sink.write(text));
      ASSERT_TRUE(sink.end());
    }
    ASSERT_TRUE(sink.finish());
  });
  StreamSource source(pipe.ends[1], {});
  std::vector<std::string> texts;
  std::vector<char> piece(777);
  for (;;) {
    const auto message = source.next();
    ASSERT_TRUE(message) << message.error().detail;
    if (!*message) break;
    EXPECT_EQ(**message, some_message());
    texts.emplace_back();
    // One of them is passed over.
    if (texts.size() == 3) continue;
    for (;;) {
      const auto n = source.read(piece);
      ASSERT_TRUE(n);
      if (*n == 0) break;
      texts.back().append(piece.data(), *n);
    }
  }
  writer.join();
  EXPECT_EQ(texts, (std::vector<std::string>{"short", "", "", "after"}));
}

TEST(MessageStream, ThatEndsTooSoonIsAnError) {
  for (const bool whole : {false, true}) {
    Pipe pipe;
    std::thread writer([&] {
      StreamSink sink(pipe.ends[0], {});
      ASSERT_TRUE(sink.begin(some_message()));
      ASSERT_TRUE(sink.write(std::string(70'000, 'x')));
      // A piece without a message pushes the rest out; it may not be read any more.
      if (whole && sink.end()) (void)sink.write(std::string(70'000, 'y'));
      pipe.close(0);
    });
    StreamSource source(pipe.ends[1], {});
    EXPECT_TRUE(source.next());
    EXPECT_FALSE(source.next());
    pipe.close(1);
    writer.join();
  }
}

TEST(MessageStream, EndsWhenNobodyReadsOrWhenTold) {
  Pipe pipe;
  pipe.close(1);
  StreamSink sink(pipe.ends[0], {});
  ASSERT_TRUE(sink.begin(some_message()));
  EXPECT_EQ(sink.write(std::string(100'000, 'x')).error().code, Errc::closed);
  Pipe silent;
  std::stop_source stop;
  stop.request_stop();
  StreamSource source(silent.ends[1], stop.get_token());
  EXPECT_EQ(source.next().error().code, Errc::closed);
}

TEST(MessageStream, RefusesHeadsThatMakeNoSense) {
  EXPECT_EQ(*decode_head(encode_head(some_message())), some_message());
  const std::string head = encode_head(some_message());
  for (std::size_t cut = 0; cut < head.size(); ++cut) EXPECT_FALSE(decode_head(head.substr(0, cut)));
  EXPECT_FALSE(decode_head(head + "x"));
  const auto refused = [](auto change) {
    Message m = some_message();
    change(m);
    return !decode_head(encode_head(m));
  };
  EXPECT_TRUE(refused([](Message& m) { m.folder.clear(); }));
  EXPECT_TRUE(refused([](Message& m) { m.folder = "\xff"; }));
  EXPECT_TRUE(refused([](Message& m) { m.flags = 64; }));
  EXPECT_TRUE(refused([](Message& m) { m.id = "../../x"; }));
  EXPECT_TRUE(refused([](Message& m) { m.id = ".."; }));
  EXPECT_TRUE(refused([](Message& m) { m.keywords.assign(2'000, "k"); }));
  EXPECT_TRUE(refused([](Message& m) { m.keywords = {std::string(300, 'k')}; }));
}

TEST(LineEnds, BecomeWhatIsAskedForHoweverTheyAreCut) {
  const std::string text = "a\nb\r\nc\rd\r\r\n\n\r";
  for (std::size_t chunk = 1; chunk <= text.size(); ++chunk) {
    ToCrlf to_crlf;
    ToLf to_lf;
    std::string crlf, lf;
    for (std::size_t at = 0; at < text.size(); at += chunk) {
      to_crlf.append(std::string_view(text).substr(at, chunk), crlf);
      to_lf.append(std::string_view(text).substr(at, chunk), lf);
    }
    to_lf.flush(lf);
    EXPECT_EQ(crlf, "a\r\nb\r\nc\rd\r\r\n\r\n\r");
    EXPECT_EQ(lf, "a\nb\nc\rd\r\n\n\r");
  }
}

}  // namespace
}  // namespace gatepost::transfer
