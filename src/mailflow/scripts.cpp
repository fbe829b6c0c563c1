#include "mailflow/scripts.hpp"

#include <algorithm>
#include <limits>

#include "base/ascii.hpp"
#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/utf8.hpp"
#include "sieve/limits.hpp"

// docs/formats/account.md has the records.
namespace gatepost::mailflow {
namespace {

constexpr account::Reader kScriptsReader = std::numeric_limits<account::Reader>::max() - 4;
constexpr std::string_view kList = "/scripts";
constexpr std::uint8_t kScriptsFormat = 1;
constexpr std::size_t kScriptPieceOctets = 30 << 10;  // below what an annotation may have
constexpr std::size_t kMaxKnown = 50'000, kMaxKnownOctets = 64 << 20;

struct KeptScript {
  Script script;
  std::array<std::uint8_t, 8> digest{};  // of the content
};
struct Record {
  std::uint32_t next = 1, active = 0;
  std::uint64_t changes = 0;  // so that a state never comes again
  std::vector<KeptScript> entries;
};

std::string encode_scripts(const Record& record) {
  std::string out;
  put_u8(out, kScriptsFormat);
  put_varint(out, record.next);
  put_varint(out, record.active);
  put_varint(out, record.changes);
  put_varint(out, record.entries.size());
  for (const KeptScript& e : record.entries) {
    put_varint(out, static_cast<std::uint32_t>(e.script.id));
    put_text(out, e.script.name);
    put_varint(out, e.script.octets);
    out.append(reinterpret_cast<const char*>(e.digest.data()), e.digest.size());
  }
  return out;
}

Result<Record> decode_scripts(std::string_view value) {
  ByteReader in(value);
  if (const std::uint8_t format = in.u8(); format != kScriptsFormat) {
    return fail(format > kScriptsFormat ? Errc::unsupported : Errc::corrupt,
                "scripts format " + std::to_string(format));
  }
  Record out;
  out.next = static_cast<std::uint32_t>(in.varint());
  out.active = static_cast<std::uint32_t>(in.varint());
  out.changes = in.varint();
  const std::uint64_t count = in.varint();
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    KeptScript e;
    const auto id = static_cast<std::uint32_t>(in.varint());
    e.script.id = ScriptId{id};
    e.script.name = in.text();
    e.script.octets = static_cast<std::uint32_t>(in.varint());
    e.script.active = id == out.active;
    const std::string_view digest = in.take(e.digest.size());
    std::ranges::copy(digest, e.digest.begin());
    out.entries.push_back(std::move(e));
  }
  if (!in.ok() || !in.at_end()) return fail(Errc::corrupt, "record of scripts is damaged");
  return out;
}

std::string piece_name(ScriptId id, std::size_t piece) {
  return "/script/" + std::to_string(static_cast<std::uint32_t>(id)) + "/" + std::to_string(piece);
}
std::size_t pieces_of(std::size_t octets) { return (octets + kScriptPieceOctets - 1) / kScriptPieceOctets; }

std::array<std::uint8_t, 8> digest_of(std::string_view content) {
  const Sha256Value hash = sha256(content);
  std::array<std::uint8_t, 8> out{};
  std::copy_n(hash.begin(), out.size(), out.begin());
  return out;
}

using Kept = std::vector<account::Annotation>;

Result<Record> record_in(const Kept& kept) {
  const auto found = std::ranges::find(kept, kList, &account::Annotation::name);
  return found == kept.end() ? Record() : decode_scripts(found->value);
}

Result<std::string> content_in(const Kept& kept, const Script& script) {
  std::string out;
  for (std::size_t piece = 0; piece < pieces_of(script.octets); ++piece) {
    const auto found = std::ranges::find(kept, piece_name(script.id, piece), &account::Annotation::name);
    if (found == kept.end()) return fail(Errc::corrupt, "a piece of a script is missing");
    out += found->value;
  }
  if (out.size() != script.octets) return fail(Errc::corrupt, "a script is damaged");
  return out;
}

// What a compiled script takes in memory at most: each command and test stands before or behind one of these.
std::size_t octets_of(std::string_view content) {
  constexpr std::size_t kNodeOctets = 1'500;
  const auto nodes = std::ranges::count_if(content, [](char c) { return std::string_view(";{,(").contains(c); });
  return content.size() + kNodeOctets * static_cast<std::size_t>(nodes);
}

auto find(Record& record, ScriptId id) {
  return std::ranges::find_if(record.entries, [id](const KeptScript& e) { return e.script.id == id; });
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxScriptName && utf8::is_valid(name) &&
         std::ranges::none_of(name, ascii::is_control);
}

using Changes = std::vector<account::AnnotationChange>;

void change_record(Changes& changes, std::string name, std::optional<std::string> value) {
  changes.push_back({.reader = kScriptsReader, .name = std::move(name), .value = std::move(value)});
}

void change_content(Changes& changes, Script& script, std::string_view content) {
  const std::size_t before = pieces_of(script.octets), now = pieces_of(content.size());
  for (std::size_t piece = 0; piece < now; ++piece) {
    change_record(changes, piece_name(script.id, piece),
                  std::string(content.substr(piece * kScriptPieceOctets, kScriptPieceOctets)));
  }
  for (std::size_t piece = now; piece < before; ++piece)
    change_record(changes, piece_name(script.id, piece), std::nullopt);
  script.octets = static_cast<std::uint32_t>(content.size());
}

Result<> keep(account::Account& account, Record& record, Changes changes) {
  ++record.changes;
  change_record(changes, std::string(kList), encode_scripts(record));
  return account.set_annotations(account::kRoot, changes, 0);
}

}  // namespace

