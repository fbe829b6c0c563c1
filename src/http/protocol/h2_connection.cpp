#include "http/protocol/h2_connection.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <unordered_map>
#include <utility>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "base/ascii.hpp"
#include "http/protocol/uri.hpp"

namespace gatepost::http {
namespace {

// Content of all streams that waits unread; one stream has 64 KiB of it (RFC 9113 6.5.2).
constexpr std::int32_t kConnectionWindow = 512 << 10;
// Streams that end early, theirs and ours: so many at once, and so many a second in the long run. A person who leaves
// page after page cancels some dozens.
constexpr double kEarlyEnds = 200, kEarlyEndsPerSecond = 20;
// Beyond the limit fields are counted, not kept, for an answer of 431; far beyond it the peer is not listened to.
constexpr std::size_t kHeaderOverdraft = 4;
// Ours for what we send: the same few fields in every answer.
constexpr std::size_t kEncoderTable = 1024;
constexpr std::size_t kMaxAcks = 200;

// nghttp2 keeps a buffer of 16 KiB for each connection and, as content passes it by (send_data()), uses the first few
// hundred octets of it. On pages of its own, which are given back untouched, the rest of it costs nothing.
void* allocate(std::size_t size, void*) {
  constexpr std::size_t kPage = 4096, kLarge = 8192;
  if (size < kLarge) return std::malloc(size);
  const std::size_t rounded = (size + kPage - 1) / kPage * kPage;
  void* const out = std::aligned_alloc(kPage, rounded);
  if (out != nullptr) ::madvise(out, rounded, MADV_DONTNEED);
  return out;
}
void release(void* octets, void*) { std::free(octets); }
void* allocate_zeroed(std::size_t count, std::size_t size, void*) { return std::calloc(count, size); }
void* reallocate(void* octets, std::size_t size, void*) {
  return octets == nullptr ? allocate(size, nullptr) : std::realloc(octets, size);
}

struct Stream {
  RequestHead head;
  std::size_t header_octets = 0;
  bool too_large = false, told = false;
  std::string pending;
  std::size_t sent = 0;           // of `pending`
  std::string_view kept_content;  // after it, not copied
  std::shared_ptr<const void> kept;
  bool finished = false, deferred = false;
  std::size_t left() const { return pending.size() - sent + kept_content.size(); }
  // What one frame can take.
  std::string_view next() const { return pending.empty() ? kept_content : std::string_view(pending).substr(sent); }
  void move(std::size_t octets) {
    if (pending.empty()) {
      kept_content.remove_prefix(octets);
      if (kept_content.empty()) kept.reset();
    } else if (sent += octets; sent == pending.size()) {
      pending = {};
      sent = 0;
    }
  }
};

struct FreeSession {
  void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
};

std::string_view view(const std::uint8_t* octets, std::size_t size) {
  return {reinterpret_cast<const char*>(octets), size};
}

nghttp2_nv pair_of(std::string_view name, std::string_view value) {
  return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
          NGHTTP2_NV_FLAG_NONE};
}

}  // namespace

struct H2Connection::State {
  State(Limits l, Events& e) : limits(l), events(e) {}

  void start();
  Stream* find(StreamId id) {
    const auto found = streams.find(id);
    return found != streams.end() ? &found->second : nullptr;
  }
  void ended_early() {
    early_ends += 1;
    if (early_ends <= kEarlyEnds) return;
    blame(true, "streams that are opened and reset");
    give_up(NGHTTP2_ENHANCE_YOUR_CALM);
  }
  void give_up(std::uint32_t error) {
    if (std::exchange(given_up, true)) return;
    nghttp2_session_terminate_session(session.get(), error);
  }
  void blame(bool flood, std::string_view what) {
    if (!misconduct) misconduct = {flood, what};
  }
  void request_is_whole(StreamId id, Stream& stream, bool ends);

  // What nghttp2 calls.
  static int begin_frame(nghttp2_session*, const nghttp2_frame_hd* frame, void* self);
  static int begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                    const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* self);
  static int frame_invalid(nghttp2_session*, const nghttp2_frame* frame, int, void* self);
  static int frame_received(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int data_chunk(nghttp2_session*, std::uint8_t, StreamId id, const std::uint8_t* data, std::size_t size,
                        void* self);
  static int stream_closed(nghttp2_session*, StreamId id, std::uint32_t error, void* self);
  static ssize_t send(nghttp2_session*, const std::uint8_t* data, std::size_t size, int, void* self);
  static int send_data(nghttp2_session*, nghttp2_frame* frame, const std::uint8_t* head, std::size_t size,
                       nghttp2_data_source*, void* self);
  static ssize_t read_data(nghttp2_session*, StreamId id, std::uint8_t*, std::size_t size, std::uint32_t* flags,
                           nghttp2_data_source*, void* self);

  Limits limits;
  Events& events;
  std::unique_ptr<nghttp2_session, FreeSession> session;
  std::unordered_map<StreamId, Stream> streams;
  std::string* out = nullptr;
  std::size_t most = 0;
  double early_ends = 0;
  SteadyPoint counted_at{};
  bool given_up = false, broken = false, in_block = false, shut = false;
  std::optional<Misconduct> misconduct;
};

