// Whatever a client sends to a whole server, by either version: answers, no crash, no handler left behind, and an end.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/server/test_support.hpp"

namespace {

using namespace gatepost;
using http::server::World;

World& world() {
  static World one;
  one.clock.advance(std::chrono::hours(1));  // no ban outlives an input
  return one;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  std::string input(reinterpret_cast<const char*>(data) + 2, size - 2);
  const bool h2 = (data[0] & 1) != 0;
  if (h2 && (data[0] & 2) != 0) input.insert(0, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  World& w = world();
  auto stream = std::make_unique<runtime::ScriptStream>(w.clock, 1 + data[1]);
  stream->send(std::move(input));
  if ((data[0] & 4) != 0) stream->silence(std::chrono::seconds(400));
  const auto transcript = stream->transcript();
  const runtime::SessionFactory make = [&](runtime::Peer& p, runtime::Output& o,
                                           std::shared_ptr<runtime::Waker> waker) {
    p.tls.emplace();
    p.tls->alpn = h2 ? "h2" : "";
    return w.server->session(p, o, std::move(waker));
  };
  runtime::Peer peer;
  peer.connection_id = "c1";
  peer.remote = {*IpAddress::parse("192.0.2.7"), 40000};
  runtime::BufferPool buffers;
  runtime::LiveConnections live;
  const runtime::ServeSettings settings;
  runtime::run_to_end(
      runtime::serve(std::move(stream), std::move(peer), make, settings, {w.clock, w.log, buffers, live}));
  GP_ASSERT(transcript->closed);
  GP_ASSERT(w.waiting == 0);
  return 0;
}
