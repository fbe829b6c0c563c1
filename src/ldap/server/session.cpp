#include "ldap/server/session.hpp"

#include <utility>

#include "base/ascii.hpp"
#include "ldap/protocol/ber.hpp"
#include "ldap/protocol/dn.hpp"
#include "ldap/protocol/oids.hpp"
#include "ldap/server/events.hpp"
#include "ldap/server/operations.hpp"
#include "ldap/server/result_for.hpp"

namespace gatepost::ldap::server {
namespace {

constexpr std::size_t kStrangersMessage = 64 << 10;  // of who has not signed in

}  // namespace

Shared::Shared(const Services& s)
    : services(s),
      tree(s.door.directory(), EntryMaker(s.identity)),
      sessions(s.metrics.counter("gatepost_ldap_sessions_total", "", "LDAP connections.")),
      searches(s.metrics.counter("gatepost_ldap_searches_total", "", "LDAP searches.")),
      entries(s.metrics.counter("gatepost_ldap_entries_total", "", "Entries sent to LDAP clients.")),
      changes(s.metrics.counter("gatepost_ldap_changes_total", "", "Changes made by LDAP clients.")) {
  watch = s.door.directory().watch([this] { wakers.wake_all(); });
}

bool Session::timed_out() {
  if (watches_.empty()) return false;
  // A sign of life, which also finds peers that went without a word.
  for (const SyncWatch& watch : watches_) {
    write_intermediate(out(), watch.id, oid::kSyncInfo, write_sync_info(cookie_of(watch)));
  }
  return true;
}

Session::Session(Shared& shared, std::shared_ptr<const Settings> settings, runtime::Peer& peer, runtime::Output& output,
                 std::shared_ptr<runtime::Waker> waker, bool offers_tls)
    : shared_(shared),
      settings_(std::move(settings)),
      peer_(peer),
      output_(output),
      waker_(std::move(waker)),
      offers_tls_(offers_tls) {
  shared_.sessions.add();
}

std::size_t Session::max_message() const { return signed_in_ ? settings_->message_octets : kStrangersMessage; }

Task<runtime::Step> Session::step(std::string_view input) {
  using Kind = ber::Extent::Kind;
  // Every message is a SEQUENCE: whatever begins otherwise is another protocol.
  const bool foreign = !input.empty() && static_cast<ber::Tag>(input.front()) != ber::kSequence;
  const ber::Extent end = foreign ? ber::Extent{Kind::broken} : ber::extent(input, max_message());
  switch (end.kind) {
    case Kind::need_more:
      co_return runtime::Step{};
    case Kind::too_large:
      co_return runtime::Step{input.size(), broken("the message is too large", "a message over the limit")};
    case Kind::broken:
      co_return runtime::Step{input.size(), broken("this is not LDAP", "no LDAP message")};
    case Kind::whole:
      break;
  }
  heard_ = true;
  Task<Next> handled = message(input.substr(0, end.octets));
  const Next next = co_await std::move(handled);
  co_return runtime::Step{end.octets, next};
}

Task<Next> Session::message(std::string_view octets) {
  if (signed_in_ && signed_in_->revoked()) {
    co_return disconnect(ResultCode::stronger_auth_required, "your account was changed: sign in again", {});
  }
  const auto envelope = parse_envelope(octets);
  if (!envelope || !is_request(envelope->tag)) {
    // RFC 4511 4.1.1: nobody knows what to answer to.
    co_return broken("this is no LDAP request", envelope ? "an operation that is no request" : envelope.error().detail);
  }
  Operation operation;
  operation.id = envelope->id;
  operation.answer = answer_to(envelope->tag);
  // 0 belongs to the server (RFC 4511 4.1.1.1).
  if (operation.id == 0) {
    co_return broken("a message has a number above 0", "message number 0");
  }
  Task<Next> handled = run(*envelope, std::move(operation));
  co_return co_await std::move(handled);
}

Task<Next> Session::run(Envelope envelope, Operation operation) {
  auto request = parse_request(envelope);
  if (!request) {
    const bool limit = request.error().code == Errc::limit;
    co_return bad(operation, limit ? ResultCode::admin_limit_exceeded : ResultCode::protocol_error,
                  request.error().detail);
  }
  operation.request = *std::move(request);
  const OperationRow& row = row_of(operation.request);
  // RFC 4511 4.2.1: between the steps of a SASL bind, anything else ends it.
  if (row.on != On::bind) sign_in_.reset();
  const auto controls = parse_controls(envelope.controls);
  if (!controls) co_return bad(operation, ResultCode::protocol_error, controls.error().detail);
  if (row.on != On::none) {
    if (const auto refused = read_controls(*controls, row.on, operation.controls)) {
      co_return bad(operation, refused->code, refused->text);
    }
  }
  if (signed_in_) operation.viewer = viewer_of(signed_in_->principal());
  if (operation.controls.authorization) {
    if (const auto refused = take_authorization(operation)) {
      co_return answer(operation, refused->code, refused->text);
    }
  }
  // draft-behera-ldap-password-policy-11 8.1.1: everything else waits.
  if (has_to_change_ && row.on != On::bind && row.on != On::none && row.on != On::extended) {
    co_return answer(operation, {ResultCode::insufficient_access_rights, "replace the password first", {}},
                     policy_control(operation, {.problem = PasswordPolicyAnswer::Problem::change_after_reset}));
  }
  if (!row.for_all && !signed_in_) {
    co_return bad(operation, ResultCode::insufficient_access_rights, "sign in first");
  }
  Task<Next> handled = (this->*row.run)(std::move(operation));
  co_return co_await std::move(handled);
}

// RFC 4370 3: administrators may see and act as somebody else would. The one they name has no more rights than he has.
std::optional<Refusal> Session::take_authorization(Operation& operation) {
  const std::string& wanted = *operation.controls.authorization;
  const Refusal denied{ResultCode::authorization_denied, "you may not act for him"};
  if (!signed_in_ || operation.viewer.role != directory::Role::admin) return denied;
  const std::string_view name = wanted;
  std::string address;
  if (ascii::istarts_with(name, "dn:")) {
    address = sign_in_name(name.substr(3));
  } else if (ascii::istarts_with(name, "u:")) {
    address = sign_in_name(name.substr(2));
  } else {
    return denied;
  }
  const auto principal = shared_.services.door.directory().find(address);
  if (!principal || !principal->enabled) return denied;
  operation.viewer = viewer_of(*principal);
  return std::nullopt;
}

Task<runtime::Step> Session::woken() {
  if (signed_in_ && signed_in_->revoked()) {
    // RFC 4511 4.4.1: strongerAuthRequired: what was proven is worth nothing any more.
    co_return runtime::Step{
        0, disconnect(ResultCode::stronger_auth_required, "your account was changed: sign in again", {})};
  }
  Task<bool> fed = feed_watches();
  const bool there = co_await std::move(fed);
  co_return runtime::Step{0, there ? Next::more : Next::close};
}

// RFC 4513 3.1.5, 5.1: who somebody is has to be proven again.
void Session::tls_started(const runtime::TlsFacts&) {
  end_watches();
  sign_in_.reset();
  signed_in_.reset();
  has_to_change_.reset();
}

// RFC 4511 4.4.1: unavailable: no new connections for an extended period of time.
void Session::turned_away(std::string_view why) { disconnect(ResultCode::unavailable, why, {}); }

void Session::stopping() { disconnect(ResultCode::unavailable, "the server is shutting down", {}); }

runtime::Waiting Session::waiting() const {
  if (!watches_.empty()) return runtime::Waiting::refresh;
  if (signed_in_) return runtime::Waiting::idle;
  return heard_ ? runtime::Waiting::sign_in : runtime::Waiting::greeting;
}

// The notice of disconnection (RFC 4511 4.4.1). `detail`: for the log, when the client broke something.
Next Session::disconnect(ResultCode code, std::string_view text, std::string_view detail) {
  if (!detail.empty()) {
    shared_.services.log.write(
        event::kBroken,
        {{"conn", peer_.connection_id}, {"remote", peer_.remote.address.to_string()}, {"detail", detail}});
  }
  write(out(), Reply{.id = 0,
                     .answer = Answer::extended,
                     .outcome = {code, std::string(text), {}},
                     .oid = std::string(oid::kDisconnection)});
  return Next::close;
}

Next Session::broken(std::string_view text, std::string_view detail) {
  if (!peer_.foreign) peer_.tell(runtime::Conduct::bad_request, detail);
  return disconnect(ResultCode::protocol_error, text, detail);
}

Next Session::answer(const Operation& operation, Outcome outcome, std::vector<Control> controls) {
  if (!operation.answer) return Next::more;
  write(out(), Reply{.id = operation.id,
                     .answer = *operation.answer,
                     .outcome = std::move(outcome),
                     .controls = std::move(controls)});
  return Next::more;
}

std::vector<Control> Session::policy_control(const Operation& operation, const PasswordPolicyAnswer& said) {
  if (!operation.controls.password_policy) return {};
  return {{std::string(oid::kPasswordPolicy), false, write_password_policy(said)}};
}

Next Session::bad(const Operation& operation, ResultCode code, std::string_view text) {
  answer(operation, code, text);
  if (++bad_messages_ < settings_->bad_messages) return Next::more;
  peer_.tell(runtime::Conduct::bad_commands);
  return disconnect(ResultCode::unwilling_to_perform, "too many bad requests", "too many bad requests");
}

directory::DoorContext Session::door_context() const {
  return {.remote = peer_.remote.address,
          .service = "ldap",
          .connection_id = peer_.connection_id,
          .tls = tls(),
          .channel_binding = tls() ? peer_.tls->tls_exporter : std::string(),
          .certificate_names = tls() ? peer_.tls->client_names : std::vector<std::string>(),
          .certificate_until = tls() ? peer_.tls->client_until : TimePoint(),
          .proxied = peer_.proxied};
}

Viewer Session::viewer_of(const directory::Principal& principal) const {
  return {.id = principal.id,
          .role = principal.role,
          .sight = shared_.services.door.directory().sight(principal, settings_->own_domain_only)};
}

std::variant<EntryPtr, Outcome> Session::entry_named(const Operation& operation, std::string_view name) {
  const auto dn = parse_dn(name);
  if (!dn) return Outcome{ResultCode::invalid_dn_syntax, dn.error().detail, {}};
  return entry_at(operation, *dn, normal_form(*dn));
}

std::variant<EntryPtr, Outcome> Session::entry_at(const Operation& operation, const Dn& dn, std::string_view normal) {
  shared_.tree.refresh();
  EntryPtr found = shared_.tree.find(normal);
  if (found != nullptr && operation.viewer.sees(*found)) return found;
  Outcome outcome{ResultCode::no_such_object, "there is no such entry", {}};
  for (Dn above = dn.parent(); !above.empty(); above = above.parent()) {
    const EntryPtr there = shared_.tree.find(normal_form(above));
    if (there == nullptr || !operation.viewer.sees(*there)) continue;
    outcome.matched = there->dn();
    break;
  }
  return outcome;
}

// RFC 4528 3.
std::optional<Outcome> Session::assertion_fails(const Operation& operation, const Entry& entry) {
  if (!operation.controls.assertion) return std::nullopt;
  const Matcher matcher = shared_.tree.matcher(*operation.controls.assertion);
  if (matches(matcher, entry) == Truth::yes) return std::nullopt;
  return Outcome{ResultCode::assertion_failed, "what was asserted is not so", {}};
}

}  // namespace gatepost::ldap::server
