// Whatever comes behind the preface: no crash, bounded streams and memory, and every request told of is told to be gone
// at most once.
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "http/protocol/h2_connection.hpp"

namespace {

using namespace gatepost::http;

struct Peer final : H2Connection::Events {
  explicit Peer(std::uint8_t how) : way(how), connection({.header_octets = 2000, .fields = 20, .streams = 10}, *this) {}
  void answer(StreamId id) {
    if ((way & 1) != 0) {
      connection.respond(id, {200, {}}, (way & 2) != 0);
      if ((way & 2) == 0) connection.append(id, "content");
      if ((way & 4) != 0) connection.finish(id);
    } else if ((way & 2) != 0) {
      connection.reset(id, H2Error::cancel);
    }
  }
  void request(StreamId id, RequestHead head) override {
    GP_ASSERT(open.insert(id).second && open.size() <= 11);
    GP_ASSERT(!head.method.empty());
    answer(id);
  }
  void refused(StreamId id, int) override {
    GP_ASSERT(open.insert(id).second);
    connection.respond(id, {400, {}}, true);
  }
  void content(StreamId id, std::string_view octets) override {
    GP_ASSERT(open.contains(id));
    if ((way & 8) != 0) connection.consume(id, octets.size());
  }
  void content_ended(StreamId id) override { GP_ASSERT(open.contains(id)); }
  void closed(StreamId id) override { GP_ASSERT(open.erase(id) == 1); }

  std::uint8_t way;
  std::set<StreamId> open;
  H2Connection connection;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
  Peer peer(data[0]);
  const std::size_t chunk = 1 + data[1];
  std::string out;
  peer.connection.receive("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {});
  while (!input.empty() && !peer.connection.ended()) {
    peer.connection.receive(input.substr(0, chunk), {});
    input.remove_prefix(std::min(chunk, input.size()));
    out.clear();
    peer.connection.write(out, 1 << 16);
  }
  return 0;
}
