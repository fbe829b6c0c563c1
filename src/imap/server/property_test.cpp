// Four sessions do whatever comes; what each client makes of the answers alone is what the server has.
// GP_PROPERTY_ROUNDS makes it longer, GP_PROPERTY_SEED repeats one.

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "imap/server/test_support.hpp"

namespace gatepost::imap::server {
namespace {

using Uid = account::Uid;

constexpr std::string_view kFolders[] = {"INBOX", "Archive", "Sent"};
constexpr std::string_view kFlags[] = {"\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft", "$One", "$Two"};

std::uint64_t number_at(std::string_view text) {
  std::uint64_t n = 0;
  std::from_chars(text.data(), text.data() + text.size(), n);
  return n;
}
std::optional<std::string_view> behind(std::string_view text, std::string_view word) {
  const std::size_t at = text.find(word);
  if (at == std::string_view::npos) return std::nullopt;
  return text.substr(at + word.size());
}

using FlagSet = std::set<std::string, std::less<>>;

FlagSet flags_of(std::string_view list) {
  FlagSet out;
  list = list.substr(0, list.find(')'));
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(' '), list.size());
    if (const std::string_view flag = list.substr(0, end); !flag.empty() && flag != "\\Recent") out.emplace(flag);
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return out;
}

// A mail program: what it believes about the folder it has open, from responses alone.
class Client {
 public:
  Client(World& world, bool qresync, bool rev2, int number)
      : world_(world), qresync_(qresync), rev2_(rev2), number_(number) {
    connect();
  }

  void connect() {
    talk_.emplace(world_);
    idling_ = false;
    talk_->enter();
    if (qresync_) run("ENABLE QRESYNC");
    if (rev2_) run("ENABLE IMAP4rev2");
  }
  void drop() { talk_.reset(); }
  bool connected() const { return talk_.has_value(); }

  const std::string& folder() const { return folder_; }
  void renamed(std::string_view from, std::string_view to) {
    if (folder_ == from) folder_ = to;
    if (const auto known = cache_.find(std::string(from)); known != cache_.end()) {
      auto node = cache_.extract(known);
      node.key() = to;
      cache_.insert(std::move(node));
    }
  }

  // Opens a folder; with QRESYNC from what is remembered of it.
  void select(std::string_view folder) {
    if (idling_) stop_idle();
    if (!folder_.empty()) cache_[folder_] = {messages_, validity_, modseq_};
    folder_ = folder;
    const Memory known = cache_[folder_];
    messages_.clear();
    validity_ = 0;
    std::string command = fmt::format("SELECT \"{}\"", folder);
    resuming_ = qresync_ && known.validity != 0 && known.modseq != 0;
    if (resuming_) {
      command += fmt::format(" (QRESYNC ({} {}))", known.validity, known.modseq);
      resumed_ = known.messages;
      std::erase_if(resumed_, [](const Message& m) { return m.uid == 0; });
    }
    run(command);
    if (resuming_) {
      resuming_ = false;
      // Those remembered that did not vanish, in their order; then what is new, which is looked up.
      std::vector<Message> all;
      if (validity_ == known.validity) all = std::move(resumed_);
      for (const Message& told : messages_) {
        if (told.uid == 0) continue;
        const auto at = std::ranges::lower_bound(all, told.uid, {}, &Message::uid);
        if (at != all.end() && at->uid == told.uid)
          *at = told;
        else
          all.insert(at, told);
      }
      for (std::size_t n = 0; n < messages_.size(); ++n) {
        if (n < all.size()) {
          if (messages_[n].uid != 0) {
            EXPECT_EQ(messages_[n].uid, all[n].uid) << "message number after resynchronisation";
          }
          messages_[n] = all[n];
        }
      }
      EXPECT_LE(all.size(), messages_.size()) << "something vanished and was not told";
    }
    look_up();
  }

