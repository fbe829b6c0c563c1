#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/server/test_support.hpp"

namespace gatepost::http::server {
namespace {

using testing::HasSubstr;
using testing::Not;

using Pairs = std::vector<std::pair<std::string, std::string>>;

std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload) {
  std::string out;
  for (int shift = 16; shift >= 0; shift -= 8) out += static_cast<char>(payload.size() >> shift);
  out += static_cast<char>(type);
  out += static_cast<char>(flags);
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(stream >> shift);
  out += payload;
  return out;
}

// RFC 7541 6.2.2: literal without indexing, new name, no Huffman.
std::string request(std::uint32_t id, const std::string& method, const std::string& path, bool ends = true,
                    const Pairs& more = {}) {
  Pairs fields = {{":method", method}, {":scheme", "https"}, {":path", path}, {":authority", "mail.example.org"}};
  fields.insert(fields.end(), more.begin(), more.end());  // ":protocol" may stand here, too
  std::string block;
  for (const auto& [name, value] : fields) {
    block += '\0';
    block += static_cast<char>(name.size());
    block += name;
    block += static_cast<char>(value.size());
    block += value;
  }
  return frame(1, static_cast<std::uint8_t>(4 | (ends ? 1 : 0)), id, block);
}
std::string data(std::uint32_t id, std::string_view content, bool ends) { return frame(0, ends ? 1 : 0, id, content); }
const std::string kStart = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, "");
const std::string kGoodbye = frame(7, 0, 0, std::string(8, '\0'));  // GOAWAY: the server may close when all is answered

// What came back, by stream: "H" for a header block, the content, "." at the end, "R<code>" for a reset.
struct Answers {
  std::map<std::uint32_t, std::string> streams;
  std::uint32_t goodbye = 99;  // its error code
};
Answers read(const std::string& output) {
  Answers out;
  for (std::size_t at = 0; at + 9 <= output.size();) {
    const auto octet = [&](std::size_t i) {
      return static_cast<std::uint32_t>(static_cast<unsigned char>(output[at + i]));
    };
    const std::size_t size = octet(0) << 16 | octet(1) << 8 | octet(2);
    const std::uint32_t id = octet(5) << 24 | octet(6) << 16 | octet(7) << 8 | octet(8);
    std::string& stream = out.streams[id];
    if (octet(3) == 1) stream += "H";
    if (octet(3) == 0) stream += output.substr(at + 9, size);
    if (octet(3) == 3) stream += "R" + std::to_string(octet(12));
    if (octet(3) == 7) out.goodbye = octet(16);
    if (octet(3) <= 1 && (octet(4) & 1) != 0) stream += ".";
    at += 9 + size;
  }
  return out;
}
Answers ask(World& world, const std::string& frames, std::size_t chunk = 1 << 20) {
  return read(talk(world, kStart + frames + kGoodbye, {.chunk = chunk, .alpn = "h2"}));
}

TEST(H2Session, AnswersManyAtOneTimeHoweverCut) {
  World world;
  const std::string frames = request(1, "GET", "/hello") + request(3, "POST", "/echo", false) +
                             request(5, "HEAD", "/hello") + request(7, "GET", "/nothing") + data(3, "abc", false) +
                             data(3, "def", true);
  for (const std::size_t chunk : {1 << 20, 100, 13}) {
    Answers got = ask(world, frames, chunk);
    EXPECT_EQ(got.streams[1], "Hhello\n.");
    EXPECT_EQ(got.streams[3], "Habcdef.");
    EXPECT_EQ(got.streams[5], "H.");
    EXPECT_EQ(got.streams[7], "H404 Not Found\n.");
  }
}

