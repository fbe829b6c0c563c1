#include "http/server/h2_session.hpp"

#include <algorithm>
#include <utility>

#include "http/server/status_for.hpp"

namespace gatepost::http::server {

using runtime::Next;
using runtime::Step;
using runtime::Waiting;

H2Session::H2Session(Shared& shared, std::shared_ptr<const Settings> settings, runtime::Peer& peer,
                     runtime::Output& output, std::shared_ptr<runtime::Waker> waker)
    : Conversation(shared, std::move(settings), peer, output, std::move(waker)),
      connection_({.header_octets = settings_->header_octets,
                   .fields = settings_->header_fields,
                   .streams = settings_->streams,
                   .extended_connect = shared_.routes.has_tunnels()},
                  *this) {
  shared_.http2.add();
}

Task<Step> H2Session::opened() {
  co_await Conversation::opened();
  connection_.write(out(), runtime::Output::kFullOctets);  // SETTINGS come first (RFC 9113 3.4)
  co_return Step{};
}

Task<Step> H2Session::step(std::string_view input) {
  inside_ = true;
  connection_.receive(input, shared_.services.clock.steady());
  const bool open = co_await pump();
  inside_ = false;
  if (const auto wrong = connection_.misconduct(); wrong && !std::exchange(reported_, true)) {
    report(wrong->flood ? runtime::Conduct::bad_commands : runtime::Conduct::bad_request, wrong->what);
  }
  co_return Step{input.size(), open ? Next::more : Next::close};
}

Task<Step> H2Session::woken() {
  inside_ = true;
  std::vector<std::shared_ptr<Exchange>> all;
  for (const auto& [id, stream] : streams_) all.push_back(stream.exchange);
  cut_revoked(all);
  const bool open = co_await pump();
  inside_ = false;
  co_return Step{0, open ? Next::more : Next::close};
}

void H2Session::admit(StreamId id, std::shared_ptr<Exchange> exchange) {
  heard_ = true;
  streams_.emplace(id, Stream{std::move(exchange)});
}

void H2Session::request(StreamId id, RequestHead head) {
  // Handlers of streams that were reset run on until they notice: with them there are never more than this, whatever
  // the peer opens and resets (CVE-2023-44487). RFC 9113 8.7: the client may ask again.
  if (running() >= settings_->streams || stopping_) {
    connection_.reset(id, H2Error::refused_stream);
    return;
  }
  const bool has_content = head.has_content;
  auto exchange = start(std::move(head));
  if (!has_content) exchange->end_content();
  admit(id, std::move(exchange));
}

void H2Session::refused(StreamId id, int status) {
  log_refused(status, status == 431 ? "the header is too large" : "the header contradicts itself");
  admit(id, start_refused({}, plain_answer(status)));
}

void H2Session::content(StreamId id, std::string_view octets) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) {
    connection_.consume(id, octets.size());
    return;
  }
  found->second.exchange->take_content(octets);
}

void H2Session::content_ended(StreamId id) {
  if (const auto found = streams_.find(id); found != streams_.end()) found->second.exchange->end_content();
}

void H2Session::closed(StreamId id) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  abandon(*found->second.exchange);
  settled(*found->second.exchange);
  streams_.erase(found);
}

void H2Session::respond(StreamId id, Stream& stream) {
  Exchange& exchange = *stream.exchange;
  const ResponseHead head = head_of(exchange);
  stream.responded = exchange.head_sent_ = true;
  const bool ends = exchange.no_content_ || (exchange.finished_ && exchange.unsent().empty());
  connection_.respond(id, head, ends);
  if (exchange.closes_) connection_.shut_down();
  if (!ends) return;
  stream.finished = true;
  exchange.sent(exchange.unsent().size());
}

