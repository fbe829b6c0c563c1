#include "discovery/pacc.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/base64.hpp"
#include "base/digest.hpp"

namespace gatepost::discovery {
namespace {

constexpr std::size_t kMaxName = 60;  // of a provider
constexpr std::uint16_t kHttps = 443;

struct Protocol {
  std::string_view name;
  Kind kind;
  std::uint16_t port;
};
constexpr std::array<Protocol, 3> kPaccProtocols{
    {{"imap", Kind::imap, 993}, {"pop3", Kind::pop3, 995}, {"smtp", Kind::submission, 465}}};

}  // namespace

std::string write_pacc(std::string_view domain, std::string_view hostname, const MailServices& services,
                       std::uint16_t https) {
  // Names of domains and hosts have nothing that JSON would escape.
  std::string protocols;
  const auto add = [&](std::string_view name, std::string_view key, const std::string& value) {
    protocols += fmt::format(R"({}"{}":{{"{}":"{}"}})", protocols.empty() ? "" : ",", name, key, value);
  };
  if (https == kHttps) add("jmap", "url", fmt::format("https://{}/.well-known/jmap", hostname));
  for (const Protocol& protocol : kPaccProtocols) {
    const auto found = std::ranges::find_if(services, [&](const MailService& s) {
      return s.kind == protocol.kind && s.tls == Tls::implicit && s.port == protocol.port;
    });
    if (found != services.end()) add(protocol.name, "host", found->host);
  }
  if (protocols.empty()) return {};
  return fmt::format(
      R"({{"protocols":{{{}}},"authentication":{{"password":true}},"info":{{"provider":{{"name":"{}"}}}}}})", protocols,
      domain.substr(0, kMaxName));
}

std::string pacc_digest(std::string_view document) {
  const Sha256Value hash = sha256(document);
  return fmt::format("v=UAAC1; a=sha256; d={}",
                     base64::encode({reinterpret_cast<const char*>(hash.data()), hash.size()}));
}

}  // namespace gatepost::discovery
