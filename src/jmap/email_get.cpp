#include <algorithm>
#include <array>

#include "base/ascii.hpp"
#include "jmap/blob.hpp"
#include "jmap/email.hpp"
#include "jmap/ids.hpp"
#include "jmap/snooze.hpp"
#include "mime/body_lists.hpp"
#include "mime/header.hpp"
#include "mime/summary.hpp"
#include "reading/preview.hpp"

// Email/get, Email/parse (RFC 8621 4.2, 4.9).
namespace gatepost::jmap {
namespace {

namespace flag = account::flag;

// Of a row: no message is read for them.
constexpr std::array<std::string_view, 8> kOfRow = {"id",      "blobId",   "threadId", "mailboxIds",
                                                    "snoozed", "keywords", "size",     "receivedAt"};
// Of the message's own header, as its summary has it.
constexpr std::array<std::string_view, 12> kOfHeader = {"messageId", "inReplyTo", "references", "sender",
                                                        "from",      "to",        "cc",         "bcc",
                                                        "replyTo",   "subject",   "sentAt",     "headers"};
constexpr std::array<std::string_view, 7> kOfBody = {"bodyStructure", "bodyValues",    "textBody", "htmlBody",
                                                     "attachments",   "hasAttachment", "preview"};
// RFC 8621 4.2: when a client does not say.
constexpr std::array<std::string_view, 24> kDefaultEmailProperties = {
    "id",        "blobId",     "threadId",      "mailboxIds", "keywords",   "size",     "receivedAt", "messageId",
    "inReplyTo", "references", "sender",        "from",       "to",         "cc",       "bcc",        "replyTo",
    "subject",   "sentAt",     "hasAttachment", "preview",    "bodyValues", "textBody", "htmlBody",   "attachments"};

struct Keyword {
  std::string_view name;
  std::uint8_t bit;
};
constexpr std::array<Keyword, 4> kSystem = {
    {{"$seen", flag::kSeen}, {"$answered", flag::kAnswered}, {"$flagged", flag::kFlagged}, {"$draft", flag::kDraft}}};

template <class Names>
bool has_name(const Names& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

Outcome<EmailProperties> EmailProperties::read(Arguments& arguments,
                                               const std::optional<std::vector<std::string>>& properties, bool parse) {
  EmailProperties out;
  auto parts = PartProperties::read(arguments.texts("bodyProperties"));
  if (!parts) return std::unexpected(parts.error());
  out.parts = std::move(*parts);
  out.text_values = arguments.boolean("fetchTextBodyValues");
  out.html_values = arguments.boolean("fetchHTMLBodyValues");
  out.all_values = arguments.boolean("fetchAllBodyValues");
  out.max_value_octets = arguments.number("maxBodyValueBytes").value_or(0);
  if (!properties) {
    for (const std::string_view name : kDefaultEmailProperties) {
      if (!parse || !has_name(kOfRow, name)) out.names.emplace_back(name);
    }
    return out;
  }
  for (const std::string& name : *properties) {
    const bool known = has_name(kOfRow, name) || has_name(kOfHeader, name) || has_name(kOfBody, name);
    if (!known && !read_header_property(name)) return bad_argument("properties");
    out.names.push_back(name);
  }
  return out;
}

json::value snoozed_of(const Context& context, const Access& access, const Found& email) {
  if (context.snoozer == nullptr || !access.own || email.in(kSnoozedFolder) == nullptr) return nullptr;
  const auto snooze = context.snoozer->find(access.id(), email.id());
  if (!snooze) return nullptr;
  return json::object{{"until", utc_date(snooze->until)}, {"moveToMailboxId", access.ids().mailbox(snooze->to)}};
}

bool EmailProperties::has(std::string_view name) const { return has_name(names, name); }

bool EmailProperties::needs_message() const {
  return std::ranges::any_of(names, [](const std::string& name) { return !has_name(kOfRow, name); });
}

bool is_keyword(std::string_view name) {
  // RFC 8621 4.1.1: 1 to 255 printable ASCII characters but these.
  return !name.empty() && name.size() <= 255 && std::ranges::all_of(name, [](char c) {
    return c > ' ' && c <= '~' && std::string_view("(){]%*\"\\").find(c) == std::string_view::npos;
  });
}

json::object keywords_of(const account::Flags& flags, const std::vector<std::string>& names) {
  json::object out;
  for (const Keyword& k : kSystem) {
    if ((flags.system & k.bit) != 0) out[k.name] = true;
  }
  for (const account::KeywordId id : flags.keywords) {
    if (id < names.size()) out[ascii::to_lower(names[id])] = true;
  }
  return out;
}

Outcome<FlagWish> read_keywords(const json::value& value) {
  if (value.is_null()) return FlagWish();  // RFC 8620 5.3: the default
  const auto* object = value.if_object();
  if (object == nullptr) return bad_property("keywords");
  if (object->size() > kMaxKeywordsOfEmail) return refuse("tooManyKeywords");
  FlagWish out;
  for (const auto& [key, is] : *object) {
    if (!is.is_bool() || !is.get_bool() || !is_keyword(key)) return bad_property("keywords");
    const std::string name = ascii::to_lower(key);
    const auto system = std::ranges::find(kSystem, name, &Keyword::name);
    if (system != kSystem.end())
      out.system |= system->bit;
    else
      out.keywords.push_back(name);
  }
  return out;
}

const Found::Message* Found::in(std::string_view path) const {
  const auto at = std::ranges::find(messages, path, [](const Message& m) -> std::string_view { return m.folder.path; });
  return at == messages.end() ? nullptr : &*at;
}

account::Flags together(const account::Flags& a, const account::Flags& b) {
  account::Flags out{static_cast<std::uint8_t>(a.system | b.system), {}};
  std::ranges::set_union(a.keywords, b.keywords, std::back_inserter(out.keywords));
  return out;
}

json::object mailboxes_of(const Access& access, const Found& email) {
  json::object out;
  for (const Found::Message& one : email.messages) out[access.ids().mailbox(one.folder.id)] = true;
  return out;
}

Result<std::vector<std::optional<Found>>> find_emails(const Access& access, const std::vector<std::string>& ids) {
  std::vector<account::ItemId> emails;
  for (const std::string& id : ids) emails.push_back(access.ids().find_email(id).value_or(account::ItemId{}));
  GP_TRY(auto all, access.account->messages_of(emails));
  std::vector<std::optional<Found>> out(ids.size());
  std::map<account::FolderId, std::optional<account::Folder>> folders;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    Found email;
    for (account::Placed& one : all[i]) {
      if ((one.row.flags.system & flag::kDeleted) != 0) continue;
      const auto [folder, fresh] = folders.try_emplace(one.folder);
      if (fresh) {
        if (auto seen = access.folder(one.folder)) folder->second = std::move(*seen);
      }
      if (!folder->second) continue;
      email.flags = email.messages.empty() ? one.row.flags : together(email.flags, one.row.flags);
      email.messages.push_back({*folder->second, std::move(one.row)});
    }
    if (!email.messages.empty()) out[i] = std::move(email);
  }
  return out;
}

Result<> describe_message(reading::MessageReader& reader, const mime::Structure& structure, const std::string& blob,
                          const EmailProperties& properties, std::uint64_t& budget, json::object& out) {
  const mime::Envelope& envelope = structure.envelope();
  const auto addresses = [&](mime::Run run) { return address_list(structure.addresses_of(run)); };
  MessageParts parts{reader, structure, blob};
  std::optional<mime::BodyLists> lists;
  const auto sorted = [&]() -> const mime::BodyLists& {
    if (!lists) lists = mime::body_lists(structure);
    return *lists;
  };
  const auto parts_of = [&](const std::vector<std::uint32_t>& which) -> Result<json::array> {
    json::array list;
    for (const std::uint32_t index : which) {
      GP_TRY(auto part, parts.part(index, properties.parts, false));
      list.push_back(std::move(part));
    }
    return list;
  };
  for (const std::string& name : properties.names) {
    if (name == "messageId") out[name] = message_id_list(envelope.message_id);
    if (name == "inReplyTo") out[name] = message_id_list(envelope.in_reply_to);
    if (name == "references") out[name] = message_id_list(envelope.references);
    if (name == "sender") out[name] = addresses(envelope.sender);
    if (name == "from") out[name] = addresses(envelope.from);
    if (name == "to") out[name] = addresses(envelope.to);
    if (name == "cc") out[name] = addresses(envelope.cc);
    if (name == "bcc") out[name] = addresses(envelope.bcc);
    if (name == "replyTo") out[name] = addresses(envelope.reply_to);
    if (name == "subject") out[name] = text_value(envelope.subject);
    if (name == "sentAt") out[name] = date_value(envelope.date);
    if (name == "hasAttachment") out[name] = mime::has_attachment(structure);
    if (name == "headers") {
      GP_TRY(const std::string_view block, parts.header(0));
      out[name] = header_list(block);
    } else if (name == "preview") {
      GP_TRY(const std::string text, reading::preview(reader, structure));
      out[name] = std::string_view(text);
    } else if (name == "bodyStructure") {
      GP_TRY(auto root, parts.part(0, properties.parts, true));
      out[name] = std::move(root);
    } else if (name == "textBody") {
      GP_TRY(auto list, parts_of(sorted().text));
      out[name] = std::move(list);
    } else if (name == "htmlBody") {
      GP_TRY(auto list, parts_of(sorted().html));
      out[name] = std::move(list);
    } else if (name == "attachments") {
      GP_TRY(auto list, parts_of(sorted().attachments));
      out[name] = std::move(list);
    } else if (name == "bodyValues") {
      std::vector<std::uint32_t> wanted;
      const auto want = [&](const std::vector<std::uint32_t>& more) {
        for (const std::uint32_t index : more) {
          const mime::Part& part = structure.parts[index];
          const bool known = std::ranges::find(wanted, index) != wanted.end();
          if (ascii::iequals(part.type, "text") && !known) wanted.push_back(index);
        }
      };
      if (properties.text_values || properties.all_values) want(sorted().text);
      if (properties.html_values || properties.all_values) want(sorted().html);
      if (properties.all_values) want(sorted().attachments);
      json::object values;
      for (const std::uint32_t index : wanted) {
        GP_TRY(auto value, parts.value(index, properties.max_value_octets, budget));
        values[part_id(index)] = std::move(value);
      }
      out[name] = std::move(values);
    } else if (name.starts_with("header:")) {
      GP_TRY(const std::string_view block, parts.header(0));
      out[name] = header_value(block, *read_header_property(name));
    }
  }
  return {};
}

namespace {

constexpr std::array<std::string_view, 27> kAll = {
    "id",         "blobId",     "threadId",  "mailboxIds",  "keywords",
    "size",       "receivedAt", "messageId", "inReplyTo",   "references",
    "sender",     "from",       "to",        "cc",          "bcc",
    "replyTo",    "subject",    "sentAt",    "headers",     "bodyStructure",
    "bodyValues", "textBody",   "htmlBody",  "attachments", "hasAttachment",
    "preview",    "snoozed"};

// Tells emails of one account.
class Teller {
 public:
  Teller(Context& context, const Access& access, const EmailProperties& properties,
         const std::vector<std::string>& keywords)
      : context_(context),
        access_(access),
        properties_(properties),
        keywords_(keywords),
        reader_(*access.account),
        reads_(properties.needs_message()) {}

