#include <algorithm>

#include "account/store_access.hpp"
#include "account/stored_account.hpp"
#include "store/keys.hpp"

// Names that messages brought along for POP3.
namespace gatepost::account {
namespace {

constexpr std::size_t kNamesPerCommit = 5'000;

}  // namespace

bool is_pop3_id(std::string_view id) {
  return !id.empty() && id.size() <= kMaxPop3Id && std::ranges::all_of(id, [](char c) { return c > ' ' && c < 0x7f; });
}

Result<std::vector<Pop3Id>> StoredAccount::pop3_ids(FolderId id) {
  std::vector<Pop3Id> out;
  {
    const std::scoped_lock lock(mutex_);
    GP_CHECK(usable());
    const records::FolderRecord* r = record(id);
    if (r == nullptr) return fail(Errc::not_found, "no such folder");
    if (!r->has_pop3_ids) return out;
  }
  GP_TRY(auto snap, snapshot());
  const std::string begin = records::index_prefix(records::kind::kPop3Id, id);
  GP_CHECK(snap->scan(begin, store::prefix_end(begin), false, kLongScanPage, [&](store::Entry e) {
    FolderId folder{};
    Uid uid = 0;
    auto name = records::decode_text(e.value);
    // One that cannot be read is none: the message has the name that it would have without.
    if (records::parse_pop3_id_key(e.key, folder, uid) && name && is_pop3_id(*name)) {
      out.push_back({uid, *std::move(name)});
    }
    return true;
  }));
  return out;
}

Result<std::size_t> StoredAccount::set_pop3_ids(FolderId id, std::span<const Pop3Id> names) {
  for (const Pop3Id& name : names) {
    if (!is_pop3_id(name.id)) return fail(Errc::invalid, "a name that POP3 has no room for");
  }
  std::size_t set = 0;
  while (!names.empty()) {
    const auto some = names.first(std::min(kNamesPerCommit, names.size()));
    names = names.subspan(some.size());
    std::size_t now = 0;
    GP_CHECK(run([&](Transaction& tx) -> Result<> {
      now = 0;
      if (tx.find(id) == nullptr) return fail(Errc::not_found, "no such folder");
      NumberSet uids;
      for (const Pop3Id& name : some) uids.add(name.uid);
      GP_TRY(const auto page, tx.rows(id, uids, some.size()));
      NumberSet there;
      for (const Row& row : page.rows) there.add(row.uid);
      for (const Pop3Id& name : some) {
        if (!there.contains(name.uid)) continue;
        tx.name_for_pop3(id, name.uid, name.id);
        ++now;
      }
      return {};
    }));
    set += now;
  }
  return set;
}

}  // namespace gatepost::account
