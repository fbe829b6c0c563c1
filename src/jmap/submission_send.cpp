#include <algorithm>
#include <set>

#include "base/ascii.hpp"
#include "jmap/email.hpp"
#include "jmap/ids.hpp"
#include "jmap/submission.hpp"
#include "mailflow/queue.hpp"
#include "mailflow/reception.hpp"
#include "mime/address.hpp"
#include "smtp/protocol/parameters.hpp"

// What makes a mail of an email and an envelope (RFC 8621 7.5).
namespace gatepost::jmap {
namespace {

// Who sends, and to whom: as the client says, or as the message does (RFC 8621 7).
struct Route {
  std::string from;
  std::vector<std::string> to;
  std::optional<TimePoint> not_before;
  json::value parameters;  // of the sender, as they were given
};

std::optional<std::string> address_of(const json::value& value) {
  const auto* object = value.if_object();
  const auto* email = object != nullptr ? object->if_contains("email") : nullptr;
  if (email == nullptr || !email->is_string()) return std::nullopt;
  return std::string(email->get_string());
}

// Null: none was given.
const json::object* parameters_of(const json::value& address) {
  const auto* parameters = address.as_object().if_contains("parameters");
  return parameters != nullptr ? parameters->if_object() : nullptr;
}

// RFC 8621 7, RFC 4865: HOLDFOR or HOLDUNTIL, the parameters of the one extension that is announced.
Outcome<> read_hold(Route& route, const json::value& address, TimePoint now) {
  const auto* object = address.if_object();
  const auto* given = object != nullptr ? object->if_contains("parameters") : nullptr;
  if (given == nullptr || given->is_null()) return {};
  if (!given->is_object()) return bad_property("envelope");
  for (const auto& [name, value] : given->get_object()) {
    const bool relative = ascii::iequals(name, "HOLDFOR");
    if ((!relative && !ascii::iequals(name, "HOLDUNTIL")) || !value.is_string() || route.not_before ||
        value.get_string().find(' ') != json::string::npos) {
      return bad_property("envelope", std::string(name));
    }
    const std::string text = " " + ascii::to_upper(std::string(name)) + "=" + std::string(value.get_string());
    const auto read = smtp::parse_mail_parameters(text, {.future_release = true});
    if (!read) return bad_property("envelope", std::string(name));
    route.not_before = read->hold_for ? now + *read->hold_for : *read->hold_until;
    if (*route.not_before > now + mailflow::kLongestHold) return bad_property("envelope", std::string(name));
  }
  return {};
}

Outcome<Route> said_route(const json::value& envelope, TimePoint now) {
  const auto* object = envelope.if_object();
  const auto* from = object != nullptr ? object->if_contains("mailFrom") : nullptr;
  const auto* to = object != nullptr ? object->if_contains("rcptTo") : nullptr;
  const auto sender = from != nullptr ? address_of(*from) : std::nullopt;
  if (!sender || to == nullptr || !to->is_array()) return bad_property("envelope");
  Route route{.from = *sender, .to = {}, .not_before = {}, .parameters = nullptr};
  if (auto read = read_hold(route, *from, now); !read) return std::unexpected(read.error());
  if (const auto* parameters = parameters_of(*from)) route.parameters = *parameters;
  for (const json::value& one : to->get_array()) {
    const auto address = address_of(one);
    if (!address) return bad_property("envelope");
    if (const auto* parameters = parameters_of(one); parameters != nullptr && !parameters->empty()) {
      return bad_property("envelope", std::string(parameters->begin()->key()));
    }
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

}  // namespace

mailflow::Source submission_source(const Context& context) {
  mailflow::Source source;
  source.connection_id = "jmap";
  source.service = "submission";
  source.hello = "jmap";
  source.esmtp = source.smtputf8 = true;
  source.submitter = context.user;
  return source;
}

Outcome<json::object> send(SetRun& run, const json::object& given) {
  Context& context = run.context();
  Access& access = run.access();
  const TimePoint now = context.services.clock.now();
  for (const auto& [key, value] : given) {
    if (key == "sendAt" || key == "undoStatus" || key == "deliveryStatus") return bad_property(key);
    if (key != "identityId" && key != "emailId" && key != "envelope" && key != "threadId") return bad_property(key);
  }
  const auto id_in = [&](std::string_view name) -> std::optional<std::string> {
    const auto* value = given.if_contains(name);
    return value != nullptr && value->is_string() ? context.id_of(value->get_string()) : std::nullopt;
  };
  const auto identity_id = id_in("identityId");
  JMAP_OBJECT_TRY(const auto identities, identities_of(access, context.services.directory));
  const auto identity = identity_id ? std::ranges::find(identities, *identity_id, &Identity::id) : identities.end();
  if (identity == identities.end()) return bad_property("identityId");
  const auto email_id = id_in("emailId");
  if (!email_id) return bad_property("emailId");
  JMAP_OBJECT_TRY(const auto found, find_emails(access, {*email_id}));
  if (!found[0]) return bad_property("emailId");
  JMAP_OBJECT_TRY(const account::Item item, access.account->item(found[0]->row().item));
  reading::MessageReader reader(*access.account);
  reader.open(item.body);
  JMAP_OBJECT_TRY(const auto structure, reading::structure_of(reader, item.summary));
  const auto* said = given.if_contains("envelope");
  auto route = said != nullptr && !said->is_null() ? said_route(*said, now) : route_of(structure, *identity);
  if (!route) return std::unexpected(route.error());
  if (route->to.empty()) return refuse("noRecipients");

  mailflow::Reception& reception = context.services.reception;
  mailflow::Source source = submission_source(context);
  if (const auto may = reception.check_sender(source, route->from); !may) {
    return may.error().code == Errc::denied ? refuse("forbiddenMailFrom", route->from)
                                            : Outcome<json::object>(std::unexpected(refusal_for_object(may.error())));
  }
  const auto authors = structure.addresses_of(structure.envelope().from);
  // RFC 5322 3.6: without an author it is no message.
  if (std::ranges::none_of(authors, [](const mime::Address& a) { return a.is_mailbox(); })) {
    return std::unexpected(Refusal{"invalidEmail", {}, "from", {}});
  }
  for (const mime::Address& a : authors) {
    if (!a.is_mailbox()) continue;
    const std::string from = mime::to_addr_spec(a);
    const auto may = context.services.directory.authorship(context.user.id, from);
    if (!may || may->kind == directory::Authorship::Kind::none) return refuse("forbiddenFrom", from);
  }
  const std::uint32_t most = reception.options().max_recipients;
  if (route->to.size() > most) return refuse_over("tooManyRecipients", "maxRecipients", most);
  const std::uint64_t largest = reception.options().max_message_octets;
  if (item.body.size > largest) return refuse_over("tooLarge", "maxSize", largest);
  mailflow::Envelope envelope;
  envelope.reverse_path = route->from;
  envelope.not_before = route->not_before;
  std::vector<std::string> refused;
  for (const std::string& address : route->to) {
    auto recipient = reception.check_recipient(source, address);
    if (!recipient) {
      if (recipient.error() == mailflow::RecipientRefusal::try_later) return refuse("serverUnavailable");
      refused.push_back(address);
      continue;
    }
    if (!std::ranges::all_of(address, [](char c) { return !ascii::is_8bit(c); })) envelope.smtputf8 = true;
    envelope.recipients.push_back(std::move(*recipient));
  }
  if (!refused.empty()) return refuse_texts("invalidRecipients", "invalidRecipients", std::move(refused));
  const account::Body body = item.body;
  reading::SectionReader octets(reader, {0, body.size});
  const auto accepted = reception.submit(std::move(source), std::move(envelope), body.size,
                                         [&](std::string& out) { return octets.next(out); });
  // What is added to it on its way counts, too.
  if (!accepted && accepted.error().code == Errc::too_large) return refuse_over("tooLarge", "maxSize", largest);
  if (!accepted) return std::unexpected(refusal_for_object(accepted.error()));

  // RFC 8621 7: "pending" as long as it can be taken back.
  const bool waits = route->not_before && *route->not_before > now;
  json::array to, delivered;
  for (const std::string& address : route->to) to.push_back(json::object{{"email", address}, {"parameters", nullptr}});
  const auto id = mailflow::parse_queue_id(accepted->queue_id);
  if (!waits) {
    const auto entry = accepted->queued > 0 && id ? context.services.queue.get(*id)
                                                  : Result<mailflow::QueueEntry>(fail(Errc::not_found, "none"));
    for (const std::string& address : route->to) {
      const bool open = entry ? std::ranges::any_of(entry->recipients,
                                                    [&](const mailflow::RecipientState& r) {
                                                      return r.original == address &&
                                                             r.status != mailflow::RecipientState::Status::delivered;
                                                    })
                              : accepted->queued > 0;
      if (!open) delivered.emplace_back(address);
    }
  }
  json::object submission{
      {"identityId", identity->id},
      {"emailId", *email_id},
      {"threadId", access.ids().thread(found[0]->row().thread)},
      {"envelope",
       {{"mailFrom", {{"email", route->from}, {"parameters", route->parameters}}}, {"rcptTo", std::move(to)}}},
      {"sendAt", utc_date(waits ? *route->not_before : now)},
      {"undoStatus", waits ? "pending" : "final"},
      {"dsnBlobIds", json::array()},
      {"mdnBlobIds", json::array()},
      {Submissions::kQueueId, accepted->queued > 0 ? accepted->queue_id : ""},
      {Submissions::kDelivered, std::move(delivered)}};
  auto kept = context.submissions.add(*access.account, submission);
  if (!kept) {
    // What nobody could take back is not to go out behind the client's back.
    if (waits && id && context.services.queue.withdraw(*id)) return std::unexpected(refusal_for_object(kept.error()));
    kept = "S0";  // it is sent; there is no object of it
  }
  json::object told{{"id", *kept},
                    {"undoStatus", submission["undoStatus"]},
                    {"sendAt", submission["sendAt"]},
                    {"threadId", submission["threadId"]},
                    {"deliveryStatus", context.submissions.delivery_status(submission)},
                    {"dsnBlobIds", json::array()},
                    {"mdnBlobIds", json::array()}};
  if (said == nullptr || said->is_null()) told["envelope"] = submission["envelope"];
  return told;
}

}  // namespace gatepost::jmap
