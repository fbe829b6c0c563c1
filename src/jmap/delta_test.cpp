#include <map>
#include <random>
#include <set>
#include <tuple>

#include <gmock/gmock.h>

#include "jmap/test_world.hpp"

// What account/account_delta_test.cpp is for IMAP's view of an account: clients that know of it only what /changes and
// /queryChanges told them know what it is.
namespace gatepost::jmap {
namespace {

std::vector<std::string> strings_of(const json::value& list) {
  std::vector<std::string> out;
  for (const json::value& one : list.as_array()) out.emplace_back(one.as_string());
  return out;
}

class JmapDeltas : public testing::Test {
 protected:
  using Objects = std::map<std::string, std::string>;  // by id, as text

  // One query that a client follows. `most`: how many of its ids the client has; it says so by upToId.
  struct List {
    std::string query;
    std::size_t most = std::string::npos;
    std::string state;
    std::vector<std::string> ids;
  };
  struct Client {
    std::size_t lag = 0;  // how seldom it asks
    std::map<std::string, std::string> states;
    std::map<std::string, Objects> types;
    std::vector<List> lists;
  };

  std::size_t below(std::size_t n) { return dice_() % n; }
  template <class T>
  const T& one_of(const std::vector<T>& list) {
    return list[below(list.size())];
  }

  static std::string properties(const std::string& type) {
    if (type == "Email") return R"(["threadId","mailboxIds","keywords","receivedAt","size"])";
    if (type == "Thread") return R"(["emailIds"])";
    return R"(["name","parentId","role","sortOrder","totalEmails","unreadEmails","totalThreads","unreadThreads","isSubscribed","myRights"])";
  }
  Objects get(const std::string& type, const std::string& ids) {
    const auto answer =
        world.call(type + "/get", R"({"accountId":"$","ids":)" + ids + R"(,"properties":)" + properties(type) + "}");
    Objects out;
    for (const json::value& one : answer.at("list").as_array()) out[std::string(one.at("id").as_string())] = text(one);
    return out;
  }
  std::string all_ids(const std::string& type) {
    if (type == "Mailbox") return "null";
    const auto emails = world.call("Email/query", R"({"accountId":"$"})").at("ids");
    if (type == "Email") return text(emails);
    std::set<std::string> threads;
    const auto answer =
        world.call("Email/get", R"({"accountId":"$","ids":)" + text(emails) + R"(,"properties":["threadId"]})");
    for (const json::value& one : answer.at("list").as_array()) threads.emplace(one.at("threadId").as_string());
    json::array out;
    for (const std::string& thread : threads) out.emplace_back(thread);
    return text(out);
  }

  void step();
  void sync_type(Client& client, const std::string& type);
  void sync_list(List& list);
  void sync(Client& client);
  void check_counts();

  World world;
  std::mt19937 dice_;
  std::vector<std::string> mailboxes_, emails_;
};

void JmapDeltas::step() {
  world.clock.advance(std::chrono::seconds(below(3)));
  const std::string email = emails_.empty() ? "M1024-1" : one_of(emails_);
  const std::string box = one_of(mailboxes_);
  const auto update = [&](const std::string& patch) {
    world.call("Email/set", R"({"accountId":"$","update":{")" + email + R"(":{)" + patch + "}}}");
  };
  const auto mailbox_set = [&](const std::string& rest) {
    return world.call("Mailbox/set", R"({"accountId":"$",)" + rest + "}");
  };
  switch (below(17)) {
    case 0:
    case 1:
    case 2: {
      const auto made = world.call(
          "Email/set", R"({"accountId":"$","create":{"k":{"mailboxIds":{")" + box + R"(":true},"subject":"s)" +
                           std::to_string(below(3)) + R"(","references":["r)" + std::to_string(below(4)) +
                           R"(@x"],"keywords":{)" + (below(2) == 0 ? R"("$seen":true)" : "") + "}}}}");
      if (made.at("created").is_object()) emails_.emplace_back(made.at("created").at("k").at("id").as_string());
      break;
    }
    case 3:
      emails_.push_back(world.deliver("Message-ID: <r" + std::to_string(below(4)) +
                                      "@x>\r\nSubject: delivered\r\nContent-Type: application/pdf\r\n\r\nx"));
      break;
    case 4:
      update(R"("keywords/$seen":)" + std::string(below(2) == 0 ? "true" : "null"));
      break;
    case 5:
      update(R"("keywords/$flagged":)" + std::string(below(2) == 0 ? "true" : "null"));
      break;
    case 6:
    case 7:
      update(R"("mailboxIds":{")" + box + R"(":true})");
      break;
    case 8:
      world.call("Email/set", R"({"accountId":"$","destroy":[")" + email + "\"]}");
      break;
    case 9: {
      // As IMAP does it: marked, and perhaps the mark is taken away again.
      const auto owner = world.account(kAnna);
      const auto inbox = owner->find_folder("INBOX");
      const auto change = below(3) == 0 ? account::FlagChange::remove : account::FlagChange::add;
      const account::Flags deleted{account::flag::kDeleted, {}};
      (void)owner->store_flags(inbox->id, NumberSet::of(1, static_cast<account::Uid>(1 + below(20))), change, deleted,
                               std::nullopt);
      if (below(2) == 0) (void)owner->expunge(inbox->id, NumberSet::of(1, 0xffffffff));
      break;
    }
    case 13:
    case 14:
      // Into one more, or out of one.
      update(R"("mailboxIds/)" + box + R"(":)" + std::string(below(3) == 0 ? "null" : "true"));
      break;
    case 15: {
      // A copy, as IMAP makes it, perhaps in the same folder; each message has flags of its own then.
      const auto owner = world.account(kAnna);
      const auto folders = *owner->folders();
      const account::FolderId from = one_of(*folders).id, to = one_of(*folders).id;
      const auto some = NumberSet::of(1, static_cast<account::Uid>(1 + below(20)));
      (void)owner->copy(from, some, to);
      const account::Flags flags{below(2) == 0 ? account::flag::kSeen : account::flag::kFlagged, {}};
      if (below(2) == 0) (void)owner->store_flags(to, some, account::FlagChange::add, flags, std::nullopt);
      break;
    }
    case 10: {
      const std::string parent = below(2) == 0 ? "null" : "\"" + box + "\"";
      const auto made =
          mailbox_set(R"("create":{"k":{"name":"n)" + std::to_string(below(30)) + R"(","parentId":)" + parent + "}}");
      if (made.at("created").is_object()) mailboxes_.emplace_back(made.at("created").at("k").at("id").as_string());
      break;
    }
    case 11:
      mailbox_set(R"("update":{")" + box + R"(":{"sortOrder":)" + (below(3) == 0 ? "null" : std::to_string(below(9))) +
                  "}}");
      break;
    case 12:
      mailbox_set(R"("update":{")" + box + R"(":{"name":"n)" + std::to_string(below(30)) + R"(","isSubscribed":)" +
                  (below(2) == 0 ? "true" : "false") + "}}");
      break;
    default:
      if (mailboxes_.size() > 4) mailbox_set(R"("onDestroyRemoveEmails":true,"destroy":[")" + box + "\"]");
  }
}

