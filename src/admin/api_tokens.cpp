#include "admin/api_tokens.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/base64.hpp"
#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/utf8.hpp"
#include "store/key_value.hpp"
#include "store/keys.hpp"

namespace gatepost::admin {
namespace {

using directory::Role;

// docs/formats/keys.md has what is taken.
constexpr store::Partition kTokenPartition{8};
constexpr char kTokenKey = 't';
// What scanners for leaked secrets know a token by.
constexpr std::string_view kPrefix = "gatepost_";
constexpr std::size_t kTokenOctets = 32, kIdOctets = 6;
constexpr int kTokenTries = 20;
constexpr std::size_t kPage = 256;
constexpr std::chrono::seconds kTokenReadTime{30};

std::string token_key(std::string_view token) {
  const Sha256Value hash = sha256(token);
  std::string out(1, kTokenKey);
  out.append(reinterpret_cast<const char*>(hash.data()), hash.size());
  return out;
}

void put_time(std::string& out, TimePoint at) {
  put_u64(out, static_cast<std::uint64_t>(
                   std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch()).count()));
}

bool get_time(ByteReader& in, TimePoint& out) {
  constexpr auto kLatest = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(TimePoint::duration::max()).count());
  const std::uint64_t micros = in.u64();
  if (micros > kLatest) return false;
  out = TimePoint(std::chrono::microseconds(static_cast<std::int64_t>(micros)));
  return true;
}

std::string encode_token(const ApiToken& t) {
  std::string out;
  put_u8(out, store::kRecordFormat);
  put_text(out, t.id);
  put_text(out, t.name);
  put_text(out, directory::to_string(t.role));
  put_text(out, t.by);
  for (const TimePoint at : {t.created, t.expires, t.used}) put_time(out, at);
  return out;
}

std::optional<ApiToken> decode_token(std::string_view value) {
  ByteReader in(value);
  if (in.u8() != store::kRecordFormat) return std::nullopt;
  ApiToken out;
  out.id = in.text();
  out.name = in.text();
  const auto role = directory::role_named(in.text());
  out.by = in.text();
  const bool times = get_time(in, out.created) && get_time(in, out.expires) && get_time(in, out.used);
  if (!in.ok() || !times || !role) return std::nullopt;
  out.role = *role;
  return out;
}

// Changes the partition by what `change` makes of a snapshot of it; again when somebody else was faster.
template <class Change>
Result<> commit(store::KeyValue& keys, Change change) {
  for (int attempt = 1;; ++attempt) {
    GP_TRY(auto snapshot, keys.snapshot(kTokenPartition, kTokenReadTime));
    GP_TRY(const store::Batch batch, change(*snapshot));
    if (batch.writes.empty()) return {};
    const auto done = keys.commit(kTokenPartition, snapshot->version(), batch);
    if (done) return {};
    if (done.error().code != Errc::conflict || attempt == kTokenTries) return std::unexpected(done.error());
  }
}

Result<> each(store::Snapshot& snapshot, const std::function<void(std::string_view key, ApiToken token)>& visit) {
  const std::string begin(1, kTokenKey);
  return snapshot.scan(begin, store::prefix_end(begin), false, kPage, [&](store::Entry e) {
    if (auto one = decode_token(e.value)) visit(e.key, *std::move(one));
    return true;
  });
}

}  // namespace

Result<Secret> add_api_token(store::KeyValue& keys, Random& random, const ApiToken& wanted) {
  if (wanted.name.empty() || wanted.name.size() > kMaxTokenNameOctets || !utf8::is_valid(wanted.name)) {
    return fail(Errc::invalid, "a token has a name, so that it can be told from others");
  }
  if (wanted.role == Role::none) return fail(Errc::invalid, "a token has a role: auditor, helpdesk or admin");
  std::array<std::byte, kTokenOctets> octets;
  random.fill(octets);
  Secret token(std::string(kPrefix) +
               base64::encode_url({reinterpret_cast<const char*>(octets.data()), octets.size()}));
  ApiToken made = wanted;
  made.id = random.hex(kIdOctets);
  GP_CHECK(commit(keys, [&](store::Snapshot& snapshot) -> Result<store::Batch> {
    std::size_t there = 0;
    GP_CHECK(each(snapshot, [&](std::string_view, const ApiToken&) { ++there; }));
    if (there >= kMaxApiTokens) return fail(Errc::limit, "there are many tokens already: delete some");
    store::Batch batch;
    batch.writes.push_back({token_key(token.reveal()), encode_token(made)});
    return batch;
  }));
  return token;
}

Result<std::vector<ApiToken>> api_tokens(store::KeyValue& keys) {
  GP_TRY(auto snapshot, keys.snapshot(kTokenPartition, kTokenReadTime));
  std::vector<ApiToken> out;
  GP_CHECK(each(*snapshot, [&](std::string_view, ApiToken token) { out.push_back(std::move(token)); }));
  std::ranges::sort(out, {}, [](const ApiToken& t) { return std::pair(t.created, t.id); });
  return out;
}

Result<> remove_api_token(store::KeyValue& keys, std::string_view id) {
  return commit(keys, [&](store::Snapshot& snapshot) -> Result<store::Batch> {
    store::Batch batch;
    GP_CHECK(each(snapshot, [&](std::string_view key, const ApiToken& token) {
      if (token.id == id) batch.writes.push_back({std::string(key), std::nullopt});
    }));
    if (batch.writes.empty()) return fail(Errc::not_found, "there is no such token");
    return batch;
  });
}

Result<ApiToken> check_api_token(store::KeyValue& keys, const Clock& clock, std::string_view token) {
  // What is looked up is the hash: how long that takes says nothing about the token.
  const std::string key = token_key(token);
  std::optional<ApiToken> found;
  const TimePoint now = clock.now();
  const auto noted = commit(keys, [&](store::Snapshot& snapshot) -> Result<store::Batch> {
    GP_TRY(const auto value, snapshot.get(key));
    found = value ? decode_token(*value) : std::nullopt;
    store::Batch batch;
    if (!found || now >= found->expires || now < found->used + kTokenUseGranularity) return batch;
    found->used = now;
    batch.writes.push_back({key, encode_token(*found)});
    return batch;
  });
  // A full disk does not keep an administrator out.
  if (!noted && !found) return std::unexpected(noted.error());
  if (!found || now >= found->expires) return fail(Errc::unauthenticated, "no such token, or it has expired");
  return *std::move(found);
}

}  // namespace gatepost::admin
