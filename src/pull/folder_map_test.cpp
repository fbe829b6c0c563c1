#include "pull/folder_map.hpp"

#include <gmock/gmock.h>

namespace gatepost::pull {
namespace {

using testing::ElementsAre;

Listed folder(std::string name, std::vector<std::string> attributes = {}, char delimiter = '/') {
  return {std::move(name), delimiter, std::move(attributes)};
}
std::vector<std::string> paths(const std::vector<Listed>& listed, const std::optional<Namespace>& personal = {},
                               const std::vector<std::string>& only = {}, const std::vector<std::string>& skip = {}) {
  std::vector<std::string> out;
  for (const PulledFolder& one : map_folders(listed, personal, only, skip)) out.push_back(one.name + " > " + one.path);
  return out;
}

TEST(FolderMap, GivesFoldersTheNamesTheirUseHasHere) {
  EXPECT_THAT(paths({folder("Work"), folder("Sent Items", {"\\sent"}), folder("Sent Items/2020"), folder("inbox"),
                     folder("Deleted Items", {"\\trash"})}),
              ElementsAre("inbox > INBOX", "Deleted Items > Trash", "Sent Items > Sent", "Sent Items/2020 > Sent/2020",
                          "Work > Work"));
}

TEST(FolderMap, KnowsTheNamesOfExchange) {
  EXPECT_THAT(
      paths({folder("INBOX"), folder("Gesendete Elemente"), folder("Entw\u00fcrfe"), folder("Junk-E-Mail")}),
      ElementsAre("INBOX > INBOX", "Entw\u00fcrfe > Drafts", "Gesendete Elemente > Sent", "Junk-E-Mail > Junk"));
  // What has the use comes first, and there is one of each.
  EXPECT_THAT(paths({folder("Sent"), folder("Sent Items"), folder("Outbox", {"\\sent"})}),
              ElementsAre("Outbox > Sent", "Sent > Sent", "Sent Items > Sent Items"));
}

TEST(FolderMap, LeavesOutWhatHoldsNothingOrAllOfItAgain) {
  EXPECT_THAT(paths({folder("INBOX"), folder("[Gmail]", {"\\noselect"}), folder("[Gmail]/All Mail", {"\\all"}),
                     folder("[Gmail]/Sent Mail", {"\\sent"}), folder("Gone", {"\\nonexistent"})}),
              ElementsAre("INBOX > INBOX", "[Gmail]/Sent Mail > Sent"));
}

TEST(FolderMap, UndoesOtherDelimitersAndPrefixes) {
  const Namespace courier{"INBOX.", '.'};
  EXPECT_THAT(paths({folder("INBOX", {}, '.'), folder("INBOX.a/b.c", {}, '.'), folder("INBOX.Sent", {}, '.')}, courier),
              ElementsAre("INBOX > INBOX", "INBOX.Sent > Sent", "INBOX.a/b.c > a_b/c"));
}

TEST(FolderMap, ChoosesByName) {
  const std::vector<Listed> all{folder("INBOX"), folder("a"), folder("a/b"), folder("ab"), folder("c")};
  EXPECT_THAT(paths(all, {}, {"a"}), ElementsAre("a > a", "a/b > a/b"));
  EXPECT_THAT(paths(all, {}, {}, {"a", "INBOX"}), ElementsAre("ab > ab", "c > c"));
}

}  // namespace
}  // namespace gatepost::pull
