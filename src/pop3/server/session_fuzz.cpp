#include <cstddef>
#include <cstdint>
#include <string_view>

#include "pop3/server/test_support.hpp"

namespace {

using gatepost::pop3::server::Talk;
using gatepost::pop3::server::World;

// One server for all inputs; what sessions remove is put back.
World& world() {
  static World one;
  one.clock.advance(std::chrono::hours(1));  // no ban outlives an input
  while (one.messages() < 3) one.deliver("Subject: one\r\n\r\n.dot\r\n\r\nbye\r\n");
  return one;
}

std::string talk(std::string_view input, bool signed_in, std::size_t chunk) {
  Talk session(world(), signed_in, chunk);
  if (signed_in) session.enter();
  return session.say(input);
}

}  // namespace

// Whatever a client sends: answers, the same however it is cut, and a session that always takes its input.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const bool signed_in = (data[0] & 1) != 0;
  const std::string whole = talk(input, signed_in, 0);
  const std::string cut = talk(input, signed_in, 1 + data[0] / 2 % 23);
  // Messages have other numbers once some were removed, SCRAM has its nonces, and what came with STLS is dropped.
  auto has = [&whole](std::string_view text) { return whole.find(text) != std::string::npos; };
  const bool repeatable = !has("removed by QUIT") && !has("\r\n+ ") && !has("Begin TLS");
  if (repeatable) GP_ASSERT(cut == whole);
  return 0;
}
