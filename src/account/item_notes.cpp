#include "account/item_notes.hpp"

#include "account/derived.hpp"
#include "account/store_access.hpp"
#include "base/bytes.hpp"
#include "store/keys.hpp"

namespace gatepost::account {
namespace {

constexpr char kNote = 'n';    // n account kind block  -> whatever its writer made
constexpr char kName = 'N';    // N account kind block  -> (format only): so that names are read without values
constexpr char kSecret = 's';  // s                     -> 16 octets

std::string note_key(char which, AccountId account, std::uint8_t kind, std::uint64_t block) {
  std::string key = account_key(which, account);
  put_u8(key, kind);
  put_u64(key, block);
  return key;
}
std::string format() { return {static_cast<char>(store::kRecordFormat)}; }

}  // namespace

std::optional<std::string> ItemNotes::pending(const Key& key) {
  const std::scoped_lock lock(mutex_);
  for (const auto* notes : {&pending_, &on_their_way_}) {
    if (const auto found = notes->find(key); found != notes->end()) return found->second;
  }
  return std::nullopt;
}

Result<std::optional<std::string>> ItemNotes::read(AccountId account, std::uint8_t kind, std::uint64_t block) {
  if (auto known = pending({account, kind, block})) return known;
  GP_TRY(const auto view, derived_snapshot(keys_));
  return view->get(note_key(kNote, account, kind, block));
}

Result<> ItemNotes::read(AccountId account, std::uint8_t kind, std::uint64_t first, std::uint64_t count,
                         const std::function<void(std::uint64_t, std::string_view)>& visit) {
  std::map<std::uint64_t, std::string> newer;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto* notes : {&pending_, &on_their_way_}) {
      const auto end = notes->lower_bound({account, kind, first + count});
      for (auto one = notes->lower_bound({account, kind, first}); one != end; ++one)
        newer.emplace(std::get<2>(one->first), one->second);
    }
  }
  auto next = newer.begin();
  const auto visit_newer = [&](std::uint64_t before) {
    for (; next != newer.end() && next->first < before; ++next) visit(next->first, next->second);
  };
  GP_TRY(const auto view, derived_snapshot(keys_));
  const std::size_t prefix = note_key(kNote, account, kind, 0).size() - sizeof(std::uint64_t);
  GP_CHECK(view->scan(note_key(kNote, account, kind, first), note_key(kNote, account, kind, first + count), false,
                      kScanPage, [&](store::Entry e) {
                        ByteReader in(e.key.substr(prefix));
                        const std::uint64_t block = in.u64();
                        if (!in.ok() || !in.at_end()) return true;
                        visit_newer(block);
                        if (next == newer.end() || next->first != block) visit(block, e.value);
                        return true;
                      }));
  visit_newer(first + count);
  return {};
}

void ItemNotes::change(AccountId account, std::uint8_t kind, std::uint64_t block,
                       const std::function<void(std::string&)>& change) {
  const std::scoped_lock changing(changing_);
  auto known = read(account, kind, block);
  std::string value = known && *known ? *std::move(*known) : std::string();
  change(value);
  keep(account, kind, block, std::move(value));
}

void ItemNotes::keep(AccountId account, std::uint8_t kind, std::uint64_t block, std::string value) {
  if (value.size() > store::kMaxValueOctets) return;
  const std::scoped_lock lock(mutex_);
  std::string& there = pending_[{account, kind, block}];
  octets_ -= there.size();
  if (octets_ + value.size() > kMaxPending) {
    pending_.erase({account, kind, block});
    return;
  }
  octets_ += value.size();
  there = std::move(value);
}

