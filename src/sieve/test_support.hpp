#pragma once

// Tests only.

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "sieve/interpreter.hpp"

namespace gatepost::sieve {

// A message in memory.
class TextMessage final : public Message {
 public:
  explicit TextMessage(std::string text) : text_(std::move(text)) {}
  std::string_view header() override {
    const std::size_t end = text_.find("\r\n\r\n");
    return std::string_view(text_).substr(0, end == std::string::npos ? text_.size() : end + 4);
  }
  std::uint64_t octets() override { return text_.size(); }
  Result<std::string_view> beginning() override { return std::string_view(text_); }

 private:
  std::string text_;
};

class FixedSurroundings final : public Surroundings {
 public:
  TimePoint time = TimePoint(std::chrono::seconds(1'767'225'600));  // 2026-01-01 00:00:00 UTC, a Thursday
  std::set<std::string, std::less<>> mailboxes{"INBOX", "Lists"};
  std::map<std::string, std::string, std::less<>> uses{{"\\Junk", "Spam"}};
  std::set<std::string, std::less<>> seen;
  std::map<std::string, std::string, std::less<>> items{{"name", "Gatepost"}, {"remote-host", ""}};

  TimePoint now() override { return time; }
  int zone_minutes() override { return 60; }
  bool mailbox_exists(std::string_view path) override { return mailboxes.contains(path); }
  std::optional<std::string> special_use(std::string_view attribute) override { return look_up(uses, attribute); }
  bool was_seen(std::string_view id) override { return seen.contains(id); }
  std::optional<std::string> environment(std::string_view item) override { return look_up(items, item); }

 private:
  static std::optional<std::string> look_up(const std::map<std::string, std::string, std::less<>>& in,
                                            std::string_view key) {
    const auto found = in.find(key);
    return found == in.end() ? std::nullopt : std::optional(found->second);
  }
};

}  // namespace gatepost::sieve
