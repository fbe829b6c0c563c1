#include "http/server/h1_session.hpp"

#include <algorithm>
#include <utility>

#include "http/protocol/h1_writer.hpp"
#include "http/server/status_for.hpp"

namespace gatepost::http::server {

using runtime::Next;
using runtime::Step;
using runtime::Waiting;

namespace {
// What is read of content that the handler did not want, so that the connection can be kept.
constexpr std::size_t kMaxDropped = 256 << 10;
constexpr std::size_t kRecordOctets = 16 << 10;
constexpr std::size_t kLeastPassed = 2 * kRecordOctets;  // less is copied to what is written before it
}  // namespace

H1Session::H1Session(Shared& shared, std::shared_ptr<const Settings> settings, runtime::Peer& peer,
                     runtime::Output& output, std::shared_ptr<runtime::Waker> waker)
    : Conversation(shared, std::move(settings), peer, output, std::move(waker)),
      receiver_({settings_->header_octets, settings_->header_fields}) {
  shared_.http1.add();
}

Task<Step> H1Session::step(std::string_view input) {
  inside_ = true;
  Step out = take(input);
  if (out.next == Next::more) {
    std::optional<bool> open = pump_now();
    if (!open) open = co_await pump();
    if (!*open) out.next = Next::close;
  }
  inside_ = false;
  co_return out;
}

Task<Step> H1Session::woken() {
  inside_ = true;
  if (exchange_) cut_revoked({exchange_});
  const bool open = co_await pump();
  inside_ = false;
  co_return Step{0, open ? Next::more : Next::close};
}

bool H1Session::wants_content() const {
  if (!exchange_) return false;
  if (exchange_->tunnel_) return exchange_->head_sent_ && exchange_->room() != 0;
  if (content_over_) return false;
  return dropping_ || (exchange_->wants_content_ && exchange_->room() != 0);
}

Step H1Session::take(std::string_view input) {
  if (exchange_ && !wants_content()) return {};
  if (exchange_ && exchange_->tunnel_) {
    const std::string_view piece = input.substr(0, exchange_->room());
    exchange_->take_content(piece);
    return {piece.size(), Next::more};
  }
  // Little more than the handler has room for; the head of a chunk must fit beside it.
  if (exchange_ && !dropping_) input = input.substr(0, exchange_->room() + settings_->header_octets);
  const H1Receiver::Item item = receiver_.next(input);
  switch (item.kind) {
    case H1Receiver::Kind::need_more:
      return {item.consumed, Next::more};
    case H1Receiver::Kind::head:
      heard_ = true;
      begin(receiver_.take_head());
      return {item.consumed, Next::more};
    case H1Receiver::Kind::content:
      if (!dropping_) {
        exchange_->take_content(item.content);
      } else {
        dropped_ += item.content.size();
      }
      // Its end may be without octets of its own, and nobody calls for none.
      if (!receiver_.awaits_content()) end_content();
      return {item.consumed, Next::more};
    case H1Receiver::Kind::end:
      end_content();
      return {item.consumed, Next::more};
    case H1Receiver::Kind::refused:
      return refuse();
  }
  return {};
}

void H1Session::end_content() {
  if (!receiver_.between_requests()) receiver_.next({});
  content_over_ = true;
  if (exchange_ && !exchange_->tunnel_) exchange_->end_content();
}

void H1Session::begin(RequestHead&& head) {
  keep_alive_ = head.keep_alive && !stopping_;
  chunked_ = dropping_ = false;
  dropped_ = 0;
  content_over_ = false;
  const bool has_content = head.has_content;
  exchange_ = start(std::move(head));
  if (!has_content) end_content();
}

// Where the next request would begin is unknown now: answer and close (RFC 9112 11.2).
Step H1Session::refuse() {
  log_refused(receiver_.status(), receiver_.why());
  // What is merely too large, or not spoken here, proper clients send as well.
  if (receiver_.status() == 400 || receiver_.status() == 505) {
    report(runtime::Conduct::bad_request, receiver_.why());
  }
  if (exchange_) {
    exchange_->break_content(Errc::invalid);
    content_over_ = true;
    keep_alive_ = false;
    if (!exchange_->head_sent_) return {};
    return {0, Next::close};
  }
  Response answer = plain_answer(receiver_.status());
  answer.set("connection", "close").set("content-length", std::to_string(answer.content.size()));
  write_head(out(), {answer.status, std::move(answer.fields)});
  out() += answer.content;
  return {0, Next::close};
}

void H1Session::write_head_of(Exchange& exchange) {
  const bool http10 = exchange.request_.head.version == Version::http10;
  // Content nobody asked for yet need not be sent (RFC 9110 10.1.1), or is too much to be read for nothing.
  const bool unasked = exchange.request_.head.expects_continue && !exchange.continued_;
  const auto length = exchange.request_.head.content_length;
  const std::uint64_t left = length ? *length - exchange.in_octets_ : 0;
  if (exchange.closes_ || (!content_over_ && (unasked || left > kMaxDropped))) keep_alive_ = false;
  exchange.head_sent_ = true;
  if (exchange.prepared_ != nullptr) {
    write_prepared_head(out(), exchange);
    if (!keep_alive_) {
      out() += "connection: close\r\n";
    } else if (http10) {
      out() += "connection: keep-alive\r\n";
    }
    out() += "\r\n";
    return;
  }
  ResponseHead head = head_of(exchange);
  chunked_ = !exchange.length_ && !exchange.no_content_ && head.status >= 200;
  if (chunked_ && http10) {
    chunked_ = false;
    keep_alive_ = false;
  }
  if (chunked_ || (!exchange.length_ && exchange.no_content_ && !http10 && head.status == 200)) {
    head.fields.set("transfer-encoding", "chunked");
  }
  if (head.status == 101) {
    keep_alive_ = false;
  } else if (!keep_alive_) {
    head.fields.set("connection", "close");
  } else if (http10) {
    head.fields.set("connection", "keep-alive");
  }
  write_head(out(), head);
}

// Content that stays where it is goes out from there, once the head and what fills up its TLS record are away.
void H1Session::pass_content(Exchange& exchange) {
  if (!exchange.kept_ || chunked_ || exchange.no_content_ || exchange.unsent().size() < kLeastPassed) return;
  if (const std::size_t used = out().size() % kRecordOctets; used != 0) {
    const std::string_view first = exchange.unsent().substr(0, kRecordOctets - used);
    out() += first;
    exchange.sent(first.size());
  }
  if (const std::size_t passed = output_.pass(exchange.unsent()); passed != 0) exchange.sent(passed);
}

bool H1Session::move_answer() {
  Exchange& exchange = *exchange_;
  if (exchange.wants_content_ && !exchange.continued_ && exchange.request_.head.expects_continue &&
      !exchange.head_sent_ && !exchange.head_ && !content_over_) {
    exchange.continued_ = true;
    out() += "HTTP/1.1 100 Continue\r\n\r\n";
  }
  if (exchange.head_) write_head_of(exchange);
  if (!exchange.head_sent_) return !exchange.gone_;
  pass_content(exchange);
  while (!output_.full() && !exchange.unsent().empty()) {
    const std::string_view piece = exchange.unsent().substr(0, runtime::Output::kFullOctets);
    if (!exchange.no_content_) {
      if (chunked_) {
        write_chunk(out(), piece);
      } else {
        out() += piece;
      }
    }
    exchange.sent(piece.size());
  }
  // Cut off, or less than was announced: the client must see that (RFC 9112 8).
  const bool short_of = exchange.length_ && exchange.out_octets_ != *exchange.length_ && !exchange.no_content_;
  if (exchange.gone_ || (exchange.handler_done_ && !exchange.finished_)) return false;
  return !(exchange.finished_ && short_of);
}

// true: the next request may come.
bool H1Session::finish_exchange() {
  Exchange& exchange = *exchange_;
  if (chunked_) {
    write_last_chunk(out());
    chunked_ = false;
  }
  if (!content_over_ && !dropping_) {
    if (!keep_alive_) return false;
    dropping_ = true;
    exchange.in_ = {};
  }
  if (!content_over_) return dropped_ <= kMaxDropped;
  settled(exchange);
  exchange_.reset();
  return keep_alive_ && !spent();
}

// Whether the connection goes on; nullopt: the output is full, and is to be sent first.
std::optional<bool> H1Session::pump_now() {
  if (!exchange_) return !stopping_;
  if (!move_answer()) {
    settled(*exchange_);
    return false;
  }
  if (output_.full()) return std::nullopt;
  if (!exchange_->answer_is_whole() || !exchange_->handler_done_) return true;
  const bool open = finish_exchange();
  if (!open && exchange_) settled(*exchange_);
  return open && (exchange_ || !stopping_);
}

Task<bool> H1Session::pump() {
  for (;;) {
    if (const auto open = pump_now()) co_return *open;
    const Result<> drained = co_await output_.drain();
    if (drained) continue;
    abandon(*exchange_);
    co_return false;
  }
}

bool H1Session::timed_out() {
  if (!exchange_ || dropping_) return false;
  if (wants_content() && !exchange_->tunnel_) {
    exchange_->break_content(Errc::timed_out);
    content_over_ = true;
    keep_alive_ = false;
    return true;
  }
  return !exchange_->gone_;
}

bool H1Session::may_stop() {
  if (!std::exchange(stopping_, true) && exchange_) {
    keep_alive_ = false;
    ask_to_stop(*exchange_);
  }
  return exchange_ == nullptr;
}

Waiting H1Session::waiting() const {
  if (!exchange_) return heard_ ? Waiting::idle : Waiting::greeting;
  return wants_content() && !exchange_->tunnel_ ? Waiting::data : Waiting::refresh;
}

}  // namespace gatepost::http::server
