// What an administrator can ask the keeper of the certificates.
#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "acme/jws.hpp"
#include "acme/ordering.hpp"
#include "base/bytes.hpp"
#include "base/date.hpp"
#include "base/digest.hpp"
#include "base/utf8.hpp"
#include "daemon/certificate_keeper.hpp"
#include "daemon/json_values.hpp"
#include "daemon/texts.hpp"

namespace gatepost::daemon {
namespace {

namespace json = boost::json;
using admin::Reply;
using certificates::Facts;
using certificates::Held;
using certificates::State;
using runtime::TlsCertificateFacts;

constexpr std::chrono::milliseconds kHookWait{20'000};
constexpr std::size_t kMaxDetail = 1000;

std::int64_t days_left(TimePoint now, TimePoint end) {
  return std::chrono::floor<std::chrono::days>(end - now).count();
}

std::string day(TimePoint at) { return at == TimePoint{} ? "-" : date::format_rfc3339(at).substr(0, 16) + "Z"; }

json::array sanitized(const std::vector<std::string>& texts) {
  json::array out;
  for (const auto& text : texts) out.emplace_back(json::string(utf8::sanitize(text)));
  return out;
}

// Which of the served ones a client gets that asks for `host`.
const TlsCertificateFacts* shown_for(const std::vector<TlsCertificateFacts>& served, const std::string& host) {
  for (const TlsCertificateFacts& one : served) {
    const bool stands = std::ranges::any_of(one.names, [&](const std::string& name) {
      const std::size_t dot = host.find('.');
      return name == host || (name.starts_with("*.") && dot != std::string::npos && host.substr(dot) == name.substr(1));
    });
    if (stands) return &one;
  }
  return served.empty() ? nullptr : &served.front();
}

// What lies at the path a certificate is called by: the configuration's file, or the store's.
bool equals_stored(const TlsCertificateFacts& served) {
  const std::filesystem::path file(served.label);
  const auto text = certificates::Folder(file.parent_path()).read(file.filename().string());
  const auto chain = text ? certificates::read_chain(*text) : Result<std::vector<Facts>>(fail(Errc::not_found));
  return chain && certificates::fingerprint(chain->front()) == served.fingerprint;
}

std::string hex(const Sha256Value& value) {
  return to_hex({reinterpret_cast<const char*>(value.data()), value.size()});
}

json::object served_json(const TlsCertificateFacts& one, TimePoint now) {
  return {{"names", sanitized(one.names)},
          {"subject", utf8::sanitize(one.subject)},
          {"issuer", utf8::sanitize(one.issuer)},
          {"chain", sanitized(one.chain)},
          {"serial", one.serial},
          {"fingerprint", one.fingerprint},
          {"stored", one.label},
          {"equals_stored", equals_stored(one)},
          {"not_before", time_value(one.not_before)},
          {"not_after", time_value(one.not_after)},
          {"days_left", days_left(now, one.not_after)}};
}

Reply refused(const acme::Failure& failure, std::string_view what) {
  Reply reply;
  reply.exit_code = 1;
  reply.text = utf8::sanitize(fmt::format("{}: {}.\nWhat to do: {}.\n", what, failure.cause, failure.remedy));
  reply.json = json::serialize(json::object{{"error", utf8::sanitize(failure.cause)},
                                            {"remedy", utf8::sanitize(failure.remedy)},
                                            {"what", utf8::sanitize(what)}});
  return reply;
}

Reply not_called(const std::string& name) {
  return admin::failure({Errc::not_found, name.empty() ? "name a certificate: gatepost certificate list"
                                                       : "no certificate is called so: gatepost certificate list"},
                        name.empty() ? "certificate" : name);
}

}  // namespace

Reply CertificateKeeper::command(const admin::Request& request, std::stop_token stop) {
  const std::string_view verb =
      std::string_view(request.verb).substr(std::min(request.verb.find(' ') + 1, request.verb.size()));
  if (verb == "list") return list();
  if (verb == "show") return show(request);
  if (verb == "renew") return renew_now(request, stop);
  if (verb == "rehearse") return rehearse(request, stop);
  if (verb == "tlsa") return tlsa(request);
  if (verb == "mta-sts") return mta_sts(request);
  if (verb == "authority") return authority();
  if (verb == "hook-next") return hook_next(stop);
  if (verb == "hook-done") return hook_done(request);
  return admin::usage("there is no such command about certificates");
}

Reply CertificateKeeper::list() const {
  const auto config = parts_.config();
  const auto served = parts_.served();
  const TimePoint now = parts_.clock.now();
  Reply reply;
  json::array listeners, all, acme;
  reply.text = fmt::format("{:<14} {:<26} {:<9} {:<30} {:>5}  {}\n", "port", "at", "tls", "shows", "days", "as stored");
  for (const auto& [listener, at] : parts_.ports()) {
    if (listener.tls == config::TlsMode::none) continue;
    const auto live = parts_.served_by(listener.service);
    const TlsCertificateFacts* const shown = shown_for(live, config->server.hostname);
    json::object row{
        {"name", listener.name}, {"at", at.to_string()}, {"port", at.port}, {"tls", config::to_string(listener.tls)}};
    if (shown != nullptr) row["certificate"] = served_json(*shown, now);
    listeners.push_back(std::move(row));
    if (shown == nullptr) continue;
    reply.text +=
        fmt::format("{:<14} {:<26} {:<9} {:<30} {:>5}  {}\n", listener.name, at.to_string(),
                    config::to_string(listener.tls), shown->names.empty() ? shown->subject : shown->names.front(),
                    days_left(now, shown->not_after), equals_stored(*shown) ? "yes" : "NO");
  }
  reply.text += "\nCertificates served:\n";
  for (const TlsCertificateFacts& one : served) {
    all.push_back(served_json(one, now));
    reply.text += fmt::format("  {}\n    by {}, until {}\n    {}\n", joined(one.names), one.issuer, day(one.not_after),
                              one.label);
  }
  for (const Certificate& one : config->acme.certificates) {
    if (!config->acme.on()) break;
    const State state = parts_.store.state(one.names.front(), parts_.random);
    const auto held = parts_.store.current(one.names.front());
    const TimePoint next =
        held ? certificates::next_attempt(held->chain.front().not_before, held->chain.front().not_after, state)
             : std::max(now, state.retry_at);
    reply.text += fmt::format("\n{}: {}; next {} {}\n", one.names.front(), held ? "got by ACME" : "not got yet",
                              held ? "renewal" : "attempt", day(next));
    if (!state.cause.empty()) {
      reply.text += fmt::format("  failed {} time(s), last {}: {}.\n  What to do: {}.\n", state.failures,
                                day(state.tried_at), state.cause, state.remedy);
    }
    acme.push_back(json::object{{"name", one.names.front()},
                                {"names", sanitized(one.names)},
                                {"got", held.has_value()},
                                {"next", time_value(next)},
                                {"failures", state.failures},
                                {"cause", utf8::sanitize(state.cause)},
                                {"remedy", utf8::sanitize(state.remedy)}});
  }
  {
    const std::lock_guard lock(mutex_);
    if (probed_.at != TimePoint{}) {
      const auto bad = std::ranges::count_if(probed_.ports, [](const gate::probe::PortReport& port) {
        return port.outcome() == gate::probe::Outcome::fail;
      });
      reply.text +=
          fmt::format("\nThe server looked at its own ports on {}: {} of {} show the new certificate.\n",
                      day(probed_.at), probed_.ports.size() - static_cast<std::size_t>(bad), probed_.ports.size());
    }
  }
  reply.text = utf8::sanitize(reply.text);
  reply.json = json::serialize(
      json::object{{"listeners", std::move(listeners)}, {"certificates", std::move(all)}, {"acme", std::move(acme)}});
  return reply;
}

Reply CertificateKeeper::show(const admin::Request& request) const {
  const auto config = parts_.config();
  const std::string name = request.option("name", config->server.hostname);
  const TimePoint now = parts_.clock.now();
  const auto served = parts_.served();
  const auto shown = std::ranges::find_if(served, [&](const TlsCertificateFacts& one) {
    return std::ranges::find(one.names, name) != one.names.end() || one.label == name;
  });
  const auto wanted = std::ranges::find_if(config->acme.certificates, [&](const Certificate& c) {
    return config->acme.on() && std::ranges::find(c.names, name) != c.names.end();
  });
  if (shown == served.end() && wanted == config->acme.certificates.end()) return not_called(name);
  Reply reply;
  json::object out;
  if (shown != served.end()) {
    out["served"] = served_json(*shown, now);
    reply.text += fmt::format("names        {}\nsubject      {}\nissuer       {}\n", joined(shown->names),
                              shown->subject, shown->issuer);
    for (const std::string& link : shown->chain) reply.text += fmt::format("chain        {}\n", link);
    reply.text += fmt::format(
        "serial       {}\nSHA-256      {}\nvalid        {} to {} ({} days left)\nstored in    {}\nas stored    {}\n",
        shown->serial, shown->fingerprint, day(shown->not_before), day(shown->not_after),
        days_left(now, shown->not_after), shown->label, equals_stored(*shown) ? "yes" : "NO");
  }
  if (wanted != config->acme.certificates.end()) {
    const std::string& called = wanted->names.front();
    const State state = parts_.store.state(called, parts_.random);
    const auto held = parts_.store.current(called);
    const TimePoint next =
        held ? certificates::next_attempt(held->chain.front().not_before, held->chain.front().not_after, state)
             : std::max(now, state.retry_at);
    reply.text += fmt::format("authority    {}\nnext         {} {}\n", config->acme.directory,
                              held ? "renewal" : "attempt", day(next));
    json::object acme{{"directory", config->acme.directory},
                      {"got", held.has_value()},
                      {"next", time_value(next)},
                      {"failures", state.failures},
                      {"retry_at", time_value(state.retry_at)},
                      {"cause", utf8::sanitize(state.cause)},
                      {"remedy", utf8::sanitize(state.remedy)}};
    if (state.suggestion) {
      reply.text += fmt::format("suggested    {} to {} {}\n", day(state.suggestion->start), day(state.suggestion->end),
                                state.suggestion->explanation);
      acme["suggestion"] = json::object{{"start", time_value(state.suggestion->start)},
                                        {"end", time_value(state.suggestion->end)},
                                        {"explanation", utf8::sanitize(state.suggestion->explanation)}};
    }
    if (!state.cause.empty()) {
      reply.text += fmt::format("failed       {} time(s), last {}: {}\nwhat to do   {}\n", state.failures,
                                day(state.tried_at), state.cause, state.remedy);
    }
    out["acme"] = std::move(acme);
  }
  reply.text = utf8::sanitize(reply.text);
  reply.json = json::serialize(out);
  return reply;
}

Reply CertificateKeeper::renew_now(const admin::Request& request, std::stop_token stop) {
  const auto config = parts_.config();
  if (!config->acme.on()) {
    return admin::failure({Errc::unsupported, "nothing is got from an authority: [acme] directory is not set"},
                          "certificate renew");
  }
  const std::string name = request.option("name", config->acme.certificates.front().names.front());
  std::future<acme::Outcome<>> outcome;
  {
    const std::lock_guard lock(mutex_);
    Asked one{name, {}};
    outcome = one.outcome.get_future();
    asked_.push_back(std::move(one));
  }
  wake_.notify_all();
  while (outcome.wait_for(std::chrono::milliseconds(200)) != std::future_status::ready) {
    if (stop.stop_requested()) return refused(acme::told_to_stop().error(), name);
  }
  const acme::Outcome<> done = outcome.get();
  if (!done) return refused(done.error(), name);
  Reply reply;
  const auto held = parts_.store.current(name);
  const TimePoint end = held ? held->chain.front().not_after : TimePoint{};
  reply.text = fmt::format("{} is renewed, good until {}; all ports show it.\n", name, day(end));
  reply.json = json::serialize(
      json::object{{"done", "renewed"},
                   {"name", name},
                   {"not_after", time_value(end)},
                   {"fingerprint", held ? certificates::fingerprint(held->chain.front()) : std::string()}});
  return reply;
}

// Everything but the order itself, which would count against the authority's limits.
Reply CertificateKeeper::rehearse(const admin::Request& request, std::stop_token stop) {
  const auto config = parts_.config();
  if (!config->acme.on()) {
    return admin::failure({Errc::unsupported, "nothing is got from an authority: [acme] directory is not set"},
                          "certificate issue");
  }
  const std::string name = request.option("name", config->acme.certificates.front().names.front());
  const auto wanted =
      std::ranges::find_if(config->acme.certificates, [&](const Certificate& c) { return c.names.front() == name; });
  if (wanted == config->acme.certificates.end()) return not_called(name);
  Reply reply;
  json::array steps;
  const auto step = [&](std::string_view what, const acme::Outcome<>& outcome, std::string_view good) {
    const std::string text = outcome ? std::string(good) : outcome.error().cause;
    reply.text += fmt::format("{:<4} {}: {}\n", outcome ? "ok" : "FAIL", what, text);
    if (!outcome) reply.text += fmt::format("     What to do: {}.\n", outcome.error().remedy);
    steps.push_back(json::object{{"step", what},
                                 {"ok", outcome.has_value()},
                                 {"text", utf8::sanitize(text)},
                                 {"remedy", outcome ? std::string() : utf8::sanitize(outcome.error().remedy)}});
    if (!outcome) reply.exit_code = 1;
    return outcome.has_value();
  };
  auto settings = account_settings(config->acme);
  if (!settings) return refused(settings.error(), name);
  const auto authority = transport(config->acme);
  acme::Client client(*authority, parts_.store.account(config->acme.directory), *std::move(settings), parts_.clock);
  if (step("authority", client.read_directory(stop), "answers, and speaks ACME")) {
    const auto known = client.has_account(stop);
    step("account", known ? acme::Outcome<>() : std::unexpected(known.error()),
         known && *known ? "there is one" : "none yet; one is made with the first order");
  }
  auto solver = make_solver(*config, *wanted,
                            {parts_.challenges, *parts_.validation, hooks_, parts_.clock, parts_.random, parts_.log});
  if (step("challenge", solver ? acme::Outcome<>() : std::unexpected(solver.error()), "can be answered")) {
    std::vector<acme::Proof> proofs;
    for (const std::string& one : wanted->names) {
      const std::string host = one.starts_with("*.") ? one.substr(2) : one;
      const acme::Proof proof{host, parts_.random.hex(16), "rehearsal-" + parts_.random.hex(16)};
      const bool shown =
          step(fmt::format("{} for {}", (*solver)->type(), one), (*solver)->present(proof, stop), "shown");
      if (shown) proofs.push_back(proof);
    }
    if (!proofs.empty()) step("visible", (*solver)->settle(proofs, stop), "what was shown can be seen from here");
    for (const acme::Proof& proof : proofs) (*solver)->remove(proof);
  }
  reply.text += reply.exit_code == 0
                    ? "A certificate should come. Only the authority can tell whether it sees the same.\n"
                    : "No certificate would come.\n";
  reply.text = utf8::sanitize(reply.text);
  reply.json = json::serialize(json::object{{"name", name}, {"ok", reply.exit_code == 0}, {"steps", std::move(steps)}});
  return reply;
}

Reply CertificateKeeper::tlsa(const admin::Request& request) const {
  const auto config = parts_.config();
  const std::string host = request.option("name", config->server.hostname);
  const auto served = parts_.served();
  const TlsCertificateFacts* const shown = shown_for(served, host);
  if (shown == nullptr) return not_called(host);
  const std::filesystem::path file(shown->label);
  const auto text = certificates::Folder(file.parent_path()).read(file.filename().string());
  const auto chain = text ? certificates::read_chain(*text) : Result<std::vector<Facts>>(std::unexpected(text.error()));
  if (!chain) return admin::failure(chain.error(), host);
  std::vector<std::pair<std::string, std::string>> keys{
      {"present", certificates::tlsa_data(chain->front().public_der)}};
  const auto wanted = std::ranges::find_if(config->acme.certificates, [&](const Certificate& c) {
    return config->acme.on() && parts_.store.file(c.names.front()) == file;
  });
  if (wanted != config->acme.certificates.end() && !config->acme.reuse_key) {
    const auto next = certificates::Folder(file.parent_path()).read("next.key");
    const auto key =
        next ? certificates::Key::from_pem(*next) : Result<certificates::Key>(std::unexpected(next.error()));
    if (key) keys.emplace_back("next", certificates::tlsa_data(key->public_der()));
  }
  std::vector<std::uint16_t> ports;
  for (const auto& [listener, at] : parts_.ports()) {
    if (listener.tls != config::TlsMode::none && std::ranges::find(ports, at.port) == ports.end())
      ports.push_back(at.port);
  }
  std::ranges::sort(ports);
  Reply reply;
  json::array records;
  for (const std::uint16_t port : ports) {
    for (const auto& [which, data] : keys) {
      const std::string owner = fmt::format("_{}._tcp.{}.", port, host);
      reply.text += fmt::format("{} IN TLSA {}  ; {} key\n", owner, data, which);
      records.push_back(json::object{{"name", owner}, {"port", port}, {"data", data}, {"key", which}});
    }
  }
  reply.json = json::serialize(records);
  return reply;
}

Reply CertificateKeeper::mta_sts(const admin::Request& request) const {
  const auto config = parts_.config();
  const std::string& host = config->server.hostname;
  const std::string domain = request.option("name");
  if (domain.empty()) return admin::usage("name the mail domain");
  const auto served = parts_.served();
  const TlsCertificateFacts* const shown = shown_for(served, host);
  const bool private_one = shown != nullptr && shown->label == parts_.store.private_file(host).string();
  const bool named = shown != nullptr && shown_for({*shown}, host) != nullptr &&
                     std::ranges::any_of(shown->names, [&](const std::string& name) {
                       const std::size_t dot = host.find('.');
                       return name == host || (name.starts_with("*.") && dot != std::string::npos &&
                                               host.substr(dot) == name.substr(1));
                     });
  const bool keeps = named && !private_one && shown->not_after > parts_.clock.now();
  // RFC 8461 3.2: lines end with CRLF or LF.
  const std::string policy =
      fmt::format("version: STSv1\nmode: {}\nmx: {}\nmax_age: 604800\n", keeps ? "enforce" : "testing", host);
  const std::string id = hex(sha256(policy)).substr(0, 20);
  Reply reply;
  reply.text =
      fmt::format("; https://mta-sts.{0}/.well-known/mta-sts.txt\n{1}\n_mta-sts.{0}. IN TXT \"v=STSv1; id={2};\"\n",
                  domain, policy, id);
  if (!keeps) {
    reply.text += fmt::format("; mode testing, for the certificate shown for {} {}\n", host,
                              private_one ? "is of the private authority" : "does not name it or has ended");
  }
  reply.json = json::serialize(json::object{
      {"domain", domain}, {"policy", policy}, {"txt", fmt::format("v=STSv1; id={};", id)}, {"enforce", keeps}});
  return reply;
}

Reply CertificateKeeper::authority() const {
  const std::filesystem::path file = parts_.store.authority_file();
  const auto text = certificates::Folder(file.parent_path()).read(file.filename().string());
  if (!text)
    return admin::failure({Errc::not_found, "this server has no private authority: [tls] self_signed"}, "authority");
  Reply reply;
  reply.text = *text;
  reply.json = json::serialize(json::object{{"certificate", *text}, {"file", file.string()}});
  return reply;
}

Reply CertificateKeeper::hook_next(std::stop_token stop) {
  const auto job = hooks_.next(kHookWait, stop);
  Reply reply;
  reply.text = job ? fmt::format("{} {} {}\n", job->add ? "add" : "remove", job->record, job->value) : "Nothing.\n";
  reply.json = job ? json::serialize(json::object{{"id", job->id},
                                                  {"action", job->add ? "add" : "remove"},
                                                  {"record", job->record},
                                                  {"value", job->value}})
                   : "{}";
  return reply;
}

Reply CertificateKeeper::hook_done(const admin::Request& request) {
  const std::string text = request.option("id");
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size()) return admin::usage("the id is a number");
  const std::string detail = utf8::sanitize(std::string_view(request.option("detail")).substr(0, kMaxDetail));
  Reply reply;
  const bool known = hooks_.done(id, request.has("ok"), detail);
  reply.text = known ? "Noted.\n" : "Nobody waits for that any more.\n";
  reply.json = json::serialize(json::object{{"known", known}});
  return reply;
}

}  // namespace gatepost::daemon