// RFC 9113 6.3: nghttp2 passes over PRIORITY unread where the old priorities are turned off.
int H2Connection::State::begin_frame(nghttp2_session*, const nghttp2_frame_hd* frame, void* self) {
  if (frame->type == NGHTTP2_PRIORITY && frame->stream_id == 0) {
    static_cast<State*>(self)->give_up(NGHTTP2_PROTOCOL_ERROR);
  }
  return 0;
}

int H2Connection::State::begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* self) {
  State& state = *static_cast<State*>(self);
  if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) state.streams.try_emplace(frame->hd.stream_id);
  state.in_block = true;
  return 0;
}

int H2Connection::State::header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name_octets,
                                std::size_t name_size, const std::uint8_t* value_octets, std::size_t value_size,
                                std::uint8_t, void* self) {
  State& state = *static_cast<State*>(self);
  Stream* const stream = state.find(frame->hd.stream_id);
  if (stream == nullptr || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;  // trailers: nothing uses them
  const std::string_view name = view(name_octets, name_size), value = view(value_octets, value_size);
  stream->header_octets += name_size + value_size + 32;
  RequestHead& head = stream->head;
  if (stream->header_octets > state.limits.header_octets || head.fields.size() >= state.limits.fields) {
    stream->too_large = true;
    if (stream->header_octets > kHeaderOverdraft * state.limits.header_octets) {
      state.blame(true, "a header without end");
      state.give_up(NGHTTP2_ENHANCE_YOUR_CALM);
    }
    return 0;
  }
  if (name == ":method") {
    head.method = value;
  } else if (name == ":path") {
    head.target = value;
  } else if (name == ":scheme") {
    head.scheme = value;
  } else if (name == ":authority") {
    head.authority = value;
  } else if (name == ":protocol") {
    head.protocol = value;
  } else if (!name.starts_with(':')) {
    head.fields.add(name, value);
  }
  return 0;
}

int H2Connection::State::frame_invalid(nghttp2_session*, const nghttp2_frame* frame, int, void* self) {
  if (frame->hd.type == NGHTTP2_HEADERS) static_cast<State*>(self)->in_block = false;
  return 0;
}

void H2Connection::State::request_is_whole(StreamId id, Stream& stream, bool ends) {
  RequestHead head = std::exchange(stream.head, {});
  head.version = Version::http2;
  head.has_content = !ends;
  head.fields.shrink();
  bool contradiction = false;
  if (const auto length = head.fields.find("content-length")) {
    std::uint64_t number = 0;
    std::from_chars(length->data(), length->data() + length->size(), number);  // nghttp2 has checked it
    head.content_length = number;
  }
  // RFC 9113 8.3.1: Host, where it is there too, says the same.
  if (const auto host = head.fields.find("host")) {
    if (head.authority.empty()) head.authority = *host;
    contradiction = !ascii::iequals(*host, head.authority);
  }
  contradiction |= !parse_authority(head.authority);
  // RFC 9113 8.2.3
  if (head.fields.has("cookie")) head.fields.set("cookie", head.fields.combined("cookie", "; "));
  if (head.fields.has("expect")) {
    head.expects_continue = ascii::iequals(*head.fields.find("expect"), "100-continue");
  }
  stream.told = true;
  if (stream.too_large || contradiction) {
    events.refused(id, stream.too_large ? 431 : 400);
  } else {
    events.request(id, std::move(head));
  }
}

int H2Connection::State::frame_received(nghttp2_session*, const nghttp2_frame* frame, void* self) {
  State& state = *static_cast<State*>(self);
  const StreamId id = frame->hd.stream_id;
  const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (frame->hd.type == NGHTTP2_RST_STREAM) state.ended_early();
  if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
  if (frame->hd.type == NGHTTP2_HEADERS) state.in_block = false;
  Stream* const stream = state.find(id);
  if (stream == nullptr || state.given_up) return 0;
  if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
    state.request_is_whole(id, *stream, ends);
  }
  // The handler may have ended the stream meanwhile.
  if (ends && state.find(id) != nullptr) state.events.content_ended(id);
  return 0;
}