void JmapDeltas::sync_type(Client& client, const std::string& type) {
  Objects& known = client.types[type];
  std::string& state = client.states[type];
  for (bool more = true; more;) {
    const auto changes = world.call(type + "/changes", R"({"accountId":"$","sinceState":")" + state +
                                                           R"(","maxChanges":)" + std::to_string(1 + below(20)) + "}");
    ASSERT_EQ(world.last, type + "/changes") << text(changes);
    ASSERT_EQ(std::string(changes.at("oldState").as_string()), state);
    std::set<std::string> once;
    json::array wanted;
    for (const char* which : {"created", "updated", "destroyed"}) {
      for (const std::string& id : strings_of(changes.at(which))) {
        // RFC 8620 5.2: an id is in one of them.
        ASSERT_TRUE(once.insert(id).second) << type << " " << id;
        known.erase(id);
        if (std::string_view(which) != "destroyed") wanted.emplace_back(id);
      }
    }
    for (auto& [id, object] : get(type, text(wanted))) known[id] = object;
    more = changes.at("hasMoreChanges").as_bool();
    ASSERT_TRUE(!more || std::string(changes.at("newState").as_string()) != state);
    state = std::string(changes.at("newState").as_string());
  }
  ASSERT_EQ(known, get(type, all_ids(type))) << type;
}

void JmapDeltas::sync_list(List& list) {
  const std::string up_to =
      list.most != std::string::npos && !list.ids.empty() ? R"(,"upToId":")" + list.ids.back() + "\"" : "";
  const auto changes = world.call("Email/queryChanges", "{" + list.query + R"(,"sinceQueryState":")" + list.state +
                                                            "\"" + up_to + R"(,"calculateTotal":true})");
  ASSERT_EQ(world.last, "Email/queryChanges") << text(changes);
  std::set<std::string> removed;
  for (const std::string& id : strings_of(changes.at("removed"))) ASSERT_TRUE(removed.insert(id).second);
  // RFC 8620 5.6: first all that is removed is taken out, then each is put in, the lowest index first.
  std::erase_if(list.ids, [&](const std::string& id) { return removed.contains(id); });
  std::size_t cached = list.ids.size();
  for (const json::value& one : changes.at("added").as_array()) {
    const auto index = static_cast<std::size_t>(one.at("index").to_number<std::int64_t>());
    // What lies behind what the client has is of no use to it.
    if (index > cached) break;
    list.ids.insert(list.ids.begin() + static_cast<std::ptrdiff_t>(index), std::string(one.at("id").as_string()));
    ++cached;
  }
  const auto fresh = world.call("Email/query", "{" + list.query + R"(,"calculateTotal":true})");
  auto all = strings_of(fresh.at("ids"));
  ASSERT_EQ(changes.at("total"), fresh.at("total"));
  ASSERT_EQ(fresh.at("total"), all.size());
  if (list.most == std::string::npos) {
    ASSERT_EQ(list.ids, all) << list.query;
  } else {
    ASSERT_LE(list.ids.size(), all.size()) << list.query;
    const std::vector<std::string> front(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(list.ids.size()));
    ASSERT_EQ(list.ids, front) << list.query;
    // It shows a page again.
    all.resize(std::min(all.size(), list.most));
    list.ids = all;
  }
  list.state = std::string(changes.at("newQueryState").as_string());
}

