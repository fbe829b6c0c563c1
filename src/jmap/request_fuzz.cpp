#include <gtest/gtest.h>

#include "jmap/test_world.hpp"

// Any octets as a request of somebody who has some mail: an answer that is JSON, and an account that stays whole.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost;
  static jmap::World* world = nullptr;
  static int runs = 0;
  if (world == nullptr || ++runs % 500 == 0) {
    delete world;
    world = new jmap::World;
    world->deliver("From: a@example.org\r\nTo: b@example.org\r\nSubject: one\r\nMessage-ID: <1@x>\r\n\r\ntext\r\n");
    world->deliver(
        "Subject: two\r\nReferences: <1@x>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\n"
        "Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\ny\r\n--b--\r\n",
        "Archive");
  }
  std::string request(reinterpret_cast<const char*>(data), size);
  const std::string account = world->id();
  for (std::size_t at = request.find('@'); at != std::string::npos && at + 1 < request.size() && request[at + 1] == '@';
       at = request.find('@', at + 1)) {
    request.replace(at, 2, account);
  }
  const jmap::Reply reply = world->server.call(world->principal(jmap::kAnna), request);
  GP_ASSERT(jmap::parse(reply.body).has_value());
  return 0;
}
