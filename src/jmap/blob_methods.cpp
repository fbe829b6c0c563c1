#include "jmap/blob_methods.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "base/base64.hpp"
#include "base/digest.hpp"
#include "base/utf8.hpp"
#include "jmap/blob.hpp"
#include "jmap/email.hpp"
#include "jmap/ids.hpp"

namespace gatepost::jmap {
namespace {

// Octets that one call of Blob/get may look at, and tell.
constexpr std::uint64_t kMostRead = 256 << 20, kMostTold = 16 << 20;

Refusal blob_not_found(std::string_view id) { return {"blobNotFound", std::string(id), {}, {}}; }

// A blob's octets into a body of an account.
Result<account::Body> copied(const Download& from, account::Account& to) {
  GP_TRY(const auto writer, to.new_body(from.end - from.begin));
  Result<> wrote;
  GP_TRY(const std::uint64_t octets, read_blob(from, 0, [&](std::string_view piece) {
           wrote = writer->append(piece);
           return wrote.has_value();
         }));
  (void)octets;
  GP_CHECK(std::move(wrote));
  return writer->finish();
}

// What an upload is put together from (RFC 9404 4.1).
class Assembly {
 public:
  Assembly(Call& call, Access& access, std::uint64_t& budget) : call_(call), access_(access), budget_(budget) {}

  Outcome<> add(const json::value& source) {
    const auto* object = source.if_object();
    if (object == nullptr) return bad_property("data");
    const auto* text = object->if_contains("data:asText");
    const auto* coded = object->if_contains("data:asBase64");
    const auto* blob = object->if_contains("blobId");
    if ((text != nullptr) + (coded != nullptr) + (blob != nullptr) != 1) return bad_property("data");
    if (blob != nullptr) return add_blob(*object, *blob);
    if (object->size() != 1) return bad_property("data");
    if (text != nullptr && text->is_string()) return append(std::string_view(text->get_string()));
    if (coded == nullptr || !coded->is_string()) return bad_property("data");
    const auto octets = base64::decode(std::string_view(coded->get_string()));
    if (!octets) return bad_property("data", "base64");
    return append(*octets);
  }
  const std::string& octets() const { return octets_; }

 private:
  Outcome<> append(std::string_view piece) {
    if (piece.size() > budget_) return refuse("tooLarge");
    budget_ -= piece.size();
    octets_ += piece;
    return {};
  }

  Outcome<> add_blob(const json::object& source, const json::value& name) {
    std::uint64_t offset = 0;
    std::uint64_t length = std::numeric_limits<std::uint64_t>::max();
    bool bounded = false;
    for (const auto& [key, value] : source) {
      if (key == "blobId" || value.is_null()) continue;
      const auto number = read_unsigned(value);
      if (!number || (key != "offset" && key != "length")) return bad_property("data", std::string(key));
      bounded = bounded || key == "length";
      (key == "offset" ? offset : length) = *number;
    }
    const auto id = name.is_string() ? call_.context.id_of(name.get_string()) : std::nullopt;
    if (!id) return std::unexpected(blob_not_found(name.is_string() ? std::string_view(name.get_string()) : ""));
    const auto from = open_blob(access_, *id);
    if (!from && from.error().code == Errc::not_found) return std::unexpected(blob_not_found(*id));
    if (!from) return std::unexpected(refusal_for_object(from.error()));
    Outcome<> fits;
    std::uint64_t left = length;
    const auto visited = read_blob(*from, offset, [&](std::string_view piece) {
      piece = piece.substr(0, std::min<std::uint64_t>(piece.size(), left));
      left -= piece.size();
      fits = append(piece);
      return fits.has_value() && left > 0;
    });
    if (!visited) return std::unexpected(refusal_for_object(visited.error()));
    if (!fits) return fits;
    // RFC 9404 4.1: what is not all there is none.
    const auto size = size_of(*from);
    if ((bounded && left > 0) || (size && offset > *size)) return bad_property("data", "beyond the end");
    return {};
  }