  // Errc::not_found: it went meanwhile.
  Result<json::object> tell(const Found& email) {
    const account::Row& row = email.row();
    const std::string blob = blob_of_message(email.id());
    json::object out{{"id", access_.ids().email(email.id())}};
    if (properties_.has("blobId")) out["blobId"] = blob;
    if (properties_.has("threadId")) out["threadId"] = access_.ids().thread(row.thread);
    if (properties_.has("mailboxIds")) out["mailboxIds"] = mailboxes_of(access_, email);
    if (properties_.has("keywords")) out["keywords"] = keywords_of(email.flags, keywords_);
    if (properties_.has("size")) out["size"] = row.octets;
    if (properties_.has("receivedAt")) out["receivedAt"] = utc_date(row.received);
    if (properties_.has("snoozed")) out["snoozed"] = snoozed_of(context_, access_, email);
    if (!reads_) return out;
    GP_TRY(const account::Item item, access_.account->item(row.item));
    reader_.open(item.body);
    GP_TRY(const auto structure, reading::structure_of(reader_, item.summary));
    GP_CHECK(describe_message(reader_, structure, blob, properties_, budget_, out));
    return out;
  }

 private:
  Context& context_;
  const Access& access_;
  const EmailProperties& properties_;
  const std::vector<std::string>& keywords_;
  reading::MessageReader reader_;
  std::uint64_t budget_ = kValueBudget;
  const bool reads_;
};

}  // namespace

bool is_email_property(std::string_view name) { return has_name(kAll, name) || read_header_property(name).has_value(); }

Outcome<json::object> email_object(Context& context, const Access& access, const Found& email,
                                   const std::vector<std::string>& properties) {
  const json::object none;
  Arguments arguments(none);
  const auto wanted = EmailProperties::read(arguments, properties, false);
  if (!wanted) return std::unexpected(wanted.error());
  JMAP_OBJECT_TRY(const auto names, access.account->keywords());
  JMAP_OBJECT_TRY(auto told, Teller(context, access, *wanted, *names).tell(email));
  return told;
}

Result<std::string_view> head_of(reading::MessageReader& reader) {
  return reader.view({0, std::min<std::uint64_t>(reader.octets(), mime::kMaxHeaderOctets)});
}

Result<bool> has_fields(reading::MessageReader& reader) {
  if (reader.octets() == 0) return false;
  GP_TRY(const std::string_view block, head_of(reader));
  mime::HeaderReader fields(block);
  const auto first = fields.next();
  // RFC 5322 3.6.8: printable characters but the colon.
  return first && !first->name.empty() && std::ranges::all_of(first->name, [](char c) { return c > ' ' && c <= '~'; });
}

Answer email_get(Call& call) {
  Arguments arguments(call.given);
  auto request = read_get(call, arguments, kAll);
  if (!request) return std::unexpected(request.error());
  auto properties = EmailProperties::read(arguments, request->properties, false);
  if (!properties) return std::unexpected(properties.error());
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  // RFC 8621 4.2: emails are too many to be asked for without ids.
  if (!request->ids) return refuse("requestTooLarge", "ids");
  const Access& access = *request->access;
  const account::Modseq state = access.account->modseq();
  JMAP_CALL_TRY(const auto found, find_emails(access, *request->ids));
  JMAP_CALL_TRY(const auto names, access.account->keywords());
  std::map<std::string_view, std::size_t> at;
  for (std::size_t i = 0; i < found.size(); ++i) at.try_emplace((*request->ids)[i], i);
  Teller teller(call.context, access, *properties, *names);
  return answer_get(*request, state_name(state), *request->ids,
                    [&](const std::string& id) -> Outcome<std::optional<json::object>> {
                      const auto& email = found[at.at(id)];
                      if (!email) return std::nullopt;
                      auto told = teller.tell(*email);
                      // What went meanwhile is as if it had before.
                      if (!told && told.error().code == Errc::not_found) return std::nullopt;
                      if (!told) return std::unexpected(refusal_for_call(told.error()));
                      return std::move(*told);
                    });
}

Answer email_parse(Call& call) {
  Arguments arguments(call.given);
  const std::string account = arguments.id("accountId");
  const auto blobs = arguments.texts("blobIds");
  const auto names = arguments.texts("properties");
  auto properties = EmailProperties::read(arguments, names, true);
  if (!properties) return std::unexpected(properties.error());
  if (!blobs) arguments.wrong("blobIds");
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  if (blobs->size() > call.context.limits.objects_in_get) return refuse("requestTooLarge");
  auto access = call.context.access(account);
  if (!access) return std::unexpected(access.error());
  json::object parsed;
  std::vector<std::string> bad, missing;
  std::uint64_t budget = kValueBudget;
  for (const std::string& name : *blobs) {
    auto blob = find_blob(**access, call.context.id_of(name).value_or(name));
    if (!blob) {
      if (blob.error().code != Errc::not_found) return std::unexpected(refusal_for_call(blob.error()));
      missing.push_back(name);
      continue;
    }
    reading::MessageReader reader(*(*access)->account);
    reader.open(blob->body);
    if (!blob->part) {
      JMAP_CALL_TRY(const bool good, has_fields(reader));
      if (!good) {
        bad.push_back(name);
        continue;
      }
    }
    JMAP_CALL_TRY(auto structure, reading::structure_of(reader, blob->summary));
    json::object email;
    for (const std::string& property : properties->names) {
      if (has_name(kOfRow, property)) email[property] = nullptr;  // RFC 8621 4.9: of what is not stored
    }
    if (blob->part) {
      // A message within a message: its own octets, scanned by themselves.
      if (*blob->part >= structure.parts.size()) {
        missing.push_back(name);
        continue;
      }
      const mime::Part& part = structure.parts[*blob->part];
      const bool plain = part.kind == mime::Part::Kind::message;
      if (!plain) {
        bad.push_back(name);
        continue;
      }
      JMAP_CALL_TRY(const std::string_view octets, reader.view({part.body_begin, part.body_end}));
      JMAP_CALL_TRY(auto writer, (*access)->account->new_body(octets.size()));
      if (auto done = writer->append(octets); !done) return std::unexpected(refusal_for_call(done.error()));
      JMAP_CALL_TRY(const account::Body inner, writer->finish());
      if (properties->has("blobId")) email["blobId"] = name;
      if (properties->has("size")) email["size"] = inner.size;
      reading::MessageReader inside(*(*access)->account);
      inside.open(inner);
      JMAP_CALL_TRY(const auto own, reading::structure_of(inside, ""));
      JMAP_CALL_TRY(const std::string own_name, blob_of_upload(*(*access)->account, inner));
      if (const auto done = describe_message(inside, own, own_name, *properties, budget, email); !done) {
        return std::unexpected(refusal_for_call(done.error()));
      }
    } else {
      if (properties->has("blobId")) email["blobId"] = name;
      if (properties->has("size")) email["size"] = blob->body.size;
      if (const auto done = describe_message(reader, structure, name, *properties, budget, email); !done) {
        return std::unexpected(refusal_for_call(done.error()));
      }
    }
    parsed[name] = std::move(email);
  }
  const auto or_null = [](const std::vector<std::string>& list) {
    return list.empty() ? json::value() : json::value(strings(list));
  };
  return json::object{{"accountId", account},
                      {"parsed", parsed.empty() ? json::value() : json::value(std::move(parsed))},
                      {"notParsable", or_null(bad)},
                      {"notFound", or_null(missing)}};
}

}  // namespace gatepost::jmap
