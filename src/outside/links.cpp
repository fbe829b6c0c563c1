#include "outside/links.hpp"

#include "base/ascii.hpp"
#include "base/bytes.hpp"
#include "store/keys.hpp"

namespace gatepost::outside {
namespace {

using directory::PrincipalId;

constexpr char kLinkKey = 'l';
constexpr std::uint8_t kMade = 1, kLinkDisabled = 2;
constexpr std::chrono::seconds kReadTime{60};
constexpr std::size_t kScanPage = 1000;
constexpr int kTries = 10;

std::string link_key(const Link& link) {
  std::string out(1, kLinkKey);
  put_u64(out, static_cast<std::uint64_t>(link.account));
  out += link.directory;
  return out;
}

void put_time(std::string& out, TimePoint at) {
  put_u64(out, static_cast<std::uint64_t>(
                   std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch()).count()));
}

TimePoint time_of(std::uint64_t micros) { return TimePoint(std::chrono::microseconds(micros)); }

}  // namespace

std::string encode(const Link& link) {
  std::string out;
  put_u8(out, store::kRecordFormat);
  put_text(out, link.unique_id);
  put_text(out, link.dn);
  put_text(out, link.login);
  put_time(out, link.seen);
  put_text(out, link.verifier);
  put_time(out, link.proven);
  put_u8(out, static_cast<std::uint8_t>((link.made ? kMade : 0) | (link.disabled ? kLinkDisabled : 0)));
  put_varint(out, link.missed);
  put_varint(out, link.aliases.size());
  for (const std::string& alias : link.aliases) put_text(out, alias);
  return out;
}

Result<Link> decode_link(PrincipalId account, std::string_view directory, std::string_view value) {
  ByteReader in(value);
  const auto format = in.u8();
  if (format > store::kRecordFormat) return fail(Errc::unsupported, "a link of a later version");
  Link out;
  out.account = account;
  out.directory = directory;
  out.unique_id = in.text();
  out.dn = in.text();
  out.login = in.text();
  out.seen = time_of(in.u64());
  out.verifier = in.text();
  out.proven = time_of(in.u64());
  const std::uint8_t flags = in.u8();
  out.made = (flags & kMade) != 0;
  out.disabled = (flags & kLinkDisabled) != 0;
  out.missed = static_cast<std::uint32_t>(in.varint());
  for (std::uint64_t left = in.varint(); left > 0 && in.ok(); --left) out.aliases.emplace_back(in.text());
  if (!in.ok() || !in.at_end()) return fail(Errc::corrupt, "a link to an outside directory");
  return out;
}

Result<std::unique_ptr<Links>> Links::open(store::KeyValue& keys) {
  std::unique_ptr<Links> out(new Links(keys));
  GP_TRY(const auto snapshot, keys.snapshot(kOutsidePartition, kReadTime));
  const std::string begin(1, kLinkKey);
  Result<> read;
  std::vector<Link> found;
  GP_CHECK(snapshot->scan(begin, store::prefix_end(begin), false, kScanPage, [&](store::Entry e) {
    ByteReader key(e.key.substr(1));
    const PrincipalId account{key.u64()};
    auto link = decode_link(account, key.rest(), e.value);
    if (!link) {
      read = std::unexpected(std::move(link).error());
      return false;
    }
    found.push_back(*std::move(link));
    return true;
  }));
  GP_CHECK(read);
  const Lock lock(out->mutex_);
  for (const Link& link : found) out->insert(link);
  return out;
}

std::optional<Link> Links::of(PrincipalId account, std::string_view directory) const {
  const Lock lock(mutex_);
  const auto at = links_.find({account, std::string(directory)});
  return at == links_.end() ? std::nullopt : std::optional(at->second);
}

std::vector<Link> Links::of(PrincipalId account) const {
  const Lock lock(mutex_);
  std::vector<Link> out;
  for (auto at = links_.lower_bound({account, ""}); at != links_.end() && at->first.first == account; ++at)
    out.push_back(at->second);
  return out;
}

std::vector<Link> Links::by_login(std::string_view login) const {
  const Lock lock(mutex_);
  std::vector<Link> out;
  for (const auto& [place, link] : links_) {
    if (!link.login.empty() && ascii::iequals(link.login, login)) out.push_back(link);
  }
  return out;
}

std::optional<Link> Links::by_unique_id(std::string_view directory, std::string_view unique_id) const {
  const Lock lock(mutex_);
  const auto at = ids_.find({std::string(directory), std::string(unique_id)});
  return at == ids_.end() ? std::nullopt : std::optional(links_.at(at->second));
}

void Links::insert(const Link& link) {
  const Place place{link.account, link.directory};
  remove(place);
  if (!link.unique_id.empty()) ids_.insert_or_assign({link.directory, link.unique_id}, place);
  links_.emplace(place, link);
}

void Links::remove(const Place& place) {
  const auto at = links_.find(place);
  if (at == links_.end()) return;
  const auto id = ids_.find({at->second.directory, at->second.unique_id});
  if (id != ids_.end() && id->second == place) ids_.erase(id);
  links_.erase(at);
}

std::vector<Link> Links::all() const {
  const Lock lock(mutex_);
  std::vector<Link> out;
  for (const auto& [place, link] : links_) out.push_back(link);
  return out;
}

Result<> Links::write(const store::Batch& batch) {
  for (int i = 0; i < kTries; ++i) {
    GP_TRY(const store::Version version, keys_.version(kOutsidePartition));
    const auto done = keys_.commit(kOutsidePartition, version, batch);
    if (done) return {};
    if (done.error().code != Errc::conflict) return std::unexpected(done.error());
  }
  return fail(Errc::conflict, "links to outside directories are being changed all the time");
}

Result<> Links::put(const Link& link) {
  const Lock writing(writer_);
  store::Batch batch;
  batch.writes.push_back({link_key(link), encode(link)});
  GP_CHECK(write(batch));
  const Lock lock(mutex_);
  insert(link);
  return {};
}

Result<> Links::erase(const Link& link) {
  const Lock writing(writer_);
  store::Batch batch;
  batch.writes.push_back({link_key(link), std::nullopt});
  GP_CHECK(write(batch));
  const Lock lock(mutex_);
  remove({link.account, link.directory});
  return {};
}

}  // namespace gatepost::outside
