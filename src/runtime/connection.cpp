#include "runtime/connection.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <exception>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include "runtime/connection_observer.hpp"
#include "runtime/deflate_stream.hpp"
#include "runtime/events.hpp"
#include "runtime/foreign_protocol.hpp"

namespace gatepost::runtime {

namespace {

// Unconsumed input up to this size waits in a block of its own, so that half a line does not hold a pooled buffer.
constexpr std::size_t kSmallHold = 1024;
// Room a read must find; less, and the buffer is compacted or grown.
constexpr std::size_t kMinRoom = 4 << 10;
constexpr std::size_t kWritePiece = 64 << 10;
constexpr std::size_t kTinyText = 64;
constexpr std::string_view kTlsTooEarly = "the peer began TLS at once where the connection begins in plain text";

class StreamWaker final : public Waker, public std::enable_shared_from_this<StreamWaker> {
 public:
  StreamWaker(const boost::asio::any_io_executor& executor, Stream& stream)
      : loop_(static_cast<boost::asio::io_context&>(boost::asio::query(executor, boost::asio::execution::context))),
        stream_(&stream) {}

  void wake() override {
    if (gone_ || pending_.exchange(true)) return;
    boost::asio::post(loop_, [self = shared_from_this()] {
      self->pending_ = false;
      if (self->stream_ != nullptr) self->stream_->wake();
    });
  }
  // On the stream's thread.
  void detach() {
    gone_ = true;
    stream_ = nullptr;
  }

 private:
  boost::asio::io_context& loop_;
  std::atomic<bool> pending_{false}, gone_{false};
  Stream* stream_;  // touched on the stream's thread only
};

// Unconsumed octets in a borrowed buffer.
class Input {
 public:
  explicit Input(BufferPool& pool) : pool_(pool) {}
  ~Input() { pool_.give_back(std::move(buffer_)); }

  std::string_view view() const { return {buffer_.data() + begin_, end_ - begin_}; }
  std::size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }

  void consume(std::size_t octets) { begin_ += octets; }
  void clear() { begin_ = end_ = 0; }

  // Before a wait that may be long.
  void let_go() {
    if (size() > kSmallHold || buffer_.size() <= kSmallHold) return;
    Buffer kept;
    if (!empty()) kept = Buffer(std::make_unique_for_overwrite<char[]>(size()), size());
    replace(std::move(kept));
  }

  // Room to read into, within `max` octets of unconsumed input.
  std::span<char> room(std::size_t max) {
    const std::size_t floor = std::max(large_ ? BufferPool::kLargeOctets : BufferPool::kOctets, size() + kMinRoom);
    const std::size_t wanted = empty() ? floor : std::max(floor, 2 * size());
    if (buffer_.empty() || buffer_.size() - size() < kMinRoom) {
      replace(pool_.take(std::min(wanted, std::max(max, BufferPool::kOctets))));
    } else if (buffer_.size() - end_ < kMinRoom) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, size());
      end_ = size();
      begin_ = 0;
    }
    return std::span(buffer_.data() + end_, buffer_.size() - end_);
  }
  void filled(std::size_t octets) {
    // A peer that fills the buffer has more to send: fewer, larger reads from now on, until it slows down.
    large_ = begin_ == 0 && octets + kMinRoom > buffer_.size();
    end_ += octets;
  }

 private:
  void replace(Buffer next) {
    const std::size_t used = size();
    if (used != 0) std::memcpy(next.data(), buffer_.data() + begin_, used);
    pool_.give_back(std::exchange(buffer_, std::move(next)));
    begin_ = 0;
    end_ = used;
  }

  BufferPool& pool_;
  Buffer buffer_;
  std::size_t begin_ = 0, end_ = 0;
  bool large_ = false;
};

