#include "imap/server/languages.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/result.hpp"
#include "imap/server/response_for.hpp"

namespace gatepost::imap::server {
namespace {

TEST(ImapLanguages, AreFoundByLookup) {
  const auto tag = [](std::string_view range) {
    const auto found = find_language(range);
    return found ? language_tags()[*found] : "none";
  };
  EXPECT_EQ(tag("de"), "de");
  EXPECT_EQ(tag("DE-at"), "de");
  EXPECT_EQ(tag("fr-CA-x-quebec"), "fr");
  EXPECT_EQ(tag("en-GB"), "en");
  EXPECT_EQ(tag("i-default"), "i-default");
  EXPECT_EQ(tag("default"), "i-default");
  EXPECT_EQ(tag("den"), "none");
  EXPECT_EQ(tag("*"), "none");
  EXPECT_EQ(tag(""), "none");
  EXPECT_EQ(tag("-"), "none");
}

TEST(ImapLanguages, LeaveAloneWhatNobodyHasTranslated) {
  EXPECT_EQ(translated("no saying of ours", 2), "no saying of ours");
  EXPECT_EQ(translated("", 3), "");
  EXPECT_EQ(translated("Good bye", 0), "Good bye");
  EXPECT_EQ(translated("Good bye", 1), "Good bye");
  EXPECT_EQ(translated("Good bye", 2), "Auf Wiedersehen");
  EXPECT_EQ(translated("Good bye", 3), "Au revoir");
}

TEST(ImapLanguages, HaveWordsForEveryFailure) {
  for (int code = 0; code <= static_cast<int>(kLastErrc); ++code) {
    const Answer answer = response_for(static_cast<Errc>(code));
    for (std::size_t language = 2; language < language_tags().size(); ++language) {
      EXPECT_NE(translated(answer.text, language), answer.text) << answer.text;
    }
  }
}

}  // namespace
}  // namespace gatepost::imap::server
