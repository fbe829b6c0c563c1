#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "directory/records.hpp"

// Rows of a damaged partition either load or are refused; what loads is written the same and loads again.
namespace {

using namespace gatepost;

using Rows = std::map<std::string, std::string, std::less<>>;

class RowsOnly final : public store::KeyValue {
 public:
  explicit RowsOnly(const Rows& rows) : rows_(rows) {}

  class View final : public store::Snapshot {
   public:
    explicit View(const Rows& rows) : rows_(rows) {}
    store::Version version() const override { return 1; }
    Result<std::optional<std::string>> get(std::string_view) override { return std::nullopt; }
    Result<std::vector<std::optional<std::string>>> get_many(std::span<const std::string_view>) override {
      return fail(Errc::unsupported);
    }
    Result<> scan(std::string_view, std::string_view, bool, std::size_t,
                  const std::function<bool(store::Entry)>& visit) override {
      for (const auto& [key, value] : rows_) {
        if (!visit({key, value})) break;
      }
      return {};
    }

   private:
    const Rows& rows_;
  };

  Result<std::unique_ptr<store::Snapshot>> snapshot(store::Partition, std::chrono::seconds) override {
    return std::make_unique<View>(rows_);
  }
  Result<store::Version> commit(store::Partition, store::Version, const store::Batch&) override {
    return fail(Errc::read_only);
  }
  Result<bool> outcome(store::Partition, const store::CommitId&) override { return false; }
  Result<store::Version> version(store::Partition) override { return 1; }
  Result<bool> referenced(const store::BlobId&) override { return false; }
  Result<> partitions(const std::function<bool(store::Partition)>&) override { return {}; }
  std::unique_ptr<store::Subscription> watch(std::function<void(store::Partition, store::Version)>) override {
    return nullptr;
  }
  Result<> drop(store::Partition) override { return fail(Errc::read_only); }

 private:
  const Rows& rows_;
};

Rows written(const directory::Stored& stored) {
  using namespace directory;
  Rows rows;
  for (const auto& [name, domain] : stored.index.domains()) rows[domain_key(name)] = encode(domain);
  for (const Alias& alias : stored.index.aliases()) rows[alias_key(alias.address)] = encode_targets(alias.targets);
  for (const auto& [id, row] : stored.index.principals()) {
    rows[principal_key(id)] = encode(row.principal);
    if (row.principal.quota_messages != 0) {
      rows[message_quota_key(id)] = encode_message_quota(row.principal.quota_messages);
    }
    if (row.credentials->password) rows[password_key(id)] = encode(*row.credentials->password);
    if (!row.credentials->former.empty()) rows[former_key(id)] = encode(row.credentials->former);
    if (row.credentials->totp) rows[totp_key(id)] = encode(*row.credentials->totp);
    for (const AppSecret& app : row.credentials->app_secrets) rows[app_key(id, app.id)] = encode(app);
  }
  for (const auto& [grantee, accounts] : stored.index.shares()) {
    for (const PrincipalId account : accounts) rows[share_key(account, grantee)] = encode_share();
  }
  for (const auto& [id, row] : stored.index.principals()) {
    for (const std::string& member : stored.index.members(id)) rows[member_key(id, member)] = encode_member();
    for (const auto& [who, rights] : stored.index.senders(id)) rows[sender_key(id, who)] = encode(rights);
    if (row.principal.copy_sent) rows[copy_sent_key(id)] = encode_copy_sent();
  }
  for (const Removed& removed : stored.index.removed()) rows[removed_key(removed.change)] = encode(removed);
  for (const auto& [app, at] : stored.uses) rows[app_use_key(app.first, app.second)] = encode(at);
  if (stored.next_id != 0) rows[std::string(kNextIdKey)] = encode_next_id(stored.next_id);
  if (!stored.decoy_key.empty()) rows[std::string(kDecoyKeyKey)] = encode_decoy_key(stored.decoy_key);
  return rows;
}

}  // namespace

// The input: rows of an octet with the key's length, two with the value's, key, value.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader in({reinterpret_cast<const char*>(data), size});
  Rows rows;
  while (in.ok() && !in.at_end()) {
    const std::size_t key_octets = in.u8(), value_octets = in.u16();
    std::string key(in.take(key_octets));
    std::string value(in.take(value_octets));
    if (in.ok()) rows[std::move(key)] = std::move(value);
  }
  RowsOnly keys(rows);
  const auto stored = directory::load(keys, {});
  if (!stored) {
    GP_ASSERT(stored.error().code == Errc::corrupt || stored.error().code == Errc::unsupported);
    GP_ASSERT(!stored.error().detail.empty());
    return 0;
  }
  const Rows again = written(*stored);
  RowsOnly second(again);
  const auto reloaded = directory::load(second, {});
  GP_ASSERT(reloaded);
  GP_ASSERT(written(*reloaded) == again);
  return 0;
}
