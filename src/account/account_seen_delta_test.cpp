#include <array>
#include <map>
#include <random>

#include <gmock/gmock.h>

#include "account/account_fixture.hpp"

namespace gatepost::account {
namespace {

using testing::IsEmpty;

// The owner and two readers who may have \Seen of their own, each with clients that know only what deltas told them.
class SeenDeltas : public AccountFixture {
 protected:
  static constexpr std::size_t kPeople = 3;  // the first is the owner
  static constexpr std::array<Reader, kPeople> kReaders{kEverybody, 7001, 7002};

  struct Message {
    std::uint8_t flags = 0;
    std::uint64_t octets = 0;
    std::array<bool, kPeople> seen{};  // of readers, while they have their own
  };
  using Mailbox = std::map<Uid, Message>;
  using Shown = std::map<Uid, std::uint8_t>;
  using Emails = std::map<ItemId, std::multiset<std::pair<FolderId, std::uint8_t>>>;

  struct Client {
    std::vector<Shown> folders;
    std::vector<Modseq> since;
    Emails emails;  // by account_changes()
    Modseq emails_since = 0;
  };

  std::uint8_t flags_for(const Message& m, std::size_t who) const {
    if (who == 0 || !own_) return m.flags;
    return static_cast<std::uint8_t>((m.flags & ~flag::kSeen) | (m.seen[who] ? flag::kSeen : 0));
  }
  Shown shown(std::size_t f, std::size_t who) const {
    Shown out;
    for (const auto& [uid, m] : model_[f]) out[uid] = flags_for(m, who);
    return out;
  }

  void open(AccountId owner) {
    people_[0] = account(owner);
    for (std::size_t i = 1; i < kPeople; ++i) {
      auto view = accounts_->open_for(owner, kReaders[i]);
      ASSERT_TRUE(view);
      ASSERT_EQ(*view, *accounts_->open_for(owner, kReaders[i]));
      people_[i] = *view;
    }
  }

  void sync(Account& a, std::size_t f, Client& client) {
    const auto delta = a.changes(ids_[f], client.since[f]);
    ASSERT_TRUE(delta) << delta.error().detail;
    if (!delta->vanished_known) {
      const auto opened = a.open_folder(ids_[f], false);
      ASSERT_TRUE(opened);
      std::erase_if(client.folders[f], [&](const auto& m) { return !opened->uids->contains(m.first); });
    }
    if (delta->has_rows()) {
      ASSERT_EQ(delta->rows.size(), delta->changed.size());
      for (const Row& row : delta->rows) {
        ASSERT_TRUE(delta->changed.contains(row.uid));
        ASSERT_GT(row.modseq, client.since[f]);
        ASSERT_LE(row.modseq, delta->to);
        client.folders[f][row.uid] = row.flags.system;
      }
    }
    for (const Row& row : rows(a, ids_[f], delta->changed)) {
      ASSERT_TRUE(!delta->has_rows() || client.folders[f][row.uid] == row.flags.system);
      client.folders[f][row.uid] = row.flags.system;
    }
    delta->vanished.for_each([&](Uid uid) { client.folders[f].erase(uid); });
    client.since[f] = delta->to;
  }