int H2Connection::State::frame_sent(nghttp2_session* session, const nghttp2_frame* frame, void* self) {
  State& state = *static_cast<State*>(self);
  // A peer can make us reset its streams as well as do it itself (CVE-2025-8671).
  if (frame->hd.type == NGHTTP2_RST_STREAM && frame->rst_stream.error_code != NGHTTP2_NO_ERROR) state.ended_early();
  // RFC 9113 5.4.1: what broke the connection. Our own failures are not the peer's.
  if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR &&
      frame->goaway.error_code != NGHTTP2_INTERNAL_ERROR) {
    state.blame(frame->goaway.error_code == NGHTTP2_ENHANCE_YOUR_CALM, "frames that break HTTP/2");
  }
  // RFC 9113 8.1: the answer is complete; content that nobody will read need not be sent.
  const bool ends = (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
                    (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (ends && nghttp2_session_get_stream_remote_close(session, frame->hd.stream_id) == 0) {
    nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
  }
  return 0;
}

int H2Connection::State::data_chunk(nghttp2_session* session, std::uint8_t, StreamId id, const std::uint8_t* data,
                                    std::size_t size, void* self) {
  State& state = *static_cast<State*>(self);
  if (state.find(id) != nullptr && !state.given_up) {
    state.events.content(id, view(data, size));
  } else {
    nghttp2_session_consume(session, id, size);
  }
  return 0;
}

int H2Connection::State::stream_closed(nghttp2_session*, StreamId id, std::uint32_t, void* self) {
  State& state = *static_cast<State*>(self);
  state.in_block = false;  // fields that broke a rule ended it
  const auto found = state.streams.find(id);
  if (found == state.streams.end()) return 0;
  const bool told = found->second.told;
  state.streams.erase(found);
  if (told) state.events.closed(id);
  return 0;
}

ssize_t H2Connection::State::send(nghttp2_session*, const std::uint8_t* data, std::size_t size, int, void* self) {
  State& state = *static_cast<State*>(self);
  if (state.out->size() >= state.most) return NGHTTP2_ERR_WOULDBLOCK;
  state.out->append(view(data, size));
  return static_cast<ssize_t>(size);
}

int H2Connection::State::send_data(nghttp2_session*, nghttp2_frame* frame, const std::uint8_t* head, std::size_t size,
                                   nghttp2_data_source*, void* self) {
  State& state = *static_cast<State*>(self);
  if (state.out->size() >= state.most) return NGHTTP2_ERR_WOULDBLOCK;
  Stream* const stream = state.find(frame->hd.stream_id);
  if (stream == nullptr || stream->next().size() < size) return NGHTTP2_ERR_CALLBACK_FAILURE;
  constexpr std::size_t kFrameHeadOctets = 9;
  state.out->append(view(head, kFrameHeadOctets));
  state.out->append(stream->next().substr(0, size));
  stream->move(size);
  return 0;
}

// No padding is ever asked for, so all of `size` is content; it is copied once, by send_data().
ssize_t H2Connection::State::read_data(nghttp2_session*, StreamId id, std::uint8_t*, std::size_t size,
                                       std::uint32_t* flags, nghttp2_data_source*, void* self) {
  Stream* const stream = static_cast<State*>(self)->find(id);
  if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  const std::size_t some = std::min(size, stream->next().size());
  if (some == 0 && !stream->finished) {
    stream->deferred = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (stream->finished && some == stream->left()) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(some);
}

void H2Connection::State::start() {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, begin_frame);
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, header);
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, frame_invalid);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, frame_received);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, frame_sent);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, data_chunk);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, stream_closed);
  nghttp2_session_callbacks_set_send_callback(callbacks, send);
  nghttp2_session_callbacks_set_send_data_callback(callbacks, send_data);

  nghttp2_option* options = nullptr;
  nghttp2_option_new(&options);
  nghttp2_option_set_no_auto_window_update(options, 1);
  nghttp2_option_set_no_closed_streams(options, 1);
  nghttp2_option_set_max_outbound_ack(options, kMaxAcks);
  nghttp2_option_set_max_deflate_dynamic_table_size(options, kEncoderTable);
  nghttp2_session* raw = nullptr;
  nghttp2_mem memory{nullptr, allocate, release, allocate_zeroed, reallocate};
  nghttp2_session_server_new3(&raw, callbacks, this, options, &memory);
  nghttp2_option_del(options);
  nghttp2_session_callbacks_del(callbacks);
  session.reset(raw);

  std::vector<nghttp2_settings_entry> settings = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.streams},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(limits.header_octets)},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1}};  // RFC 9218 2.1: no tree for strangers to build
  if (limits.extended_connect) settings.push_back({NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1});
  nghttp2_submit_settings(raw, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(raw, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
}

H2Connection::H2Connection(Limits limits, Events& events) : state_(std::make_unique<State>(limits, events)) {
  state_->start();
}

H2Connection::~H2Connection() = default;

void H2Connection::receive(std::string_view octets, SteadyPoint now) {
  State& state = *state_;
  const std::chrono::duration<double> passed = now - std::exchange(state.counted_at, now);
  state.early_ends = std::max(0.0, state.early_ends - std::max(0.0, passed.count()) * kEarlyEndsPerSecond);
  if (state.broken) return;
  const ssize_t used = nghttp2_session_mem_recv(state.session.get(),
                                                reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size());
  // It has queued GOAWAY for what the peer did wrong; other failures (floods, memory) leave nothing to say.
  if (used >= 0) return;
  state.broken = true;
  if (used == NGHTTP2_ERR_BAD_CLIENT_MAGIC) return state.blame(false, "this is not HTTP/2");
  if (used != NGHTTP2_ERR_NOMEM && used != NGHTTP2_ERR_CALLBACK_FAILURE) {
    state.blame(true, "frames that ask for answers without end");
  }
}

std::optional<H2Connection::Misconduct> H2Connection::misconduct() const { return state_->misconduct; }

bool H2Connection::wants_write() const {
  return !state_->broken && nghttp2_session_want_write(state_->session.get()) != 0;
}

void H2Connection::write(std::string& out, std::size_t most) {
  State& state = *state_;
  if (state.broken) return;
  state.out = &out;
  state.most = most;
  if (nghttp2_session_send(state.session.get()) != 0) state.broken = true;
  state.out = nullptr;
}

bool H2Connection::ended() const {
  nghttp2_session* const session = state_->session.get();
  if (state_->broken) return true;
  return nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0;
}

bool H2Connection::in_the_middle() const { return state_->in_block; }

void H2Connection::respond(StreamId id, const ResponseHead& head, bool ends) {
  if (state_->find(id) == nullptr) return;
  std::array<char, 8> status{};
  const auto end = std::to_chars(status.data(), status.data() + status.size(), head.status).ptr;
  std::vector<nghttp2_nv> pairs;
  pairs.reserve(head.fields.size() + 1);
  pairs.push_back(pair_of(":status", {status.data(), end}));
  std::vector<std::string> cleaned;
  cleaned.reserve(head.fields.size());
  for (std::size_t i = 0; i < head.fields.size(); ++i) {
    const Fields::Item field = head.fields.at(i);
    std::string_view value = field.value;
    if (std::ranges::any_of(value, ascii::is_control)) {
      std::string& clean = cleaned.emplace_back(value);
      std::ranges::replace_if(clean, ascii::is_control, ' ');
      value = clean;
    }
    pairs.push_back(pair_of(field.name, value));
  }
  if (head.status < 200) {
    nghttp2_submit_headers(state_->session.get(), NGHTTP2_FLAG_NONE, id, nullptr, pairs.data(), pairs.size(), nullptr);
    return;
  }
  nghttp2_data_provider provider{};
  provider.read_callback = State::read_data;
  nghttp2_submit_response(state_->session.get(), id, pairs.data(), pairs.size(), ends ? nullptr : &provider);
}

void H2Connection::append(StreamId id, std::string_view content) {
  Stream* const stream = state_->find(id);
  if (stream == nullptr || content.empty()) return;
  if (stream->sent != 0) {
    stream->pending.erase(0, stream->sent);
    stream->sent = 0;
  }
  stream->pending += content;
  if (std::exchange(stream->deferred, false)) nghttp2_session_resume_data(state_->session.get(), id);
}

void H2Connection::append(StreamId id, std::string_view content, std::shared_ptr<const void> keeps) {
  Stream* const stream = state_->find(id);
  if (stream == nullptr || content.empty()) return;
  GP_ASSERT(stream->kept_content.empty());
  stream->kept_content = content;
  stream->kept = std::move(keeps);
  if (std::exchange(stream->deferred, false)) nghttp2_session_resume_data(state_->session.get(), id);
}

void H2Connection::finish(StreamId id) {
  Stream* const stream = state_->find(id);
  if (stream == nullptr) return;
  stream->finished = true;
  if (std::exchange(stream->deferred, false)) nghttp2_session_resume_data(state_->session.get(), id);
}

std::size_t H2Connection::pending(StreamId id) const {
  const Stream* const stream = state_->find(id);
  return stream != nullptr ? stream->left() : 0;
}

void H2Connection::consume(StreamId id, std::size_t octets) {
  if (octets != 0) nghttp2_session_consume(state_->session.get(), id, octets);
}

void H2Connection::reset(StreamId id, H2Error error) {
  nghttp2_submit_rst_stream(state_->session.get(), NGHTTP2_FLAG_NONE, id, static_cast<std::uint32_t>(error));
}

void H2Connection::shut_down() {
  if (std::exchange(state_->shut, true)) return;
  nghttp2_submit_goaway(state_->session.get(), NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(state_->session.get()), NGHTTP2_NO_ERROR, nullptr, 0);
}

}  // namespace gatepost::http