// RFC 8621 2: a mailbox counts what a query finds in it.
void JmapDeltas::check_counts() {
  for (const auto& [id, mailbox] : get("Mailbox", all_ids("Mailbox"))) {
    const json::value told = json::parse(mailbox);
    const std::string here = R"({"inMailbox":")" + id + "\"}";
    const std::string unread =
        R"({"operator":"AND","conditions":[)" + here + R"(,{"notKeyword":"$seen"},{"notKeyword":"$draft"}]})";
    for (const auto& [property, filter, collapse] :
         {std::tuple("totalEmails", here, "false"), std::tuple("unreadEmails", unread, "false"),
          std::tuple("totalThreads", here, "true"), std::tuple("unreadThreads", unread, "true")}) {
      const auto found = world.call("Email/query", R"({"accountId":"$","calculateTotal":true,"filter":)" + filter +
                                                       R"(,"collapseThreads":)" + collapse + "}");
      ASSERT_EQ(told.at(property), found.at("total")) << id << " " << property;
    }
  }
}

void JmapDeltas::sync(Client& client) {
  for (const char* type : {"Email", "Mailbox", "Thread"}) ASSERT_NO_FATAL_FAILURE(sync_type(client, type));
  for (List& list : client.lists) ASSERT_NO_FATAL_FAILURE(sync_list(list));
  ASSERT_NO_FATAL_FAILURE(check_counts());
}

TEST_F(JmapDeltas, GiveTheSameAsReadingEverything) {
  const auto* said = std::getenv("GP_SEED");
  const unsigned seed = said != nullptr ? static_cast<unsigned>(std::atoi(said)) : 20261127;
  SCOPED_TRACE("GP_SEED=" + std::to_string(seed));
  std::cout << "GP_SEED=" << seed << "\n";
  dice_.seed(seed);
  for (const char* path : {"INBOX", "Archive", "Drafts", "Trash"}) mailboxes_.push_back(world.mailbox(path));
  const std::string inbox = R"({"inMailbox":")" + mailboxes_[0] + "\"}";
  const auto in_inbox = [&](const std::string& more) {
    return R"({"inMailbox":")" + mailboxes_[0] + "\"," + more + "}";
  };
  const std::vector<std::string> filters = {
      "null",
      inbox,
      in_inbox(R"("notKeyword":"$seen")"),
      R"({"hasAttachment":true})",
      R"({"someInThreadHaveKeyword":"$flagged"})",
      R"({"operator":"NOT","conditions":[{"hasKeyword":"$flagged"},)" + inbox + "]}",
      in_inbox(R"("noneInThreadHaveKeyword":"$seen")"),
      R"({"subject":"s1"})"};
  const std::vector<std::string> sorts = {
      "null", R"([{"property":"receivedAt"}])",
      R"([{"property":"subject"},{"property":"receivedAt","isAscending":false}])",
      R"([{"property":"hasKeyword","keyword":"$flagged","isAscending":false}])",
      R"([{"property":"someInThreadHaveKeyword","keyword":"$seen"},{"property":"size"}])"};
  std::vector<Client> clients(3);
  for (std::size_t c = 0; c < clients.size(); ++c) {
    clients[c].lag = 1 + c * 8;
    for (const char* type : {"Email", "Mailbox", "Thread"}) {
      clients[c].states[type] =
          std::string(world.call(std::string(type) + "/get", R"({"accountId":"$","ids":[]})").at("state").as_string());
      clients[c].types[type] = get(type, all_ids(type));
    }
    for (std::size_t f = 0; f < filters.size(); ++f) {
      for (const char* collapse : {"true", "false"}) {
        List list{.query = R"("accountId":"$","filter":)" + filters[f] + R"(,"sort":)" + sorts[(f + c) % sorts.size()] +
                           R"(,"collapseThreads":)" + collapse};
        if ((f + c) % 2 == 0) list.most = 3;
        list.state = std::string(world.call("Email/query", "{" + list.query + "}").at("queryState").as_string());
        clients[c].lists.push_back(std::move(list));
      }
    }
  }
  for (int i = 0; i < 300; ++i) {
    step();
    for (Client& client : clients) {
      if (below(client.lag) == 0) ASSERT_NO_FATAL_FAILURE(sync(client)) << "step " << i;
    }
  }
  for (Client& client : clients) ASSERT_NO_FATAL_FAILURE(sync(client)) << "at the end";
}

}  // namespace
}  // namespace gatepost::jmap