  // What JMAP does.
  void sync_emails(Account& a, Client& client) {
    for (bool more = true; more;) {
      const auto changes = a.account_changes(client.emails_since, 1 + below(40));
      ASSERT_TRUE(changes);
      if (!changes->known) {
        client.emails.clear();
        for (const FolderId id : ids_) {
          for (const Row& row : rows(a, id)) client.emails[row.email].insert({id, row.flags.system});
        }
        client.emails_since = a.modseq();
        return;
      }
      std::vector<ItemId> ids;
      for (const auto& change : changes->emails) {
        if (change.what == AccountChanges::What::destroyed)
          client.emails.erase(change.email);
        else
          ids.push_back(change.email);
      }
      const auto places = a.messages_of(ids);
      ASSERT_TRUE(places);
      for (std::size_t i = 0; i < ids.size(); ++i) {
        client.emails.erase(ids[i]);
        for (const Placed& one : (*places)[i]) client.emails[ids[i]].insert({one.folder, one.row.flags.system});
      }
      client.emails_since = changes->to;
      more = changes->more;
    }
  }

  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(dice_() % n); }
  NumberSet some(const Mailbox& m) {
    NumberSet out;
    const std::uint32_t one_in = 1 + below(6);
    for (const auto& [uid, message] : m) {
      if (below(one_in) == 0) out.add(uid);
    }
    if (below(3) == 0) out.add(1 + below(3'000));  // perhaps one that is not there
    return out;
  }

  void arrive(std::size_t from, std::size_t to, const Copied& done, bool moved) {
    ASSERT_EQ(done.from.size(), done.to.size());
    for (std::size_t i = 0; i < done.from.size(); ++i) {
      ASSERT_EQ(done.to[i], next_[to]++);
      model_[to][done.to[i]] = Message(model_[from].at(done.from[i]));
      if (moved) model_[from].erase(done.from[i]);
    }
  }
  void append(Account& a, std::size_t who, std::size_t f) {
    std::vector<NewItem> items;
    Uid next = next_[f];
    for (std::uint32_t i = 0; i <= below(4); ++i) {
      items.push_back(message(std::string(1 + below(40), 'm'), static_cast<std::uint8_t>(below(32))));
      // UIDs of another server, so that there are several chunks.
      if (below(20) == 0) next = items.back().uid = next + below(900);
      ++next;
    }
    const auto done = a.append(ids_[f], items);
    ASSERT_TRUE(done) << done.error().detail;
    for (std::size_t i = 0; i < items.size(); ++i) {
      Message m{items[i].system_flags, items[i].body.size, {}};
      if (own_ && who != 0) {
        m.seen[who] = (m.flags & flag::kSeen) != 0;
        m.flags &= static_cast<std::uint8_t>(~flag::kSeen);
      }
      next_[f] = done->uids[i] + 1;
      model_[f][done->uids[i]] = m;
    }
  }
  void store(Account& a, std::size_t who, std::size_t f, const NumberSet& uids) {
    const auto change = static_cast<FlagChange>(below(3));
    const auto flags = static_cast<std::uint8_t>(below(2) == 0 ? flag::kSeen : below(32));
    const FlagScope scope{.system = static_cast<std::uint8_t>(below(4) == 0 ? ~flag::kSeen & 0xff : 0xff)};
    std::map<Uid, Row> before;
    for (Row& row : rows(a, ids_[f])) before.emplace(row.uid, std::move(row));
    std::optional<Modseq> unchanged_since;
    if (below(4) == 0) unchanged_since = a.modseq() - std::min<Modseq>(a.modseq(), below(20));
    const auto done = a.store_flags(ids_[f], uids, change, Flags{flags, {}}, unchanged_since, scope);
    ASSERT_TRUE(done) << done.error().detail;
    NumberSet changed, modified;
    for (auto& [uid, m] : model_[f]) {
      if (!uids.contains(uid)) continue;
      if (unchanged_since && before.at(uid).modseq > *unchanged_since) {
        modified.add(uid);
        continue;
      }
      const std::uint8_t now = flags_for(m, who);
      std::uint8_t then = flags;
      if (change == FlagChange::add) then = now | flags;
      if (change == FlagChange::remove) then = static_cast<std::uint8_t>(now & ~flags);
      then = static_cast<std::uint8_t>((then & scope.system) | (now & ~scope.system));
      if (then != now) changed.add(uid);
      if (own_ && who != 0) {
        m.seen[who] = (then & flag::kSeen) != 0;
        m.flags = static_cast<std::uint8_t>((then & ~flag::kSeen) | (m.flags & flag::kSeen));
      } else {
        m.flags = then;
      }
    }
    ASSERT_EQ(done->modified, modified);
    ASSERT_EQ(done->changed.size(), changed.size());
    for (std::size_t i = 0; i < done->changed.size(); ++i) {
      const Row& row = done->changed[i];
      ASSERT_TRUE(changed.contains(row.uid));
      ASSERT_EQ(row.flags.system, flags_for(model_[f].at(row.uid), who));
      ASSERT_EQ(row.modseq, done->modseq);
      ASSERT_EQ(done->before[i], before.at(row.uid).modseq);
    }
  }

  void step() {
    const std::size_t who = below(kPeople);
    Account& a = *people_[who];
    const std::size_t f = below(static_cast<std::uint32_t>(ids_.size()));
    const std::size_t g = below(static_cast<std::uint32_t>(ids_.size()));
    const NumberSet uids = some(model_[f]);
    switch (below(10)) {
      case 0:
      case 1:
        return append(a, who, f);
      case 2: {
        ASSERT_TRUE(a.expunge(ids_[f], uids));
        std::erase_if(model_[f],
                      [&](const auto& m) { return uids.contains(m.first) && (m.second.flags & flag::kDeleted) != 0; });
        return;
      }
      case 3: {
        const auto done = a.copy(ids_[f], uids, ids_[g]);
        ASSERT_TRUE(done);
        return arrive(f, g, *done, false);
      }
      case 4: {
        const auto done = a.move(ids_[f], uids, ids_[g]);
        ASSERT_TRUE(done);
        return arrive(f, g, *done, true);
      }
      case 5: {
        if (model_[f].empty()) return;
        const auto old = std::next(model_[f].begin(), below(static_cast<std::uint32_t>(model_[f].size())))->first;
        const NewItem item = message("replaced", flag::kSeen);
        const auto done = a.replace(ids_[f], old, ids_[g], item);
        ASSERT_TRUE(done);
        model_[f].erase(old);
        Message m{flag::kSeen, item.body.size, {}};
        if (own_ && who != 0) m = {0, item.body.size, {}}, m.seen[who] = true;
        next_[g] = done->uids.at(0) + 1;
        model_[g][done->uids[0]] = m;
        return;
      }
      default:
        return store(a, who, f, uids);
    }
  }

  void turn(bool on) {
    ASSERT_TRUE(people_[0]->set_own_seen(on));
    if (on == own_) return;
    own_ = on;
    for (Mailbox& mailbox : model_) {
      for (auto& [uid, m] : mailbox) m.seen = {};
    }
  }

  void compare_opened(std::size_t who) {
    for (std::size_t f = 0; f < ids_.size(); ++f) {
      const auto opened = people_[who]->open_folder(ids_[f], false);
      ASSERT_TRUE(opened);
      std::optional<Uid> first_unseen;
      std::uint32_t unseen = 0;
      for (const auto& [uid, m] : model_[f]) {
        if ((flags_for(m, who) & flag::kSeen) != 0) continue;
        ++unseen;
        if (!first_unseen) first_unseen = uid;
      }
      ASSERT_EQ(opened->folder.unseen, unseen) << "person " << who << " folder " << f;
      ASSERT_EQ(opened->first_unseen, first_unseen) << "person " << who << " folder " << f;
      ASSERT_EQ(people_[who]->folder(ids_[f])->unseen, unseen);
      Modseq highest = 0;
      for (const Row& row : rows(*people_[who], ids_[f])) highest = std::max(highest, row.modseq);
      ASSERT_GE(opened->folder.highest_modseq, highest);
    }
  }

  std::mt19937 dice_;
  bool own_ = false;
  std::array<std::shared_ptr<Account>, kPeople> people_;
  std::vector<FolderId> ids_;
  std::vector<Mailbox> model_;
  std::vector<Uid> next_;
};
INSTANTIATE_TEST_SUITE_P(Engines, SeenDeltas, testing::ValuesIn(kEngines),
                         [](const auto& i) { return std::string(i.param); });

TEST_P(SeenDeltas, GiveEachTheSameAsReadingEverything) {
  const unsigned seeds = std::string_view(GetParam()) == "memory" ? 12 : 2;
  for (unsigned seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    dice_.seed(seed);
    const AccountId owner{6000 + seed};
    ASSERT_NO_FATAL_FAILURE(open(owner));
    ids_ = {folder(*people_[0], "INBOX"), folder(*people_[0], "Sent"), people_[0]->create_folder("x/y")->id};
    model_.assign(ids_.size(), {});
    next_.assign(ids_.size(), 1);
    own_ = false;
    std::vector<std::vector<Client>> clients(kPeople);
    for (auto& of_one : clients) {
      of_one.resize(2);
      for (Client& client : of_one) {
        client.folders.resize(ids_.size());
        client.since.resize(ids_.size());
      }
    }
    if (seed % 2 == 0) ASSERT_NO_FATAL_FAILURE(turn(true));
    for (int i = 0; i < 250; ++i) {
      SCOPED_TRACE(i);
      ASSERT_NO_FATAL_FAILURE(step());
      if (below(40) == 0) ASSERT_NO_FATAL_FAILURE(turn(below(3) != 0));
      clock_.advance(std::chrono::hours(below(40)));
      for (std::size_t who = 0; who < kPeople; ++who) {
        for (std::uint32_t c = 0; c < clients[who].size(); ++c) {
          if (below(1 + c * 15) != 0) continue;
          Client& client = clients[who][c];
          Emails all;
          for (std::size_t f = 0; f < ids_.size(); ++f) {
            ASSERT_NO_FATAL_FAILURE(sync(*people_[who], f, client));
            ASSERT_EQ(client.folders[f], shown(f, who)) << "person " << who << " client " << c << " folder " << f;
            for (const Row& row : rows(*people_[who], ids_[f])) all[row.email].insert({ids_[f], row.flags.system});
          }
          ASSERT_NO_FATAL_FAILURE(sync_emails(*people_[who], client));
          ASSERT_EQ(client.emails, all) << "person " << who << " client " << c;
        }
        if (below(5) == 0) ASSERT_NO_FATAL_FAILURE(compare_opened(who));
      }
      if (below(30) == 0) ASSERT_TRUE(accounts_->prune({}));
      if (below(40) == 0) ASSERT_THAT(findings(owner), IsEmpty());
      if (below(25) != 0) continue;
      people_ = {};
      restart();
      ASSERT_NO_FATAL_FAILURE(open(owner));
    }
    for (std::size_t who = 0; who < kPeople; ++who) ASSERT_NO_FATAL_FAILURE(compare_opened(who));
    EXPECT_THAT(findings(owner), IsEmpty());
    people_ = {};
  }
}

}  // namespace
}  // namespace gatepost::account