TEST(H2Session, SendsNoMoreThanThePeerHasRoomFor) {
  World world;
  // 65,535 octets of window, and no more is given.
  const Answers got = read(talk(world, kStart + request(1, "GET", "/large"), {.alpn = "h2", .until = 65'535}));
  const std::string& stream = got.streams.at(1);
  EXPECT_GE(stream.size(), 65'000u);
  EXPECT_LE(stream.size(), 65'536u);
}

TEST(H2Session, OneHandlerWaitsWhileOthersAnswer) {
  World world;
  const std::string output =
      talk(world, kStart + request(1, "GET", "/wait") + request(3, "GET", "/hello"), {.alpn = "h2", .until = 60});
  EXPECT_THAT(output, HasSubstr("hello\n"));
  EXPECT_THAT(output, Not(HasSubstr("waited")));
  EXPECT_EQ(world.waiting, 0);
  EXPECT_EQ(world.told, 1);
}

TEST(H2Session, ResetEndsTheHandler) {
  World world;
  Answers got = ask(
      world, request(1, "GET", "/wait") + frame(3, 0, 1, std::string("\0\0\0\x08", 4)) + request(3, "GET", "/hello"));
  EXPECT_EQ(got.streams[1], "");
  EXPECT_EQ(got.streams[3], "Hhello\n.");
  EXPECT_EQ(world.told, 1);
}

TEST(H2Session, BoundsTheHandlersOfStreamsThatWereReset) {
  World world;
  std::string frames;
  for (std::uint32_t id = 1; id < 100; id += 2) {
    frames += request(id, "GET", "/wait") + frame(3, 0, id, std::string("\0\0\0\x08", 4));
  }
  const std::string output = talk(world, kStart + frames + kGoodbye, {.alpn = "h2"});
  EXPECT_LE(world.told, 10);
  EXPECT_EQ(world.waiting, 0);
}

TEST(H2Session, StopsAPeerThatOpensAndResetsForever) {
  World world;
  std::string frames;
  for (std::uint32_t id = 1; id < 2000; id += 2) {
    frames += request(id, "GET", "/hello") + frame(3, 0, id, std::string("\0\0\0\x08", 4));
  }
  EXPECT_EQ(ask(world, frames).goodbye, 11u);  // ENHANCE_YOUR_CALM
}

TEST(H2Session, CutsOffAnAnswerThatCannotBeCompleted) {
  World world;
  EXPECT_EQ(ask(world, request(1, "GET", "/short")).streams[1], "Honly thisR2");
  EXPECT_EQ(ask(world, request(1, "GET", "/throws")).streams[1], "H500 Internal Server Error\n.");
}

TEST(H2Session, KeepsToTheLimitOfContent) {
  World world;
  Answers got = ask(world, request(1, "POST", "/small", false) + data(1, std::string(11, 'x'), true));
  EXPECT_EQ(got.streams[1], "H413 Content Too Large\n.");
  // An answer before the content has ended: the rest need not be sent.
  got = ask(world, request(1, "POST", "/nothing", false));
  EXPECT_EQ(got.streams[1], "H404 Not Found\n.R0");
}

TEST(H2Session, KnowsWhoSignedIn) {
  World world;
  const std::string basic = world.authorization().substr(15);
  const Answers got =
      ask(world, request(1, "GET", "/who", true, {{"authorization", basic.substr(0, basic.size() - 2)}}) +
                     request(3, "GET", "/who"));
  EXPECT_EQ(got.streams.at(1), "Hanna@example.org\n.");
  EXPECT_EQ(got.streams.at(3), "H401 Unauthorized\n.");
}

TEST(H2Session, GivesAStreamToAnotherProtocol) {
  World world;
  Answers got =
      ask(world, request(1, "CONNECT", "/tunnel", false, {{":protocol", "echo"}}) + data(1, "hello bye", false) +
                     request(3, "CONNECT", "/hello", false, {{":protocol", "echo"}}) + request(5, "GET", "/hello"));
  EXPECT_THAT(got.streams[1], testing::StartsWith("H<hello bye>."));
  EXPECT_THAT(got.streams[3], HasSubstr("501"));
  EXPECT_EQ(got.streams[5], "Hhello\n.");
}

TEST(H2Session, TellsOfFloodsAndOfWhatIsNoHttp2) {
  using runtime::Conduct;
  const auto told = [](const std::string& octets) {
    World world;
    talk(world, octets, {.alpn = "h2"});
    return world.conduct;
  };
  const auto only = [](Conduct what) { return testing::ElementsAre(testing::Pair(what, testing::Not(""))); };
  // CVE-2023-44487
  std::string flood = kStart;
  for (std::uint32_t i = 0; i < 300; ++i) {
    flood += request(2 * i + 1, "GET", "/wait") + frame(3, 0, 2 * i + 1, std::string("\0\0\0\x08", 4));
  }
  EXPECT_THAT(told(flood), only(Conduct::bad_commands));
  EXPECT_THAT(told("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), only(Conduct::bad_request));
  EXPECT_THAT(told(kStart + frame(0, 0, 0, "data of no stream")), only(Conduct::bad_request));
  EXPECT_THAT(told(kStart + request(1, "GET", "/hello") + kGoodbye), testing::IsEmpty());
  // A person who leaves some pages.
  std::string few = kStart;
  for (std::uint32_t i = 0; i < 50; ++i) {
    few += request(2 * i + 1, "GET", "/wait") + frame(3, 0, 2 * i + 1, std::string("\0\0\0\x08", 4));
  }
  EXPECT_THAT(told(few + kGoodbye), testing::IsEmpty());
}

}  // namespace
}  // namespace gatepost::http::server
