#pragma once

// Tests and fuzzers only.

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "account/types.hpp"
#include "search/builder.hpp"
#include "search/query.hpp"
#include "search/segment.hpp"

namespace gatepost::search::test {

// The blocks of a segment, in memory.
struct Blocks {
  std::map<std::uint32_t, std::string> all;
  PutBlock put() {
    return [this](std::uint32_t number, std::string_view block) -> Result<> {
      all[number] = block;
      return {};
    };
  }
  GetBlock get() const {
    return [this](std::uint32_t number) -> Result<std::string> {
      const auto found = all.find(number);
      if (found == all.end()) return fail(Errc::corrupt, "a block is missing");
      return found->second;
    };
  }
};

// One text in kBody each, items 1, 2, ...
inline Blocks index_of(const std::vector<std::string>& texts, std::uint64_t first = 1) {
  SegmentBuilder builder;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    builder.begin(first + i, item_check(texts[i].size(), 0));
    // Cut somewhere between two characters.
    std::size_t cut = texts[i].size() / 2;
    while (cut > 0 && (static_cast<unsigned char>(texts[i][cut]) & 0xc0) == 0x80) --cut;
    builder.text(std::string_view(texts[i]).substr(0, cut), field::kBody);
    builder.text(std::string_view(texts[i]).substr(cut), field::kBody);
    builder.end_text();
  }
  Blocks out;
  (void)builder.write(out.put()).value();
  return out;
}

inline account::Row row_of(std::uint64_t item, const std::string& text) {
  return {.uid = static_cast<account::Uid>(item), .item = account::ItemId{item}, .octets = text.size()};
}

// Text of many scripts: words, runs without spaces, and what nobody would write.
class Texts {
 public:
  explicit Texts(std::uint32_t seed) : random_(seed) {}
  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_); }
  std::string text(std::size_t words) {
    std::string out;
    for (std::size_t i = 0; i < words; ++i) out.append(word()).append(pick(kBetween));
    return out;
  }
  // Some characters of it.
  std::string part_of(const std::string& text) {
    std::vector<std::size_t> starts;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) starts.push_back(i);
    }
    if (starts.empty()) return "x";
    starts.push_back(text.size());
    const std::size_t begin = below(starts.size() - 1);
    const std::size_t end = std::min(starts.size() - 1, begin + 1 + below(below(4) == 0 ? 40 : 7));
    return text.substr(starts[begin], starts[end] - starts[begin]);
  }
  std::string word() {
    switch (below(8)) {
      case 0:
        return pick(kWords);
      case 1: {  // ideographs
        std::string out;
        for (std::size_t i = 0, n = 1 + below(9); i < n; ++i)
          utf8::append(out, static_cast<char32_t>(0x4e00 + below(9)));
        if (below(3) == 0) out += pick(kWords);
        return out;
      }
      case 2: {  // noise
        std::string out;
        for (std::size_t i = 0, n = 8 + below(below(9) == 0 ? 2'000 : 60); i < n; ++i)
          out += "abcdefghij0123456789"[below(20)];
        return out;
      }
      case 3:
        return std::to_string(below(100'000));
      case 4: {  // Thai, which has no spaces between words
        std::string out;
        for (std::size_t i = 0, n = 1 + below(40); i < n; ++i)
          utf8::append(out, static_cast<char32_t>(0x0e01 + below(9)));
        return out;
      }
      default: {
        std::string out;
        for (std::size_t i = 0, n = 1 + below(8); i < n; ++i) out += "abcde"[below(5)];
        return out;
      }
    }
  }

 private:
  template <std::size_t N>
  std::string pick(const char* const (&from)[N]) {
    return from[below(N)];
  }
  static constexpr const char* kBetween[] = {" ", " ", " ", "\r\n", ", ", ".", "-", "@", "\u3001", "", "_", "\u2014"};
  static constexpr const char* kWords[] = {"strasse",
                                           "\u00e9t\u00e9",
                                           "na\u00efve",
                                           "m\u00fcller",
                                           "\u0441\u043b\u043e\u0432\u043e",
                                           "\u05e9\u05dc\u05d5\u05dd",
                                           "\u0645\u0631\u062d\u0628\u0627",
                                           "\uc548\ub155\ud558\uc138\uc694",
                                           "\u3053\u3093\u306b\u3061\u306f",
                                           "\U0001f389",
                                           "\U0001f44d\U0001f44d",
                                           "a\u0301\u0301\u0301",
                                           "\ufffd",
                                           "invoice",
                                           "i",
                                           "\u6f22\u5b57",
                                           "x\u6f22y",
                                           "\u00b7",
                                           "donaudampfschifffahrtsgesellschaft"};
  std::mt19937 random_;
};

}  // namespace gatepost::search::test
