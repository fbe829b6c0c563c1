#include "http/protocol/h2_connection.hpp"

#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace gatepost::http {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr SteadyPoint kStart{};

std::string h2_frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload) {
  std::string out;
  for (int shift = 16; shift >= 0; shift -= 8) out += static_cast<char>(payload.size() >> shift);
  out += static_cast<char>(type);
  out += static_cast<char>(flags);
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(stream >> shift);
  out += payload;
  return out;
}
constexpr std::uint8_t kData = 0, kHeaders = 1, kPriority = 2, kReset = 3, kSettings = 4, kGoaway = 7,
                       kContinuation = 9;
constexpr std::uint8_t kEndStream = 1, kEndHeaders = 4;

// RFC 7541 6.2.2: literal without indexing, new name, no Huffman.
std::string block(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string out;
  for (const auto& [name, value] : fields) {
    out += '\0';
    out += static_cast<char>(name.size());
    out += name;
    out += static_cast<char>(value.size());
    out += value;
  }
  return out;
}
const std::vector<std::pair<std::string, std::string>> kGet = {
    {":method", "GET"}, {":scheme", "https"}, {":path", "/a"}, {":authority", "x.example"}};

std::string headers(std::uint32_t id, std::vector<std::pair<std::string, std::string>> fields, bool ends = true) {
  return h2_frame(kHeaders, static_cast<std::uint8_t>(kEndHeaders | (ends ? kEndStream : 0)), id, block(fields));
}

struct Peer final : H2Connection::Events {
  explicit Peer(H2Connection::Limits limits = {}) : connection(limits, *this) {
    connection.receive(std::string(kPreface) + h2_frame(kSettings, 0, 0, ""), kStart);
    frames();
  }
  void request(StreamId id, RequestHead head) override { requests[id] = std::move(head); }
  void refused(StreamId, int status) override { refusals.push_back(status); }
  void content(StreamId id, std::string_view octets) override { contents[id] += octets; }
  void content_ended(StreamId id) override { ended.push_back(id); }
  void closed(StreamId id) override { gone.push_back(id); }

  // Type and stream of each frame that was written, and the last frame's payload.
  std::vector<std::pair<int, std::uint32_t>> frames() {
    std::string out;
    connection.write(out, 1 << 20);
    std::vector<std::pair<int, std::uint32_t>> all;
    for (std::size_t at = 0; at + 9 <= out.size();) {
      const auto octet = [&](std::size_t i) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(out[at + i]));
      };
      const std::size_t size = octet(0) << 16 | octet(1) << 8 | octet(2);
      all.emplace_back(octet(3), octet(5) << 24 | octet(6) << 16 | octet(7) << 8 | octet(8));
      payload = out.substr(at + 9, size);
      at += 9 + size;
    }
    return all;
  }

  std::map<StreamId, RequestHead> requests;
  std::map<StreamId, std::string> contents;
  std::vector<StreamId> ended, gone;
  std::vector<int> refusals;
  std::string payload;
  H2Connection connection;
};
using Frames = std::vector<std::pair<int, std::uint32_t>>;

TEST(H2Connection, HearsRequestsAndAnswersThem) {
  Peer peer;
  peer.connection.receive(headers(1, kGet), kStart);
  ASSERT_EQ(peer.requests.size(), 1u);
  EXPECT_EQ(peer.requests[1].target, "/a");
  EXPECT_EQ(peer.requests[1].authority, "x.example");
  EXPECT_EQ(peer.ended, std::vector<StreamId>{1});
  peer.connection.respond(1, {200, {}}, false);
  peer.connection.append(1, "hello");
  peer.connection.finish(1);
  EXPECT_EQ(peer.frames(), (Frames{{kHeaders, 1}, {kData, 1}}));
  EXPECT_EQ(peer.payload, "hello");
  EXPECT_EQ(peer.gone, std::vector<StreamId>{1});
}

TEST(H2Connection, EndsStreamsThatBreakTheRulesOfMessages) {
  const auto with = [](std::vector<std::pair<std::string, std::string>> more, bool first = false) {
    auto all = kGet;
    all.insert(first ? all.begin() : all.end(), more.begin(), more.end());
    return all;
  };
  const std::vector<std::vector<std::pair<std::string, std::string>>> bad = {
      with({{"connection", "close"}}),
      with({{"transfer-encoding", "chunked"}}),
      with({{"te", "gzip"}}),
      with({{"Upper", "x"}}),
      with({{"x", "y"}}, true),  // a pseudo field behind an ordinary one
      with({{":path", "/b"}}),   // twice
      with({{":unknown", "x"}}),
      with({{"x", "a\nb"}}),
      {{":method", "GET"}, {":scheme", "https"}, {":authority", "x"}},
      with({{"content-length", "5"}}),  // and none came
  };
  for (std::size_t i = 0; i < bad.size(); ++i) {
    Peer peer;
    peer.connection.receive(headers(1, bad[i]), kStart);
    EXPECT_TRUE(peer.requests.empty()) << i;
    EXPECT_EQ(peer.frames().front().first, kReset) << i;
  }
}

