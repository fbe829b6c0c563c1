#include <fmt/format.h>

#include "base/ascii.hpp"
#include "gate/log/text.hpp"
#include "gate/probe/talk.hpp"

namespace gatepost::gate::probe {

namespace {

// The authority of RFC 9110 7.2: IPv6 in brackets.
std::string host_of(const Talk& talk) {
  const std::string name = talk.settings.server_name.empty() ? talk.address.to_string() : talk.settings.server_name;
  return name.find(':') == std::string::npos ? name : fmt::format("[{}]", name);
}

Result<HttpHead> get(Talk& talk, std::string_view path) {
  const std::string request = fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: gatepost-probe\r\nAccept: */*\r\nConnection: close\r\n\r\n", path,
      host_of(talk));
  return talk.ask<HttpHead>(request, take_http_head);
}

// On a connection of its own, so that bodies need not be read.
Result<HttpHead> get_anew(Talk& talk, std::string_view path) {
  PortReport ignored;
  Talk own{talk.service, talk.address, talk.settings, talk.clock, ignored, nullptr, {}};
  const Connected connected =
      Connection::open(own.endpoint(), own.settings.source, own.settings.connect_timeout, own.connection);
  if (connected.how != Connected::How::open) return fail(Errc::unavailable, connected.detail);
  if (talk.service.tls == Tls::implicit && !own.start_tls()) return fail(Errc::unavailable, "no TLS");
  return get(own, path);
}

bool status_limits_the_tester(const HttpHead& head) { return head.status == 429 || head.status == 503; }

void judge_plain(Talk& talk, const HttpHead& head) {
  const std::string_view to = head.field("location");
  if (head.status / 100 == 3 && ascii::istarts_with(to, "https://")) {
    return talk.add(Stage::action, Outcome::ok, fmt::format("{} to {}", head.status, printable(to, 80)));
  }
  talk.add(Stage::action, Outcome::warn,
           fmt::format("answers {} over plain HTTP instead of leading to HTTPS", head.status),
           "redirect everything but ACME's challenges to https://");
}

// RFC 6797 6.1.1
void judge_hsts(Talk& talk, const HttpHead& head) {
  constexpr std::uint64_t kHalfAYear = 15'552'000;
  const std::string_view field = head.field("strict-transport-security");
  const std::size_t at = ascii::ifind(field, "max-age=");
  std::uint64_t age = 0;
  if (at != std::string_view::npos) {
    std::string_view digits = field.substr(at + 8);
    if (digits.starts_with('"')) digits.remove_prefix(1);
    digits = digits.substr(0, digits.find_first_not_of("0123456789"));
    age = log::text::number(digits).value_or(0);
  }
  if (age >= kHalfAYear) return talk.add(Stage::action, Outcome::ok, fmt::format("HSTS for {} days", age / 86'400));
  talk.add(Stage::action, Outcome::warn, field.empty() ? "no HSTS" : "HSTS for less than half a year",
           "send Strict-Transport-Security: max-age=31536000");
}

void judge_autodiscover(Talk& talk) {
  const auto head = get_anew(talk, "/autodiscover/autodiscover.xml");
  if (!head) return talk.add(Stage::action, Outcome::unknown, fmt::format("Autodiscover: {}", head.error().detail));
  if (status_limits_the_tester(*head)) {
    return talk.add(Stage::action, Outcome::unknown,
                    fmt::format("Autodiscover: the server limited the tester ({})", head->status));
  }
  if (head->status == 404 || head->status == 410) {
    return talk.add(Stage::action, Outcome::warn, fmt::format("Autodiscover: {}", head->status),
                    "Outlook and phones cannot set themselves up by this host");
  }
  const bool answers = head->status < 500;
  talk.add(Stage::action, answers ? Outcome::ok : Outcome::fail, fmt::format("Autodiscover: {}", head->status),
           answers ? "" : "look into the web server's log");
}

// Pages nobody outside the administrators' network should be given.
void judge_administration(Talk& talk) {
  for (const std::string_view path : {"/ecp/", "/powershell/"}) {
    const auto head = get_anew(talk, path);
    if (!head) {
      talk.add(Stage::action, Outcome::unknown, fmt::format("{}: {}", path, head.error().detail));
      continue;
    }
    const bool hidden = head->status == 403 || head->status == 404;
    talk.add(Stage::action, hidden ? Outcome::ok : Outcome::fail, fmt::format("{} answers {}", path, head->status),
             hidden
                 ? ""
                 : "let the proxy or a Client Access Rule give the administration to the administrators' network only");
  }
}

}  // namespace

void talk_http(Talk& talk) {
  const auto head = get(talk, "/");
  if (!head) return talk.add_broken(Stage::banner, head.error());
  if (status_limits_the_tester(*head)) {
    return talk.add(Stage::banner, Outcome::unknown, fmt::format("the server limited the tester: {}", head->status),
                    "try again later");
  }
  talk.add(Stage::banner, Outcome::ok, fmt::format("HTTP {} {}", head->status, printable(head->field("server"), 60)));
  if (talk.service.tls == Tls::none) return judge_plain(talk, *head);
  judge_hsts(talk, *head);
  talk.try_old_tls(nullptr);
  judge_autodiscover(talk);
  if (talk.settings.exchange) judge_administration(talk);
}

}  // namespace gatepost::gate::probe
