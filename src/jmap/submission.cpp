#include "jmap/submission.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "base/ascii.hpp"
#include "jmap/email.hpp"
#include "jmap/ids.hpp"
#include "mailflow/reception.hpp"
#include "mime/address.hpp"

namespace gatepost::jmap {
namespace {

constexpr std::array<std::string_view, 10> kProperties = {"id",         "identityId", "emailId",    "threadId",
                                                          "envelope",   "sendAt",     "undoStatus", "deliveryStatus",
                                                          "dsnBlobIds", "mdnBlobIds"};

// Who sends, and to whom: as the client says, or as the message does (RFC 8621 7).
struct Route {
  std::string from;
  std::vector<std::string> to;
};

std::optional<std::string> address_of(const json::value& value) {
  const auto* object = value.if_object();
  const auto* email = object != nullptr ? object->if_contains("email") : nullptr;
  if (email == nullptr || !email->is_string()) return std::nullopt;
  // No parameters of SMTP can be given: none is announced (submissionExtensions).
  if (const auto* parameters = object->if_contains("parameters"); parameters != nullptr && !parameters->is_null()) {
    if (!parameters->is_object() || !parameters->get_object().empty()) return std::nullopt;
  }
  return std::string(email->get_string());
}

Outcome<Route> said_route(const json::value& envelope) {
  const auto* object = envelope.if_object();
  const auto* from = object != nullptr ? object->if_contains("mailFrom") : nullptr;
  const auto* to = object != nullptr ? object->if_contains("rcptTo") : nullptr;
  const auto sender = from != nullptr ? address_of(*from) : std::nullopt;
  if (!sender || to == nullptr || !to->is_array()) return bad_property("envelope");
  Route route{.from = *sender};
  for (const json::value& one : to->get_array()) {
    const auto address = address_of(one);
    if (!address) return bad_property("envelope");
    route.to.push_back(*address);
  }
  return route;
}

Outcome<Route> route_of(const mime::Structure& structure, const Identity& identity) {
  Route route;
  const mime::Envelope& envelope = structure.envelope();
  const auto first = [&](mime::Run run) -> std::string {
    for (const mime::Address& a : structure.addresses_of(run)) {
      if (a.is_mailbox()) return mime::to_addr_spec(a);
    }
    return {};
  };
  // RFC 8621 7: the Sender, else the From; the identity must be allowed to be it.
  route.from = first(envelope.sender);
  if (route.from.empty()) route.from = first(envelope.from);
  if (route.from.empty()) route.from = identity.email;
  std::set<std::string> seen;
  for (const mime::Run run : {envelope.to, envelope.cc, envelope.bcc}) {
    for (const mime::Address& a : structure.addresses_of(run)) {
      std::string address = a.is_mailbox() ? mime::to_addr_spec(a) : std::string();
      if (!address.empty() && seen.insert(ascii::to_lower(address)).second) route.to.push_back(std::move(address));
    }
  }
  return route;
}

std::string_view reply_of(mailflow::RecipientRefusal refusal) {
  switch (refusal) {
    case mailflow::RecipientRefusal::relay_denied:
      return "550 5.7.1 Relaying denied";
    case mailflow::RecipientRefusal::no_such_user:
      return "550 5.1.1 No such user";
    case mailflow::RecipientRefusal::disabled:
      return "550 5.2.1 Mailbox disabled";
    case mailflow::RecipientRefusal::bad_address:
      return "553 5.1.3 Bad address";
    case mailflow::RecipientRefusal::try_later:
      return "451 4.3.0 Try again later";
  }
  return "451 4.3.0 Try again later";
}

struct Sent {
  json::object submission;
  std::string email;
};

Outcome<json::object> send(SetRun& run, const json::object& given) {
  Context& context = run.context();
  Access& access = run.access();
  for (const auto& [key, value] : given) {
    if (key == "sendAt" || key == "undoStatus" || key == "deliveryStatus") return bad_property(key);
    if (key != "identityId" && key != "emailId" && key != "envelope" && key != "threadId") return bad_property(key);
  }
  const auto id_in = [&](std::string_view name) -> std::optional<std::string> {
    const auto* value = given.if_contains(name);
    return value != nullptr && value->is_string() ? context.id_of(value->get_string()) : std::nullopt;
  };
  const auto identity_id = id_in("identityId");
  JMAP_OBJECT_TRY(const auto identities, identities_of(access));
  const auto identity = identity_id ? std::ranges::find(identities, *identity_id, &Identity::id) : identities.end();
  if (identity == identities.end()) return bad_property("identityId");
  const auto email_id = id_in("emailId");
  if (!email_id) return bad_property("emailId");
  JMAP_OBJECT_TRY(const auto found, find_emails(access, {*email_id}));
  if (!found[0]) return bad_property("emailId");
  JMAP_OBJECT_TRY(const account::Item item, access.account->item(found[0]->row.item));
  reading::MessageReader reader(*access.account);
  reader.open(item.body);
  JMAP_OBJECT_TRY(const auto structure, reading::structure_of(reader, item.summary));
  const auto* said = given.if_contains("envelope");
  auto route = said != nullptr && !said->is_null() ? said_route(*said) : route_of(structure, *identity);
  if (!route) return std::unexpected(route.error());
  if (route->to.empty()) return refuse("noRecipients");

  mailflow::Reception& reception = context.services.reception;
  mailflow::Source source;
  source.connection_id = "jmap";
  source.service = "submission";
  source.hello = "jmap";
  source.esmtp = source.smtputf8 = true;
  source.submitter = context.user;
  if (const auto may = reception.check_sender(source, route->from); !may) {
    return may.error().code == Errc::denied ? refuse("forbiddenMailFrom", route->from)
                                            : Outcome<json::object>(std::unexpected(refusal_for_object(may.error())));
  }
  for (const mime::Address& a : structure.addresses_of(structure.envelope().from)) {
    if (!a.is_mailbox()) continue;
    const std::string from = mime::to_addr_spec(a);
    const auto owns = context.services.directory.owns_address(context.user.id, from);
    if (!owns || !*owns) return refuse("forbiddenFrom", from);
  }
  const std::uint32_t most = reception.options().max_recipients;
  if (route->to.size() > most) return refuse("tooManyRecipients", std::to_string(most));
  mailflow::Envelope envelope;
  envelope.reverse_path = route->from;
  std::string refused;
  json::object status;
  for (const std::string& address : route->to) {
    auto recipient = reception.check_recipient(source, address);
    if (!recipient) {
      refused += (refused.empty() ? "" : " ") + address;
      status[address] =
          json::object{{"smtpReply", reply_of(recipient.error())}, {"delivered", "no"}, {"displayed", "unknown"}};
      continue;
    }
    if (!std::ranges::all_of(address, [](char c) { return !ascii::is_8bit(c); })) envelope.smtputf8 = true;
    envelope.recipients.push_back(std::move(*recipient));
    status[address] =
        json::object{{"smtpReply", "250 2.0.0 Queued"}, {"delivered", "queued"}, {"displayed", "unknown"}};
  }
  if (!refused.empty()) return refuse("invalidRecipients", refused);
  const account::Body body = item.body;
  reading::SectionReader octets(reader, {0, body.size});
  const auto accepted = reception.submit(std::move(source), std::move(envelope), body.size,
                                         [&](std::string& out) { return octets.next(out); });
  if (!accepted) return std::unexpected(refusal_for_object(accepted.error()));

  json::array to;
  for (const std::string& address : route->to) to.push_back(json::object{{"email", address}, {"parameters", nullptr}});
  json::object submission{
      {"identityId", identity->id},
      {"emailId", *email_id},
      {"threadId", thread_name(access.id(), found[0]->row.thread)},
      {"envelope", {{"mailFrom", {{"email", route->from}, {"parameters", nullptr}}}, {"rcptTo", std::move(to)}}},
      {"sendAt", utc_date(context.services.clock.now())},
      {"undoStatus", "final"},
      {"deliveryStatus", std::move(status)},
      {"dsnBlobIds", json::array()},
      {"mdnBlobIds", json::array()}};
  const std::string id = context.submissions.add(access.id(), submission);
  json::object told{{"id", id},
                    {"undoStatus", "final"},
                    {"sendAt", submission["sendAt"]},
                    {"threadId", submission["threadId"]},
                    {"deliveryStatus", submission["deliveryStatus"]},
                    {"dsnBlobIds", json::array()},
                    {"mdnBlobIds", json::array()}};
  if (said == nullptr || said->is_null()) told["envelope"] = submission["envelope"];
  return told;
}

}  // namespace

std::string Submissions::add(account::AccountId account, json::object submission) {
  const std::scoped_lock lock(mutex_);
  std::string id = "S" + std::to_string(next_++);
  submission["id"] = id;
  OfAccount& of = accounts_[account];
  ++of.changes;
  of.list.push_back(std::move(submission));
  if (of.list.size() > kKept) of.list.pop_front();
  return id;
}

std::optional<json::object> Submissions::find(account::AccountId account, std::string_view id) const {
  const std::scoped_lock lock(mutex_);
  const auto of = accounts_.find(account);
  if (of == accounts_.end()) return std::nullopt;
  for (const json::object& one : of->second.list) {
    if (one.at("id").as_string() == id) return one;
  }
  return std::nullopt;
}

std::vector<json::object> Submissions::all(account::AccountId account) const {
  const std::scoped_lock lock(mutex_);
  const auto of = accounts_.find(account);
  if (of == accounts_.end()) return {};
  return {of->second.list.begin(), of->second.list.end()};
}

bool Submissions::remove(account::AccountId account, std::string_view id) {
  const std::scoped_lock lock(mutex_);
  const auto of = accounts_.find(account);
  if (of == accounts_.end()) return false;
  const bool gone =
      std::erase_if(of->second.list, [&](const json::object& one) { return one.at("id").as_string() == id; }) > 0;
  of->second.changes += gone ? 1 : 0;
  return gone;
}

std::string Submissions::state(account::AccountId account) const {
  const std::scoped_lock lock(mutex_);
  const auto of = accounts_.find(account);
  return of == accounts_.end() ? "0" : std::to_string(of->second.changes);
}

Answer submission_get(Call& call) {
  Arguments arguments(call.given);
  auto request = read_get(call, arguments, kProperties);
  if (!request) return std::unexpected(request.error());
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  const auto account = request->access->id();
  std::vector<std::string> ids;
  if (request->ids) {
    ids = *request->ids;
  } else {
    for (const json::object& one : call.context.submissions.all(account)) ids.emplace_back(one.at("id").as_string());
  }
  auto answer = answer_get(*request, 0, ids, [&](const std::string& id) -> Outcome<std::optional<json::object>> {
    auto found = call.context.submissions.find(account, id);
    if (!found) return std::nullopt;
    json::object out;
    for (const std::string_view property : kProperties) {
      if (request->wants(property)) out[property] = found->at(property);
    }
    return out;
  });
  if (answer) (*answer)["state"] = call.context.submissions.state(account);
  return answer;
}

Answer submission_changes(Call& call) {
  Arguments arguments(call.given);
  const std::string account = arguments.id("accountId");
  const auto since = arguments.text("sinceState");
  (void)arguments.number("maxChanges");
  if (!since) arguments.wrong("sinceState");
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  auto access = call.context.access(account);
  if (!access) return std::unexpected(access.error());
  if (call.context.submissions.state((*access)->id()) != *since) return refuse("cannotCalculateChanges");
  return json::object{{"accountId", account},      {"oldState", *since},       {"newState", *since},
                      {"hasMoreChanges", false},   {"created", json::array()}, {"updated", json::array()},
                      {"destroyed", json::array()}};
}

Answer submission_query(Call& call) {
  Arguments arguments(call.given);
  const std::string account = arguments.id("accountId");
  const json::object* filter = arguments.object("filter");
  const json::array* sort = arguments.array("sort");
  const Window window = read_window(arguments);
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  auto access = call.context.access(account);
  if (!access) return std::unexpected(access.error());
  auto all = call.context.submissions.all((*access)->id());
  const auto is_among = [](const json::value& list, const json::value& wanted) {
    return list.is_array() && std::ranges::find(list.get_array(), wanted) != list.get_array().end();
  };
  for (const auto& [key, value] : filter != nullptr ? *filter : json::object()) {
    const std::string name(key);
    if (name == "identityIds" || name == "emailIds" || name == "threadIds") {
      const std::string property = name.substr(0, name.size() - 1);
      std::erase_if(all, [&](const json::object& one) { return !is_among(value, one.at(property)); });
    } else if (name == "undoStatus") {
      std::erase_if(all, [&](const json::object& one) { return one.at(name) != value; });
    } else if (name == "before" || name == "after") {
      const auto limit = read_date(value);
      if (!limit) return bad_argument("filter");
      std::erase_if(all, [&](const json::object& one) {
        const auto at = read_date(one.at("sendAt"));
        return name == "before" ? *at >= *limit : *at < *limit;
      });
    } else {
      return refuse("unsupportedFilter", name);
    }
  }
  // RFC 8621 7.3: sorted by any of these.
  std::vector<std::pair<std::string, bool>> order;  // property of the object, ascending
  for (const json::value& one : sort != nullptr ? *sort : json::array()) {
    const auto* object = one.if_object();
    const auto* property = object != nullptr ? object->if_contains("property") : nullptr;
    if (property == nullptr || !property->is_string()) return bad_argument("sort");
    const auto* ascending = object->if_contains("isAscending");
    if (ascending != nullptr && !ascending->is_bool()) return bad_argument("sort");
    const std::string name(property->get_string());
    if (name != "sentAt" && name != "emailId" && name != "threadId") return refuse("unsupportedSort");
    order.emplace_back(name == "sentAt" ? "sendAt" : name, ascending == nullptr || ascending->get_bool());
  }
  if (!order.empty()) {
    order.emplace_back("id", true);  // RFC 8620 5.5: what is equal has an order too, always the same
    std::ranges::sort(all, [&](const json::object& x, const json::object& y) {
      for (const auto& [property, ascending] : order) {
        const std::string_view left = x.at(property).as_string(), right = y.at(property).as_string();
        if (left != right) return (left < right) == ascending;
      }
      return false;
    });
  }
  return answer_query(account, call.context.submissions.state((*access)->id()), window, all);
}

Answer submission_query_changes(Call& call) {
  Arguments arguments(call.given);
  auto access = call.context.access(arguments.id("accountId"));
  if (!access) return std::unexpected(access.error());
  return refuse("cannotCalculateChanges");
}

Answer submission_set(Call& call) {
  Arguments arguments(call.given);
  const std::string account = arguments.id("accountId");
  auto access = call.context.access(account);
  if (!access) return std::unexpected(access.error());
  if (!(*access)->own) return refuse("accountReadOnly");
  const auto account_id = (*access)->id();
  const std::string before = call.context.submissions.state(account_id);
  json::object given = call.given;
  if (const auto* wanted = given.if_contains("ifInState"); wanted != nullptr && wanted->is_string()) {
    if (wanted->get_string() != before) return refuse("stateMismatch");
  }
  given.erase("ifInState");
  Arguments rest(given);
  const json::object* on_update = nullptr;
  std::optional<std::vector<std::string>> on_destroy;
  SetRun run(call, **access);
  std::map<std::string, std::string> emails;  // by submission
  run.create = [&](const json::object& wish) -> Outcome<json::object> {
    auto sent = send(run, wish);
    if (sent) emails[std::string((*sent)["id"].as_string())] = *call.context.id_of(wish.at("emailId").as_string());
    return sent;
  };
  run.update = [&](const std::string& id, const json::object& patch) -> Outcome<json::value> {
    const auto found = call.context.submissions.find(account_id, id);
    if (!found) return refuse("notFound");
    for (const auto& [key, value] : patch) {
      // RFC 8621 7.5: what has gone cannot be called back.
      if (key == "undoStatus" && value == "canceled") return refuse("cannotUnsend");
      if (!found->contains(key) || found->at(key) != value) return bad_property(key);
    }
    return json::value();
  };
  run.destroy = [&](const std::string& id) -> Outcome<> {
    if (!call.context.submissions.remove(account_id, id)) return refuse("notFound");
    return {};
  };
  auto answer = run.run(rest, [&] {
    on_update = rest.object("onSuccessUpdateEmail");
    on_destroy = rest.texts("onSuccessDestroyEmail");
  });
  if (!answer) return answer;
  (*answer)["oldState"] = before;
  (*answer)["newState"] = call.context.submissions.state(account_id);
  // RFC 8621 7.5: the email of each submission that was made, by its id or creation id.
  json::object updates;
  json::array destroys;
  const auto email_of = [&](const std::string& name) -> std::optional<std::string> {
    const auto id = call.context.id_of(name);
    if (!id) return std::nullopt;
    if (const auto made = emails.find(*id); made != emails.end()) return made->second;
    return std::nullopt;
  };
  for (const auto& [key, patch] : on_update != nullptr ? *on_update : json::object()) {
    if (const auto email = email_of(std::string(key))) updates[*email] = patch;
  }
  for (const std::string& name : on_destroy.value_or(std::vector<std::string>())) {
    if (const auto email = email_of(name)) destroys.emplace_back(*email);
  }
  if (!updates.empty() || !destroys.empty()) {
    json::object set{{"accountId", account}};
    if (!updates.empty()) set["update"] = std::move(updates);
    if (!destroys.empty()) set["destroy"] = std::move(destroys);
    call.implicit.push_back({"Email/set", std::move(set), call.id});
  }
  return answer;
}

}  // namespace gatepost::jmap