class Connection final : public Output, public LiveConnections::Member {
 public:
  Connection(std::unique_ptr<Stream> stream, Peer peer, const SessionFactory& make, const ServeSettings& settings,
             const ServeParts& parts)
      : stream_(std::move(stream)),
        peer_(std::move(peer)),
        make_(make),
        settings_(settings),
        parts_(parts),
        input_(parts.buffers) {
    parts_.live.add(*this);
    if (parts_.observer == nullptr) return;
    opened_ = now();
    parts_.observer->opened(peer_);
  }
  ~Connection() {
    parts_.live.remove(*this);
    if (parts_.observer != nullptr) parts_.observer->ended(peer_, how_it_ended(), now() - opened_, failure_);
    if (waker_) waker_->detach();
    session_.reset();
    let_go_text();
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // The whole conversation; `self` keeps the connection alive meanwhile.
  Task<> run(std::unique_ptr<Connection> self);

  std::string& buffer() override {
    if (text_.capacity() < kTinyText) text_ = parts_.buffers.take_text();
    return text_;
  }
  Task<Result<>> drain() override;
  std::size_t pass(std::string_view octets) override {
    return text_.empty() || send_now() ? stream_->write_now(octets) : 0;
  }

  void stop(bool insist) override {
    stop_requested_ = stop_wake_ = true;
    insisted_ = insisted_ || insist;
    stream_->wake();
  }
  void announce(std::shared_ptr<const std::string> text) override {
    announcement_ = std::move(text);
    stream_->wake();
  }
  void abort() override {
    aborted_ = true;
    stream_->close();
  }
  const IpAddress& remote() const override { return peer_.remote.address; }

 private:
  enum class Event { input, nothing, woken, timed_out, ended };

  // These leave the session's last answer in step_; false: the connection is to end.
  Task<bool> begin();
  Task<bool> advance();
  Task<bool> event(Result<bool> readable);
  void note_step();
  bool settles_at_once() const;
  Task<bool> settle();
  Task<> conclude();
  void failed(const std::exception_ptr& failure);
  Task<> finish();
  Task<bool> start_tls();
  Task<bool> start_deflate();
  void prepare_to_wait();
  void look_at_first(std::string_view octets);
  Event after_read(const Result<std::optional<std::size_t>>& got, std::span<const char> octets);

  SteadyPoint now() const { return parts_.clock.steady(); }
  void note(std::size_t consumed);
  SteadyPoint deadline() const;
  std::chrono::seconds allowed() const;
  bool ends_now() const { return stop_requested_ && (insisted_ || (!session_->finishing() && session_->may_stop())); }
  bool overfull() const { return input_.size() >= std::max(session_->max_buffered(), BufferPool::kOctets); }
  bool send_now();
  Task<Result<bool>> wait();
  void let_go_text() {
    if (text_.capacity() < kTinyText || !text_.empty()) return;
    parts_.buffers.give_back(std::exchange(text_, std::string()));
  }
  void log(const gatepost::Event& event, std::string why);
  ConnectionObserver::End how_it_ended() const;

  std::unique_ptr<Stream> stream_;
  Peer peer_;
  const SessionFactory& make_;
  const ServeSettings& settings_;
  ServeParts parts_;
  Input input_;
  std::string text_;
  std::shared_ptr<StreamWaker> waker_;
  std::shared_ptr<const std::string> announcement_;  // of all connections; none when it was said
  std::unique_ptr<Session> session_;
  Waiting phase_ = Waiting::greeting;
  SteadyPoint phase_since_{}, item_since_{}, read_at_{};
  std::size_t phase_octets_ = 0;
  Step step_;
  bool untried_ = false;  // input that the session has not seen in its present state
  bool heard_ = false, aborted_ = false;
  bool judged_ = false;  // what there is to say about its beginning is said, or there is nothing
  bool stop_requested_ = false, stop_wake_ = false, insisted_ = false, broken_ = false, peer_gone_ = false;
  bool timed_out_ = false, defect_ = false;
  SteadyPoint opened_{};
  std::string failure_;  // of a handshake, for the observer
};

void Connection::log(const gatepost::Event& event, std::string why) {
  parts_.log.write(event, {{"conn", peer_.connection_id},
                           {"listener", peer_.listener},
                           {"remote", peer_.remote.to_string()},
                           {"why", std::move(why)}});
}

ConnectionObserver::End Connection::how_it_ended() const {
  using End = ConnectionObserver::End;
  if (defect_) return End::failed;
  if (!failure_.empty()) return End::handshake;
  if (timed_out_) return End::timed_out;
  if (peer_gone_ || broken_) return End::peer;
  return stop_requested_ ? End::stopped : End::session;
}

std::chrono::seconds Connection::allowed() const {
  switch (phase_) {
    case Waiting::greeting:
      return settings_.deadlines.greeting;
    case Waiting::command:
      return settings_.deadlines.command;
    case Waiting::idle:
      return settings_.deadlines.idle;
    case Waiting::data:
      return settings_.deadlines.data;
    case Waiting::sign_in:
      return settings_.deadlines.sign_in;
    case Waiting::refresh:
      return settings_.deadlines.refresh;
  }
  return settings_.deadlines.command;
}

// Keeps the books of the deadlines after the session took `consumed` octets.
void Connection::note(std::size_t consumed) {
  const Waiting before = std::exchange(phase_, session_->waiting());
  const bool item_done = consumed != 0 && (phase_ == Waiting::command || phase_ == Waiting::idle);
  if (phase_ != before || item_done) {
    phase_since_ = now();
    read_at_ = phase_since_;
    phase_octets_ = 0;
  } else if (phase_ == Waiting::data) {
    phase_octets_ += consumed;
  }
  if (consumed != 0) item_since_ = SteadyPoint::max();
}

SteadyPoint Connection::deadline() const {
  if (phase_ == Waiting::data) {
    const auto earned = std::chrono::seconds(phase_octets_ / kMinDataRate);
    return std::min(read_at_ + allowed(), phase_since_ + allowed() + earned);
  }
  const SteadyPoint of_phase = phase_since_ + allowed();
  if (input_.empty() || item_since_ == SteadyPoint::max()) return of_phase;
  return std::min(of_phase, item_since_ + settings_.deadlines.command);
}

// What is written mostly fits into what the kernel takes at once. False: drain() has the rest to send.
bool Connection::send_now() {
  if (broken_) return false;
  const std::size_t sent = stream_->write_now(text_);
  if (sent == text_.size()) {
    text_.clear();
    return true;
  }
  text_.erase(0, sent);
  return false;
}

Task<Result<>> Connection::drain() {
  if (broken_) co_return fail(Errc::closed, "the peer is gone");
  std::size_t sent = 0;
  while (sent < text_.size()) {
    const std::string_view piece = std::string_view(text_).substr(sent, kWritePiece);
    stream_->set_deadline(now() + settings_.deadlines.data);
    const std::size_t now_sent = stream_->write_now(piece);
    sent += now_sent;
    if (now_sent == piece.size()) continue;
    auto done = co_await stream_->write_all(piece.substr(now_sent));
    if (!done) {
      broken_ = true;
      text_.clear();
      co_return std::unexpected(std::move(done).error());
    }
    sent += piece.size() - now_sent;
  }
  text_.clear();
  co_return Result<>();
}

// RFC 3207 4.2, RFC 9051 6.2.1, RFC 2595 4: what came before the handshake is not trusted, and not used after it.
Task<bool> Connection::start_tls() {
  auto sent = co_await drain();
  input_.clear();
  input_.let_go();
  let_go_text();
  if (!sent || settings_.tls == nullptr) co_return false;
  stream_->set_deadline(now() + settings_.handshake);
  auto facts = co_await stream_->start_tls_server(*settings_.tls);
  if (!facts) {
    broken_ = true;
    // Who found no common parameters, or does not trust our certificate, is a client to be helped.
    const Errc code = facts.error().code;
    // Nor is it hostile to write http:// where https:// was meant.
    const bool slip = settings_.own_protocol == kHttp && facts.error().detail.find("http request") != std::string::npos;
    if (code == Errc::invalid && !slip) peer_.tell(Conduct::no_tls, facts.error().detail);
    judged_ = judged_ || code == Errc::invalid || code == Errc::unsupported;
    failure_ = facts.error().detail;
    log(runtime::event::kTlsFailed, failure_);
    co_return false;
  }
  peer_.tls = *std::move(facts);
  co_return true;
}

// RFC 4978 3. What comes behind the command is compressed already.
Task<bool> Connection::start_deflate() {
  auto sent = co_await drain();
  if (!sent) co_return false;
  std::string early(input_.view());
  input_.clear();
  stream_ = make_deflate_stream(std::move(stream_), std::move(early), parts_.clock, parts_.buffers);
  co_return true;
}

void Connection::prepare_to_wait() {
  let_go_text();
  input_.let_go();
  if (!input_.empty() && item_since_ == SteadyPoint::max()) item_since_ = now();
  stream_->set_deadline(deadline());
}

void Connection::look_at_first(std::string_view octets) {
  const std::string_view foreign = foreign_protocol(octets);
  if (foreign.empty() || foreign == settings_.own_protocol) return;
  judged_ = peer_.foreign = true;
  // TLS at a port where it begins later is a setting gone wrong, not a search for victims.
  if (foreign != kTlsHello) return peer_.tell(Conduct::foreign_protocol, foreign);
  if (!peer_.tls) failure_ = kTlsTooEarly;
}

Connection::Event Connection::after_read(const Result<std::optional<std::size_t>>& got, std::span<const char> octets) {
  if (!got) {
    const bool late = got.error().code == Errc::timed_out;
    broken_ = !late;
    return late ? Event::timed_out : Event::ended;
  }
  if (!*got) return Event::nothing;
  const std::size_t read = **got;
  if (read == 0) return Event::ended;
  if (!std::exchange(heard_, true)) look_at_first({octets.data(), read});
  input_.filled(read);
  read_at_ = now();
  return Event::input;
}

Task<bool> Connection::event(Result<bool> readable) {
  step_ = Step{};
  untried_ = false;
  Event what = Event::woken;
  if (!readable) {
    what = readable.error().code == Errc::timed_out ? Event::timed_out : Event::ended;
  } else if (*readable) {
    const std::span<char> room = input_.room(session_->max_buffered());
    Result<std::optional<std::size_t>> got = stream_->read_now(room);
    if (!got && got.error().code == Errc::unsupported) got = co_await stream_->read_some(room);
    what = after_read(got, room);
  }
  switch (what) {
    case Event::input:
      step_ = co_await session_->step(input_.view());
      co_return true;
    case Event::nothing:
      co_return true;
    case Event::woken:
      untried_ = true;
      if (announcement_) session_->announced(*std::exchange(announcement_, nullptr));
      // A stop request arrives as a wake, too; it is not news for the session.
      if (!std::exchange(stop_wake_, false)) step_ = co_await session_->woken();
      co_return true;
    case Event::timed_out:
      timed_out_ = true;
      if (!session_->timed_out()) co_return false;
      timed_out_ = false;
      phase_since_ = read_at_ = now();
      phase_octets_ = 0;
      item_since_ = SteadyPoint::max();
      co_return true;
    case Event::ended:
      peer_gone_ = true;
      co_return false;
  }
  co_return false;
}

// The handshake of implicit TLS, the session and its greeting.
Task<bool> Connection::begin() {
  auto executor = co_await boost::asio::this_coro::executor;
  waker_ = std::make_shared<StreamWaker>(executor, *stream_);
  if (settings_.implicit_tls && !co_await start_tls()) co_return false;
  session_ = make_(peer_, *this, waker_);
  if (!session_) co_return false;
  phase_since_ = read_at_ = now();
  item_since_ = SteadyPoint::max();
  step_ = co_await session_->opened();
  co_return true;
}

void Connection::note_step() {
  input_.consume(std::min(step_.consumed, input_.size()));
  if (step_.consumed != 0 || step_.next == Next::close) judged_ = true;  // it took part, or had no occasion to
  note(step_.consumed);
}

// Nothing of what settle() does is to be done.
bool Connection::settles_at_once() const {
  return step_.next == Next::more && text_.size() < kFullOctets && !ends_now();
}

// Does what the session's last answer asks for.
Task<bool> Connection::settle() {
  if (step_.next == Next::close) co_return false;
  if (step_.next == Next::start_tls) {
    if (!co_await start_tls()) co_return false;
    session_->tls_started(*peer_.tls);
    note(0);
  }
  if (step_.next == Next::start_deflate && !co_await start_deflate()) co_return false;
  if (full() && !co_await drain()) co_return false;
  if (!ends_now()) co_return true;
  session_->stopping();
  co_return false;
}

// Feeds the session until it needs what is not there yet.
Task<bool> Connection::advance() {
  for (;;) {
    note_step();
    if (!settles_at_once() && !co_await settle()) co_return false;
    if (!input_.empty() && (step_.consumed != 0 || untried_)) {
      untried_ = false;
      step_ = co_await session_->step(input_.view());
      continue;
    }
    if (overfull() && session_->takes_input()) {
      log(runtime::event::kSessionStuck, std::to_string(input_.size()) + " octets");
      co_return false;
    }
    if (text_.empty() || send_now()) co_return true;
    auto sent = co_await drain();
    co_return sent.has_value();
  }
}

// Not a coroutine: its frame would be one more in every idle connection.
Task<Result<bool>> Connection::wait() { return overfull() ? stream_->wait_woken() : stream_->wait_readable(); }

Task<> Connection::conclude() {
  if (!broken_) co_await drain();
  if (session_ && (broken_ || peer_gone_)) session_->closed();
}

// This frame lives as long as the connection: what it needs in between is in members and in frames that end.
Task<> Connection::run(std::unique_ptr<Connection>) {
  try {
    bool open = co_await begin();
    while (open) {
      open = co_await advance();
      if (!open) break;
      prepare_to_wait();
      auto readable = co_await wait();
      open = co_await event(std::move(readable));
    }
    co_await conclude();
  } catch (...) {
    failed(std::current_exception());
  }
  co_await finish();
}

void Connection::failed(const std::exception_ptr& failure) {
  std::string why = "an unknown exception";
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& e) {
    why = e.what();
  } catch (...) {
  }
  log(runtime::event::kSessionFailed, std::move(why));
  broken_ = defect_ = true;
}

