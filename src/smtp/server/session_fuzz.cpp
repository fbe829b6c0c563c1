#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "smtp/protocol/reply.hpp"
#include "smtp/server/test_reception.hpp"
#include "smtp/server/test_world.hpp"

// Any octets from a client, against a session over services in memory: it answers in well-formed replies, alike however
// the octets are cut, and passes no CR or LF alone on unless the message is BINARYMIME.
namespace {

using namespace gatepost;
using namespace gatepost::smtp;
using namespace gatepost::smtp::server;

struct Played {
  std::string replies;
  std::string contents;  // of finished messages
  bool closed = false, upgraded = false;
};

bool has_bare_line_end(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) return true;
    if (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n')) return true;
  }
  return false;
}

class Arena {
 public:
  Played play(std::uint8_t how, std::string_view octets, std::size_t chunk) {
    reception_.forget();
    reception_.flush_at = (how & 8) != 0 ? 7 : SIZE_MAX;
    Settings settings{.hostname = "mail.demo.example"};
    settings.max_message_octets = 2000;
    settings.max_recipients = 4;
    settings.messages_per_minute_per_address = settings.messages_per_minute_per_account = 0;
    settings.recipients_per_hour_per_account = 0;
    settings.require_tls = (how & 16) != 0;
    settings.bare_line_ends = (how & 32) != 0 ? BareLineEnds::normalise : BareLineEnds::refuse;
    server_.reload(settings);
    Played out;
    {
      server::test::Client client(server_, (how & 1) != 0 ? Service::submission : Service::smtp, (how & 2) != 0,
                                  (how & 4) == 0);
      out.replies = client.greeting + client.send(octets, chunk);
      out.closed = client.closed;
      out.upgraded = client.upgrades != 0;
      if (!client.closed) {
        client.session->stopping();
        out.replies += client.output.take();
      }
    }
    GP_ASSERT(reception_.alive == 0);
    for (const auto& message : reception_.messages) {
      GP_ASSERT(!message.envelope.recipients.empty() && message.envelope.recipients.size() <= settings.max_recipients);
      const bool binary = message.envelope.body_type == mailflow::BodyType::binary;
      if (message.finished) {
        GP_ASSERT(binary || !has_bare_line_end(message.content));
        out.contents += message.content + "|";
      }
    }
    return out;
  }

 private:
  server::test::DirectoryWorld world_{{.without_tls = true}, {.never_banned = {*Network::parse("192.0.2.0/24")}}};
  server::test::FakeReception reception_;
  Server server_{{reception_, world_.door, world_.workers, world_.clock, null_log(), world_.metrics},
                 {.hostname = "mail.demo.example"}};
};

void check_replies(std::string_view text) {
  ReplyReader reader;
  while (!text.empty()) {
    const auto reply = reader.read(text);
    GP_ASSERT(reply);
    if (!*reply) GP_ASSERT(text.empty());
  }
  GP_ASSERT(!reader.in_reply());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Arena* const arena = new Arena;  // lives to the end, as the fuzzer does
  if (size < 2) return 0;
  const std::uint8_t how = data[0];
  const std::size_t chunk = 1 + data[1] % 19U;
  const std::string_view octets(reinterpret_cast<const char*>(data) + 2, std::min<std::size_t>(size - 2, 20000));
  const Played whole = arena->play(how, octets, 0);
  check_replies(whole.replies);
  // Challenges of SCRAM differ each time; what follows STARTTLS is dropped, as much of it as had come.
  const bool repeatable = !whole.upgraded && whole.replies.find("334 ") == std::string::npos;
  if (!repeatable) return 0;
  const Played cut = arena->play(how, octets, chunk);
  GP_ASSERT(cut.replies == whole.replies);
  GP_ASSERT(cut.contents == whole.contents);
  GP_ASSERT(cut.closed == whole.closed);
  return 0;
}
