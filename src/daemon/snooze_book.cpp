#include "daemon/snooze_book.hpp"

#include "base/bytes.hpp"
#include "store/key_value.hpp"
#include "store/keys.hpp"

namespace gatepost::daemon {
namespace {

constexpr char kSnooze = 'z';
constexpr std::chrono::seconds kSnoozeReadTime{60};
constexpr std::size_t kSnoozeRowsAtOnce = 256;
constexpr int kSnoozeTries = 20;

std::string key_of(account::AccountId account, account::ItemId item) {
  std::string key(1, kSnooze);
  put_u64(key, static_cast<std::uint64_t>(account));
  put_u64(key, static_cast<std::uint64_t>(item));
  return key;
}

std::string encode(const jmap::Snooze& snooze) {
  std::string value;
  put_u8(value, store::kRecordFormat);
  put_u64(value, static_cast<std::uint64_t>(snooze.until.time_since_epoch() / std::chrono::microseconds(1)));
  put_u32(value, static_cast<std::uint32_t>(snooze.to));
  return value;
}

Result<jmap::Snooze> decode(std::string_view key, std::string_view value) {
  ByteReader name(key.substr(1)), reader(value);
  jmap::Snooze out;
  out.account = account::AccountId{name.u64()};
  out.item = account::ItemId{name.u64()};
  if (reader.u8() > store::kRecordFormat) return fail(Errc::unsupported, "put off by a later version");
  out.until = TimePoint(std::chrono::microseconds(static_cast<std::int64_t>(reader.u64())));
  out.to = account::FolderId{reader.u32()};
  if (!name.ok() || !reader.ok()) return fail(Errc::corrupt, "what is put off");
  return out;
}

class StoredSnoozeBook final : public jmap::SnoozeBook {
 public:
  explicit StoredSnoozeBook(store::KeyValue& keys) : keys_(keys) {}

  Result<std::vector<jmap::Snooze>> all() override {
    std::vector<jmap::Snooze> out;
    Result<> damage;
    GP_TRY(auto snapshot, keys_.snapshot(store::kServerPartition, kSnoozeReadTime));
    const std::string begin(1, kSnooze);
    GP_CHECK(snapshot->scan(begin, store::prefix_end(begin), false, kSnoozeRowsAtOnce, [&](store::Entry row) {
      auto one = decode(row.key, row.value);
      if (one) {
        out.push_back(*one);
        return true;
      }
      damage = std::unexpected(one.error());
      return false;
    }));
    GP_CHECK(damage);
    return out;
  }
  Result<> put(const jmap::Snooze& snooze) override {
    return write(key_of(snooze.account, snooze.item), encode(snooze));
  }
  Result<> erase(account::AccountId account, account::ItemId item) override {
    return write(key_of(account, item), std::nullopt);
  }

 private:
  Result<> write(const std::string& key, const std::optional<std::string>& value) {
    for (int attempt = 1;; ++attempt) {
      GP_TRY(auto snapshot, keys_.snapshot(store::kServerPartition, kSnoozeReadTime));
      store::Batch batch;
      batch.writes.push_back({key, value});
      const auto done = keys_.commit(store::kServerPartition, snapshot->version(), batch);
      if (done) return {};
      if (done.error().code != Errc::conflict || attempt == kSnoozeTries) return std::unexpected(done.error());
    }
  }

  store::KeyValue& keys_;
};

}  // namespace

std::unique_ptr<jmap::SnoozeBook> open_snooze_book(store::KeyValue& keys) {
  return std::make_unique<StoredSnoozeBook>(keys);
}

}  // namespace gatepost::daemon
