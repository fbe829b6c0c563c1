#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ascii.hpp"
#include "base/result.hpp"
#include "sasl/mechanism.hpp"

namespace {

using namespace gatepost;
using namespace gatepost::sasl;

class OneUser final : public Credentials {
 public:
  Result<std::optional<ScramVerifier>> scram_verifier(std::string_view name, std::string_view hash) override {
    GP_ASSERT(!name.empty() && name.size() <= kMaxNameOctets);
    if (name != "user") return std::nullopt;
    const std::size_t octets = hash == "SHA-1" ? 20 : 32;
    return ScramVerifier{1, "salt", std::string(octets, 'a'), std::string(octets, 'b'), {std::string(octets, 'c')}};
  }
};

// Replaces a "%" by the nonce of the last challenge, so that inputs get past the check of the nonce.
std::string with_nonce(std::string_view line, std::string_view challenge) {
  std::string out(line);
  const std::size_t at = out.find('%');
  if (at == std::string::npos || !challenge.starts_with("r=")) return out;
  return out.replace(at, 1, challenge.substr(2, challenge.find(',') - 2));
}

}  // namespace

// The first octet chooses the mechanism, the lines are the client's messages, or the server's for our client. Nothing
// that is made up proves anything.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto* const library = new std::unique_ptr<Library>(*Library::create("key"));
  static OneUser user;
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto mechanism = static_cast<Mechanism>(data[0] % 4);
  const Offer offer{.tls = true,
                    .channel_binding = (data[0] & 4) != 0 || mechanism <= Mechanism::scram_sha1_plus ? "binding" : ""};
  const auto server = (*library)->server(to_string(mechanism), offer, user);
  GP_ASSERT(server);
  Step step = (*server)->begin(std::nullopt);
  for (std::string_view line : ascii::split(input, '\n')) {
    const auto* challenge = std::get_if<Challenge>(&step);
    if (challenge == nullptr) break;
    step = (*server)->step(with_nonce(line, challenge->octets));
    GP_ASSERT(!std::holds_alternative<Proven>(step) && !std::holds_alternative<CheckPassword>(step));
  }
  const auto client = (*library)->client({"SCRAM-SHA-1"}, true, "user", Secret("pencil"));
  GP_ASSERT(client);
  const auto first = (*client)->initial();
  GP_ASSERT(first);
  const std::string nonce = (*first)->substr((*first)->find("r="));
  if (input.find(",i=") == std::string_view::npos || input.substr(input.find(",i=")).size() < 7) {
    for (std::string_view line : ascii::split(input, '\n')) {
      if (!(*client)->step(with_nonce(line, nonce))) break;
      GP_ASSERT(!(*client)->complete());
    }
  }
  return 0;
}