Result<> ItemNotes::write(std::stop_token stop) {
  while (!stop.stop_requested()) {
    // Held while what was taken is on its way, so that it does not come behind the end of its account.
    const std::scoped_lock writing(writing_);
    store::Batch batch;
    {
      const std::scoped_lock lock(mutex_);
      for (std::size_t octets = 0; !pending_.empty() && octets < kBatchOctets;) {
        auto one = pending_.extract(pending_.begin());
        const auto& [account, kind, block] = one.key();
        octets += one.mapped().size();
        octets_ -= one.mapped().size();
        batch.writes.push_back({note_key(kName, account, kind, block), format()});
        batch.writes.push_back({note_key(kNote, account, kind, block), one.mapped()});
        on_their_way_.insert(std::move(one));
      }
    }
    if (batch.writes.empty()) return {};
    const auto done = commit_derived(keys_, batch);
    {
      const std::scoped_lock lock(mutex_);
      on_their_way_.clear();
    }
    GP_CHECK(done);
  }
  return {};
}

Result<std::vector<ItemNotes::Name>> ItemNotes::names(AccountId account) {
  std::vector<Name> out;
  const std::string begin = account_key(kName, account);
  GP_TRY(const auto view, derived_snapshot(keys_));
  GP_CHECK(view->scan(begin, store::prefix_end(begin), false, kScanPage, [&](store::Entry e) {
    ByteReader in(e.key.substr(begin.size()));
    const std::uint8_t kind = in.u8();
    const std::uint64_t block = in.u64();
    if (in.ok() && in.at_end()) out.push_back({kind, block});
    return true;
  }));
  return out;
}

Result<std::vector<AccountId>> ItemNotes::accounts() {
  std::vector<AccountId> out;
  const std::string begin(1, kName);
  GP_TRY(const auto view, derived_snapshot(keys_));
  GP_CHECK(view->scan(begin, store::prefix_end(begin), false, kScanPage, [&](store::Entry e) {
    ByteReader in(e.key.substr(begin.size()));
    const AccountId account{in.u64()};
    if (in.ok() && (out.empty() || out.back() != account)) out.push_back(account);
    return true;
  }));
  return out;
}

Result<> ItemNotes::erase(AccountId account, const std::vector<Name>& names) {
  if (names.empty()) return {};
  store::Batch batch;
  for (const Name& name : names) {
    batch.writes.push_back({note_key(kName, account, name.kind, name.block), std::nullopt});
    batch.writes.push_back({note_key(kNote, account, name.kind, name.block), std::nullopt});
  }
  return commit_derived(keys_, batch);
}

Result<> ItemNotes::erase(AccountId account) {
  const std::scoped_lock writing(writing_);
  {
    const std::scoped_lock lock(mutex_);
    for (auto one = pending_.lower_bound({account, 0, 0}); one != pending_.end() && std::get<0>(one->first) == account;
         one = pending_.erase(one)) {
      octets_ -= one->second.size();
    }
  }
  GP_TRY(const auto there, names(account));
  if (there.empty()) return {};
  store::Batch batch;
  for (const char kind : {kName, kNote}) {
    const std::string all = account_key(kind, account);
    batch.erases.push_back({all, store::prefix_end(all)});
  }
  return commit_derived(keys_, batch);
}

Result<std::array<std::uint64_t, 2>> ItemNotes::secret(Random& random) {
  const std::string key(1, kSecret);
  const std::scoped_lock writing(writing_);
  {
    GP_TRY(const auto view, derived_snapshot(keys_));
    GP_TRY(const auto value, view->get(key));
    ByteReader in(value ? std::string_view(*value) : std::string_view());
    if (in.u8() == store::kRecordFormat) {
      const std::array<std::uint64_t, 2> kept{in.u64(), in.u64()};
      if (in.ok() && in.at_end()) return kept;
    }
  }
  const std::array<std::uint64_t, 2> fresh{random.u64(), random.u64()};
  std::string value = format();
  for (const std::uint64_t half : fresh) put_u64(value, half);
  store::Batch batch;
  batch.writes.push_back({key, std::move(value)});
  GP_CHECK(commit_derived(keys_, batch));
  return fresh;
}

}  // namespace gatepost::account
