#include "transfer/files.hpp"

#include <sys/resource.h>

#include <cstdlib>
#include <fstream>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "transfer/folder_names.hpp"
#include "transfer/marks.hpp"
#include "transfer/test_support.hpp"
#include "transfer/uid_list.hpp"

namespace gatepost::transfer {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class GivenFiles final : public Source {
 public:
  explicit GivenFiles(std::vector<Read> all) : all_(std::move(all)) {}
  Result<std::optional<Message>> next() override {
    if (++at_ > all_.size()) return std::nullopt;
    left_ = all_[at_ - 1].octets;
    return all_[at_ - 1].message;
  }
  Result<std::size_t> read(std::span<char> out) override {
    const std::size_t n = std::min<std::size_t>({out.size(), left_.size(), 1'000});
    std::copy_n(left_.begin(), n, out.begin());
    left_.remove_prefix(n);
    return n;
  }

 private:
  std::vector<Read> all_;
  std::size_t at_ = 0;
  std::string_view left_;
};

class TakenFiles final : public Sink {
 public:
  Result<> begin(const Message& message) override {
    all.push_back({message, {}});
    return {};
  }
  Result<> write(std::string_view octets) override {
    all.back().octets += octets;
    return {};
  }
  Result<> end() override { return {}; }
  Result<> finish() override { return {}; }
  std::vector<Read> all;
};

class Files : public testing::Test {
 protected:
  Files() {
    std::string name = (fs::temp_directory_path() / "gatepost-transfer-XXXXXX").string();
    top_ = ::mkdtemp(name.data());
  }
  ~Files() override {
    std::error_code ignored;
    fs::remove_all(top_, ignored);
  }
  void put(const fs::path& path, std::string_view text) {
    fs::create_directories((top_ / path).parent_path());
    std::ofstream(top_ / path, std::ios::binary) << text;
  }
  std::vector<Read> read(Format format, const fs::path& from, const std::string& folder = {}, Pop3Names names = {}) {
    const auto problem = [this](const fs::path& where, const std::string& what) {
      problems_.push_back(where.string() + ": " + what);
    };
    auto source = open_files(format, top_ / from, folder, problem, std::move(names));
    EXPECT_TRUE(source) << source.error().detail;
    TakenFiles taken;
    EXPECT_TRUE(pump(**source, taken));
    return taken.all;
  }
  Result<std::uint64_t> write(Format format, const fs::path& to, std::vector<Read> all) {
    GivenFiles given(std::move(all));
    auto sink = create_files(format, top_ / to);
    EXPECT_TRUE(sink) << sink.error().detail;
    return pump(given, **sink);
  }
  static std::vector<Read> some() {
    const auto at = [](int s) { return TimePoint(std::chrono::seconds(s)); };
    return {
        {{"INBOX", account::flag::kSeen | account::flag::kFlagged, {"$Forwarded", "Work"}, at(1'700'000'000), "7.1"},
         "Subject: a\r\n\r\nFrom me\r\n"},
        {{"INBOX", 0, {}, at(1'700'000'001), "7.3"},
         std::string("Subject: long\r\n\r\n") + std::string(200'000, 'x') + "\r\n"},
        {{"Projects/2026.Q1/Grün & more",
          account::flag::kDeleted | account::flag::kDraft,
          {},
          at(1'600'000'000),
          "8.1"},
         "Subject: b\r\n\r\nx\r\n"},
        {{"100%/.hidden", account::flag::kAnswered, {"Work"}, at(1'500'000'000), "9.1"}, "Subject: c\r\n\r\n"},
    };
  }
  static void expect_same(std::vector<Read> found, std::vector<Read> given) {
    const auto by = [](const Read& r) { return std::pair(r.message.folder, r.octets); };
    std::ranges::sort(found, {}, by);
    std::ranges::sort(given, {}, by);
    ASSERT_EQ(found.size(), given.size());
    for (std::size_t i = 0; i < given.size(); ++i) {
      given[i].message.id.clear();
      found[i].message.id.clear();
      std::ranges::sort(given[i].message.keywords);
      std::ranges::sort(found[i].message.keywords);
      EXPECT_EQ(found[i].message, given[i].message) << given[i].message.folder << " " << found[i].message.folder;
      EXPECT_EQ(found[i].octets, given[i].octets);
    }
  }

  fs::path top_;
  std::vector<std::string> problems_;
};

TEST_F(Files, KeepFlagsDatesAndFoldersInEveryFormat) {
  for (const Format format : {Format::maildir, Format::eml, Format::mboxrd}) {
    const std::string to = "out" + std::to_string(static_cast<int>(format));
    EXPECT_EQ(write(format, to, some()), 4U);
    expect_same(read(format, to), some());
    // Written again, nothing is there twice.
    EXPECT_EQ(write(format, to, some()), 4U);
    expect_same(read(format, to), some());
    EXPECT_THAT(problems_, IsEmpty());
  }
}

TEST_F(Files, KeepFoldersWhoseNamesAreLongerThanAFilesMayBe) {
  std::string deep = "Projects";
  for (int i = 0; i < 20; ++i) deep += "/a name with more than twenty octets " + std::to_string(i);
  std::string wide;
  for (int i = 0; i < 120; ++i) wide += "\u00fc";
  const std::string percent(250, '%');
  std::vector<Read> all;
  for (const std::string& folder : {deep, deep + "/x", wide, "a/" + wide + "x", percent, std::string(255, 'f')}) {
    all.push_back({{folder, 0, {}, TimePoint(std::chrono::seconds(1'600'000'000)), "1.1"}, "Subject: x\r\n\r\n"});
  }
  for (const Format format : {Format::maildir, Format::eml, Format::mboxrd}) {
    const std::string to = "out" + std::to_string(static_cast<int>(format));
    EXPECT_EQ(write(format, to, all), 6U);
    expect_same(read(format, to), all);
    EXPECT_EQ(write(format, to, all), 6U);
    expect_same(read(format, to), all);
    EXPECT_THAT(problems_, IsEmpty());
  }
}

TEST_F(Files, OfMoreFoldersThanAProcessMayHaveFilesOpen) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit few = before;
  few.rlim_cur = 64;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  std::vector<Read> all;
  for (int again = 0; again < 2; ++again) {
    for (int i = 0; i < 200; ++i) {
      all.push_back({{"f" + std::to_string(i), 0, {}, TimePoint(std::chrono::seconds(1)), ""},
                     "Subject: " + std::to_string(again) + "\r\n\r\n"});
    }
  }
  EXPECT_EQ(write(Format::mboxrd, "many", all), 400U);
  expect_same(read(Format::mboxrd, "many"), all);
  EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST_F(Files, OfAnExportThatWasCutShortAreCompletedByTheNextOne) {
  for (const Format format : {Format::maildir, Format::eml}) {
    const std::string to = "cut" + std::to_string(static_cast<int>(format));
    {
      GivenFiles given(some());
      auto sink = create_files(format, top_ / to);
      ASSERT_TRUE((*sink)->begin(some()[0].message));
      ASSERT_TRUE((*sink)->write(some()[0].octets));
      ASSERT_TRUE((*sink)->end());
      ASSERT_TRUE((*sink)->begin(some()[1].message));
      ASSERT_TRUE((*sink)->write("half of it"));
    }
    EXPECT_THAT(read(format, to), SizeIs(1));
    EXPECT_EQ(write(format, to, some()), 4U);
    expect_same(read(format, to), some());
  }
}

TEST_F(Files, OfAMaildirAreReadAsOtherProgramsWriteThem) {
  put("m/cur/1700000002.M1P2.host,S=20,W=21:2,S", "Subject: second\n\n");
  put("m/cur/1700000001.M1P2.host:2,FRa", "Subject: first\n\n");
  put("m/new/1700000003.M1P2.host", "Subject: third\r\n\r\nCRLF already\r\n");
  put("m/tmp/1700000004.M1P2.host", "not there yet");
  put("m/dovecot-keywords", "0 Later\n1 $Junk\nrubbish\n99 x\n");
  put("m/.Sent.2026/cur/5.x:2,", "Subject: sent\n\n");
  put("m/.Entw&APw-rfe/cur/5.x:2,D", "Subject: draft\n\n");
  put("m/Nested/Deep/new/5.x", "Subject: nested\n\n");
  fs::create_symlink("/etc/passwd", top_ / "m/new/1700000009.link");
  fs::create_directory_symlink("/etc", top_ / "m/linked");
  const auto found = read(Format::maildir, "m");
  ASSERT_THAT(found, SizeIs(6));
  EXPECT_EQ(found[0].octets, "Subject: first\r\n\r\n");
  EXPECT_EQ(found[0].message.flags, account::flag::kFlagged | account::flag::kAnswered);
  EXPECT_THAT(found[0].message.keywords, ElementsAre("Later"));
  EXPECT_EQ(found[1].octets, "Subject: second\r\n\r\n");
  EXPECT_EQ(found[2].octets, "Subject: third\r\n\r\nCRLF already\r\n");
  EXPECT_EQ(found[2].message.flags, 0);
  std::vector<std::string> folders;
  for (const Read& r : found) folders.push_back(r.message.folder);
  EXPECT_THAT(folders, ElementsAre("INBOX", "INBOX", "INBOX", "Entwürfe", "Sent/2026", "Nested/Deep"));

  // By the numbers they had, when there are any.
  put("m/dovecot-uidlist", "3 V1700000000 N9 Gabc\n4 P4f2a :1700000003.M1P2.host\n7 :1700000001.M1P2.host\n");
  const auto numbered = read(Format::maildir, "m");
  EXPECT_EQ(numbered[0].octets, "Subject: third\r\n\r\nCRLF already\r\n");
  EXPECT_EQ(numbered[2].octets, "Subject: second\r\n\r\n");
}

TEST_F(Files, SayWhatPop3CalledTheirMessages) {
  put("m/cur/1700000001.M1P2.host:2,S", "Subject: one\n\n");
  put("m/cur/1700000002.M1P2.host,S=14:2,S", "X-UIDL: header-of-two\nSubject: two\n\n");
  put("m/new/1700000003.M1P2.host", "Subject: three\n\n" + std::string(200'000, 'x') + "\n");
  put("m/dovecot-uidlist",
      "3 V1700000000 N40 Gabc\n4 P4f2a\"< :1700000001.M1P2.host\n26 :1700000002.M1P2.host,S=14\n"
      "27 P4f2a\x01 W9 :1700000003.M1P2.host\n");
  const auto names = [&](Pop3Names from) {
    std::vector<std::string> out;
    for (const Read& r : read(Format::maildir, "m", {}, std::move(from))) out.push_back(r.message.pop3_id);
    return out;
  };
  EXPECT_THAT(names({}), ElementsAre("4f2a\"<", "", ""));
  EXPECT_THAT(names({.pattern = "%08Xu%08Xv"}), ElementsAre("4f2a\"<", "0000001a6553f100", "0000001b6553f100"));
  EXPECT_THAT(names({.pattern = "%f"}), ElementsAre("4f2a\"<", "1700000002.M1P2.host,S=14", "1700000003.M1P2.host"));
  EXPECT_THAT(names({.x_uidl = true}), ElementsAre("4f2a\"<", "header-of-two", ""));
  // Nothing of the messages is lost by looking.
  const auto all = read(Format::maildir, "m", {}, {.x_uidl = true});
  EXPECT_EQ(all[1].octets, "X-UIDL: header-of-two\r\nSubject: two\r\n\r\n");
  EXPECT_EQ(all[2].octets.size(), std::string("Subject: three\r\n\r\n").size() + 200'002);

  const std::string from = "From x Thu Nov 26 09:16:42 2026\n";
  put("box", from + "Status: RO\nX-UIDL: aa\nSubject: a\n\nb\n\n" + from + "Subject: b\n\nX-UIDL: bb\n\n");
  const auto boxed = read(Format::mboxrd, "box", {}, {.x_uidl = true});
  ASSERT_THAT(boxed, SizeIs(2));
  EXPECT_EQ(boxed[0].message.pop3_id, "aa");
  EXPECT_EQ(boxed[1].message.pop3_id, "");
  EXPECT_EQ(read(Format::mboxrd, "box")[0].message.pop3_id, "");
}

// As Dovecot 2.3.19 wrote them, with pop3_save_uidl and without, and what its UIDL answered both times.
TEST_F(Files, AreCalledAsDovecotCalledThem) {
  for (const int i : {1, 2, 3}) {
    put(fmt::format("m/cur/170000000{}.M{}P2.host:2,S", i, i), fmt::format("Subject: m{}\n\nbody\n", i));
  }
  const auto names = [&] {
    std::vector<std::string> out;
    for (const Read& r : read(Format::maildir, "m", {}, {.pattern = "%08Xu%08Xv"})) out.push_back(r.message.pop3_id);
    return out;
  };
  const auto as_answered = ElementsAre("000000016b086b9d", "000000026b086b9d", "000000036b086b9d");
  put("m/dovecot-uidlist",
      "3 V1795713949 N4 Gbbdf91019d6b086bc617000083ecc375\n1 W51 :1700000001.M1P2.host\n"
      "2 W51 :1700000002.M2P2.host\n3 W51 :1700000003.M3P2.host\n");
  EXPECT_THAT(names(), as_answered);
  put("m/dovecot-uidlist",
      "3 V1795713949 N4 Gbbdf91019d6b086bc617000083ecc375\n1 W51 P000000016b086b9d :1700000001.M1P2.host\n"
      "2 W51 P000000026b086b9d :1700000002.M2P2.host\n3 W51 P000000036b086b9d :1700000003.M3P2.host\n");
  EXPECT_THAT(names(), as_answered);
}

TEST_F(Files, OfAnMboxMayBeOneOrATree) {
  const std::string text = "From x Thu Nov 26 09:16:42 2026\nSubject: a\n\nb\n\n";
  put("one", text + text);
  EXPECT_THAT(read(Format::mboxrd, "one", "Old/Mail"), SizeIs(2));
  EXPECT_EQ(read(Format::mboxrd, "one", "Old/Mail")[0].message.folder, "Old/Mail");
  EXPECT_EQ(read(Format::mboxo, "one")[0].message.folder, "INBOX");
  put("tree/Inbox", text);
  put("tree/Inbox.msf", "an index");
  put("tree/Projects.sbd/2026", text);
  put("tree/Sent.mbox", "rubbish\n" + text);
  std::vector<std::string> folders;
  for (const Read& r : read(Format::mboxrd, "tree")) folders.push_back(r.message.folder);
  EXPECT_THAT(folders, testing::UnorderedElementsAre("INBOX", "Projects/2026"));
  EXPECT_THAT(problems_, SizeIs(1));  // what does not begin with a message
  EXPECT_EQ(open_files(Format::mboxrd, top_ / "none", "", {}).error().code, Errc::not_found);
  EXPECT_EQ(open_files(Format::maildir, top_ / "one", "", {}).error().code, Errc::invalid);
}

TEST(FolderNames, AreNoWayOutOfTheDirectory) {
  EXPECT_EQ(directory_name(".."), "%2E.");
  EXPECT_EQ(name_of_directory("%2E."), "..");
  EXPECT_EQ(maildir_name("INBOX"), "");
  EXPECT_EQ(maildir_name("a.b/c%"), ".a%2Eb.c%25");
  EXPECT_EQ(path_of_maildir(".a%2Eb.c%25"), "a.b/c%");
  EXPECT_EQ(path_of_maildir(".INBOX.x"), "INBOX/x");
  EXPECT_EQ(path_of_maildir(".bad&utf7"), "bad&utf7");
  EXPECT_EQ(clean_path("inbox/x//y\x01"), "INBOX/x/y_");
  EXPECT_EQ(clean_path("\xff"), "\xef\xbf\xbd");
  EXPECT_EQ(clean_path("///"), "INBOX");
}

TEST(MaildirMarks, GiveLettersToKeywordsAsLongAsThereAreAny) {
  KeywordLetters letters;
  Message message;
  for (int i = 0; i < 30; ++i) message.keywords.push_back("k" + std::to_string(i));
  EXPECT_EQ(letters_of(message, letters), "abcdefghijklmnopqrstuvwxyz");
  EXPECT_EQ(parse_keyword_letters(format_keyword_letters(letters)), letters);
  EXPECT_EQ(marks_of("aSz?1", letters).keywords, (std::vector<std::string>{"k0", "k25"}));
  EXPECT_EQ(marks_of("aSz", {}).flags, account::flag::kSeen);
}

TEST(DovecotUidList, IsReadAsFarAsItMakesSense) {
  const UidList list = parse_uid_list(
      "3 V1234 N12 Gxyz\n1 :first\n5 W100 Pabc S3 :a :b\nrubbish\n0 :zero\n5 :again\n99999999999 :large\n7 :\n8 :last");
  EXPECT_EQ(list.uid_validity, 1234U);
  ASSERT_EQ(list.entries.size(), 3U);
  EXPECT_EQ(list.entries[1].name, "a :b");
  EXPECT_EQ(list.entries[1].uidl, "abc");
  EXPECT_EQ(list.entries[2].uid, 8U);
  EXPECT_TRUE(parse_uid_list("1 V1234\n1 :x\n").entries.empty());
  EXPECT_TRUE(parse_uid_list("").entries.empty());
}

}  // namespace
}  // namespace gatepost::transfer
