#include "gate/probe/talk.hpp"

#include <openssl/ssl.h>

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.hpp"

namespace gatepost::gate::probe {

bool overwritten(std::string_view capability) {
  return capability.size() >= 6 &&
         std::ranges::all_of(capability.substr(0, 6), [](char c) { return c == 'X' || c == 'x'; });
}

bool has(const std::vector<std::string>& words, std::string_view word) {
  return std::ranges::any_of(words, [&](const std::string& known) { return ascii::iequals(known, word); });
}

void Talk::add_broken(Stage stage, const Error& error) {
  switch (error.code) {
    case Errc::timed_out:
      return add(stage, Outcome::unknown, "no answer in time",
                 "the server may be slowing the tester down: try again later");
    case Errc::closed:
      return add(stage, Outcome::fail, fmt::format("the connection ended: {}", error.detail),
                 "look into the server's log: it may limit or ban this address");
    case Errc::invalid:
      return add(stage, Outcome::fail, error.detail, fmt::format("something else than {} listens there", service.name));
    default:
      return add(stage, Outcome::unknown, error.detail);
  }
}

bool Talk::start_tls() {
  TlsOffer offer;
  offer.server_name = settings.server_name;
  offer.authorities = settings.authorities;
  if (service.protocol == Protocol::http) offer.alpn = {"http/1.1"};
  connection->set_deadline(std::chrono::steady_clock::now() + settings.answer_timeout);
  const TlsSeen seen = connection->start_tls(offer);
  if (!seen.done) {
    if (seen.plain_text) {
      add(Stage::handshake, Outcome::fail, "it answers in plain text where TLS should begin",
          "this port begins without TLS, or something else listens there");
    } else {
      add(Stage::handshake, Outcome::fail, seen.failure, "look into the server's log for this handshake");
    }
    return false;
  }
  const std::string facts =
      fmt::format("{} {}{}", seen.version, seen.cipher, seen.alpn.empty() ? "" : " " + printable(seen.alpn, 20));
  if (seen.version == "TLSv1.3" || seen.version == "TLSv1.2") {
    add(Stage::handshake, Outcome::ok, facts);
  } else {
    add(Stage::handshake, Outcome::fail, facts + ": nothing newer is spoken",
        "let the server speak TLS 1.2 and 1.3");  // RFC 8996
  }
  judge_certificate(seen, {settings.server_name, settings.leaf_on_disk}, clock.now(), report);
  watch.lap();
  return true;
}

void Talk::try_old_tls(bool (*prepare)(Talk&)) {
  if (!settings.old_tls_test) return;
  PortReport ignored;
  Talk other{service, address, settings, clock, ignored, nullptr, {}};
  const Connected connected = Connection::open(endpoint(), settings.source, settings.connect_timeout, other.connection);
  if (connected.how != Connected::How::open || (prepare != nullptr && !prepare(other))) {
    return add(Stage::tls_versions, Outcome::unknown, "a second connection was not served",
               "the server may limit the tester");
  }
  TlsOffer offer;
  offer.server_name = settings.server_name;
  offer.maximum = TLS1_1_VERSION;
  other.connection->set_deadline(std::chrono::steady_clock::now() + settings.answer_timeout);
  const TlsSeen seen = other.connection->start_tls(offer);
  if (!seen.done) return add(Stage::tls_versions, Outcome::ok, "TLS 1.0 and 1.1 are refused");
  add(Stage::tls_versions, Outcome::warn, fmt::format("{} is still accepted", seen.version),
      "switch TLS 1.0 and 1.1 off (RFC 8996); devices that know nothing else need another port");
}

}  // namespace gatepost::gate::probe
