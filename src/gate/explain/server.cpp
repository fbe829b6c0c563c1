#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "gate/explain/engine.hpp"
#include "gate/explain/shown.hpp"
#include "gate/log/print.hpp"

namespace gatepost::gate::explain {
namespace {

Evidence evidence_of_note(const notes::Note& n) {
  return {n.last, "server", fmt::format("{} {}: {}", n.listener, n.remote.to_string(), shown(notes::sentence(n)))};
}
Evidence evidence_of_note(const notes::LogLine& line) {
  std::string text = line.name;
  for (const auto& [key, value] : line.fields) {
    if (key != "conn") text += fmt::format(" {}={}", shown(key), shown(value.substr(0, 160)));
  }
  return {line.time, "server's log", std::move(text)};
}

bool is_loopback_only(const std::vector<Listening>& sockets) {
  return !sockets.empty() && std::ranges::all_of(sockets, [](const Listening& l) { return l.address.is_loopback(); });
}

}  // namespace

void Engine::look_at_listeners() {
  const PortPolicy* p = policy();
  const bool ours_listens = !f.served.empty();
  std::string bound;
  for (const Listening& l : f.sockets) bound += (bound.empty() ? "" : ", ") + Endpoint{l.address, l.port}.to_string();
  const Evidence sockets{std::nullopt, "sockets of this host",
                         bound.empty() ? fmt::format("nothing listens at {}", f.question.port) : "listening: " + bound};
  if (f.daemon_runs == false && p != nullptr && p->audience != config::Audience::off && f.sockets.empty()) {
    Diagnosis& d = add("server_down", Certainty::certain, Fault::server,
                       fmt::format("Gatepost does not run, so nothing listens at {}.", f.question.port));
    d.evidence.push_back({std::nullopt, "server", "nobody answers at its control socket"});
    if (f.sockets_known) d.evidence.push_back(sockets);
    d.remedies = {"systemctl start gatepost; if it ends again: journalctl -u gatepost -n 50"};
    return;
  }
  if (!f.sockets_known) return;
  const bool foreign = !f.sockets.empty() && !ours_listens && f.daemon_runs.has_value();
  if (foreign) {
    Diagnosis& d = add("other_program", f.daemon_runs == true ? Certainty::certain : Certainty::likely, Fault::product,
                       fmt::format("Another program listens at port {}, not Gatepost.", f.question.port));
    d.evidence.push_back(sockets);
    d.remedies = {
        fmt::format("find it: ss -ltnp 'sport = :{}'; stop it, or give one of the two another port", f.question.port)};
    return;
  }
  if (f.sockets.empty()) {
    const bool off = p != nullptr && p->audience == config::Audience::off;
    const bool missing = p == nullptr;
    Diagnosis& d = add(
        off       ? "service_off"
        : missing ? "no_service"
                  : "not_bound",
        Certainty::certain, off || missing ? Fault::policy : Fault::server,
        off       ? fmt::format("{} is switched off, and nothing listens at {}.", p->service, f.question.port)
        : missing ? fmt::format("No listener of Gatepost has port {}, and nothing else listens there.", f.question.port)
                  : fmt::format("{} is in the configuration, but the running server has not opened it.", where()));
    d.evidence.push_back(sockets);
    if (p != nullptr)
      d.evidence.push_back(
          {std::nullopt, "policy",
           fmt::format("[listener.{}] audience = \"{}\"", p->service, config::to_string(p->audience))});
    if (off)
      d.remedies.push_back(
          fmt::format("[listener.{}] audience = \"trusted\" (or wider), then gatepost reload", p->service));
    if (missing) d.remedies.push_back("ask for the port the client really uses; gatepost gate show has them all");
    if (!off && !missing)
      d.remedies.push_back("gatepost reload; if it stays so: the log has server.bind_failed with the reason");
    return;
  }
  // Somebody of ours listens: at the address and in the family that are asked for?
  const auto covers = [&](const Listening& l) {
    const bool all = l.address == IpAddress{} || l.address == IpAddress::v4(0);
    const bool v4 = l.address.is_v4();
    if (f.question.to) return l.address == *f.question.to || (all && v4 == f.question.to->is_v4());
    if (!f.question.from) return true;
    return f.question.from->is_loopback() || (v4 == f.question.from->is_v4() && !l.address.is_loopback());
  };
  if (std::ranges::any_of(f.sockets, covers)) return;
  const bool loopback = is_loopback_only(f.sockets);
  const bool family = !loopback && !f.question.to && f.question.from &&
                      std::ranges::none_of(
                          f.sockets, [&](const Listening& l) { return l.address.is_v4() == f.question.from->is_v4(); });
  Diagnosis& d = add(
      family && !f.question.from->is_v4() ? "no_ipv6_listener" : "bound_elsewhere", Certainty::certain, Fault::policy,
      family
          ? fmt::format("{} listens for {} alone, and {} comes by {}.", where(),
                        f.question.from->is_v4() ? "IPv6" : "IPv4", who(), f.question.from->is_v4() ? "IPv4" : "IPv6")
      : loopback
          ? fmt::format("{} listens on this host's loopback alone.", where())
          : fmt::format("{} does not listen at {}.", where(), f.question.to ? f.question.to->to_string() : who()));
  d.evidence.push_back(sockets);
  d.remedies = {
      fmt::format("[listener.{}] address = \"*\" (or the addresses that are wanted), then gatepost reload", service())};
}

void Engine::handshake(const notes::Note& n) {
  const std::string_view why = n.detail;
  const auto says = [why](std::string_view words) { return why.find(words) != std::string_view::npos; };
  struct Row {
    bool applies;
    std::string_view cause;
    Fault fault;
    std::string summary, remedy;
  };
  const Row rows[] = {
      {says("plain text"), "tls_on_plain_port", Fault::client,
       fmt::format("{} began TLS at once, but {} begins in plain text and upgrades by STARTTLS.", who(), where()),
       "set the client to STARTTLS for this port, or let it use the port with TLS from the start (465, 993, 995, 636)"},
      {says("not TLS") || says("plain HTTP") || says("http request"), "plain_text_on_tls_port", Fault::client,
       fmt::format("{} spoke plain text where {} expects TLS from the first octet.", who(), where()),
       "set the client to SSL/TLS for this port, or let it use the STARTTLS port (587, 143, 110, 389)"},
      {says("below the configured minimum") || says("does not allow the TLS versions"), "tls_version", Fault::client,
       fmt::format("{} and the server have no version of TLS in common.", who()),
       "update the client; if it cannot be: [tls] min_version = \"1.2\" is the oldest Gatepost speaks"},
      {says("no cipher in common") || says("no common parameters") || says("key exchange group") ||
           says("no signature"),
       "tls_parameters", Fault::client,
       fmt::format("{} and the server found no cipher or key exchange in common.", who()),
       "update the client, or look at [tls] ciphers"},
      {says("does not trust the authority") || says("refused our certificate") || says("certificate has expired") ||
           says("certificate"),
       "client_distrusts_certificate", Fault::server,
       fmt::format("{} does not accept the server's certificate.", who()),
       "see what is wrong with it: gatepost probe; a certificate of a public authority is what clients trust"},
  };
  for (const Row& row : rows) {
    if (!row.applies) continue;
    Diagnosis& d = add(std::string(row.cause), Certainty::certain, row.fault, row.summary);
    d.evidence.push_back(evidence_of_note(n));
    d.remedies.push_back(row.remedy);
    return;
  }
  Diagnosis& d = add("tls_failed", Certainty::likely, Fault::client,
                     fmt::format("TLS between {} and {} did not come about.", who(), where()));
  d.evidence.push_back(evidence_of_note(n));
  d.remedies.push_back("try it from that network: gatepost probe, or openssl s_client -connect HOST:PORT");
}

void Engine::not_admitted(const notes::Note& n) {
  const auto same = std::ranges::find_if(found_, [](const Diagnosis& d) {
    return d.cause == "refused_by_server" || d.cause == "vpn_required" || d.cause == "no_ipv6_network" ||
           d.cause == "exception_expired" || d.cause == "not_in_audience";
  });
  if (same != found_.end()) {
    same->evidence.push_back(evidence_of_note(n));
    return;
  }
  Diagnosis& d = add("refused_by_server", policy_admits() ? Certainty::likely : Certainty::certain, Fault::policy, "");
  own_rule_drops(d);
  if (policy_admits()) {
    d.cause = "was_refused_by_server";
    d.fault = Fault::nobody;
    d.summary =
        fmt::format("The server refused {} at {} then, or it was banned; the policy admits it now.", who(), where());
    d.remedies = {"try again; gatepost ban list, if it is refused still"};
  } else if (d.cause == "not_in_audience") {
    d.cause = "refused_by_server";
  }
  d.evidence.push_back(evidence_of_note(n));
}

void Engine::was_banned(const notes::Note& n) {
  if (has("banned")) return;
  Diagnosis& d = add("banned", Certainty::certain, Fault::policy, fmt::format("{} was banned at that time.", who()));
  d.evidence.push_back(evidence_of_note(n));
  d.remedies = {fmt::format("gatepost ban lift {}", who())};
}

void Engine::limit_reached(const notes::Note& n) {
  using notes::What;
  const bool rate = n.what == What::rate_limit, total = n.what == What::total_limit;
  Diagnosis& d = add(rate    ? "server_rate_limit"
                     : total ? "server_full"
                             : "server_address_limit",
                     Certainty::certain, total ? Fault::server : Fault::policy,
                     rate    ? fmt::format("{} connects more often in a minute than the server lets it.", who())
                     : total ? fmt::format("{} has as many connections as it takes.", where())
                             : fmt::format("{} has as many connections open as one address may have.", who()));
  d.evidence.push_back(evidence_of_note(n));
  if (f.peer->peer)
    d.evidence.push_back(
        {std::nullopt, "server", fmt::format("{} connection(s) of it open now", f.peer->peer->open_now)});
  d.remedies = {rate ? "[limits] connections_per_minute, or that of the listener, when it is to be served; [limits] "
                       "unlimited "
                       "= [\"...\"] for proxies and gateways with many users"
                : total
                    ? "[limits] connections or the listener's max_connections; gatepost gate top shows who has them"
                    : "[limits] connections_per_address; [limits] unlimited = [\"...\"] for a gateway with many users"};
}

void Engine::no_proxy_header(const notes::Note& n) {
  if (has("proxy_header")) return;
  Diagnosis& d = add("proxy_header", Certainty::certain, Fault::client,
                     fmt::format("{} is a trusted proxy, and sent no PROXY header.", who()));
  d.evidence.push_back(evidence_of_note(n));
  d.remedies = {"let the proxy send PROXY protocol v1 or v2, or take it out of [proxy_protocol] trusted"};
}

// How the latest connection that began ended; older ones say less.
void Engine::ended(const notes::Note& n) {
  using notes::What;
  if (n.what == What::handshake) return handshake(n);
  if (n.what == What::timed_out && !has("silent_client")) {
    Diagnosis& d = add("silent_client", Certainty::possible, Fault::client,
                       fmt::format("{} connected to {} and was silent until the server closed.", who(), where()));
    d.evidence.push_back(evidence_of_note(n));
    d.remedies = {
        "a client that waits for the server to speak TLS, or the other way round, does this: compare the encryption "
        "setting with the port"};
  }
  if (n.what != What::failed) return;
  Diagnosis& d =
      add("server_failed", Certainty::certain, Fault::server,
          fmt::format("The connection of {} was ended by a defect of the server, or for lack of memory.", who()));
  d.evidence.push_back(evidence_of_note(n));
  d.remedies = {"the log has connection.failed with the reason"};
}

void Engine::look_at_notes() {
  if (f.banned == true && !has("banned")) {
    Diagnosis& d =
        add("banned", Certainty::certain, Fault::policy, fmt::format("{} is banned: {}.", who(), shown(f.ban_text)));
    d.remedies = {fmt::format("why: gatepost ban explain {}", who()), fmt::format("gatepost ban lift {}", who()),
                  "[bans] never = [\"...\"] for addresses that must never be banned"};
  }
  // The server keeps its own gate, also where the firewall has none.
  const PortPolicy* p = policy();
  if (f.question.from && p != nullptr && !f.served.empty() && !policy_admits() && !f.question.past && f.firewall &&
      (f.firewall->fate == Fate::open || f.firewall->fate == Fate::may) && f.expired.empty() &&
      !has("not_in_audience")) {
    Diagnosis& d = add("refused_by_server", Certainty::certain, Fault::policy, "");
    own_rule_drops(d);
    d.cause = d.cause == "not_in_audience" ? "refused_by_server" : d.cause;
    d.summary += " The firewall lets it through; the server closes the connection without a word.";
  }
  if (!f.peer) return;
  bool audience = false, limited = false, over = false;
  for (const notes::Note& n : f.peer->notes) {  // the newest first
    if (n.last < f.question.at - f.question.window || n.first > f.question.at + std::chrono::minutes(1)) continue;
    if (!service().empty() && n.listener != service()) continue;
    using notes::What;
    switch (n.what) {
      case What::audience:
        if (!std::exchange(audience, true)) not_admitted(n);
        break;
      case What::banned:
        was_banned(n);
        break;
      case What::total_limit:
      case What::address_limit:
      case What::rate_limit:
        if (!std::exchange(limited, true)) limit_reached(n);
        break;
      case What::proxy_header:
        no_proxy_header(n);
        break;
      default:
        if (!std::exchange(over, true)) ended(n);
    }
  }
}

void Engine::look_at_lines() {
  struct Row {
    std::string_view event, cause;
    Fault fault;
    std::string_view summary, remedy;
  };
  static constexpr Row kRows[] = {
      {"sign_in.refused", "banned", Fault::policy, "{} was refused at sign-in: it had tried too many wrong passwords.",
       "gatepost ban list, gatepost ban lift ADDRESS; then set the right password in the client first"},
      {"sign_in.failed", "wrong_password", Fault::client, "{} connects, and gives a wrong name or password.",
       "set the password in the client anew; gatepost account passwd ADDRESS, when it is forgotten"},
      {"sign_in.disabled", "account_disabled", Fault::policy,
       "{} gives the right password of an account that is disabled.", "gatepost account enable ADDRESS"},
      {"sign_in.too_many_sessions", "too_many_sessions", Fault::policy,
       "{} was refused: the account has its maximum of sessions.", "[limits] connections_per_account"},
      {"sign_in.unchecked", "sign_in_unchecked", Fault::server, "The sign-in of {} could not be checked.",
       "look at memory and load: the line says why"},
      {"connection.out_of_descriptors", "out_of_descriptors", Fault::server,
       "The server had no descriptors left and could accept nobody.",
       "raise LimitNOFILE in the unit, or lower limits.connections"},
  };
  for (const notes::LogLine& line : f.lines) {
    if (line.time < f.question.at - f.question.window || line.time > f.question.at + std::chrono::minutes(1)) continue;
    const auto row = std::ranges::find(kRows, line.name, &Row::event);
    if (row != std::end(kRows)) {
      if (has(row->cause)) continue;
      Diagnosis& d =
          add(std::string(row->cause), Certainty::certain, row->fault, fmt::format(fmt::runtime(row->summary), who()));
      d.evidence.push_back(evidence_of_note(line));
      d.remedies.emplace_back(row->remedy);
      continue;
    }
    const bool full =
        line.name == "mail.refused" && (line.field("code") == "disk_full" || line.field("code") == "unavailable");
    if (full && !has("disk_full")) {
      Diagnosis& d = add("disk_full", Certainty::certain, Fault::server,
                         "The server took no mail: its disk is full, or below the reserve (SMTP 452).");
      d.evidence.push_back(evidence_of_note(line));
      d.remedies = {"make room on the disk of [server] data_dir; gatepost status says when mail is taken again"};
    } else if ((line.name == "smtp.recipient_refused" || line.name == "smtp.sender_refused" ||
                (line.name == "mail.refused" && !full)) &&
               !has("mail_refused")) {
      Diagnosis& d = add("mail_refused", Certainty::certain, Fault::client,
                         fmt::format("{} connects, but its mail is refused: {}.", who(),
                                     shown(line.field("reply").empty() ? line.field("detail") : line.field("reply"))));
      d.evidence.push_back(evidence_of_note(line));
      d.remedies = {
          fmt::format("what became of that mail: gatepost explain mail --from \"{}\"", shown(line.field("from"))),
          fmt::format("what it means: gatepost explain {}", line.name)};
    } else if (line.name == "smtp.hung_up" || line.name == "imap.hung_up") {
      if (has("hung_up")) continue;
      Diagnosis& d = add("hung_up", Certainty::likely, Fault::client,
                         fmt::format("The server ended the connection of {}: {}.", who(), shown(line.field("why"))));
      d.evidence.push_back(evidence_of_note(line));
      d.remedies = {"another protocol on that port, or a broken client: look at what it is set to"};
    }
  }
  const bool takes_mail = policy() != nullptr && (policy()->speaks == config::Service::smtp ||
                                                  policy()->speaks == config::Service::submission);
  if (!f.maintenance_until.empty() && !f.question.past && !f.served.empty()) {
    Diagnosis& d = add("maintenance", Certainty::certain, Fault::policy,
                       fmt::format("A maintenance window is open until {}: {} is told to come again later.",
                                   shown(f.maintenance_until), who()));
    d.evidence.push_back({std::nullopt, "server", "gatepost status shows the window"});
    d.remedies = {"wait, or: gatepost maintenance end", "addresses in [networks] admin are served meanwhile"};
  }
  if (f.disk_low == true && takes_mail && !has("disk_full")) {
    Diagnosis& d = add("disk_full", Certainty::certain, Fault::server,
                       "Free space is below the reserve: new mail is refused with 452 until there is room.");
    d.evidence.push_back({std::nullopt, "server", "status: free space is below the reserve"});
    d.remedies = {"make room on the disk of [server] data_dir, or lower [store] disk_reserve_octets"};
  }
}

}  // namespace gatepost::gate::explain