// Moves what the handler said and took.
void H2Session::move_answer(StreamId id, Stream& stream) {
  Exchange& exchange = *stream.exchange;
  // Room for as much as was read; for all of what is not wanted any more.
  const bool unwanted = exchange.in_broken_ || exchange.answer_is_whole();
  const std::uint64_t taken = unwanted ? exchange.in_octets_ : exchange.in_consumed_;
  connection_.consume(id, static_cast<std::size_t>(taken - std::exchange(stream.consumed, taken)));
  if (exchange.wants_content_ && exchange.request_.head.expects_continue && !exchange.continued_ &&
      exchange.status_ == 0 && !exchange.in_ended_) {
    exchange.continued_ = true;
    connection_.respond(id, {100, {}}, false);
  }
  if (exchange.head_) respond(id, stream);
  if (!stream.responded || stream.aborted) {
    // Revoked, or asked to end before it answered.
    if (exchange.gone_ && !std::exchange(stream.aborted, true)) connection_.reset(id, H2Error::cancel);
    return;
  }
  if (!stream.finished) {
    const std::size_t room = Exchange::kOutOctets - std::min(Exchange::kOutOctets, connection_.pending(id));
    const std::string_view piece = exchange.unsent().substr(0, exchange.kept_ ? std::string_view::npos : room);
    if (exchange.kept_) {
      connection_.append(id, piece, exchange.kept_);
      exchange.sent(piece.size());
    } else if (!piece.empty()) {
      connection_.append(id, piece);
      exchange.sent(piece.size());
    }
    const bool short_of = exchange.length_ && exchange.out_octets_ != *exchange.length_;
    if (exchange.answer_is_whole() && !short_of) {
      stream.finished = true;
      connection_.finish(id);
    } else if (exchange.gone_ || (exchange.handler_done_ && !exchange.finished_) ||
               (exchange.answer_is_whole() && short_of)) {
      stream.aborted = true;
      connection_.reset(id, H2Error::internal_error);
    }
  }
}

// Where the write has made room. A stream whose peer gives it no window keeps what is pending.
bool H2Session::has_more_to_move() const {
  return std::ranges::any_of(streams_, [this](const auto& one) {
    const auto& [id, stream] = one;
    return stream.responded && !stream.finished && !stream.aborted && !stream.exchange->unsent().empty() &&
           connection_.pending(id) == 0;
  });
}

Task<bool> H2Session::pump() {
  for (;;) {
    // What happens in between may end streams: by number, not by iterator.
    for (auto at = streams_.begin(); at != streams_.end();) {
      const StreamId id = at->first;
      move_answer(id, at->second);
      at = streams_.upper_bound(id);
    }
    connection_.write(out(), runtime::Output::kFullOctets);
    if (output_.full()) {
      const Result<> drained = co_await output_.drain();
      if (!drained) co_return false;
    } else if (!has_more_to_move()) {
      break;
    }
  }
  if (connection_.ended() || spent()) co_return false;
  co_return !stopping_ || !streams_.empty() || connection_.wants_write();
}

bool H2Session::timed_out() {
  if (streams_.empty() || connection_.in_the_middle()) {
    connection_.shut_down();
    connection_.write(out(), runtime::Output::kFullOctets);
    return false;
  }
  for (auto& [id, stream] : streams_) {
    Exchange& exchange = *stream.exchange;
    const bool late = exchange.wants_content_ && !exchange.in_ended_ && exchange.room() != 0;
    if (late && !exchange.tunnel_) exchange.break_content(Errc::timed_out);
    // A peer that gives no window for a whole deadline will not take the rest either.
    const std::size_t pending = connection_.pending(id);
    const std::uint64_t sent = exchange.out_octets_ - exchange.unsent().size() - pending;
    if (pending != 0 && std::exchange(stream.seen_sent, sent) == sent && !std::exchange(stream.aborted, true)) {
      connection_.reset(id, H2Error::cancel);
    }
  }
  connection_.write(out(), runtime::Output::kFullOctets);
  return true;
}

void H2Session::stopping() {
  connection_.shut_down();
  connection_.write(out(), runtime::Output::kFullOctets);
}

bool H2Session::may_stop() {
  if (!std::exchange(stopping_, true)) {
    connection_.shut_down();
    for (const auto& [id, stream] : streams_) ask_to_stop(*stream.exchange);
    waker_->wake();
  }
  return streams_.empty();
}

Waiting H2Session::waiting() const {
  if (connection_.in_the_middle()) return Waiting::data;
  for (const auto& [id, stream] : streams_) {
    const Exchange& exchange = *stream.exchange;
    if (exchange.wants_content_ && !exchange.in_ended_ && !exchange.in_broken_ && exchange.room() != 0 &&
        !exchange.tunnel_) {
      return Waiting::data;
    }
  }
  if (!streams_.empty()) return Waiting::refresh;
  return heard_ ? Waiting::idle : Waiting::greeting;
}

}  // namespace gatepost::http::server