  std::string run(const std::string& command) {
    if (idling_) stop_idle();
    const std::string tag = fmt::format("t{}", ++count_);
    const std::string answer = talk_->line(tag + " " + command);
    hear(answer);
    EXPECT_FALSE(talk_->closed) << command << "\n" << answer;
    EXPECT_TRUE(answer.find(tag + " BAD") == std::string::npos) << command << "\n" << answer;
    return answer;
  }
  void append() {
    if (idling_) stop_idle();
    const std::string text = fmt::format("Subject: {}\r\n\r\n{}\r\n", count_, number_);
    hear(talk_->say(fmt::format("t{} APPEND \"{}\" (\\Seen) {{{}+}}\r\n{}\r\n", ++count_, folder_, text.size(), text)));
    look_up();
  }
  // STORE, and what a client knows of its outcome when it asked for silence.
  void store(std::mt19937_64& dice) {
    look_up();
    if (messages_.empty()) return;
    std::size_t first = dice() % messages_.size();
    std::size_t last = std::min(messages_.size() - 1, first + dice() % 4);
    const std::string flag(kFlags[dice() % std::size(kFlags)]);
    const char mode = "+-="[dice() % 3];
    const bool silent = dice() % 2 == 0;
    const bool uid = dice() % 2 == 0;
    const std::string sign = mode == '=' ? "" : std::string(1, mode);
    const std::string set = uid ? fmt::format("{}:{}", messages_[first].uid, messages_[last].uid)
                                : fmt::format("{}:{}", first + 1, last + 1);
    if (silent) {
      for (std::size_t n = first; n <= last; ++n) {
        FlagSet& flags = messages_[n].flags;
        if (mode == '=') flags.clear();
        if (mode == '-')
          flags.erase(flag);
        else
          flags.insert(flag);
      }
    }
    run(fmt::format("{}STORE {} {}FLAGS{} ({})", uid ? "UID " : "", set, sign, silent ? ".SILENT" : "", flag));
    look_up();
  }
  void transfer(std::mt19937_64& dice, bool moves, std::string_view to) {
    look_up();
    if (messages_.empty()) return;
    const std::size_t n = dice() % messages_.size();
    run(fmt::format("UID {} {} \"{}\"", moves ? "MOVE" : "COPY", messages_[n].uid, to));
    look_up();
  }
  void expunge(std::mt19937_64& dice) {
    look_up();
    if (messages_.empty()) return;
    const Uid uid = messages_[dice() % messages_.size()].uid;
    run(fmt::format("UID STORE {} +FLAGS (\\Deleted)", uid));
    run(dice() % 2 == 0 ? "EXPUNGE" : fmt::format("UID EXPUNGE {}", uid));
    look_up();
  }
  void noop() {
    run("NOOP");
    look_up();
  }
  void idle() {
    if (idling_) return;
    idle_tag_ = fmt::format("t{}", ++count_);
    hear(talk_->line(idle_tag_ + " IDLE"));
    idling_ = true;
  }
  void wake() { hear(talk_->wake()); }
  void stop_idle() {
    idling_ = false;
    hear(talk_->line("DONE"));
  }

  // What it believes, in words; after it has heard all.
  std::vector<std::string> view() {
    noop();
    std::vector<std::string> out;
    for (const Message& m : messages_) out.push_back(describe(m.uid, m.flags));
    return out;
  }
  static std::string describe(Uid uid, const FlagSet& flags) {
    std::string out = std::to_string(uid);
    for (const std::string& flag : flags) out += " " + flag;
    return out;
  }

 private:
  struct Message {
    Uid uid = 0;  // 0: not heard yet
    FlagSet flags;
    std::uint64_t modseq = 0;
  };
  struct Memory {
    std::vector<Message> messages;
    std::uint64_t validity = 0, modseq = 0;
  };

  // Asks for what is not known of new messages.
  void look_up() {
    if (idling_) stop_idle();  // what comes with that may renumber
    for (int tries = 0; tries < 3; ++tries) {
      const auto unknown = std::ranges::find(messages_, 0U, &Message::uid);
      if (unknown == messages_.end()) return;
      // One that is gone again is told so when numbers may change, which FETCH does not allow (RFC 9051 7.5.1).
      if (tries > 0) run("NOOP");
      const auto first = std::ranges::find(messages_, 0U, &Message::uid);
      if (first == messages_.end()) return;
      run(fmt::format("FETCH {}:* (UID FLAGS)", first - messages_.begin() + 1));
    }
    ADD_FAILURE() << "messages that cannot be fetched";
  }