Result<ScriptList> Scripts::list(account::Account& account) {
  GP_TRY(const Kept kept, account.annotations(account::kRoot, kScriptsReader));
  GP_TRY(const Record record, record_in(kept));
  ScriptList out;
  for (const KeptScript& e : record.entries) out.scripts.push_back(e.script);
  const Sha256Value hash = sha256(encode_scripts(record));
  out.state = to_hex({reinterpret_cast<const char*>(hash.data()), 8});
  return out;
}

Result<std::string> Scripts::content(account::Account& account, ScriptId id) {
  GP_TRY(const Kept kept, account.annotations(account::kRoot, kScriptsReader));
  GP_TRY(Record record, record_in(kept));
  const auto found = find(record, id);
  if (found == record.entries.end()) return fail(Errc::not_found, "no such script");
  return content_in(kept, found->script);
}

Result<ScriptId> Scripts::put(account::Account& account, std::optional<ScriptId> id,
                              std::optional<std::string_view> name, std::optional<std::string_view> content) {
  if (name && !is_name(*name)) return fail(Errc::invalid, "name of a script");
  if (content && content->size() > sieve::kMaxScriptOctets) return fail(Errc::too_large, "script");
  const Lock lock(writer_);
  GP_TRY(const Kept kept, account.annotations(account::kRoot, kScriptsReader));
  GP_TRY(Record record, record_in(kept));
  auto found = id ? find(record, *id) : record.entries.end();
  if (id && found == record.entries.end()) return fail(Errc::not_found, "no such script");
  if (!id) {
    if (record.entries.size() >= kMaxScripts) return fail(Errc::limit, "too many scripts");
    KeptScript fresh;
    fresh.script.id = ScriptId{record.next++};
    found = record.entries.insert(record.entries.end(), std::move(fresh));
  }
  if (name) {
    const bool taken = std::ranges::any_of(
        record.entries, [&](const KeptScript& e) { return e.script.id != found->script.id && e.script.name == *name; });
    if (taken) return fail(Errc::already_exists, "name of a script");
    found->script.name = *name;
  }
  Changes changes;
  if (content) {
    change_content(changes, found->script, *content);
    found->digest = digest_of(*content);
  }
  const ScriptId out = found->script.id;
  GP_CHECK(keep(account, record, std::move(changes)));
  forget(account.id());
  return out;
}

Result<> Scripts::remove(account::Account& account, ScriptId id) {
  const Lock lock(writer_);
  GP_TRY(const Kept kept, account.annotations(account::kRoot, kScriptsReader));
  GP_TRY(Record record, record_in(kept));
  const auto found = find(record, id);
  if (found == record.entries.end()) return fail(Errc::not_found, "no such script");
  if (found->script.active) return fail(Errc::conflict, "the script is active");
  Changes changes;
  change_content(changes, found->script, {});
  record.entries.erase(found);
  return keep(account, record, std::move(changes));
}

Result<> Scripts::activate(account::Account& account, std::optional<ScriptId> id) {
  const Lock lock(writer_);
  GP_TRY(const Kept kept, account.annotations(account::kRoot, kScriptsReader));
  GP_TRY(Record record, record_in(kept));
  if (id && find(record, *id) == record.entries.end()) return fail(Errc::not_found, "no such script");
  const std::uint32_t next = id ? static_cast<std::uint32_t>(*id) : 0;
  if (record.active == next) return {};
  record.active = next;
  GP_CHECK(keep(account, record, {}));
  forget(account.id());
  return {};
}

void Scripts::forget(account::AccountId id) {
  const Lock lock(mutex_);
  ++changes_;
  if (const auto found = known_.find(id); found != known_.end()) {
    known_octets_ -= found->second.octets;
    known_.erase(found);
  }
}

Result<std::shared_ptr<const ActiveScript>> Scripts::active(account::AccountId id) {
  std::uint64_t changes = 0;
  {
    const Lock lock(mutex_);
    if (const auto found = known_.find(id); found != known_.end()) return found->second.script;
    changes = changes_;
  }
  GP_TRY(const auto account, accounts_.open(id));
  GP_TRY(const Kept kept, account->annotations(account::kRoot, kScriptsReader));
  GP_TRY(Record record, record_in(kept));
  Known known;
  if (const auto found = find(record, ScriptId{record.active}); found != record.entries.end()) {
    GP_TRY(const std::string content, content_in(kept, found->script));
    known.octets = octets_of(content);
    known.script = std::make_shared<const ActiveScript>(ActiveScript{found->script.name, sieve::compile(content)});
  }
  const Lock lock(mutex_);
  // What was changed meanwhile is read again next time.
  if (changes != changes_) return known.script;
  if (known_.size() >= kMaxKnown || known_octets_ + known.octets > kMaxKnownOctets) {
    known_.clear();
    known_octets_ = 0;
  }
  const auto added = known_.emplace(id, known);
  if (added.second) known_octets_ += known.octets;
  return known.script;
}

}  // namespace gatepost::mailflow
