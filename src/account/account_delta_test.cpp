#include <map>
#include <random>

#include <gmock/gmock.h>

#include "account/account_fixture.hpp"

namespace gatepost::account {
namespace {

using testing::IsEmpty;

class Deltas : public AccountFixture {
 protected:
  struct Message {
    ItemId item{};
    std::uint8_t flags = 0;
    std::uint64_t octets = 0;
  };
  using Mailbox = std::map<Uid, Message>;

  // Knows only what changes() told it.
  struct Client {
    Mailbox mailbox;
    Modseq since = 0;
  };

  void sync(Account& a, FolderId f, Client& client) {
    auto delta = a.changes(f, client.since);
    ASSERT_TRUE(delta) << delta.error().detail;
    if (!delta->vanished_known) {
      const auto opened = a.open_folder(f, false);
      ASSERT_TRUE(opened);
      std::erase_if(client.mailbox, [&](const auto& m) { return !opened->uids->contains(m.first); });
    }
    EXPECT_EQ(delta->has_rows() ? delta->rows.size() : 0, delta->has_rows() ? delta->changed.size() : 0);
    for (const Row& row : rows(a, f, delta->changed))
      client.mailbox[row.uid] = {row.item, row.flags.system, row.octets};
    delta->vanished.for_each([&](Uid uid) { client.mailbox.erase(uid); });
    client.since = delta->to;
  }

  static bool same(const Mailbox& a, const Mailbox& b) {
    return std::ranges::equal(a, b, [](const auto& x, const auto& y) {
      return x.first == y.first && x.second.flags == y.second.flags && x.second.octets == y.second.octets &&
             (x.second.item == ItemId{} || y.second.item == ItemId{} || x.second.item == y.second.item);
    });
  }

  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(dice_() % n); }

  NumberSet some(const Mailbox& m) {
    NumberSet out;
    const std::uint32_t one_in = 1 + below(6);
    for (const auto& [uid, message] : m) {
      if (below(one_in) == 0) out.add(uid);
    }
    if (below(3) == 0) out.add(1 + below(500));  // perhaps one that is not there
    return out;
  }

  void step(Account& a, const std::vector<FolderId>& ids, std::vector<Mailbox>& model, std::vector<Uid>& next);
  std::mt19937 dice_;
};
INSTANTIATE_TEST_SUITE_P(Engines, Deltas, testing::ValuesIn(kEngines),
                         [](const auto& i) { return std::string(i.param); });

void Deltas::step(Account& a, const std::vector<FolderId>& ids, std::vector<Mailbox>& model, std::vector<Uid>& next) {
  const std::size_t f = below(static_cast<std::uint32_t>(ids.size()));
  const std::size_t g = below(static_cast<std::uint32_t>(ids.size()));
  const NumberSet uids = some(model[f]);
  const auto arrive = [&](std::size_t to, const Copied& done, bool moved) {
    ASSERT_EQ(done.from.size(), done.to.size());
    for (std::size_t i = 0; i < done.from.size(); ++i) {
      ASSERT_EQ(done.to[i], next[to]++);
      const Message m = model[f].at(done.from[i]);
      model[to][done.to[i]] = {moved ? m.item : ItemId{}, m.flags, m.octets};
      if (moved) model[f].erase(done.from[i]);
    }
  };
  switch (below(8)) {
    case 0:
    case 1:
    case 2: {
      std::vector<NewItem> items;
      for (std::uint32_t i = 0; i <= below(4); ++i) {
        items.push_back(message(std::string(1 + below(40), 'm'), static_cast<std::uint8_t>(below(32))));
      }
      const auto done = a.append(ids[f], items);
      ASSERT_TRUE(done);
      for (std::size_t i = 0; i < items.size(); ++i) {
        ASSERT_EQ(done->uids[i], next[f]++);
        model[f][done->uids[i]] = {ItemId{}, items[i].system_flags, items[i].body.size};
      }
      break;
    }
    case 3:
    case 4: {
      const auto change = static_cast<FlagChange>(below(3));
      const auto flags = static_cast<std::uint8_t>(below(32));
      ASSERT_TRUE(a.store_flags(ids[f], uids, change, Flags{flags, {}}, std::nullopt));
      for (auto& [uid, m] : model[f]) {
        if (!uids.contains(uid)) continue;
        if (change == FlagChange::add)
          m.flags |= flags;
        else if (change == FlagChange::remove)
          m.flags &= static_cast<std::uint8_t>(~flags);
        else
          m.flags = flags;
      }
      break;
    }
    case 5: {
      const auto gone = a.expunge(ids[f], uids);
      ASSERT_TRUE(gone);
      std::erase_if(model[f],
                    [&](const auto& m) { return uids.contains(m.first) && (m.second.flags & flag::kDeleted) != 0; });
      break;
    }
    case 6: {
      const auto done = a.copy(ids[f], uids, ids[g]);
      ASSERT_TRUE(done);
      arrive(g, *done, false);
      break;
    }
    default: {
      const auto done = a.move(ids[f], uids, ids[g]);
      ASSERT_TRUE(done);
      arrive(g, *done, true);
      break;
    }
  }
}

// Random changes in several folders against a model, clients that fall behind by different lengths, restarts in
// between.
TEST_P(Deltas, GiveTheSameAsReadingEverything) {
  for (unsigned seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE(seed);
    dice_.seed(seed);
    const AccountId owner{5000 + seed};
    auto a = account(owner);
    std::vector<FolderId> ids{folder(*a, "INBOX"), folder(*a, "Sent"), a->create_folder("x/y")->id};
    std::vector<Mailbox> model(ids.size());
    std::vector<Uid> next(ids.size(), 1);
    std::vector<std::vector<Client>> clients(3, std::vector<Client>(ids.size()));
    for (int i = 0; i < 250; ++i) {
      ASSERT_NO_FATAL_FAILURE(step(*a, ids, model, next));
      clock_.advance(std::chrono::hours(below(40)));
      for (std::uint32_t c = 0; c < clients.size(); ++c) {
        if (below(1 + c * 20) != 0) continue;
        for (std::size_t f = 0; f < ids.size(); ++f) {
          ASSERT_NO_FATAL_FAILURE(sync(*a, ids[f], clients[c][f]));
          ASSERT_TRUE(same(clients[c][f].mailbox, model[f])) << "step " << i << " client " << c << " folder " << f;
        }
      }
      if (below(30) == 0) ASSERT_TRUE(accounts_->prune({}));
      if (below(25) != 0) continue;
      a.reset();
      restart();
      a = account(owner);
    }
    for (std::size_t f = 0; f < ids.size(); ++f) {
      const auto opened = a->open_folder(ids[f], false);
      ASSERT_TRUE(opened);
      EXPECT_EQ(opened->folder.uid_next, next[f]);
      EXPECT_EQ(opened->uids->size(), model[f].size());
      EXPECT_EQ(opened->folder.total, model[f].size());
      std::optional<Uid> first_unseen;
      for (const auto& [uid, m] : model[f]) {
        EXPECT_TRUE(opened->uids->contains(uid));
        if ((m.flags & flag::kSeen) == 0 && !first_unseen) first_unseen = uid;
      }
      EXPECT_EQ(opened->first_unseen, first_unseen);
    }
    EXPECT_THAT(findings(owner), IsEmpty());
  }
}

}  // namespace
}  // namespace gatepost::account
