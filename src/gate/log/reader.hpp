#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gate/log/event.hpp"

namespace gatepost::gate::log {

enum class Format : std::uint8_t {
  automatic,  // told from the lines
  netfilter,  // the kernel's LOG target and nftables, ufw, firewalld, ulogd's LOGEMU; syslog, journal and dmesg text
  ulogd_json,
  windows,  // pfirewall.log
  pf,       // tcpdump of pflog
  aws,      // VPC flow logs
  asa,      // Cisco ASA, FTD
  fortigate,
  paloalto,  // PAN-OS TRAFFIC, CSV
};
std::string_view to_string(Format);
std::optional<Format> parse_format(std::string_view name);
// What one line gives away; nullopt: nothing.
std::optional<Format> detect(std::string_view line);

// Cuts a stream into lines that end with LF or CRLF. Holds at most kMaxOctets of an unfinished one; what is longer is
// dropped up to its end and reported once.
class LineSplitter {
 public:
  static constexpr std::size_t kMaxOctets = 32 << 10;

  // take(line, too_long): without its end; a too long line is given as its beginning. The view is good for the call.
  template <class Take>
  void push(std::string_view octets, Take&& take) {
    while (!octets.empty()) {
      const std::size_t end = octets.find('\n');
      if (end == std::string_view::npos) {
        keep(octets);
        return;
      }
      if (kept_.empty() && !dropping_ && end <= kMaxOctets) {
        take(octets.substr(0, end), false);
      } else {
        keep(octets.substr(0, end));
        take(std::string_view(kept_), dropping_);
        kept_.clear();
        dropping_ = false;
      }
      octets.remove_prefix(end + 1);
    }
  }
  // The line that had no end.
  template <class Take>
  void finish(Take&& take) {
    if (!kept_.empty()) take(std::string_view(kept_), dropping_);
    kept_.clear();
    dropping_ = false;
  }

 private:
  void keep(std::string_view part) {
    const std::size_t room = kMaxOctets - kept_.size();
    dropping_ = dropping_ || part.size() > room;
    kept_.append(part.substr(0, room));
  }
  std::string kept_;
  bool dropping_ = false;
};

// Turns a log into events, however it is cut into pieces. One thread.
class Reader {
 public:
  explicit Reader(Format format, Context context = {});
  ~Reader();
  Reader(Reader&&) noexcept;
  Reader& operator=(Reader&&) noexcept;

  // take(const Item&) for every line that ends in `octets`; the item is good for the call.
  template <class Take>
  void push(std::string_view octets, Take&& take) {
    splitter_.push(octets, [&](std::string_view line, bool too_long) { take(read(line, too_long)); });
  }
  // The end of the file: a last line without an end counts too.
  template <class Take>
  void finish(Take&& take) {
    splitter_.finish([&](std::string_view line, bool too_long) { take(read(line, too_long)); });
  }
  // One line without its end (a CR may be left). The item is good until the next call.
  const Item& read(std::string_view line, bool too_long = false);

  // A kernel message that came without the text around it: a netfilter record, whatever the format is.
  const Item& read_message(const Stamp& time, std::string_view message);

  // Another file begins: what the head of the last one said is forgotten.
  void restart();
  // Told from the lines read so far; automatic: not yet.
  Format format() const { return format_; }
  void set_context(const Context& context);

 private:
  struct State;
  Format asked_, format_;
  LineSplitter splitter_;
  std::unique_ptr<State> state_;
};

}  // namespace gatepost::gate::log