  Call& call_;
  Access& access_;
  std::uint64_t& budget_;
  std::string octets_;
};

// What Blob/get is asked for (RFC 9404 4.2).
struct Wanted {
  bool text = false, coded = false, either = false, digest = false, size = false;
};

Outcome<Wanted> read_wanted(const std::optional<std::vector<std::string>>& properties) {
  Wanted out;
  if (!properties) return Wanted{.either = true, .size = true};
  for (const std::string& name : *properties) {
    if (name == "data")
      out.either = true;
    else if (name == "data:asText")
      out.text = true;
    else if (name == "data:asBase64")
      out.coded = true;
    else if (name == "digest:sha-256")
      out.digest = true;
    else if (name == "size")
      out.size = true;
    else if (name != "id")
      return bad_argument("properties");
  }
  return out;
}

struct Budget {
  std::uint64_t read = kMostRead, told = kMostTold;
};

Outcome<json::object> describe_blob(const Download& blob, const std::string& id, const Wanted& wanted,
                                    std::uint64_t offset, std::uint64_t length, Budget& budget) {
  const bool data = wanted.text || wanted.coded || wanted.either;
  const auto known = size_of(blob);
  const bool reads_to_end = !known && wanted.size;
  const std::uint64_t most = reads_to_end ? blob.end - blob.begin : std::min(length, blob.end - blob.begin);
  if ((data || wanted.digest || reads_to_end) && most > budget.read) return refuse("requestTooLarge");
  std::string range;
  Sha256 digest;
  std::uint64_t left = length;
  std::uint64_t size = known.value_or(0);
  bool fits = true;
  if (data || wanted.digest || reads_to_end) {
    const std::uint64_t begin = reads_to_end ? 0 : offset;
    std::uint64_t at = begin;
    const auto visited = read_blob(blob, begin, [&](std::string_view piece) {
      const std::string_view whole = piece;
      piece.remove_prefix(std::min<std::uint64_t>(piece.size(), offset > at ? offset - at : 0));
      at += whole.size();
      piece = piece.substr(0, std::min<std::uint64_t>(piece.size(), left));
      left -= piece.size();
      if (wanted.digest) digest.update(piece);
      fits = !data || range.size() + piece.size() <= budget.told;
      if (data && fits) range += piece;
      return fits && (left > 0 || reads_to_end);
    });
    if (!visited) return std::unexpected(refusal_for_call(visited.error()));
    if (!fits) return refuse("requestTooLarge");
    budget.read -= std::min(budget.read, *visited);
    budget.told -= range.size();
    if (reads_to_end) size = *visited;
  }
  json::object out{{"id", id}};
  if (wanted.size) out["size"] = size;
  const bool bounded = length != std::numeric_limits<std::uint64_t>::max();
  if ((bounded && left > 0 && (data || wanted.digest)) || (known && offset > *known)) out["isTruncated"] = true;
  if (wanted.digest) {
    const Sha256Value value = digest.finish();
    out["digest:sha-256"] = base64::encode({reinterpret_cast<const char*>(value.data()), value.size()});
  }
  const bool is_text = utf8::is_valid(range);
  if (!is_text && (wanted.text || wanted.either)) out["isEncodingProblem"] = true;
  if (wanted.text || (wanted.either && is_text)) out["data:asText"] = is_text ? json::value(range) : json::value();
  if (wanted.coded || (wanted.either && !is_text)) out["data:asBase64"] = base64::encode(range);
  return out;
}

}  // namespace

Answer blob_copy(Call& call) {
  Arguments arguments(call.given);
  const std::string from_id = arguments.id("fromAccountId"), to_id = arguments.id("accountId");
  const auto ids = arguments.texts("blobIds");
  if (!ids) arguments.wrong("blobIds");
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  if (ids->size() > call.context.limits.objects_in_set) return refuse("requestTooLarge");
  const auto to = call.context.access(to_id);
  if (!to) return std::unexpected(to.error());
  const auto from = call.context.access(from_id);
  if (!from) {
    return from.error().type == "accountNotFound" ? refuse("fromAccountNotFound") : std::unexpected(from.error());
  }
  json::object copies, failed;
  for (const std::string& id : *ids) {
    const auto blob = open_blob(**from, id);
    if (!blob) {
      failed[id] = to_json(blob.error().code == Errc::not_found ? Refusal{"notFound", {}, {}, {}}
                                                                : refusal_for_object(blob.error()));
      continue;
    }
    const auto made = [&]() -> Result<std::string> {
      GP_TRY(const account::Body body, copied(*blob, *(*to)->account));
      return blob_of_upload(*(*to)->account, body);
    }();
    if (made)
      copies[id] = *made;
    else
      failed[id] = to_json(refusal_for_object(made.error()));
  }
  const auto or_null = [](json::object&& o) { return o.empty() ? json::value() : json::value(std::move(o)); };
  return json::object{{"fromAccountId", from_id},
                      {"accountId", to_id},
                      {"copied", or_null(std::move(copies))},
                      {"notCopied", or_null(std::move(failed))}};
}

Answer blob_upload(Call& call) {
  Arguments arguments(call.given);
  const std::string account = arguments.id("accountId");
  const json::object* create = arguments.object("create");
  if (create == nullptr) arguments.wrong("create");
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  const auto access = call.context.access(account);
  if (!access) return std::unexpected(access.error());
  if (create->size() > call.context.limits.objects_in_set) return refuse("requestTooLarge");
  // RFC 9404 4.1: in an order in which each may refer to those before it.
  std::vector<std::pair<std::string, const json::object*>> wanted;
  json::object created, failed;
  for (const auto& [name, value] : *create) {
    if (!is_id(name)) return bad_argument("create");
    if (const auto* one = value.if_object())
      wanted.emplace_back(name, one);
    else
      failed[name] = to_json(Refusal{"invalidProperties", {}, {}, {}});
  }
  std::uint64_t budget = call.context.limits.blob_set_octets;
  const auto make = [&](const json::object& one) -> Outcome<json::object> {
    const auto* data = one.if_contains("data");
    const auto* type = one.if_contains("type");
    for (const auto& [key, value] : one) {
      if (key != "data" && key != "type") return bad_property(key);
    }
    if (data == nullptr || !data->is_array()) return bad_property("data");
    if (type != nullptr && !type->is_string() && !type->is_null()) return bad_property("type");
    if (data->get_array().size() > call.context.limits.blob_sources) return refuse("tooLarge", "maxDataSources");
    Assembly assembly(call, **access, budget);
    for (const json::value& source : data->get_array()) {
      if (auto added = assembly.add(source); !added) return std::unexpected(added.error());
    }
    account::Account& owner = *(*access)->account;
    JMAP_OBJECT_TRY(const auto writer, owner.new_body(assembly.octets().size()));
    if (const auto wrote = writer->append(assembly.octets()); !wrote) {
      return std::unexpected(refusal_for_object(wrote.error()));
    }
    JMAP_OBJECT_TRY(const account::Body body, writer->finish());
    JMAP_OBJECT_TRY(const std::string id, blob_of_upload(owner, body));
    return json::object{
        {"id", id},
        {"type", type != nullptr && type->is_string() ? *type : json::value("application/octet-stream")},
        {"size", body.size}};
  };
  for (const auto& [name, one] : wanted) {
    auto made = make(*one);
    if (!made) {
      failed[name] = to_json(made.error());
      continue;
    }
    call.context.created[name] = std::string(made->at("id").as_string());
    created[name] = std::move(*made);
  }
  const auto or_null = [](json::object&& o) { return o.empty() ? json::value() : json::value(std::move(o)); };
  return json::object{
      {"accountId", account}, {"created", or_null(std::move(created))}, {"notCreated", or_null(std::move(failed))}};
}

Answer blob_get(Call& call) {
  Arguments arguments(call.given);
  const std::string account = arguments.id("accountId");
  const auto ids = arguments.texts("ids");
  const auto properties = arguments.texts("properties");
  const auto offset = arguments.number("offset");
  const auto length = arguments.number("length");
  if (!ids) arguments.wrong("ids");
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  const auto access = call.context.access(account);
  if (!access) return std::unexpected(access.error());
  if (ids->size() > call.context.limits.objects_in_get) return refuse("requestTooLarge");
  const auto wanted = read_wanted(properties);
  if (!wanted) return std::unexpected(wanted.error());
  Budget budget;
  json::array list;
  std::vector<std::string> missing;
  for (const std::string& name : *ids) {
    const auto id = call.context.id_of(name);
    const auto blob = id ? open_blob(**access, *id) : Result<Download>(fail(Errc::not_found, "no such blob"));
    if (!blob && blob.error().code == Errc::not_found) {
      missing.push_back(name);
      continue;
    }
    if (!blob) return std::unexpected(refusal_for_call(blob.error()));
    auto one = describe_blob(*blob, *id, *wanted, offset.value_or(0),
                             length.value_or(std::numeric_limits<std::uint64_t>::max()), budget);
    if (!one) return std::unexpected(one.error());
    list.push_back(std::move(*one));
  }
  return json::object{{"accountId", account}, {"list", std::move(list)}, {"notFound", strings(missing)}};
}

Answer blob_lookup(Call& call) {
  static constexpr std::array<std::string_view, 3> kTypes = {"Mailbox", "Thread", "Email"};
  Arguments arguments(call.given);
  const std::string account = arguments.id("accountId");
  const auto types = arguments.texts("typeNames");
  const auto ids = arguments.texts("ids");
  if (!types) arguments.wrong("typeNames");
  if (!ids) arguments.wrong("ids");
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  const auto access = call.context.access(account);
  if (!access) return std::unexpected(access.error());
  if (ids->size() > call.context.limits.objects_in_get) return refuse("requestTooLarge");
  for (const std::string& type : *types) {
    // RFC 9404 4.3.
    if (std::ranges::find(kTypes, type) == kTypes.end()) return refuse("unknownDataType", type);
  }
  json::array list;
  std::vector<std::string> missing;
  for (const std::string& name : *ids) {
    const auto id = call.context.id_of(name);
    const auto blob = id ? open_blob(**access, *id) : Result<Download>(fail(Errc::not_found, "no such blob"));
    if (!blob && blob.error().code != Errc::not_found) return std::unexpected(refusal_for_call(blob.error()));
    if (!blob) {
      missing.push_back(name);
      continue;
    }
    json::object matched;
    for (const std::string& type : *types) matched[type] = json::array();
    // What was uploaded is in no object: one that is made of it has a blob of its own.
    if (const auto number = number_behind('B', std::string_view(*id).substr(0, id->find('p')))) {
      const account::ObjectIds names = (*access)->ids();
      const std::string email = names.email(account::ItemId{*number});
      JMAP_CALL_TRY(const auto found, find_emails(**access, {email}));
      for (const std::string& type : found[0] ? *types : std::vector<std::string>()) {
        if (type == "Mailbox") {
          json::array all;
          for (const auto& [mailbox, is] : mailboxes_of(**access, *found[0])) all.emplace_back(mailbox);
          matched[type] = std::move(all);
        } else {
          matched[type] = json::array{type == "Email" ? email : names.thread(found[0]->row().thread)};
        }
      }
    }
    list.push_back(json::object{{"id", *id}, {"matchedIds", std::move(matched)}});
  }
  return json::object{{"accountId", account}, {"list", std::move(list)}, {"notFound", strings(missing)}};
}

}  // namespace gatepost::jmap