TEST(H2Connection, RefusesContradictionsAndLargeHeaders) {
  Peer peer({.header_octets = 400, .fields = 10});
  auto fields = kGet;
  fields.emplace_back("host", "other.example");
  peer.connection.receive(headers(1, fields), kStart);
  auto large = kGet;
  large.emplace_back("x", std::string(120, 'a'));
  large.emplace_back("y", std::string(120, 'a'));
  peer.connection.receive(headers(3, large), kStart);
  EXPECT_EQ(peer.refusals, (std::vector<int>{400, 431}));
  EXPECT_TRUE(peer.requests.empty());
  for (int i = 0; i < 20; ++i) large.emplace_back("z", std::string(120, 'a'));
  peer.connection.receive(headers(5, large), kStart);
  EXPECT_EQ(peer.frames().back().first, kGoaway);
  EXPECT_TRUE(peer.connection.ended());
}

TEST(H2Connection, StopsAPeerThatOpensAndResetsForever) {
  Peer peer;
  std::uint32_t id = 1;
  for (; id < 4000 && !peer.connection.ended(); id += 2) {
    peer.connection.receive(headers(id, kGet) + h2_frame(kReset, 0, id, std::string("\0\0\0\x08", 4)), kStart);
    peer.frames();
  }
  EXPECT_TRUE(peer.connection.ended());
  EXPECT_LT(id, 600u);
  // In a person's pace it may go on for ever.
  Peer calm;
  SteadyPoint now = kStart;
  for (id = 1; id < 1600; id += 2) {  // nghttp2 has a slower count of its own
    now += std::chrono::milliseconds(100);
    calm.connection.receive(headers(id, kGet) + h2_frame(kReset, 0, id, std::string("\0\0\0\x08", 4)), now);
    calm.frames();
  }
  EXPECT_FALSE(calm.connection.ended());
}

TEST(H2Connection, StopsAPeerThatNeverEndsItsHeader) {
  Peer peer;
  peer.connection.receive(h2_frame(kHeaders, kEndStream, 1, block(kGet)), kStart);
  EXPECT_TRUE(peer.connection.in_the_middle());
  std::size_t sent = 0;
  while (!peer.connection.ended() && sent < 10'000) {
    peer.connection.receive(h2_frame(kContinuation, 0, 1, block({{"a", "b"}})), kStart);
    peer.frames();
    ++sent;
  }
  EXPECT_TRUE(peer.connection.ended());
  EXPECT_LT(sent, 4000u);
}

TEST(H2Connection, GivesRoomOnlyForWhatWasConsumed) {
  Peer peer;
  peer.connection.receive(headers(1, kGet, false), kStart);
  const std::string piece = h2_frame(kData, 0, 1, std::string(16000, 'x'));
  for (int i = 0; i < 4; ++i) peer.connection.receive(piece, kStart);
  EXPECT_EQ(peer.contents[1].size(), 64000u);
  EXPECT_TRUE(peer.frames().empty());
  peer.connection.consume(1, 64000);
  EXPECT_FALSE(peer.frames().empty());  // WINDOW_UPDATE
}

TEST(H2Connection, SaysGoodbyeAndLetsStreamsEnd) {
  Peer peer;
  peer.connection.receive(headers(1, kGet), kStart);
  peer.connection.shut_down();
  EXPECT_EQ(peer.frames(), (Frames{{kGoaway, 0}}));
  EXPECT_FALSE(peer.connection.ended());
  peer.connection.respond(1, {204, {}}, true);
  peer.frames();
  EXPECT_TRUE(peer.connection.ended());
}

TEST(H2Connection, EndsForAPriorityOfTheConnection) {
  Peer peer;
  peer.connection.receive(h2_frame(kPriority, 0, 1, std::string(5, '\0')), kStart);
  EXPECT_TRUE(peer.frames().empty());
  peer.connection.receive(h2_frame(kPriority, 0, 0, std::string(5, '\0')), kStart);
  ASSERT_FALSE(peer.frames().empty());
  EXPECT_TRUE(peer.connection.ended());
}

TEST(H2Connection, EndsWhatIsNoHttp2) {
  struct Nobody final : H2Connection::Events {
    void request(StreamId, RequestHead) override {}
    void refused(StreamId, int) override {}
    void content(StreamId, std::string_view) override {}
    void content_ended(StreamId) override {}
    void closed(StreamId) override {}
  } nobody;
  H2Connection connection({}, nobody);
  connection.receive("GET / HTTP/1.1\r\nHost: x\r\n\r\n", kStart);
  EXPECT_TRUE(connection.ended());
}

}  // namespace
}  // namespace gatepost::http
