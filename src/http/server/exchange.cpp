#include "http/server/exchange.hpp"

#include <algorithm>
#include <utility>

#include "base/ascii.hpp"
#include "http/server/conversation.hpp"
#include "http/server/status_for.hpp"

namespace gatepost::http::server {

namespace {
// Longer than anybody waits: what ends the wait rings.
constexpr std::chrono::hours kLong{24};
}  // namespace

Exchange::Exchange(Conversation& conversation, Request&& request)
    : conversation_(conversation), request_(std::move(request)) {}

Exchange::~Exchange() = default;

runtime::Workers& Exchange::workers() const { return conversation_.services().workers; }
const runtime::Peer& Exchange::peer() const { return conversation_.peer(); }
const Clock& Exchange::clock() const { return conversation_.services().clock; }

// Not a coroutine: its frame would be one more in every request that is held. It waits until the result is awaited.
Task<bool> Exchange::pause(std::chrono::steady_clock::duration at_most) {
  if (!bell_) bell_ = std::make_shared<Bell>(conversation_.executor());
  waiting_ = true;
  return bell_->alarm.wait(at_most);
}

void Exchange::ring() {
  if (waiting_) bell_->alarm.ring();
}

Task<Result<std::string>> Exchange::read() {
  for (;;) {
    if (!in_.empty()) {
      std::string out = std::exchange(in_, {});
      in_consumed_ += out.size();
      conversation_.touched();
      co_return out;
    }
    if (in_broken_) co_return fail(*in_broken_, "the request's content");
    if (in_ended_) co_return std::string();
    if (gone_) co_return fail(Errc::closed, "the peer is gone");
    wants_content_ = true;
    conversation_.touched();
    co_await pause(kLong);
    waiting_ = false;
  }
}

Task<Result<std::string>> Exchange::read_all(std::size_t most) {
  std::string out;
  // What the client says will come; lies cost it nothing here, for memory is taken as octets come.
  if (request_.head.content_length.value_or(0) > most) co_return fail(Errc::too_large, "the request's content");
  for (;;) {
    auto piece = co_await read();
    if (!piece) co_return std::unexpected(std::move(piece).error());
    if (piece->empty()) co_return out;
    if (piece->size() > most - out.size()) co_return fail(Errc::too_large, "the request's content");
    out += *piece;
  }
}

void Exchange::respond(Response response) {
  if (status_ != 0) return;
  out_ = std::exchange(response.content, {});
  out_octets_ = out_.size();
  begin(std::move(response), out_octets_);
  finish();
}

void Exchange::respond(Response response, std::string_view content, std::shared_ptr<const void> keeps) {
  if (status_ != 0) return;
  kept_content_ = content;
  kept_ = std::move(keeps);
  out_octets_ = content.size();
  begin(std::move(response), out_octets_);
  finish();
}

void Exchange::respond(const PreparedHead& head, const PreparedHead* more, std::string_view content,
                       std::shared_ptr<const void> keeps) {
  if (status_ != 0) return;
  prepared_ = &head;
  more_prepared_ = more;
  respond(Response(200), content, std::move(keeps));
}

void Exchange::respond(const Error& error) { respond(failure(error.code)); }

void Exchange::begin(Response response, std::optional<std::uint64_t> length) {
  if (status_ != 0) return;
  status_ = response.status;
  head_ = std::move(response);
  length_ = length;
  conversation_.touched();
}

Task<Result<>> Exchange::write(std::string_view octets) {
  GP_ASSERT(status_ != 0 && !finished_);
  while (!octets.empty()) {
    if (gone_) co_return fail(Errc::closed, "the peer is gone");
    const std::size_t left = out_.size() - out_at_;
    const std::string_view piece = octets.substr(0, left < kOutOctets ? kOutOctets - left : 0);
    if (piece.empty()) {
      co_await pause(kLong);
      waiting_ = false;
      continue;
    }
    if (out_at_ != 0) {
      out_.erase(0, out_at_);
      out_at_ = 0;
    }
    out_ += piece;
    out_octets_ += piece.size();
    octets.remove_prefix(piece.size());
    conversation_.touched();
  }
  co_return Result<>();
}

void Exchange::finish() {
  finished_ = true;
  conversation_.touched();
}

bool Exchange::asks_for(std::string_view protocol) const {
  const RequestHead& head = request_.head;
  if (head.version == Version::http2) return ascii::iequals(head.protocol, protocol);
  return head.version == Version::http11 && head.method == "GET" && !head.has_content &&
         head.fields.lists("connection", "upgrade") && head.fields.lists("upgrade", protocol);
}

void Exchange::upgrade(std::string_view protocol, Fields fields) {
  GP_ASSERT(route_->tunnels);
  Response response(200);
  response.fields = std::move(fields);
  if (request_.head.version != Version::http2) {
    response.status = 101;
    response.set("connection", "upgrade").set("upgrade", protocol);
    in_ended_ = false;
  }
  tunnel_ = true;
  in_limit_ = UINT64_MAX;
  begin(std::move(response));
}

Task<Exchange::News> Exchange::wait(std::chrono::steady_clock::duration at_most) {
  if (!bell_) bell_ = std::make_shared<Bell>(conversation_.executor());
  const auto until = std::chrono::steady_clock::now() + at_most;
  for (;;) {
    if (over()) co_return News::over;
    if (bell_->called.exchange(false)) co_return News::called;
    const auto left = until - std::chrono::steady_clock::now();
    if (left <= std::chrono::steady_clock::duration::zero()) co_return News::time;
    co_await pause(left);
    waiting_ = false;
  }
}

Task<Exchange::News> Exchange::listen(std::chrono::steady_clock::duration at_most) {
  if (!bell_) bell_ = std::make_shared<Bell>(conversation_.executor());
  const auto until = std::chrono::steady_clock::now() + at_most;
  for (;;) {
    if (over()) co_return News::over;
    if (!in_.empty() || in_broken_ || in_ended_) co_return News::content;
    if (bell_->called.exchange(false)) co_return News::called;
    const auto left = until - std::chrono::steady_clock::now();
    if (left <= std::chrono::steady_clock::duration::zero()) co_return News::time;
    wants_content_ = true;
    conversation_.touched();
    co_await pause(left);
    waiting_ = false;
  }
}

std::function<void()> Exchange::caller() {
  if (!bell_) bell_ = std::make_shared<Bell>(conversation_.executor());
  return [bell = bell_] {
    if (!bell->called.exchange(true)) bell->alarm.ring();
  };
}

void Exchange::take_content(std::string_view octets) {
  in_octets_ += octets.size();
  if (in_broken_) return;
  if (in_octets_ > in_limit_) {
    break_content(Errc::too_large);
    return;
  }
  in_ += octets;
  ring();
}

void Exchange::break_content(Errc why) {
  if (!in_broken_) in_broken_ = why;
  ring();
}

void Exchange::sent(std::size_t octets) {
  out_at_ += octets;
  if (unsent().empty()) {
    out_ = {};
    kept_.reset();
    out_at_ = 0;
  }
  ring();
}

}  // namespace gatepost::http::server
