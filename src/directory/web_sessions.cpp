#include "directory/web_sessions.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/ascii.hpp"
#include "base/base64.hpp"
#include "base/bytes.hpp"
#include "base/utf8.hpp"
#include "directory/octets.hpp"
#include "directory/second_factor.hpp"
#include "store/key_value.hpp"
#include "store/keys.hpp"

namespace gatepost::directory {
namespace {

constexpr char kFamily = 's';
constexpr std::size_t kTokenOctets = 32;
constexpr std::size_t kIdOctets = 8;
constexpr std::size_t kSessionsAtOnce = 1000;
constexpr std::size_t kMostWrites = 1000;  // of one commit
constexpr std::chrono::seconds kReadTime{60};
constexpr int kSessionAttempts = 3;

std::string key_of(const Sha256Value& hash) {
  std::string key(1, kFamily);
  key.append(reinterpret_cast<const char*>(hash.data()), hash.size());
  return key;
}

std::optional<TimePoint> session_time(ByteReader& in) {
  constexpr auto kLimit = std::chrono::duration_cast<std::chrono::microseconds>(TimePoint::duration::max()).count();
  const auto micros = static_cast<std::int64_t>(in.u64());
  if (micros > kLimit || micros < 0) return std::nullopt;
  return TimePoint(std::chrono::microseconds(micros));
}

// What a peer says of itself is shown to people: one line of text.
std::string shown_agent(std::string_view agent) {
  std::string out = utf8::sanitize(agent);
  std::erase_if(out, ascii::is_control);
  if (out.size() > WebSessions::kMaxAgentOctets) {
    out.resize(WebSessions::kMaxAgentOctets);
    while (!out.empty() && !utf8::is_valid(out)) out.pop_back();
  }
  return out;
}

}  // namespace

std::size_t WebSessions::KeyHash::operator()(const Sha256Value& key) const {
  std::size_t out = 0;
  std::memcpy(&out, key.data(), sizeof out);  // as good as chance already
  return out;
}

Result<std::unique_ptr<WebSessions>> WebSessions::open(store::KeyValue& keys, Directory& directory,
                                                       WebSessionSettings settings, const Clock& clock,
                                                       Random& random) {
  std::unique_ptr<WebSessions> out(new WebSessions(keys, directory, settings, clock, random));
  GP_CHECK(out->load());
  return out;
}

Result<> WebSessions::load() {
  const Lock writing(writer_);
  GP_TRY(const auto snapshot, keys_.snapshot(store::kWebSessionPartition, kReadTime));
  version_ = snapshot->version();
  Rows rows;
  GP_CHECK(snapshot->scan("", "", false, kSessionsAtOnce, [&](store::Entry entry) {
    Sha256Value hash{};
    if (entry.key.size() != 1 + hash.size() || entry.key.front() != kFamily) return true;
    std::memcpy(hash.data(), entry.key.data() + 1, hash.size());
    if (auto row = decode(entry.value)) rows.emplace(hash, *std::move(row));
    return true;
  }));
  const Lock lock(mutex_);
  rows_ = std::move(rows);
  return {};
}

void WebSessions::set_settings(WebSessionSettings settings) {
  const Lock lock(mutex_);
  settings_ = settings;
}

TimePoint WebSessions::end_of(const WebSession& session) const {
  const std::chrono::seconds idle = session.lasting ? settings_.lasting : settings_.idle;
  return std::min<TimePoint>(session.used + idle, session.created + settings_.longest);
}

// The StoredKey changes with the password and with nothing else but the configured iterations; a name without a
// password of its own has one that stays the same (Directory::scram_verifier).
Result<WebSessions::Stamp> WebSessions::stamp_of(const Principal& principal) {
  GP_TRY(const auto verifier, directory_.scram_verifier(principal.address, "SHA-256"));
  if (!verifier) return fail(Errc::internal, "there is no SCRAM-SHA-256");
  const Sha256Value digest = sha256("web session" + verifier->stored_key);
  Stamp out{};
  std::copy_n(digest.begin(), out.size(), out.begin());
  return out;
}

Result<WebSessions::Begun> WebSessions::begin(const Principal& principal, bool lasting, std::string_view agent,
                                              const IpAddress& remote, const std::optional<Stamp>& proven) {
  std::array<std::byte, kTokenOctets> octets;
  random_.fill(octets);
  Begun out{.token = Secret(base64::encode_url(text_of(octets))), .session = {}};
  const Sha256Value hash = sha256(out.token.reveal());
  const TimePoint now = clock_.now();
  Row row{.session = {.id = random_.hex(kIdOctets),
                      .principal = principal.id,
                      .created = now,
                      .used = now,
                      .lasting = lasting,
                      .agent = shown_agent(agent),
                      .remote = remote},
          .stored = now};
  if (proven) {
    row.stamp = *proven;
  } else {
    GP_TRY(row.stamp, stamp_of(principal));
  }
  std::vector<store::Write> writes{{key_of(hash), encode(row)}};
  {
    const Lock lock(mutex_);
    row.session.until = end_of(row.session);
    auto oldest = rows_.end();
    std::size_t held = 0;
    for (auto at = rows_.begin(); at != rows_.end(); ++at) {
      if (at->second.session.principal != principal.id) continue;
      ++held;
      if (oldest == rows_.end() || at->second.session.used < oldest->second.session.used) oldest = at;
    }
    if (held >= kMaxOfOne) {
      writes.push_back({key_of(oldest->first), std::nullopt});
      rows_.erase(oldest);
    }
  }
  GP_CHECK(write(writes));
  out.session = row.session;
  const Lock lock(mutex_);
  rows_.insert_or_assign(hash, std::move(row));
  return out;
}

Result<WebSessions::Checked> WebSessions::check(std::string_view token, const IpAddress& remote, For what) {
  const auto gone = [] { return fail(Errc::unauthenticated, "there is no such session"); };
  const Sha256Value hash = sha256(token);
  const TimePoint now = clock_.now();
  PrincipalId whose{};
  Stamp stamp{};
  {
    const Lock lock(mutex_);
    const auto at = rows_.find(hash);
    if (at == rows_.end() || now >= end_of(at->second.session)) return gone();
    whose = at->second.session.principal;
    stamp = at->second.stamp;
  }
  auto principal = directory_.principal(whose);
  if (!principal) return gone();
  GP_TRY(const Stamp present, stamp_of(*principal));
  if (!equal_in_constant_time(text_of(present), text_of(stamp))) return gone();
  if (!principal->enabled) return fail(Errc::denied, "the account is disabled");
  if (what == For::everything) {
    const SecondFactors::Status factor = second_factors(directory_).status(*principal);
    if (factor.required && !factor.active) return fail(Errc::forbidden, "a second factor has to be set up first");
  }
  const Lock lock(mutex_);
  const auto at = rows_.find(hash);
  if (at == rows_.end()) return gone();
  WebSession& session = at->second.session;
  session.used = std::max(session.used, now);
  session.remote = remote;
  session.until = end_of(session);
  return Checked{*std::move(principal), session};
}

std::vector<WebSession> WebSessions::list(PrincipalId principal) {
  std::vector<WebSession> out;
  const TimePoint now = clock_.now();
  {
    const Lock lock(mutex_);
    for (const auto& [hash, row] : rows_) {
      if (row.session.principal != principal || now >= end_of(row.session)) continue;
      out.push_back(row.session);
      out.back().until = end_of(row.session);
    }
  }
  std::ranges::sort(out, std::greater(), &WebSession::used);
  return out;
}

Result<> WebSessions::end(PrincipalId principal, std::string_view id) {
  GP_TRY(const std::size_t ended,
         drop([&](const WebSession& session) { return session.principal == principal && session.id == id; }));
  if (ended == 0) return fail(Errc::not_found, "there is no such session");
  return {};
}

Result<std::size_t> WebSessions::end_all(PrincipalId principal, std::string_view but) {
  return drop(
      [&](const WebSession& session) { return session.principal == principal && (but.empty() || session.id != but); });
}

Result<std::size_t> WebSessions::tidy() {
  const TimePoint now = clock_.now();
  std::vector<store::Write> writes;
  std::vector<std::pair<PrincipalId, Sha256Value>> alive;
  {
    const Lock lock(mutex_);
    for (auto& [hash, row] : rows_) {
      if (now >= end_of(row.session)) continue;
      alive.emplace_back(row.session.principal, hash);
      if (row.session.used - row.stored < kUseGranularity) continue;
      row.stored = row.session.used;
      writes.push_back({key_of(hash), encode(row)});
    }
  }
  if (!writes.empty()) GP_CHECK(write(writes));
  // Of accounts that are gone, too.
  std::vector<PrincipalId> gone;
  for (const auto& [id, hash] : alive) {
    const auto found = directory_.principal(id);
    if (!found && found.error().code == Errc::not_found) gone.push_back(id);
  }
  return drop([&](const WebSession& session) GP_REQUIRES(mutex_) {
    return now >= end_of(session) || std::ranges::find(gone, session.principal) != gone.end();
  });
}

Result<std::size_t> WebSessions::drop(const std::function<bool(const WebSession&)>& which) {
  std::vector<store::Write> writes;
  {
    const Lock lock(mutex_);
    for (auto at = rows_.begin(); at != rows_.end();) {
      if (!which(at->second.session)) {
        ++at;
        continue;
      }
      writes.push_back({key_of(at->first), std::nullopt});
      at = rows_.erase(at);
    }
  }
  // Whatever becomes of the store: this process lets nobody in by it any more.
  if (!writes.empty()) GP_CHECK(write(writes));
  return writes.size();
}

std::vector<PrincipalId> WebSessions::principals() {
  std::vector<PrincipalId> out;
  {
    const Lock lock(mutex_);
    for (const auto& [key, row] : rows_) out.push_back(row.session.principal);
  }
  std::ranges::sort(out);
  const auto repeated = std::ranges::unique(out);
  out.erase(repeated.begin(), repeated.end());
  return out;
}

std::size_t WebSessions::count() {
  const Lock lock(mutex_);
  return rows_.size();
}

std::string WebSessions::csrf_token(std::string_view token) { return base64::encode_url(hmac_sha256(token, "csrf")); }

Result<> WebSessions::write(const std::vector<store::Write>& writes) {
  const Lock lock(writer_);
  for (std::size_t at = 0; at < writes.size(); at += kMostWrites) {
    const std::size_t end = std::min(writes.size(), at + kMostWrites);
    store::Batch batch;
    batch.writes.assign(writes.begin() + static_cast<std::ptrdiff_t>(at),
                        writes.begin() + static_cast<std::ptrdiff_t>(end));
    for (int attempt = 0;; ++attempt) {
      const auto done = keys_.commit(store::kWebSessionPartition, version_, batch);
      if (done) {
        version_ = *done;
        break;
      }
      if (done.error().code != Errc::conflict || attempt == kSessionAttempts) return std::unexpected(done.error());
      GP_TRY(version_, keys_.version(store::kWebSessionPartition));
    }
  }
  return {};
}

// docs/formats/web-sessions.md
std::string WebSessions::encode(const Row& row) {
  std::string out(1, static_cast<char>(store::kRecordFormat));
  put_u64(out, static_cast<std::uint64_t>(row.session.principal));
  put_time(out, row.session.created);
  put_time(out, row.session.used);
  put_u8(out, row.session.lasting ? 1 : 0);
  out += text_of(row.stamp);
  out += text_of(row.session.remote.octets);
  put_text(out, row.session.id);
  put_text(out, row.session.agent);
  return out;
}

Result<WebSessions::Row> WebSessions::decode(std::string_view value) {
  ByteReader in(value);
  const auto broken = [] { return fail(Errc::corrupt, "a web session's record"); };
  if (in.u8() != store::kRecordFormat) return broken();
  Row row;
  row.session.principal = PrincipalId{in.u64()};
  const auto created = session_time(in), used = session_time(in);
  const std::uint8_t lasting = in.u8();
  const std::string_view stamp = in.take(row.stamp.size());
  const std::string_view remote = in.take(row.session.remote.octets.size());
  row.session.id = in.text();
  row.session.agent = in.text();
  if (!in.ok() || !in.at_end() || !created || !used || lasting > 1) return broken();
  row.session.created = *created;
  row.session.used = row.stored = *used;
  row.session.lasting = lasting == 1;
  std::ranges::copy(stamp, row.stamp.begin());
  std::ranges::copy(remote, row.session.remote.octets.begin());
  return row;
}

}  // namespace gatepost::directory