  void hear(std::string_view answer) {
    while (!answer.empty()) {
      const std::size_t end = answer.find("\r\n");
      ASSERT_NE(end, std::string_view::npos) << answer;
      hear_line(answer.substr(0, end));
      answer.remove_prefix(end + 2);
    }
  }
  void hear_line(std::string_view line) {
    if (const auto text = behind(line, "[UIDVALIDITY ")) validity_ = number_at(*text);
    if (const auto text = behind(line, "[HIGHESTMODSEQ ")) modseq_ = std::max(modseq_, number_at(*text));
    if (!line.starts_with("* ")) return;
    line.remove_prefix(2);
    if (line.starts_with("OK [CLOSED]")) {
      messages_.clear();
      modseq_ = 0;
    } else if (line.starts_with("VANISHED (EARLIER) ")) {
      for_each(line.substr(19), [&](Uid uid) {
        EXPECT_TRUE(resuming_);
        std::erase_if(resumed_, [uid](const Message& m) { return m.uid == uid; });
      });
    } else if (line.starts_with("VANISHED ")) {
      for_each(line.substr(9), [&](Uid uid) { vanish(uid); });
    } else if (line.ends_with(" EXISTS")) {
      const auto count = number_at(line);
      EXPECT_GE(count, messages_.size()) << "EXISTS may not shrink a mailbox";
      messages_.resize(count);
    } else if (line.ends_with(" EXPUNGE")) {
      const auto n = number_at(line);
      ASSERT_TRUE(n >= 1 && n <= messages_.size()) << line;
      EXPECT_FALSE(qresync_) << line;
      messages_.erase(messages_.begin() + static_cast<std::ptrdiff_t>(n - 1));
    } else if (line.find(" FETCH (") != std::string_view::npos) {
      fetched(line);
    }
  }
  template <class Visit>
  void for_each(std::string_view set, Visit visit) {
    while (!set.empty()) {
      const std::size_t end = std::min(set.find(','), set.size());
      const std::string_view range = set.substr(0, end);
      const std::size_t colon = range.find(':');
      const auto first = number_at(range);
      const auto last = colon == std::string_view::npos ? first : number_at(range.substr(colon + 1));
      for (auto uid = first; uid <= last; ++uid) visit(static_cast<Uid>(uid));
      set.remove_prefix(std::min(end + 1, set.size()));
    }
  }
  void vanish(Uid uid) {
    auto found = std::ranges::find(messages_, uid, &Message::uid);
    // One that came and went before it was looked up.
    if (found == messages_.end()) found = std::ranges::find(messages_, 0U, &Message::uid);
    ASSERT_NE(found, messages_.end()) << "VANISHED of " << uid << ", which is not there";
    messages_.erase(found);
  }
  void fetched(std::string_view line) {
    const auto n = number_at(line);
    ASSERT_TRUE(n >= 1 && n <= messages_.size()) << line;
    Message& m = messages_[n - 1];
    if (const auto text = behind(line, "(UID ")) {
      const auto uid = static_cast<Uid>(number_at(*text));
      EXPECT_TRUE(m.uid == 0 || m.uid == uid) << line << " but it was " << m.uid;
      m.uid = uid;
    }
    if (const auto text = behind(line, "FLAGS (")) m.flags = flags_of(*text);
    if (const auto text = behind(line, "MODSEQ (")) {
      const auto modseq = number_at(*text);
      EXPECT_GE(modseq, m.modseq) << line;
      m.modseq = modseq;
      // RFC 7162 3.2.5: what was heard in order may be remembered as heard.
    }
  }

  World& world_;
  const bool qresync_, rev2_;
  const int number_;
  std::optional<Talk> talk_;
  std::string folder_, idle_tag_;
  std::vector<Message> messages_, resumed_;
  std::map<std::string, Memory> cache_;
  std::uint64_t validity_ = 0, modseq_ = 0;
  int count_ = 0;
  bool idling_ = false, resuming_ = false;
};

class Play {
 public:
  explicit Play(std::uint64_t seed) : dice_(seed) {
    for (int n = 0; n < 4; ++n) clients_.push_back(std::make_unique<Client>(world_, n % 2 == 1, n == 2, n));
    for (const std::string_view f : kFolders) names_.emplace_back(f);
    for (auto& c : clients_) c->select("INBOX");
  }

  void step() {
    const account::Modseq before = world_.account()->modseq();
    Client& c = *clients_[below(clients_.size())];
    switch (below(24)) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
        c.append();
        break;
      case 5:
      case 6:
      case 7:
      case 8:
      case 9:
      case 10:
        c.store(dice_);
        break;
      case 11:
      case 12:
        c.expunge(dice_);
        break;
      case 13:
        c.transfer(dice_, true, any_name());
        break;
      case 14:
        c.transfer(dice_, false, any_name());
        break;
      case 15:
        c.select(any_name());
        break;
      case 16:
        c.idle();
        break;
      case 17:
        c.wake();
        break;
      case 18:
      case 19:
        c.noop();
        break;
      case 20: {
        const std::string folder = c.folder();
        c.drop();
        c.connect();
        c.select(folder);
        break;
      }
      case 21:
        rename();
        break;
      case 22:
        if (below(8) == 0) restart();
        break;
      default:
        world_.deliver("Subject: delivered\r\n\r\nhere\r\n", any_name());
    }
    const account::Modseq now = world_.account()->modseq();
    EXPECT_GE(now, before);
    look_at_server();
  }

