#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gatepost::reading {

// What people read of HTML that passes by in pieces: without tags, comments, scripts and styles, with character
// references resolved. Paragraphs, cells and their like are apart by a space. The same however it is cut, never fails,
// linear time, memory bounded.
class HtmlText {
 public:
  void append(std::string_view utf8, std::string& out);
  void finish(std::string& out);  // ready for another text afterwards

 private:
  enum class In : std::uint8_t { text, reference, tag_start, tag_name, tag, quoted, comment };
  void step(char c, std::string& out);
  void text(char c, std::string& out);
  void tag_start(char c, std::string& out);
  void tag_name(char c, std::string& out);
  void comment(char c);
  void end_tag(std::string& out);
  void end_reference(std::string& out);

  In in_ = In::text;
  std::string name_;  // of the tag, or the character reference
  std::string skip_;  // script, style: nothing is read until it ends
  char quote_ = 0;
  std::uint8_t dashes_ = 0;
};

}  // namespace gatepost::reading
