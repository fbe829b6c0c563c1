#include "discovery/mail_services.hpp"

#include <algorithm>
#include <tuple>

namespace gatepost::discovery {

void put_in_order(MailServices& services) {
  const auto rank = [](const MailService& s) { return std::tuple(s.kind, s.tls, s.port); };
  std::ranges::sort(services, {}, rank);
  const auto twice = std::ranges::unique(
      services, [](const MailService& a, const MailService& b) { return a.kind == b.kind && a.tls == b.tls; });
  services.erase(twice.begin(), twice.end());
}

const MailService* best(const MailServices& services, Kind kind) {
  const auto found = std::ranges::find(services, kind, &MailService::kind);
  return found != services.end() ? &*found : nullptr;
}

std::string xml_escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&apos;";
        break;
      default:
        if (static_cast<unsigned char>(c) >= 0x20 || c == '\t' || c == '\n') out += c;
    }
  }
  return out;
}

}  // namespace gatepost::discovery
