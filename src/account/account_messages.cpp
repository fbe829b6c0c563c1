#include <algorithm>

#include "account/attachment_notes.hpp"
#include "account/sent_time.hpp"
#include "account/stored_account.hpp"
#include "account/threading.hpp"

// Adding, copying and moving messages.
namespace gatepost::account {
namespace {

using records::FolderRecord;
using records::LogEntry;

// What one change may add to a batch: with what the others before it added, the store's limit holds.
constexpr std::size_t kMaxItemChangeOctets = 3 << 20;
constexpr std::size_t kMaxSummaryOctets = 48 << 10;  // longer ones are not kept; they are made again from the body
constexpr std::size_t kItemCost = 320;               // octets of all but the summary
constexpr std::size_t kRowsPerCopy = 1'000;
constexpr std::size_t kCopyOctets = 2 << 20;
constexpr std::chrono::hours kRememberDelivery{7 * 24};
constexpr std::uint64_t kMaxMessages = 0xffff'fff0;  // UIDs and counts are 32 bits

Row new_row(ItemId item, std::uint64_t octets, TimePoint received) {
  Row row;
  row.item = item;
  row.thread = item;
  row.octets = octets;
  row.received = std::chrono::floor<std::chrono::seconds>(received);
  return row;
}

std::size_t cost_of(const NewItem& item) {
  std::size_t cost = kItemCost + (item.summary.size() <= kMaxSummaryOctets ? item.summary.size() : 0);
  for (const std::string& k : item.keywords) cost += k.size() + 8;
  return cost;
}

}  // namespace

Result<> StoredAccount::may_add(const Transaction& tx, FolderId folder, std::uint64_t octets, std::size_t messages,
                                std::uint64_t freed) const {
  const FolderRecord* f = tx.find(folder);
  if (f == nullptr || !f->selectable) return fail(Errc::not_found, "no such folder");
  if (f->uid_next + std::uint64_t{messages} > kMaxMessages) return fail(Errc::limit, "the folder has used up its UIDs");
  // A move takes no octets.
  if (octets <= freed || !environment_.quota_of) return {};
  const QuotaLimits limit = environment_.quota_of(id_);
  const records::State& now = tx.final_state();
  if (limit.octets > 0 && now.used_octets + (octets - freed) > limit.octets) return fail(Errc::over_quota, "octets");
  const std::size_t more = freed > 0 ? messages - 1 : messages;
  if (limit.messages > 0 && now.messages + more > limit.messages) return fail(Errc::over_quota, "messages");
  return {};
}

namespace {

// RFC 9051 2.3.1.1: UIDs ascend. Value: of those with \Seen.
Result<NumberSet> may_number(Uid next, std::span<const NewItem> items) {
  NumberSet seen;
  for (const NewItem& item : items) {
    if (item.uid != 0 && item.uid < next) return fail(Errc::conflict, "the UID is not above those given out");
    if (std::max(item.uid, next) >= kMaxMessages) return fail(Errc::limit, "the folder has used up its UIDs");
    next = std::max(item.uid, next);
    if ((item.system_flags & flag::kSeen) != 0) seen.add(next);
    ++next;
  }
  return seen;
}

}  // namespace

Result<> StoredAccount::add_items(Transaction& tx, FolderId folder, std::span<const NewItem> items,
                                  std::span<const std::vector<Transaction::Mark>> marks, Reader reader,
                                  std::vector<Uid>& uids, std::vector<ItemId>& made) const {
  for (std::size_t i = 0; i < items.size(); ++i) {
    const NewItem& item = items[i];
    records::ItemRecord record{.body = item.body, .received = item.received, .thread = tx.thread_of(marks[i])};
    if (item.summary.size() <= kMaxSummaryOctets) record.summary = item.summary;
    const ItemId id = tx.add_item(record);
    Row row = new_row(id, item.body.size, item.received);
    if (record.thread != ItemId{}) row.thread = record.thread;
    tx.leave(marks[i], row.thread);
    row.sent = sent_time(item.summary, item.received);
    row.flags.system = item.system_flags;
    // A message is worth more than that somebody has seen it.
    const bool own_seen =
        reader != kEverybody && (item.system_flags & flag::kSeen) != 0 && tx.may_have_seen(folder, reader);
    if (reader != kEverybody) row.flags.system &= static_cast<std::uint8_t>(~flag::kSeen);
    for (const std::string& name : item.keywords) row.flags.keywords.push_back(tx.keyword(name));
    std::ranges::sort(row.flags.keywords);
    const auto twice = std::ranges::unique(row.flags.keywords);
    row.flags.keywords.erase(twice.begin(), twice.end());
    tx.log(LogEntry::What::item_created, row, folder);
    if (item.uid != 0) tx.pass_over(folder, item.uid);
    const Uid uid = tx.add_row(folder, std::move(row));
    if (own_seen) tx.mark_new_seen(folder, reader, uid);
    tx.place_item(id, folder, uid);
    if (!item.pop3_id.empty()) tx.name_for_pop3(folder, uid, item.pop3_id);
    uids.push_back(uid);
    made.push_back(id);
  }
  return {};
}

Result<Appended> StoredAccount::append_some(FolderId folder, std::span<const NewItem> items, const Adding& adding) {
  std::size_t cost = 0;
  std::uint64_t octets = 0;
  for (const NewItem& item : items) {
    cost += cost_of(item);
    octets += item.body.size;
  }
  if (cost > kMaxItemChangeOctets) return fail(Errc::limit, "too many messages in one append");
  std::vector<std::string> names;
  for (const NewItem& item : items) {
    // As many checks as there are items, but a message with keywords is rare.
    if (!item.keywords.empty()) names.insert(names.end(), item.keywords.begin(), item.keywords.end());
  }
  std::ranges::sort(names);
  const auto same = std::ranges::unique(names);
  names.erase(same.begin(), same.end());
  std::vector<std::vector<std::uint64_t>> hashes;
  for (const NewItem& item : items) {
    hashes.push_back(thread_marks(item.summary));
    if (!item.pop3_id.empty() && !is_pop3_id(item.pop3_id)) return fail(Errc::invalid, "name for POP3");
  }
  Appended done;
  std::vector<ItemId> made;
  const auto change = [&](Transaction& tx) -> Result<> {
    done.uids.clear();
    made.clear();
    Transaction::Page old;
    if (adding.replaced != 0) {
      GP_TRY(old, tx.rows(adding.from, NumberSet::of(adding.replaced, adding.replaced), 1));
      if (tx.find(adding.from) == nullptr || old.rows.empty()) return {};
      GP_CHECK(tx.load_seen(adding.from, kEverybody, old));
    }
    GP_CHECK(may_add(tx, folder, octets, items.size(), old.rows.empty() ? 0 : old.rows.front().octets));
    GP_TRY(const NumberSet seen, may_number(tx.find(folder)->uid_next, items));
    const Reader reader = tx.own_seen().on ? adding.reader : kEverybody;
    if (reader != kEverybody && !seen.empty()) GP_CHECK(tx.load_seen(folder, reader, seen));
    GP_CHECK(tx.keywords_fit(names));
    std::vector<std::vector<Transaction::Mark>> marks(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      GP_TRY(marks[i], tx.look_up(hashes[i]));
    }
    done.uid_validity = tx.find(folder)->uid_validity;
    if (adding.delivery_key != nullptr) {
      GP_TRY(const bool known, tx.knows_delivery(*adding.delivery_key));
      if (known) return {};
      tx.remember_delivery(*adding.delivery_key, records::to_seconds(tx.now() + kRememberDelivery));
    }
    if (adding.replaced != 0) {
      GP_CHECK(take_out(tx, adding.from, old.rows, true, Fate::keep));
    }
    return add_items(tx, folder, items, marks, reader, done.uids, made);
  };
  GP_TRY(done.modseq, run(std::ref(change)));
  std::vector<attachment_notes::Finding> findings;
  for (std::size_t i = 0; i < made.size(); ++i) {
    if (const auto has = attachment_notes::has_attachment(items[i].summary, items[i].body.size))
      findings.emplace_back(made[i], *has);
  }
  attachment_notes::add(*this, findings);
  if (adding.replaced != 0) trim_removed();
  return done;
}

Result<Appended> StoredAccount::append(FolderId folder, std::span<const NewItem> items, Reader reader) {
  return append_some(folder, items, {.reader = reader});
}

Result<Appended> StoredAccount::append_once(FolderId folder, const NewItem& item, std::string_view delivery_id,
                                            Reader reader) {
  const std::string key = records::delivery_key(delivery_id);
  return append_some(folder, std::span(&item, 1), {.delivery_key = &key, .reader = reader});
}

Result<Appended> StoredAccount::replace(FolderId from, Uid replaced, FolderId to, const NewItem& item, Reader reader) {
  return append_some(to, std::span(&item, 1), {.from = from, .replaced = replaced, .reader = reader});
}

// Copies `rows` as far as the batch allows; `next` is behind the last one.
Result<> StoredAccount::copy_page(Transaction& tx, FolderId to, const std::vector<Row>& rows, Copied& done, Uid& next,
                                  std::vector<std::pair<ItemId, bool>>& attached) {
  GP_TRY(const auto items, tx.items(rows));
  std::uint64_t octets = 0;
  std::size_t cost = 0;
  std::size_t n = 0;
  for (; n < rows.size() && cost < kCopyOctets; ++n) {
    octets += items[n].body.size;
    cost += kItemCost + items[n].summary.size() + rows[n].flags.keywords.size() * 3;
  }
  GP_CHECK(may_add(tx, to, octets, n));
  for (std::size_t i = 0; i < n; ++i) {
    next = rows[i].uid + 1;
    if (items[i].body == Body{}) continue;  // lost; was reported
    records::ItemRecord copied = items[i];
    copied.thread = rows[i].thread;  // also of a message that began one
    copied.email = rows[i].email;
    const ItemId id = tx.add_item(copied);
    if (const auto has = attachment_notes::has_attachment(copied.summary, copied.body.size))
      attached.emplace_back(id, *has);
    Row row = new_row(id, rows[i].octets, rows[i].received);
    row.flags = rows[i].flags;
    row.thread = rows[i].thread;
    row.email = rows[i].email;
    row.sent = rows[i].sent;
    tx.log(LogEntry::What::item_created, row, to);
    const Uid uid = tx.add_row(to, std::move(row));
    tx.place_item(id, to, uid);
    done.from.push_back(rows[i].uid);
    done.to.push_back(uid);
  }
  return {};
}

Result<Copied> StoredAccount::copy(FolderId from, const NumberSet& uids, FolderId to, const FlagScope& scope) {
  // What arrives while this runs, perhaps in the same folder, is not copied.
  GP_TRY(const Uid end, uid_end(from));
  NumberSet rest = uids;
  rest.remove(end, std::numeric_limits<Uid>::max());
  Copied done;
  while (!rest.empty()) {
    const std::size_t before = done.from.size();
    bool more = false;
    Uid next = 0;
    std::vector<attachment_notes::Finding> attached;
    auto ran = run([&](Transaction& tx) -> Result<> {
      done.from.resize(before);
      done.to.resize(before);
      attached.clear();
      if (tx.find(from) == nullptr) return fail(Errc::not_found, "no such folder");
      GP_CHECK(may_add(tx, to, 0, 0));
      done.uid_validity = tx.find(to)->uid_validity;
      GP_TRY(auto page, tx.rows(from, rest, kRowsPerCopy));
      GP_CHECK(tx.load_seen(from, kEverybody, page));
      GP_CHECK(tx.load_seen_to_carry(from, to, page.rows.size()));
      more = page.more;
      for (Row& row : page.rows) narrow(row.flags, scope);
      GP_CHECK(copy_page(tx, to, page.rows, done, next, attached));
      tx.carry_seen(from, std::span(done.from).subspan(before), to, std::span(done.to).subspan(before));
      more = more || (!page.rows.empty() && page.rows.back().uid >= next);
      return {};
    });
    if (!ran) {
      // RFC 9051 6.4.7: a COPY that fails leaves nothing behind.
      done.to.resize(before);
      NumberSet made;
      for (const Uid uid : done.to) made.add(uid);
      if (!made.empty()) (void)remove_some(to, made, false, Fate::drop);
      return std::unexpected(ran.error());
    }
    done.modseq = *ran;
    attachment_notes::add(*this, attached);
    if (!more) break;
    rest.remove(1, next - 1);
  }
  if (done.uid_validity == 0) {
    GP_TRY(const Folder target, folder(to));
    done.uid_validity = target.uid_validity;
    done.modseq = modseq();
  }
  return done;
}

Result<Copied> StoredAccount::move(FolderId from, const NumberSet& uids, FolderId to, const FlagScope& scope) {
  GP_TRY(const Uid end, uid_end(from));
  NumberSet rest = uids;
  rest.remove(end, std::numeric_limits<Uid>::max());
  Copied done;
  GP_TRY(const Folder target, folder(to));
  done.uid_validity = target.uid_validity;
  done.modseq = modseq();
  while (!rest.empty()) {
    const std::size_t before = done.from.size();
    Transaction::Page page;
    GP_TRY(done.modseq, run([&](Transaction& tx) -> Result<> {
             done.from.resize(before);
             done.to.resize(before);
             if (tx.find(from) == nullptr) return fail(Errc::not_found, "no such folder");
             GP_TRY(page, tx.rows(from, rest, kRowsPerCopy));
             GP_CHECK(tx.load_seen(from, kEverybody, page));
             GP_CHECK(may_add(tx, to, 0, page.rows.size()));
             GP_CHECK(tx.load_seen_to_carry(from, to, page.rows.size()));
             for (const Row& old : page.rows) {
               if (tx.octets() > kCopyOctets) {
                 page.more = true;
                 page.next = old.uid;
                 break;
               }
               Row row = old;
               narrow(row.flags, scope);
               tx.remove_row(from, old, true);
               const Uid uid = tx.add_row(to, std::move(row));
               tx.place_item(old.item, to, uid);
               tx.log(LogEntry::What::item_moved, old, to);
               done.from.push_back(old.uid);
               done.to.push_back(uid);
             }
             tx.carry_seen(from, std::span(done.from).subspan(before), to, std::span(done.to).subspan(before));
             return {};
           }));
    if (!page.more) break;
    rest.remove(1, page.next - 1);
  }
  return done;
}

}  // namespace gatepost::account