  void compare() {
    for (auto& c : clients_) {
      const auto view = c->view();
      const auto& rows = now_[c->folder()];
      std::vector<std::string> truth;
      for (const auto& [uid, row] : rows) truth.push_back(Client::describe(uid, names_of(row.flags)));
      ASSERT_EQ(view, truth) << c->folder();
    }
  }

 private:
  std::size_t below(std::size_t n) { return dice_() % n; }
  const std::string& any_name() { return names_[below(names_.size())]; }

  void rename() {
    const std::size_t n = 1 + below(names_.size() - 1);
    const std::string from = names_[n], to = fmt::format("Renamed{}", ++renames_);
    clients_[below(clients_.size())]->run(fmt::format("RENAME \"{}\" \"{}\"", from, to));
    names_[n] = to;
    for (auto& c : clients_) c->renamed(from, to);
  }
  void restart() {
    std::vector<std::string> folders;
    for (auto& c : clients_) {
      folders.push_back(c->folder());
      c->drop();
    }
    world_.restart();
    for (std::size_t n = 0; n < clients_.size(); ++n) {
      clients_[n]->connect();
      clients_[n]->select(folders[n]);
    }
  }

  FlagSet names_of(const account::Flags& flags) {
    FlagSet out;
    for (int bit = 0; bit < 5; ++bit) {
      if ((flags.system & (1 << bit)) != 0) out.emplace(kFlags[bit]);
    }
    const auto keywords = world_.account()->keywords();
    for (const auto id : flags.keywords) out.insert((**keywords)[id]);
    return out;
  }

  // UIDs are never given twice, and a message that changes gets a higher modseq.
  void look_at_server() {
    const auto account = world_.account();
    for (const std::string& name : names_) {
      const auto folder = account->find_folder(name);
      ASSERT_TRUE(folder) << name;
      auto& rows = now_[name];
      rows.clear();
      ASSERT_TRUE(account->rows(folder->id, NumberSet::of(1, 0xffffffff), [&](const account::Row& row) {
        rows.emplace(row.uid, row);
        return true;
      }));
      History& history = histories_[folder->id];
      EXPECT_EQ(folder->total, rows.size());
      for (const auto& [uid, row] : rows) {
        EXPECT_LT(uid, folder->uid_next);
        EXPECT_LE(row.modseq, folder->highest_modseq);
        const auto known = history.rows.find(uid);
        if (known == history.rows.end()) {
          EXPECT_GT(uid, history.highest) << "a UID was given twice";
        } else {
          EXPECT_EQ(known->second.item, row.item);
          if (known->second.flags != row.flags) EXPECT_GT(row.modseq, known->second.modseq);
        }
      }
      EXPECT_GE(folder->highest_modseq, history.modseq);
      if (history.rows.size() != rows.size()) EXPECT_GT(folder->highest_modseq, history.modseq);
      history.modseq = folder->highest_modseq;
      history.rows = rows;
      if (!rows.empty()) history.highest = std::max(history.highest, rows.rbegin()->first);
      history.highest = std::max(history.highest, folder->uid_next - 1);
    }
  }

  struct History {
    std::map<Uid, account::Row> rows;
    Uid highest = 0;
    account::Modseq modseq = 0;
  };

  std::mt19937_64 dice_;
  World world_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<std::string> names_;
  std::map<std::string, std::map<Uid, account::Row>> now_;
  std::map<account::FolderId, History> histories_;
  int renames_ = 0;
};

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  return text == nullptr ? otherwise : number_at(text);
}

TEST(ImapProperty, EachClientsViewIsWhatTheServerHas) {
  const std::uint64_t seed = from_environment("GP_PROPERTY_SEED", 1);
  const std::uint64_t rounds = from_environment("GP_PROPERTY_ROUNDS", 40);
  for (std::uint64_t round = 0; round < rounds; ++round) {
    SCOPED_TRACE(fmt::format("GP_PROPERTY_SEED={} GP_PROPERTY_ROUNDS=1", seed + round));
    Play play(seed + round);
    for (int n = 1; n <= 300; ++n) {
      play.step();
      if (n % 25 == 0) play.compare();
      if (testing::Test::HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace gatepost::imap::server
