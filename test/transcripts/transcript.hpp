#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

// The text form of a conversation; README.md describes it.
namespace gatepost::transcripts {

// A line the server may send: pieces with anything in between. Or any number of lines.
struct Pattern {
  bool any_lines = false;
  std::vector<std::string> pieces;
  std::string source;  // as the file has it
  bool matches(std::string_view line) const;
};
// Whether `text`, lines with CRLF, is what the patterns say; otherwise what is wrong.
Result<> compare(std::string_view text, const std::vector<Pattern>& patterns);

struct Step {
  enum class Kind { send, expect, tls, wait, hang_up, closed, connect, mail, newest, empty, stop, disable, grant };
  Kind kind;
  int line;                         // of the file
  std::string text;                 // send: the octets; connect: the listener or nothing
  std::vector<Pattern> patterns;    // expect, newest
  std::vector<std::string> lines;   // mail
  std::string account, folder;      // mail, newest, empty, grant
  std::string identifier, rights;   // grant
  std::chrono::microseconds pause;  // wait
};

struct Transcript {
  std::string listener;
  std::multimap<std::string, std::string, std::less<>> head;  // the other lines
  std::vector<Step> steps;
};

using Variables = std::map<std::string, std::string, std::less<>>;

// Errc::invalid with the line and the fault.
Result<Transcript> parse(std::string_view text, const Variables& variables);

// A number of a transcript's head; throws where there is none.
inline std::uint32_t number(std::string_view text) { return static_cast<std::uint32_t>(std::stoul(std::string(text))); }

}  // namespace gatepost::transcripts
