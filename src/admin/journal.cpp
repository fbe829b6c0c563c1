#include "admin/journal.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/ascii.hpp"
#include "base/bytes.hpp"
#include "base/utf8.hpp"
#include "store/key_value.hpp"
#include "store/keys.hpp"

namespace gatepost::admin {
namespace {

// docs/formats/keys.md has what is taken.
constexpr store::Partition kJournalPartition{7};
constexpr char kChangeKey = 'c';
constexpr int kJournalTries = 20;
constexpr std::chrono::seconds kJournalReadTime{30};
constexpr std::size_t kScanPage = 256;
constexpr auto kLatest = static_cast<std::uint64_t>(
    std::chrono::duration_cast<std::chrono::microseconds>(TimePoint::duration::max()).count());

// Verbs that change nothing of the product: what they do can be done again, or only be seen.
constexpr std::array<std::string_view, 60> kLooking{"account export",
                                                    "account list",
                                                    "account pulled",
                                                    "account removed list",
                                                    "account show",
                                                    "account totp status",
                                                    "acl list",
                                                    "address-book list",
                                                    "address-book show",
                                                    "alias list",
                                                    "app-password list",
                                                    "ban explain",
                                                    "ban list",
                                                    "ban refill",
                                                    "certificate authority",
                                                    "certificate hook-done",
                                                    "certificate hook-next",
                                                    "certificate list",
                                                    "certificate mta-sts",
                                                    "certificate rehearse",
                                                    "certificate show",
                                                    "certificate tlsa",
                                                    "changes list",
                                                    "contact list",
                                                    "contact show",
                                                    "config show",
                                                    "device list",
                                                    "directory status",
                                                    "directory test",
                                                    "domain check",
                                                    "export",
                                                    "domain list",
                                                    "drain",
                                                    "gate audit",
                                                    "gate history",
                                                    "forwarding list",
                                                    "forwarding show",
                                                    "gate peer",
                                                    "gate plan",
                                                    "gate policy",
                                                    "gate show",
                                                    "gate top",
                                                    "gate who",
                                                    "group list",
                                                    "group members",
                                                    "group preview",
                                                    "mail explain",
                                                    "maintenance plan",
                                                    "maintenance traffic",
                                                    "queue list",
                                                    "rights held",
                                                    "rights list",
                                                    "search status",
                                                    "session list",
                                                    "status",
                                                    "token list",
                                                    "store backup",
                                                    "store check",
                                                    "store collect",
                                                    "vacation show"};

// Secrets, and what people write to each other.
constexpr std::array<std::string_view, 5> kUntold{"html", "password", "photo", "subject", "text"};

std::string change_key(std::uint64_t number) {
  std::string out(1, kChangeKey);
  put_u64(out, number);
  return out;
}

std::string_view cut(std::string_view text) {
  text = text.substr(0, kMaxChangeText);
  // Not within a character.
  while (!text.empty() && !utf8::is_valid(text)) text.remove_suffix(1);
  return text;
}

std::string encode_change(const Change& c) {
  std::string out;
  put_u8(out, store::kRecordFormat);
  put_u64(out, static_cast<std::uint64_t>(
                   std::chrono::duration_cast<std::chrono::microseconds>(c.at.time_since_epoch()).count()));
  put_u8(out, c.done ? 1 : 0);
  for (const std::string* text : {&c.who, &c.from, &c.verb, &c.what, &c.detail}) put_text(out, cut(*text));
  return out;
}

std::optional<Change> decode_change(store::Entry entry) {
  ByteReader key(entry.key), value(entry.value);
  key.u8();
  Change out;
  out.number = key.u64();
  if (value.u8() != store::kRecordFormat) return std::nullopt;
  const std::uint64_t micros = value.u64();
  if (micros > kLatest) return std::nullopt;
  out.at = TimePoint(std::chrono::microseconds(static_cast<std::int64_t>(micros)));
  out.done = value.u8() != 0;
  for (std::string* text : {&out.who, &out.from, &out.verb, &out.what, &out.detail}) *text = value.text();
  if (!key.ok() || !value.ok()) return std::nullopt;
  return out;
}

bool concerns(const Change& c, std::string_view wanted) {
  return wanted.empty() || ascii::iequals(c.who, wanted) || ascii::iequals(c.what, wanted) || c.verb == wanted;
}

}  // namespace

bool changes_something(std::string_view verb) { return std::ranges::find(kLooking, verb) == kLooking.end(); }

Change change_of(const Request& request, const Reply& reply, TimePoint now) {
  Change out{.at = now,
             .who = request.asked_by,
             .from = request.asked_from,
             .verb = request.verb,
             .what = {},
             .detail = {},
             .done = reply.exit_code == 0};
  const std::string_view subject = request.has("address") ? "address" : request.has("name") ? "name" : "id";
  out.what = utf8::sanitize(request.option(subject));
  for (const auto& [name, values] : request.options) {
    if (name == subject || std::ranges::find(kUntold, name) != kUntold.end()) continue;
    for (const std::string& value : values) {
      if (out.detail.size() > kMaxChangeText) break;
      out.detail += (out.detail.empty() ? "" : " ") + utf8::sanitize(name) + "=" + utf8::sanitize(value);
    }
  }
  return out;
}

Result<> record(store::KeyValue& keys, const Change& change) {
  const std::string value = encode_change(change);
  for (int attempt = 1;; ++attempt) {
    // Each commit makes the version one larger: that is the number, and says how many there have been.
    GP_TRY(const store::Version version, keys.version(kJournalPartition));
    store::Batch batch;
    if (version >= kMaxChanges) batch.erases.push_back({change_key(0), change_key(version + 2 - kMaxChanges)});
    batch.writes.push_back({change_key(version + 1), value});
    const auto done = keys.commit(kJournalPartition, version, batch);
    if (done) return {};
    if (done.error().code != Errc::conflict || attempt == kJournalTries) return std::unexpected(done.error());
  }
}

Result<std::vector<Change>> changes(store::KeyValue& keys, std::uint64_t before, std::size_t most,
                                    std::string_view wanted) {
  GP_TRY(auto snapshot, keys.snapshot(kJournalPartition, kJournalReadTime));
  std::vector<Change> out;
  if (most == 0) return out;
  const std::string end = before == 0 ? store::prefix_end(std::string(1, kChangeKey)) : change_key(before);
  GP_CHECK(snapshot->scan(change_key(0), end, true, kScanPage, [&](store::Entry e) {
    auto one = decode_change(e);
    if (one && concerns(*one, wanted)) out.push_back(*std::move(one));
    return out.size() < most;
  }));
  return out;
}

}  // namespace gatepost::admin
