#include "mime/base_subject.hpp"

#include <gtest/gtest.h>

namespace gatepost::mime {
namespace {

std::string base(std::string_view subject) { return base_subject(subject).text; }

TEST(MimeBaseSubject, LeavesAnOrdinarySubjectAsItIs) {
  EXPECT_EQ(base_subject("Lunch on Friday"), (BaseSubject{"Lunch on Friday", false}));
  EXPECT_EQ(base_subject(""), (BaseSubject{"", false}));
  EXPECT_EQ(base("Regarding: the plan"), "Regarding: the plan");
  EXPECT_EQ(base("re"), "re");
  EXPECT_EQ(base("fwd"), "fwd");
}

TEST(MimeBaseSubject, DropsTheMarksOfRepliesAndForwards) {
  for (const char* subject :
       {"Re: Lunch", "RE: re: Lunch", "Fw: Lunch", "FWD: Lunch", "re : Lunch", "Re[2]: Lunch", "Re [2]: Fwd[a] : Lunch",
        "Lunch (fwd)", "Lunch (FWD) (fwd) ", "[list] Re: [a] Lunch", "Re:\tLunch", "[Fwd: Lunch]",
        "[fwd: Re: [FWD: Lunch (fwd)]]", "=?utf-8?q?Re=3A?= Lunch"}) {
    EXPECT_EQ(base_subject(subject), (BaseSubject{"Lunch", true})) << subject;
  }
}

TEST(MimeBaseSubject, DropsNamesOfListsAndBlanks) {
  EXPECT_EQ(base_subject("[list] [2] Lunch"), (BaseSubject{"Lunch", false}));
  EXPECT_EQ(base("  many \t  blanks  "), "many blanks");
}

TEST(MimeBaseSubject, KeepsABlobThatIsAllThereIs) {
  EXPECT_EQ(base("[list]"), "[list]");
  EXPECT_EQ(base("[a] [b] "), "[b]");
  EXPECT_EQ(base("Re: [list]"), "[list]");
  EXPECT_EQ(base("[open"), "[open");
  EXPECT_EQ(base("[a[b]] x"), "[a[b]] x");
}

TEST(MimeBaseSubject, IsEmptyWhenNothingElseWasThere) {
  EXPECT_EQ(base_subject("Re:"), (BaseSubject{"", true}));
  EXPECT_EQ(base_subject("(fwd)"), (BaseSubject{"", true}));
  EXPECT_EQ(base_subject("[fwd:]"), (BaseSubject{"", true}));
}

TEST(MimeBaseSubject, TakesLinearTimeForHostileSubjects) {
  std::string blobs, forwards, replies;
  for (int i = 0; i < 100'000; ++i) {
    blobs += "[a]";
    replies += "re:";
    forwards += "[fwd:";
  }
  forwards += "x" + std::string(100'000, ']');
  EXPECT_EQ(base(blobs), "[a]");
  EXPECT_EQ(base(replies), "");
  EXPECT_EQ(base(forwards), "x");
}

}  // namespace
}  // namespace gatepost::mime
