#include "jmap/email_store.hpp"

#include <algorithm>

#include "jmap/blob.hpp"
#include "jmap/compose.hpp"
#include "jmap/ids.hpp"
#include "mime/header.hpp"
#include "mime/summary.hpp"
#include "mime/transfer.hpp"

// Email/import, Email/copy, and what Email/set makes (RFC 8621 4.6 to 4.8).
namespace gatepost::jmap {

using account::FolderId;
using sharing::Right;

Outcome<std::vector<account::Folder>> folders_for(Context& context, const Access& access, const json::value* ids) {
  const auto* object = ids != nullptr ? ids->if_object() : nullptr;
  if (object == nullptr || object->empty()) return bad_property("mailboxIds");
  for (const auto& [id, is] : *object) {
    if (!is.is_bool() || !is.get_bool()) return bad_property("mailboxIds");
  }
  if (object->size() > kMaxMailboxesOfEmail) return refuse("tooManyMailboxes");
  std::vector<account::Folder> out;
  for (const auto& [name, is] : *object) {
    const auto id = context.id_of(name);
    const auto number = id ? access.ids().find_mailbox(*id) : std::nullopt;
    auto folder = number ? access.folder(*number) : Result<account::Folder>(fail(Errc::not_found));
    if (!folder || !folder->selectable) return bad_property("mailboxIds");
    if (std::ranges::find(out, folder->id, &account::Folder::id) == out.end()) out.push_back(*std::move(folder));
  }
  return out;
}

Refusal refusal_of_keywords(const Error& error) {
  return error.code == Errc::limit ? Refusal{"tooManyKeywords", {}, {}, {}} : refusal_for_object(error);
}

namespace {

Outcome<TimePoint> received_at(Context& context, const json::object& given) {
  const auto* value = given.if_contains("receivedAt");
  if (value == nullptr || value->is_null()) return context.services.clock.now();
  const auto t = read_date(*value);
  if (!t) return bad_property("receivedAt");
  return *t;
}

// Copies a message into further folders; all or none.
Outcome<> copy_to(Access& access, FolderId from, account::Uid uid, std::span<const account::Folder> folders) {
  std::vector<std::pair<FolderId, NumberSet>> made;
  for (const account::Folder& to : folders) {
    const auto copied = access.account->copy(from, NumberSet::of(uid, uid), to.id);
    if (copied && !copied->to.empty()) {
      made.emplace_back(to.id, NumberSet::of(copied->to.front(), copied->to.front()));
      continue;
    }
    for (const auto& [folder, one] : made) (void)access.account->undo_copy(folder, one);
    if (copied) return refuse("notFound");
    return std::unexpected(refusal_for_object(copied.error()));
  }
  return {};
}

// Stores a message; what the answer says of it.
Outcome<json::object> store(Access& access, const std::vector<account::Folder>& folders, const Composed& message,
                            const FlagWish& flags, TimePoint received) {
  account::FlagScope scope;
  for (const account::Folder& one : folders) {
    const sharing::Rights rights = access.rights(one);
    if (!rights.has(Right::insert)) return refuse("forbidden");
    const account::FlagScope here = sharing::flag_scope(rights);
    scope = {static_cast<std::uint8_t>(scope.system & here.system), scope.keywords && here.keywords};
  }
  const account::Folder& folder = folders.front();
  account::NewItem item;
  item.body = message.body;
  item.summary = message.summary;
  item.system_flags = flags.system & scope.system;
  if (scope.keywords) item.keywords = flags.keywords;
  item.received = received;
  // Names that the account knows none of yet may be too many (RFC 8621 4.6).
  if (const auto known = access.account->keyword_ids(item.keywords, true); !known) {
    return std::unexpected(refusal_of_keywords(known.error()));
  }
  JMAP_OBJECT_TRY(const auto appended, access.account->append(folder.id, std::span(&item, 1)));
  std::optional<account::Row> row;
  JMAP_OBJECT_TRY(const auto delta, access.account->changes(folder.id, appended.modseq - 1));
  for (const account::Row& one : delta.rows) {
    if (one.uid == appended.uids.at(0)) row = one;
  }
  if (!row) {
    const auto read = access.account->rows(folder.id, NumberSet::of(appended.uids.at(0), appended.uids.at(0)),
                                           [&](const account::Row& one) {
                                             row = one;
                                             return false;
                                           });
    if (!read) return std::unexpected(refusal_for_object(read.error()));
  }
  if (!row) return refuse("serverFail");
  if (auto copied = copy_to(access, folder.id, row->uid, std::span(folders).subspan(1)); !copied) {
    (void)access.account->undo_copy(folder.id, NumberSet::of(row->uid, row->uid));
    return std::unexpected(copied.error());
  }
  return json::object{{"id", access.ids().email(row->email)},
                      {"blobId", blob_of_message(row->email)},
                      {"threadId", access.ids().thread(row->thread)},
                      {"size", row->octets}};
}

// RFC 8621 4.8: when the last server took it, as it says in its Received field (RFC 5321 4.4); else now.
Outcome<TimePoint> received_by_header(Context& context, reading::MessageReader& reader) {
  JMAP_OBJECT_TRY(const std::string_view block, head_of(reader));
  const auto field = mime::find_field(block, "Received");
  if (field) {
    const std::string text = mime::unfold(*field);
    const std::size_t at = text.rfind(';');
    const auto t = at == std::string::npos ? std::nullopt : date::parse_rfc5322(std::string_view(text).substr(at + 1));
    if (t) return *t;
  }
  return context.services.clock.now();
}

Outcome<FlagWish> wished_flags(const json::object& given) {
  const auto* value = given.if_contains("keywords");
  if (value == nullptr || value->is_null()) return FlagWish{};
  return read_keywords(*value);
}

}  // namespace

Outcome<json::object> create_email(Context& context, Access& access, const json::object& given) {
  auto folders = folders_for(context, access, given.if_contains("mailboxIds"));
  if (!folders) return std::unexpected(folders.error());
  auto flags = wished_flags(given);
  if (!flags) return std::unexpected(flags.error());
  auto received = received_at(context, given);
  if (!received) return std::unexpected(received.error());
  auto message = compose(context, access, given);
  if (!message) return std::unexpected(message.error());
  return store(access, *folders, *message, *flags, *received);
}

// RFC 8621 4.8.
Answer email_import(Call& call) {
  Arguments arguments(call.given);
  const std::string account = arguments.id("accountId");
  const auto if_in_state = arguments.text("ifInState");
  const json::object* emails = arguments.object("emails");
  if (emails == nullptr) arguments.wrong("emails");
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  auto found = call.context.access(account);
  if (!found) return std::unexpected(found.error());
  Access& access = **found;
  if (access.read_only) return refuse("accountReadOnly");
  for (const auto& [key, value] : *emails) {
    if (!is_id(key) || !value.is_object()) return bad_argument("emails");
  }
  if (emails->size() > call.context.limits.objects_in_set) return refuse("requestTooLarge");
  const account::Modseq before = access.account->modseq();
  if (if_in_state && *if_in_state != state_name(before)) return refuse("stateMismatch");
  const auto import = [&](const json::object& given) -> Outcome<json::object> {
    for (const auto& [key, value] : given) {
      if (key != "blobId" && key != "mailboxIds" && key != "keywords" && key != "receivedAt") return bad_property(key);
    }
    const auto* name = given.if_contains("blobId");
    if (name == nullptr || !name->is_string()) return bad_property("blobId");
    auto folders = folders_for(call.context, access, given.if_contains("mailboxIds"));
    if (!folders) return std::unexpected(folders.error());
    auto flags = wished_flags(given);
    if (!flags) return std::unexpected(flags.error());
    const std::string blob_id = call.context.id_of(name->get_string()).value_or(std::string(name->get_string()));
    auto blob = find_blob(access, blob_id);
    if (!blob) {
      if (blob.error().code == Errc::not_found) return bad_property("blobId");
      return std::unexpected(refusal_for_object(blob.error()));
    }
    reading::MessageReader reader(*access.account);
    reader.open(blob->body);
    JMAP_OBJECT_TRY(const auto structure, reading::structure_of(reader, blob->summary));
    Composed message;
    if (blob->part) {
      if (*blob->part >= structure.parts.size()) return bad_property("blobId");
      const mime::Part& part = structure.parts[*blob->part];
      JMAP_OBJECT_TRY(auto builder, BodyBuilder::open(*access.account, call.context.limits.upload_octets));
      reading::SectionReader section(reader, {part.body_begin, part.body_end},
                                     mime::TransferDecoder(mime::transfer_encoding(part.encoding)));
      std::string piece;
      for (bool more = true; more;) {
        piece.clear();
        JMAP_OBJECT_TRY(more, section.next(piece));
        builder.write(piece);
      }
      JMAP_OBJECT_TRY(message, builder.finish());
    } else {
      message.body = blob->body;
      message.summary = mime::encode(structure);
    }
    // RFC 8621 4.8: what is no message is refused; ours are any octets with a header field at the front.
    reader.open(message.body);
    JMAP_OBJECT_TRY(const bool good, has_fields(reader));
    if (!good) return refuse("invalidEmail");
    auto received =
        given.contains("receivedAt") ? received_at(call.context, given) : received_by_header(call.context, reader);
    if (!received) return std::unexpected(received.error());
    return store(access, *folders, message, *flags, *received);
  };
  json::object created, failed;
  for (const auto& [key, value] : *emails) {
    const std::string name(key);
    const auto* given = value.if_object();
    auto done = import(*given);
    if (!done) {
      failed[name] = to_json(done.error());
      continue;
    }
    call.context.created[name] = std::string((*done)["id"].as_string());
    created[name] = std::move(*done);
  }
  const auto or_null = [](json::object&& o) { return o.empty() ? json::value() : json::value(std::move(o)); };
  return json::object{{"accountId", account},
                      {"oldState", state_name(before)},
                      {"newState", state_name(access.account->modseq())},
                      {"created", or_null(std::move(created))},
                      {"notCreated", or_null(std::move(failed))}};
}

// RFC 8621 4.7.
Answer email_copy(Call& call) {
  Arguments arguments(call.given);
  const std::string from_account = arguments.id("fromAccountId");
  const std::string account = arguments.id("accountId");
  const auto if_from = arguments.text("ifFromInState");
  const auto if_in = arguments.text("ifInState");
  const json::object* creates = arguments.object("create");
  const bool destroys = arguments.boolean("onSuccessDestroyOriginal");
  const auto destroy_if = arguments.text("destroyFromIfInState");
  if (creates == nullptr) arguments.wrong("create");
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  auto from = call.context.access(from_account);
  if (!from) return refuse("fromAccountNotFound");
  auto to = call.context.access(account);
  if (!to) return std::unexpected(to.error());
  if (from_account == account) return bad_argument("fromAccountId");  // RFC 8620 5.4
  if ((*to)->read_only) return refuse("accountReadOnly");
  for (const auto& [key, value] : *creates) {
    if (!is_id(key) || !value.is_object()) return bad_argument("create");
  }
  if (creates->size() > call.context.limits.objects_in_set) return refuse("requestTooLarge");
  const account::Modseq before = (*to)->account->modseq();
  if (if_in && *if_in != state_name(before)) return refuse("stateMismatch");
  if (if_from && *if_from != state_name((*from)->account->modseq())) return refuse("stateMismatch");
  json::object created, failed;
  json::array originals;
  const auto copy = [&](const json::object& given) -> Outcome<json::object> {
    for (const auto& [key, value] : given) {
      if (key != "id" && key != "mailboxIds" && key != "keywords" && key != "receivedAt") return bad_property(key);
    }
    const auto* id = given.if_contains("id");
    const auto name = id != nullptr && id->is_string() ? call.context.id_of(id->get_string()) : std::nullopt;
    if (!name) return bad_property("id");
    JMAP_OBJECT_TRY(const auto found, find_emails(**from, {*name}));
    if (!found[0]) return refuse("notFound");
    auto folders = folders_for(call.context, **to, given.if_contains("mailboxIds"));
    if (!folders) return std::unexpected(folders.error());
    auto flags = wished_flags(given);
    if (!flags) return std::unexpected(flags.error());
    if (!given.contains("keywords")) {
      JMAP_OBJECT_TRY(const auto names, (*from)->account->keywords());
      flags = read_keywords(keywords_of(found[0]->flags, *names));
      if (!flags) return std::unexpected(flags.error());
    }
    auto received =
        given.contains("receivedAt") ? received_at(call.context, given) : Outcome<TimePoint>(found[0]->row().received);
    if (!received) return std::unexpected(received.error());
    JMAP_OBJECT_TRY(const account::Item item, (*from)->account->item(found[0]->row().item));
    Composed message{item.body, item.summary};
    auto done = store(**to, *folders, message, *flags, *received);
    if (done) originals.emplace_back(*name);
    return done;
  };
  for (const auto& [key, value] : *creates) {
    const std::string name(key);
    const auto* given = value.if_object();
    auto done = copy(*given);
    if (!done) {
      failed[name] = to_json(done.error());
      continue;
    }
    call.context.created[name] = std::string((*done)["id"].as_string());
    created[name] = std::move(*done);
  }
  if (destroys && !originals.empty()) {
    json::object gone{{"accountId", from_account}, {"destroy", std::move(originals)}};
    if (destroy_if) gone["ifInState"] = *destroy_if;
    call.implicit.push_back({"Email/set", std::move(gone), call.id});
  }
  const auto or_null = [](json::object&& o) { return o.empty() ? json::value() : json::value(std::move(o)); };
  return json::object{{"fromAccountId", from_account},          {"accountId", account},
                      {"oldState", state_name(before)},         {"newState", state_name((*to)->account->modseq())},
                      {"created", or_null(std::move(created))}, {"notCreated", or_null(std::move(failed))}};
}

}  // namespace gatepost::jmap
