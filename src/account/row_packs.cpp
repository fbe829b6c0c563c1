#include "account/row_packs.hpp"

#include "account/derived.hpp"
#include "account/store_access.hpp"
#include "base/bytes.hpp"
#include "store/keys.hpp"

namespace gatepost::account {
namespace {

constexpr char kCatalogue = 'c';  // c account folder        -> Catalogue
constexpr char kPack = 'p';       // p account folder chunk  -> RowChunk

constexpr std::size_t kPacksAtOnce = 16;  // in memory

std::string folder_key(char kind, AccountId account, FolderId folder) {
  std::string key = account_key(kind, account);
  put_u32(key, static_cast<std::uint32_t>(folder));
  return key;
}
std::string pack_key(AccountId account, FolderId folder, std::uint32_t chunk) {
  std::string key = folder_key(kPack, account, folder);
  put_u32(key, chunk);
  return key;
}

std::string encode(const RowPacks::Catalogue& catalogue) {
  std::string out;
  put_u8(out, store::kRecordFormat);
  put_varint(out, catalogue.as_of);
  put_varint(out, catalogue.uid_validity);
  return out.append(records::encode_uids(catalogue.chunks.ranges()));
}

std::optional<RowPacks::Catalogue> decode(std::string_view value) {
  ByteReader in(value);
  RowPacks::Catalogue catalogue;
  if (in.u8() != store::kRecordFormat) return std::nullopt;
  catalogue.as_of = in.varint();
  const std::uint64_t validity = in.varint();
  catalogue.uid_validity = static_cast<std::uint32_t>(validity);
  if (!in.ok() || catalogue.uid_validity != validity || !records::decode_uids(in.rest(), catalogue.chunks))
    return std::nullopt;
  return catalogue;
}

}  // namespace

Result<std::unique_ptr<store::Snapshot>> RowPacks::snapshot() { return derived_snapshot(keys_); }

Result<std::optional<RowPacks::Catalogue>> RowPacks::catalogue(store::Snapshot& snapshot, AccountId account,
                                                               FolderId folder) {
  GP_TRY(const auto value, snapshot.get(folder_key(kCatalogue, account, folder)));
  if (!value) return std::nullopt;
  return decode(*value);
}

Result<std::vector<FolderId>> RowPacks::folders(store::Snapshot& snapshot, AccountId account) {
  std::vector<FolderId> out;
  const std::string begin = account_key(kCatalogue, account);
  GP_CHECK(snapshot.scan(begin, store::prefix_end(begin), false, kScanPage, [&](store::Entry e) {
    ByteReader in(e.key.substr(begin.size()));
    const FolderId folder{in.u32()};
    if (in.ok() && in.at_end()) out.push_back(folder);
    return true;
  }));
  return out;
}

Result<std::vector<AccountId>> RowPacks::accounts() {
  std::vector<AccountId> out;
  const std::string begin(1, kCatalogue);
  GP_TRY(auto view, snapshot());
  GP_CHECK(view->scan(begin, store::prefix_end(begin), false, kScanPage, [&](store::Entry e) {
    ByteReader in(e.key.substr(begin.size()));
    const AccountId account{in.u64()};
    if (in.ok() && (out.empty() || out.back() != account)) out.push_back(account);
    return true;
  }));
  return out;
}

Result<std::optional<std::string>> RowPacks::read(store::Snapshot& snapshot, AccountId account, FolderId folder,
                                                  std::uint32_t chunk) {
  return snapshot.get(pack_key(account, folder, chunk));
}

Result<> RowPacks::scan(store::Snapshot& snapshot, AccountId account, FolderId folder, std::uint32_t first,
                        const std::function<bool(std::uint32_t, std::string_view)>& visit) {
  const std::string all = folder_key(kPack, account, folder);
  return snapshot.scan(pack_key(account, folder, first), store::prefix_end(all), false, kPacksAtOnce,
                       [&](store::Entry e) {
                         ByteReader in(e.key.substr(all.size()));
                         const std::uint32_t chunk = in.u32();
                         return !in.ok() || !in.at_end() || visit(chunk, e.value);
                       });
}

// The catalogue is in each commit as it is true with that, so that it does not matter which one was the last.
Result<RowPacks::Catalogue> RowPacks::write(AccountId account, FolderId folder, Catalogue kept,
                                            std::span<const Pack> packs, const NumberSet& dropped, bool afresh) {
  store::Batch batch;
  if (afresh) {
    const std::string all = folder_key(kPack, account, folder);
    batch.erases.push_back({all, store::prefix_end(all)});
  }
  dropped.for_each([&](std::uint32_t n) { batch.writes.push_back({pack_key(account, folder, n - 1), std::nullopt}); });
  std::size_t octets = 0;
  const auto flush = [&]() -> Result<> {
    batch.writes.push_back({folder_key(kCatalogue, account, folder), encode(kept)});
    GP_CHECK(commit_derived(keys_, batch));
    batch = {};
    octets = 0;
    return {};
  };
  for (const Pack& pack : packs) {
    std::string value = pack.rows->encode();
    if (value.size() > store::kMaxValueOctets) continue;
    octets += value.size();
    kept.chunks.add(pack.chunk + 1);
    batch.writes.push_back({pack_key(account, folder, pack.chunk), std::move(value)});
    if (octets >= kBatchOctets) GP_CHECK(flush());
  }
  if (!batch.writes.empty() || !batch.erases.empty()) GP_CHECK(flush());
  return kept;
}

Result<> RowPacks::erase(AccountId account, FolderId folder) {
  {
    GP_TRY(auto view, snapshot());
    GP_TRY(const auto there, view->get(folder_key(kCatalogue, account, folder)));
    if (!there) return {};
  }
  store::Batch batch;
  const std::string all = folder_key(kPack, account, folder);
  batch.erases.push_back({all, store::prefix_end(all)});
  batch.writes.push_back({folder_key(kCatalogue, account, folder), std::nullopt});
  return commit_derived(keys_, batch);
}

Result<> RowPacks::erase(AccountId account) {
  {
    GP_TRY(auto view, snapshot());
    GP_TRY(const auto there, folders(*view, account));
    if (there.empty()) return {};
  }
  store::Batch batch;
  for (const char kind : {kCatalogue, kPack}) {
    const std::string all = account_key(kind, account);
    batch.erases.push_back({all, store::prefix_end(all)});
  }
  return commit_derived(keys_, batch);
}

void RowPacks::want(Wanted folder) {
  const std::scoped_lock lock(mutex_);
  if (wanted_.size() < kMaxWanted) wanted_.insert(folder);
}

std::set<RowPacks::Wanted> RowPacks::take_wanted() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(wanted_, {});
}

}  // namespace gatepost::account
