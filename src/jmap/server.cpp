#include "jmap/server.hpp"

#include <algorithm>
#include <atomic>

#include "jmap/blob.hpp"
#include "jmap/context.hpp"
#include "jmap/email.hpp"
#include "jmap/forwarding.hpp"
#include "jmap/ids.hpp"
#include "jmap/principal.hpp"
#include "jmap/pusher.hpp"
#include "jmap/sieve_script.hpp"
#include "jmap/slots.hpp"
#include "jmap/snooze.hpp"
#include "jmap/standard.hpp"
#include "jmap/states.hpp"
#include "jmap/submission.hpp"
#include "jmap/views.hpp"
#include "mailflow/envelope.hpp"

namespace gatepost::jmap {
namespace {

constexpr std::size_t kViewOctets = 128 << 20;
constexpr std::size_t kMaxImplicit = 16;  // calls that one call makes
constexpr std::uint64_t kResponseOctets = 64 << 20;

}  // namespace

struct Server::State {
  explicit State(const Services& services) : submissions(services.queue, services.clock) {}
  Views views{kViewOctets};
  Submissions submissions;
  States states;
  Pusher* pusher = nullptr;
  Snoozer* snoozer = nullptr;
  std::atomic<bool> own_domain_only{false};
  std::atomic<std::chrono::seconds> removed_kept{std::chrono::seconds(0)};
  std::atomic<bool> removed_may_be_destroyed{false};
  RemovedPolicy removed() const { return {removed_kept, removed_may_be_destroyed}; }
  Slots requests, uploads;  // RFC 8620 2: maxConcurrentRequests, maxConcurrentUpload
  Counter* calls = nullptr;
};

Server::Server(Services services, Limits limits)
    : services_(services), limits_(limits), state_(std::make_unique<State>(services)) {
  state_->calls = &services_.metrics.counter("gatepost_jmap_calls_total", "", "JMAP method calls.");
}
Server::~Server() = default;

void Server::set_pusher(Pusher* pusher) { state_->pusher = pusher; }
void Server::set_snoozer(Snoozer* snoozer) { state_->snoozer = snoozer; }
void Server::set_own_domain_only(bool only) { state_->own_domain_only = only; }
void Server::set_removed(RemovedPolicy policy) {
  state_->removed_kept = policy.kept;
  state_->removed_may_be_destroyed = policy.may_destroy;
}

namespace {

json::object core_capability(const Limits& limits) {
  return {{"maxSizeUpload", limits.upload_octets},    {"maxConcurrentUpload", limits.concurrent_uploads},
          {"maxSizeRequest", limits.request_octets},  {"maxConcurrentRequests", limits.concurrent_requests},
          {"maxCallsInRequest", limits.calls},        {"maxObjectsInGet", limits.objects_in_get},
          {"maxObjectsInSet", limits.objects_in_set}, {"collationAlgorithms", json::array{"i;unicode-casemap"}}};
}

// RFC 8621 1.3.1.
json::object mail_capability(bool own) {
  return {{"maxMailboxesPerEmail", kMaxMailboxesOfEmail},
          {"maxMailboxDepth", 50},
          {"maxSizeMailboxName", 255},
          {"maxSizeAttachmentsPerEmail", 50 << 20},
          {"emailQuerySortOptions", json::array{"receivedAt", "size", "from", "to", "subject", "sentAt", "hasKeyword",
                                                "allInThreadHaveKeyword", "someInThreadHaveKeyword"}},
          {"mayCreateTopLevelMailbox", own}};
}

// RFC 9404 3.1.
json::object blob_capability(const Limits& limits) {
  return {{"maxSizeBlobSet", limits.blob_set_octets},
          {"maxDataSources", limits.blob_sources},
          {"supportedTypeNames", json::array{"Mailbox", "Thread", "Email"}},
          {"supportedDigestAlgorithms", json::array{"sha-256"}}};
}

account::AccountId account_of(const directory::Principal& principal) {
  return account::AccountId{static_cast<std::uint64_t>(principal.id)};
}

}  // namespace

json::object account_object(const Context& context, const Access& access) {
  const directory::Principal& owner = access.owner;
  const bool own = access.own;
  const Limits& limits = context.limits;
  const TimePoint now = context.services.clock.now();
  json::object capabilities{{kMail, mail_capability(own)}, {kQuota, json::object()}, {kBlob, blob_capability(limits)}};
  if (context.removed.kept.count() > 0) {
    capabilities[kRemoved] =
        json::object{{"keptSeconds", context.removed.kept.count()}, {"mayDestroy", own && context.removed.may_destroy}};
  }
  // RFC 8621 1.3.2: what EHLO would say (RFC 4865 4).
  if (own) {
    const std::string last = utc_date(std::chrono::floor<std::chrono::seconds>(now) + mailflow::kLongestHold);
    const json::array hold{std::to_string(mailflow::kLongestHold.count()), last};
    capabilities[kSubmission] = json::object{{"maxDelayedSend", mailflow::kLongestHold.count()},
                                             {"submissionExtensions", {{"FUTURERELEASE", hold}}}};
    capabilities[kVacation] = json::object();
    capabilities[kMdn] = json::object();
    capabilities[kSieve] = sieve_account_capability();
    capabilities[kForwarding] = forwarding_account_capability(context);
    // RFC 9670 1.5.1: the directory is seen through the user's own account.
    if (context.snoozer != nullptr) capabilities[kSnooze] = json::object{{"mailboxName", kSnoozedFolder}};
    capabilities[kPrincipals] = json::object{{"currentUserPrincipalId", principal_name(owner.id)}};
  }
  capabilities[kPrincipalsOwner] = json::object{{"accountIdForPrincipal", account_name(account_of(context.user))},
                                                {"principalId", principal_name(owner.id)}};
  return {{"name", owner.address},
          {"isPersonal", own},
          {"isReadOnly", access.read_only},
          {"accountCapabilities", std::move(capabilities)}};
}

namespace {

// The user's own first.
std::vector<std::string> accounts_of(const Context& context) {
  std::vector<std::string> out{account_name(account_of(context.user))};
  for (const directory::Principal& sharer : context.services.directory.sharers(context.user.id)) {
    out.push_back(account_name(account_of(sharer)));
  }
  return out;
}

// RFC 8620 2: what session() says of accounts.
std::string state_of_session(Context& context) {
  std::string all = context.user.address;
  for (const std::string& id : accounts_of(context)) {
    const auto access = context.access(id);
    if (access) all += " " + (*access)->owner.address + ((*access)->read_only ? "/r" : "");
  }
  return state_of(all);
}

}  // namespace

std::string Server::session_state(const directory::Principal& user) {
  Request none;
  Context context(services_, limits_, state_->views, state_->submissions, user, none);
  return state_of_session(context);
}

void Server::prepare(const directory::Principal& user) {
  if (!directory::has_mailbox(user.kind)) return;
  const auto account = services_.accounts.open(account_of(user));
  if (!account) return;
  const auto inbox = (*account)->find_folder("INBOX");
  if (inbox) (void)state_->views.folder(**account, inbox->id);
}

std::string Server::session(const directory::Principal& user, std::string_view origin) {
  const std::string base(origin);
  const std::string own = account_name(account_of(user));
  Request none;
  Context context(services_, limits_, state_->views, state_->submissions, user, none);
  context.snoozer = state_->snoozer;
  context.removed = state_->removed();
  json::object accounts;
  for (const std::string& id : accounts_of(context)) {
    if (const auto access = context.access(id)) accounts[id] = account_object(context, **access);
  }
  json::object session{{"capabilities",
                        {{kCore, core_capability(limits_)},
                         {kMail, json::object()},
                         {kSubmission, json::object()},
                         {kQuota, json::object()},
                         {kVacation, json::object()},
                         {kMdn, json::object()},
                         {kSieve, sieve_capability()},
                         {kForwarding, json::object()},
                         {kBlob, json::object()},
                         {kPrincipals, json::object()},
                         {kWebSocket, {{"url", "ws" + base.substr(4) + "/jmap/ws"}, {"supportsPush", true}}}}},
                       {"accounts", std::move(accounts)},
                       {"primaryAccounts",
                        {{kMail, own},
                         {kSubmission, own},
                         {kQuota, own},
                         {kVacation, own},
                         {kMdn, own},
                         {kSieve, own},
                         {kForwarding, own},
                         {kBlob, own},
                         {kPrincipals, own}}},
                       {"username", user.address},
                       {"apiUrl", base + "/jmap/api"},
                       {"downloadUrl", base + "/jmap/download/{accountId}/{blobId}/{name}?type={type}"},
                       {"uploadUrl", base + "/jmap/upload/{accountId}"},
                       {"eventSourceUrl", base + "/jmap/events?types={types}&closeafter={closeafter}&ping={ping}"},
                       {"state", state_of_session(context)}};
  if (context.removed.kept.count() > 0) session["capabilities"].as_object()[kRemoved] = json::object();
  if (state_->snoozer != nullptr) session["capabilities"].as_object()[kSnooze] = json::object();
  if (state_->pusher != nullptr) {
    session["capabilities"].as_object()[kWebPushVapid] =
        json::object{{"applicationServerKey", state_->pusher->gateway().application_key()}};
  }
  return json::serialize(session);
}

Reply Server::call(const directory::Principal& user, std::string_view text) {
  const auto problem = [](const Problem& p) { return Reply{p.status, "application/problem+json", to_text(p)}; };
  if (text.size() > limits_.request_octets) {
    return problem({"urn:ietf:params:jmap:error:limit", 400, "The request is too large.", "maxSizeRequest"});
  }
  auto request = read_request(text, limits_.calls);
  if (!request) return problem(request.error());
  Context context(services_, limits_, state_->views, state_->submissions, user, *request);
  context.pusher = state_->pusher;
  context.snoozer = state_->snoozer;
  context.removed = state_->removed();
  context.own_domain_only = state_->own_domain_only;
  std::vector<Invocation> responses;
  std::size_t room = kFollowOctets;
  std::string out = "{\"methodResponses\":[";
  const auto respond = [&](Invocation response) {
    if (!responses.empty()) out += ',';
    out += json::serialize(json::array{response.name, response.arguments, response.id});
    responses.push_back(std::move(response));
  };
  const auto run = [&](Invocation& call, std::vector<Invocation>& more) {
    state_->calls->add();
    const auto refused = [&](const Refusal& why) { respond({"error", to_json(why), call.id}); };
    const Method* method = find_method(call.name);
    if (method == nullptr || !context.uses.contains(std::string(method->capability))) {
      return refused({"unknownMethod", {}, {}, {}});
    }
    if (out.size() > kResponseOctets) return refused({"serverUnavailable", "The response is too large.", {}, {}});
    if (auto done = resolve_references(call.arguments, responses, room); !done) return refused(done.error());
    Call one{context, call.arguments, call.id, {}};
    auto answer = method->run(one);
    if (!answer) return refused(answer.error());
    respond({call.name, std::move(*answer), call.id});
    more = std::move(one.implicit);
  };
  for (Invocation& call : request->calls) {
    std::vector<Invocation> implicit;
    run(call, implicit);
    for (std::size_t i = 0; i < implicit.size() && i < kMaxImplicit; ++i) {
      std::vector<Invocation> none;
      run(implicit[i], none);
    }
  }
  out += "]";
  if (request->tells_created) {
    json::object created;
    for (const auto& [name, id] : context.created) created[name] = id;
    out += ",\"createdIds\":" + json::serialize(created);
  }
  out += ",\"sessionState\":\"" + state_of_session(context) + "\"}";
  return {200, "application/json", std::move(out)};
}

std::optional<Slots::Held> Server::request_slot(const directory::Principal& user) {
  return state_->requests.take(user.id, limits_.concurrent_requests);
}

std::optional<Slots::Held> Server::upload_slot(const directory::Principal& user) {
  return state_->uploads.take(user.id, limits_.concurrent_uploads);
}

Result<std::unique_ptr<account::BodyWriter>> Server::begin_upload(const directory::Principal& user,
                                                                  std::string_view account) {
  Request none;
  Context context(services_, limits_, state_->views, state_->submissions, user, none);
  const auto access = context.access(account);
  if (!access) return fail(Errc::not_found, "no such account");
  return (*access)->account->new_body(0);
}

Result<std::string> Server::end_upload(const directory::Principal& user, std::string_view account,
                                       const account::Body& body, std::string_view type) {
  Request none;
  Context context(services_, limits_, state_->views, state_->submissions, user, none);
  const auto access = context.access(account);
  if (!access) return fail(Errc::not_found, "no such account");
  GP_TRY(const std::string blob, blob_of_upload(*(*access)->account, body));
  return json::serialize(json::object{{"accountId", account}, {"blobId", blob}, {"type", type}, {"size", body.size}});
}

Result<Download> Server::download(const directory::Principal& user, std::string_view account, std::string_view name) {
  Request none;
  Context context(services_, limits_, state_->views, state_->submissions, user, none);
  const auto access = context.access(account);
  if (!access) return fail(Errc::not_found, "no such account");
  return open_blob(**access, name);
}

std::string Server::states(const directory::Principal& user, const std::vector<std::string>& types) {
  Request none;
  Context context(services_, limits_, state_->views, state_->submissions, user, none);
  json::object changed;
  for (const std::string& id : accounts_of(context)) {
    const auto access = context.access(id);
    if (!access) continue;
    json::object of = state_->states.of(context, **access, types);
    constexpr std::string_view kShares = "ShareNotification";
    if ((*access)->own && (types.empty() || std::ranges::find(types, kShares) != types.end())) {
      of[kShares] = share_notification_state(*(*access)->account);
    }
    if (!of.empty()) changed[id] = std::move(of);
  }
  return json::serialize(json::object{{"@type", "StateChange"}, {"changed", std::move(changed)}});
}

std::uint64_t Server::directory_change(const std::vector<std::string>& types) const {
  return States::tell_of_directory(types) ? services_.directory.change() : 0;
}

std::vector<std::unique_ptr<account::Watch>> Server::watch(const directory::Principal& user,
                                                           std::function<void()> changed) {
  Request none;
  Context context(services_, limits_, state_->views, state_->submissions, user, none);
  std::vector<std::unique_ptr<account::Watch>> watches;
  for (const std::string& id : accounts_of(context)) {
    if (const auto access = context.access(id)) watches.push_back((*access)->account->watch(changed));
  }
  return watches;
}

}  // namespace gatepost::jmap
