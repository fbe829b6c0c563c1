#include <cstddef>
#include <cstdint>
#include <string_view>

#include "imap/server/test_support.hpp"

namespace {

using gatepost::imap::server::last_line;
using gatepost::imap::server::Talk;
using gatepost::imap::server::World;

constexpr std::string_view kFirst = "From: A <a@example.org>\r\nSubject: one\r\n\r\nHello\r\n";
constexpr std::string_view kSecond =
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\nContent-Type: text/html\r\n"
    "Content-Transfer-Encoding: base64\r\n\r\nPGI+eDwvYj4=\r\n--b--\r\n";

// One server for all inputs, with the same account each time.
World& world() {
  static World one;
  static unsigned runs = 0;
  (void)one.accounts->remove(static_cast<gatepost::account::AccountId>(one.id()));
  if (++runs % 50 == 0) {
    one.clock.advance(std::chrono::hours(24));  // no ban outlives an input
    (void)one.store.collect({});
  }
  one.deliver(kFirst);
  one.deliver(kSecond, "INBOX", gatepost::account::flag::kSeen);
  one.deliver(kFirst, "Sent");
  return one;
}

// `how`: bit 0 signed in, bit 1 with a mailbox, bit 2 as a client of IMAP4rev2 and QRESYNC.
std::string talk(World& one, std::string_view input, unsigned how, std::size_t chunk) {
  Talk watcher(one);
  watcher.enter();
  watcher.line("w SELECT INBOX");
  Talk session(one, (how & 1) != 0, chunk);
  if ((how & 1) != 0) {
    session.enter();
    if ((how & 4) != 0) session.line("e ENABLE IMAP4rev2 QRESYNC");
    if ((how & 2) != 0) session.line("s SELECT INBOX");
  }
  std::string answer = session.say(input);
  answer += session.wake();
  // Another session of the same account sees what was done, and goes on.
  const std::string seen = watcher.line("x UID STORE 1:* FLAGS.SILENT ()");
  GP_ASSERT(watcher.closed || last_line(seen) == "x OK STORE completed");
  return answer;
}

}  // namespace

// Whatever a client sends: answers, the same however it is cut, and a session that always takes its input.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const unsigned how = data[0];
  // Both in the same hour of the same world.
  World& first = world();
  const auto now = first.clock.now();
  const std::string whole = talk(first, input, how, 0);
  World& second = world();
  // SCRAM has its nonces, URLs are signed with a key of chance, what came before a handshake is discarded, and previews
  // made once are kept.
  const bool repeatable = second.clock.now() == now && whole.find("+ ") == std::string::npos &&
                          whole.find("PREVIEW NIL") == std::string::npos &&
                          whole.find("* GENURLAUTH") == std::string::npos &&
                          whole.find("Begin TLS now") == std::string::npos;
  const std::string cut = talk(second, input, how, 1 + how / 8);
  if (repeatable) GP_ASSERT(cut == whole);
  return 0;
}
