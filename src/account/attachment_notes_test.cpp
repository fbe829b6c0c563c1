#include "account/attachment_notes.hpp"

#include <gmock/gmock.h>

#include "account/account_fixture.hpp"
#include "mime/summary.hpp"

namespace gatepost::account::attachment_notes {
namespace {

constexpr std::string_view kPlain = "Subject: a\r\n\r\nx\r\n";
constexpr std::string_view kPaper = "Subject: b\r\nContent-Type: application/pdf\r\n\r\nx\r\n";

TEST(AttachmentNotes, HoldAMarkForEachItem) {
  std::string note;
  EXPECT_EQ(mark_of(note, ItemId{3}), Mark::unknown);
  set_mark(note, ItemId{3}, true);
  set_mark(note, ItemId{4}, false);
  set_mark(note, ItemId{255}, true);
  EXPECT_EQ(note.size(), 65U);
  EXPECT_EQ(mark_of(note, ItemId{2}), Mark::unknown);
  EXPECT_EQ(mark_of(note, ItemId{3}), Mark::with);
  EXPECT_EQ(mark_of(note, ItemId{4}), Mark::without);
  EXPECT_EQ(mark_of(note, ItemId{255}), Mark::with);
  set_mark(note, ItemId{3}, false);
  EXPECT_EQ(mark_of(note, ItemId{3}), Mark::without);
  note[0] = 2;  // of a later format
  EXPECT_EQ(mark_of(note, ItemId{4}), Mark::unknown);
  set_mark(note, ItemId{5}, true);
  EXPECT_EQ(mark_of(note, ItemId{4}), Mark::unknown);
  EXPECT_EQ(mark_of(note, ItemId{5}), Mark::with);
}

class AttachmentNotesOfAccount : public AccountFixture {
 protected:
  NewItem mail(std::string_view text) {
    NewItem item = message(text);
    item.summary = mime::encode(mime::scan(text));
    return item;
  }
  Mark mark(Account& a, ItemId item) {
    const auto note = a.notes(kKind, static_cast<std::uint64_t>(item) / Account::kNotedItems);
    return note ? mark_of(*note, item) : Mark::unknown;
  }
  // Of the messages of a folder.
  std::vector<Mark> marks(Account& a, FolderId f) {
    std::vector<Mark> out;
    for (const Row& row : rows(a, f)) out.push_back(mark(a, row.item));
    return out;
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, AttachmentNotesOfAccount, testing::ValuesIn(kEngines),
                         [](const auto& i) { return std::string(i.param); });

TEST_P(AttachmentNotesOfAccount, AreMadeAsMessagesComeAndAreCopied) {
  FolderId inbox{}, archive{};
  std::vector<Mark> expected;
  {
    const auto a = account();
    inbox = folder(*a, "INBOX");
    archive = folder(*a, "Archive");
    std::vector<NewItem> items;
    for (int i = 0; i < 300; ++i) {
      items.push_back(mail(i % 7 == 0 ? kPaper : kPlain));
      expected.push_back(i % 7 == 0 ? Mark::with : Mark::without);
    }
    ASSERT_TRUE(a->append(inbox, items));
    const NewItem one = mail(kPaper), other = message("whose summary says nothing");
    ASSERT_TRUE(a->append_once(inbox, one, "delivery"));
    ASSERT_TRUE(a->append_once(inbox, one, "delivery"));  // the same again
    ASSERT_TRUE(a->append(inbox, std::span(&other, 1)));
    expected.push_back(Mark::with);
    expected.push_back(Mark::unknown);
    EXPECT_EQ(marks(*a, inbox), expected);
  }
  ASSERT_TRUE(accounts_->write_derived({}));
  restart();
  const auto a = account();
  EXPECT_EQ(marks(*a, inbox), expected);
  ASSERT_TRUE(a->copy(inbox, NumberSet::of(1, 400), archive));
  EXPECT_EQ(marks(*a, archive), expected);
  const NewItem draft = mail(kPaper);
  ASSERT_TRUE(a->replace(inbox, 2, archive, draft));
  expected.push_back(Mark::with);
  EXPECT_EQ(marks(*a, archive), expected);
}

}  // namespace
}  // namespace gatepost::account::attachment_notes
