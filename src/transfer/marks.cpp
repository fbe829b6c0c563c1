#include "transfer/marks.hpp"

#include <algorithm>
#include <charconv>

#include "base/ascii.hpp"

namespace gatepost::transfer {
namespace {

struct Letter {
  char letter;
  std::uint8_t flag;
};
constexpr Letter kLetters[] = {{'D', account::flag::kDraft},
                               {'F', account::flag::kFlagged},
                               {'R', account::flag::kAnswered},
                               {'S', account::flag::kSeen},
                               {'T', account::flag::kDeleted}};

}  // namespace

KeywordLetters parse_keyword_letters(std::string_view file) {
  KeywordLetters letters;
  for (std::string_view line : ascii::split(file, '\n')) {
    while (line.ends_with('\r')) line.remove_suffix(1);
    const std::size_t blank = line.find(' ');
    if (blank == std::string_view::npos) continue;
    std::size_t number = 0;
    const auto [end, failed] = std::from_chars(line.data(), line.data() + blank, number);
    const std::string_view name = line.substr(blank + 1);
    if (failed != std::errc{} || end != line.data() + blank || number >= kKeywordLetters) continue;
    if (name.empty() || name.size() > kMaxKeywordOctets) continue;
    if (letters.size() <= number) letters.resize(number + 1);
    letters[number] = name;
  }
  return letters;
}

std::string format_keyword_letters(const KeywordLetters& letters) {
  std::string file;
  for (std::size_t i = 0; i < letters.size(); ++i) {
    if (!letters[i].empty()) file.append(std::to_string(i)).append(1, ' ').append(letters[i]).append(1, '\n');
  }
  return file;
}

Marks marks_of(std::string_view letters, const KeywordLetters& keywords) {
  Marks marks;
  for (const char c : letters) {
    for (const Letter& l : kLetters) {
      if (l.letter == c) marks.flags |= l.flag;
    }
    std::string_view keyword;
    if (c == 'P') keyword = kForwarded;
    if (c >= 'a' && c <= 'z' && static_cast<std::size_t>(c - 'a') < keywords.size())
      keyword = keywords[static_cast<std::size_t>(c - 'a')];
    if (!keyword.empty() && std::ranges::find(marks.keywords, keyword) == marks.keywords.end())
      marks.keywords.emplace_back(keyword);
  }
  return marks;
}

std::string letters_of(const Message& message, KeywordLetters& keywords) {
  std::string letters;
  for (const Letter& l : kLetters) {
    if ((message.flags & l.flag) != 0) letters.push_back(l.letter);
  }
  for (const std::string& keyword : message.keywords) {
    if (ascii::iequals(keyword, kForwarded)) {
      letters.push_back('P');
      continue;
    }
    auto known = std::ranges::find(keywords, keyword);
    if (known == keywords.end()) {
      if (keywords.size() >= kKeywordLetters) continue;
      keywords.push_back(keyword);
      known = keywords.end() - 1;
    }
    letters.push_back(static_cast<char>('a' + (known - keywords.begin())));
  }
  std::ranges::sort(letters);
  return letters;
}

}  // namespace gatepost::transfer