Task<> Connection::finish() {
  // Where the client speaks first, browsers connect in advance and monitors look whether anybody answers.
  if (settings_.speaks_first && !judged_ && !stop_requested_ && !aborted_) peer_.tell(Conduct::silent);
  if (session_) co_await session_->ended();
  session_.reset();
  input_.clear();
  input_.let_go();
  text_.clear();
  let_go_text();
  if (broken_) {
    stream_->close();
  } else {
    co_await stream_->shutdown();
  }
}

}  // namespace

void LiveConnections::add(Member& member) {
  member.at_ = members_.size();
  members_.push_back(&member);
  if (stopping_) member.stop(false);
}

void LiveConnections::remove(Member& member) {
  if (member.of_the_present_) --present_left_;
  members_.back()->at_ = member.at_;
  members_[member.at_] = members_.back();
  members_.pop_back();
}

void LiveConnections::stop_all(bool insist) {
  stopping_ = true;
  for (Member* const member : members_) member->stop(insist);
}

void LiveConnections::end_present(Insistence how) {
  // Stopping wakes, and aborting only closes the stream: nobody leaves the list meanwhile.
  for (Member* const member : members_) {
    if (how == Insistence::ask && !std::exchange(member->of_the_present_, true)) ++present_left_;
    if (!member->of_the_present_) continue;
    if (how == Insistence::abort) {
      member->abort();
    } else {
      member->stop(how == Insistence::insist);
    }
  }
}

void LiveConnections::announce(const std::shared_ptr<const std::string>& text) {
  for (Member* const member : members_) member->announce(text);
}

void LiveConnections::abort_from(const Network& network) {
  // Aborting only closes the stream: nobody leaves the list meanwhile.
  for (Member* const member : members_) {
    if (network.contains(member->remote())) member->abort();
  }
}

void LiveConnections::abort_all() {
  stopping_ = true;
  for (Member* const member : members_) member->abort();
}

// Not a coroutine: its arguments would stay in the frame of every idle connection.
Task<> serve(std::unique_ptr<Stream> stream, Peer peer, const SessionFactory& make, const ServeSettings& settings,
             ServeParts parts) {
  auto connection = std::make_unique<Connection>(std::move(stream), std::move(peer), make, settings, parts);
  Connection& runs = *connection;
  return runs.run(std::move(connection));
}

}  // namespace gatepost::runtime
