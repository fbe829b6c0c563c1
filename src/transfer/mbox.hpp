#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "transfer/line_ends.hpp"
#include "transfer/message.hpp"

// The mbox format (RFC 4155): messages one behind the other, each begun by a line "From SENDER DATE" behind an empty
// line. Programs disagree on lines of a message that begin like that one.
namespace gatepost::transfer {

enum class MboxQuoting : std::uint8_t {
  mboxrd,  // ">From ", ">>From ", ... have one ">" more than in the message: nothing is lost
  mboxo,   // "From " became ">From ", and what was ">From " before looks the same
};

// The date of a line that begins a message, "From a@example.org Thu Nov 26 09:16:42 2026", with a zone ("+0100") or
// without (UTC). None: the line begins nothing.
std::optional<TimePoint> parse_from_line(std::string_view line);
std::string format_from_line(TimePoint received);

// Reads an mbox piece by piece. Flags come from Status, X-Status and X-Keywords, which are taken out of the message; so
// are X-UID and X-IMAPbase. A message that only holds a program's notes (X-IMAP, and the subject that goes with it) is
// left out. Bounded memory: headers over kMaxMboxHeader are passed on as they are, with the flags seen by then.
inline constexpr std::size_t kMaxMboxHeader = 1 << 20;
class MboxReader {
 public:
  // `x_uidl`: as in Pop3Names. The field stays in the message.
  explicit MboxReader(MboxQuoting quoting, bool x_uidl = false) : quoting_(quoting), x_uidl_(x_uidl) {}
  void feed(std::string_view piece);
  void finish();  // there is no more

  struct Event {
    enum class Kind : std::uint8_t { begin, octets, end } kind;
    Message message;     // begin: without folder
    std::string octets;  // octets: with CRLF
  };
  // In order: begin, octets..., end for each message. None: feed more.
  std::optional<Event> next();
  // What stands before the first message and is none.
  std::uint64_t skipped() const { return skipped_; }
  // The first message was taken for a program's notes and left out.
  bool left_out_notes() const { return left_out_notes_; }

 private:
  void line(std::string_view line, bool whole);
  void begin(TimePoint received);
  void body(std::string_view text, bool start);
  std::string_view unquoted(std::string_view line) const;
  void header_line(std::string_view line);
  void end_header();
  bool is_notes() const;
  void end_message();
  void emit(std::string_view octets);

  MboxQuoting quoting_;
  bool x_uidl_;
  std::string rest_;           // of a line that has not ended
  bool line_goes_on_ = false;  // what follows belongs to a line that was too long to keep
  bool after_empty_ = true;    // the line before was empty, or there is none
  std::string held_;           // an empty line: of the message, or before the next one
  enum class Where : std::uint8_t { outside, header, body } where_ = Where::outside;
  Message message_;
  std::string header_;
  bool dropped_field_ = false;  // its continuation lines go as well
  bool internal_ = false;       // it holds a program's notes
  bool has_status_ = false;     // which such a message has only behind X-IMAP, and ours has first
  bool begun_ = false;          // its begin event is out
  ToCrlf crlf_;
  std::deque<Event> events_;
  std::uint64_t skipped_ = 0;
  bool left_out_notes_ = false;
  std::uint64_t messages_ = 0;  // a program keeps its notes in the first alone; anybody may write the field
};

// Writes one message for an mbox, with LF.
class MboxWriter {
 public:
  explicit MboxWriter(MboxQuoting quoting) : quoting_(quoting) {}
  void begin(const Message& message, std::string& out);
  void write(std::string_view octets, std::string& out);
  void end(std::string& out);

 private:
  void line(std::string_view line, bool start, std::string& out);
  const MboxQuoting quoting_;
  ToLf lf_;
  std::string rest_;
  bool at_start_ = true;  // rest_ begins a line
  bool ended_ = true;     // what was written last ends a line
};

}  // namespace gatepost::transfer
