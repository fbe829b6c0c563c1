#include "smtp/client/message.hpp"

#include <algorithm>

#include "base/ascii.hpp"

namespace gatepost::smtp::client {
namespace {

constexpr std::uint64_t kPageOctets = 64 << 10;
constexpr std::size_t kMaxLineOctets = 998;  // RFC 5322 2.1.1, without CRLF

// Looks at a message in pieces.
class Inspector {
 public:
  void feed(std::string_view piece) {
    for (const char c : piece) feed(c);
  }
  Message::Facts finish() {
    if (held_cr_ || line_ != 0) facts_.binary = true;
    return facts_;
  }

 private:
  void feed(char c) {
    if (held_cr_ && c != '\n') facts_.binary = true;
    if (c == '\n') {
      if (!held_cr_) facts_.binary = true;
      if (line_ == 0) in_header_ = false;
      line_ = 0;
    } else if (c != '\r') {
      if (++line_ > kMaxLineOctets || c == '\0') facts_.binary = true;
      if (ascii::is_8bit(c)) (in_header_ ? facts_.header_8bit : facts_.eight_bit) = true;
    }
    held_cr_ = c == '\r';
  }

  Message::Facts facts_;
  std::size_t line_ = 0;
  bool in_header_ = true, held_cr_ = false;
};

}  // namespace

Result<> Message::read_page() {
  page_.resize(std::min(body_.size - offset_, kPageOctets));
  if (page_.empty()) return {};
  GP_CHECK(accounts_.read_body(body_, offset_, page_));
  offset_ += page_.size();
  return {};
}

runtime::Task<Result<>> Message::open() {
  offset_ = 0;
  auto job = [this] { return read_page(); };
  Result<> read = co_await workers_.run(std::move(job));
  if (!read) co_return std::unexpected(std::move(read).error());
  if (ascii::istarts_with(page_, "Return-Path:")) {
    const std::size_t end = page_.find("\r\n");
    if (end != std::string::npos) begin_ = end + 2;
  }
  page_.erase(0, begin_);
  fresh_ = true;
  co_return Result<>();
}

void Message::rewind() {
  if (fresh_) return;  // nothing was taken yet
  page_.clear();
  offset_ = begin_;
}

runtime::Task<Result<std::string_view>> Message::next() {
  if (!fresh_) {
    auto job = [this] { return read_page(); };
    Result<> read = co_await workers_.run(std::move(job));
    if (!read) co_return std::unexpected(std::move(read).error());
  }
  fresh_ = false;
  co_return std::string_view(page_);
}

runtime::Task<Result<Message::Facts>> Message::inspect() {
  fresh_ = false;
  rewind();
  Inspector inspector;
  auto job = [this, &inspector]() -> Result<> {
    do {
      GP_CHECK(read_page());
      inspector.feed(page_);
    } while (!page_.empty());
    return {};
  };
  Result<> read = co_await workers_.run(std::move(job));
  rewind();
  if (!read) co_return std::unexpected(std::move(read).error());
  co_return inspector.finish();
}

}  // namespace gatepost::smtp::client
