#include "http/protocol/h1_receiver.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include "base/ascii.hpp"
#include "http/protocol/uri.hpp"

namespace gatepost::http {

namespace beast = boost::beast;

namespace {

std::string_view view_of(beast::string_view text) { return {text.data(), text.size()}; }

// RFC 9112 2.2: empty lines before a request line are ignored; a client that sends many of them means something else.
constexpr std::size_t kMaxEmptyLines = 4;
// The shortest that ends a chunk's header or the whole content.
constexpr std::size_t kLeastChunkOctets = 5;

}  // namespace

// Beast's parser knows the grammar; what it finds is kept here.
class H1Receiver::Parser final : public beast::http::basic_parser<true> {
 public:
  explicit Parser(Limits limits) : limits_(limits) {
    header_limit(static_cast<std::uint32_t>(limits.head_octets));
    body_limit(boost::none);
    eager(false);
  }

  RequestHead head;
  std::string_view piece;  // of content, from the last put()
  bool in_chunk = false;   // within the octets of a chunk
  bool too_many_fields = false;

 private:
  using error_code = beast::error_code;

  void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target, int version,
                       error_code&) override {
    head.method = view_of(method);
    head.target = view_of(target);
    head.version = version == 10 ? Version::http10 : Version::http11;
  }
  void on_response_impl(int, beast::string_view, int, error_code&) override {}
  void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value,
                     error_code& error) override {
    if (head_done_) return;  // trailers: nothing here uses them (RFC 9110 6.5.1)
    if (head.fields.size() >= limits_.fields) {
      too_many_fields = true;
      error = beast::http::error::header_limit;
      return;
    }
    head.fields.add(view_of(name), view_of(value));
  }
  void on_header_impl(error_code&) override { head_done_ = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(beast::string_view body, error_code&) override {
    piece = view_of(body);
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t size, beast::string_view extensions, error_code& error) override {
    // RFC 9112 7.1.1: extensions nobody knows are ignored, but not without a limit.
    extension_octets_ += extensions.size();
    if (extension_octets_ > limits_.head_octets) error = beast::http::error::header_limit;
    // Beast takes anything between quotes; who ends a line at a bare LF would read other chunks (RFC 9112 2.2).
    if (!is_field_value(extensions)) error = beast::http::error::bad_chunk_extension;
    in_chunk = size != 0;
  }
  std::size_t on_chunk_body_impl(std::uint64_t remain, beast::string_view body, error_code&) override {
    piece = view_of(body);
    in_chunk = remain != body.size();
    return body.size();
  }
  void on_finish_impl(error_code&) override {}

  Limits limits_;
  bool head_done_ = false;
  std::size_t extension_octets_ = 0;
};

namespace {

// What Beast lets pass and another program on the way may read otherwise.
std::string_view fault_of(std::string_view head) {
  const std::size_t first = head.find("\r\n");
  for (std::size_t at = first + 2; at < head.size();) {
    const std::size_t end = head.find("\r\n", at);
    const std::string_view line = head.substr(at, end - at);
    at = end + 2;
    if (line.empty()) break;
    const std::size_t colon = line.find(':');
    // Also a line that begins with a blank (obs-fold, RFC 9112 5.2), and a blank before the colon (5.1).
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return "a field name";
    if (!is_field_value(line.substr(colon + 1))) return "a field value";
  }
  return {};
}

struct Framing {
  int status = 0;  // 0: fine
  std::string_view why;
};

// RFC 9112 6.1 to 6.3, and what stands in the Connection field.
Framing read_framing(RequestHead& head) {
  std::size_t lengths = 0, codings = 0, hosts = 0;
  std::string_view coding;
  for (std::size_t i = 0; i < head.fields.size(); ++i) {
    const Fields::Item field = head.fields.at(i);
    if (field.name == "content-length") {
      ++lengths;
      const bool digits =
          !field.value.empty() && field.value.size() <= 18 && std::ranges::all_of(field.value, ascii::is_digit);
      if (!digits || lengths > 1) return {400, "a content length"};
      std::uint64_t length = 0;
      for (const char c : field.value) length = length * 10 + static_cast<std::uint64_t>(c - '0');
      head.content_length = length;
    } else if (field.name == "transfer-encoding") {
      ++codings;
      coding = field.value;
    } else if (field.name == "host") {
      ++hosts;
      head.authority = field.value;
    }
  }
  if (hosts > 1 || (hosts == 0 && head.version == Version::http11)) return {400, "one Host field is needed"};
  if (hosts != 0 && !parse_authority(head.authority)) return {400, "the Host field"};
  if (codings != 0) {
    if (lengths != 0 || codings > 1 || head.version == Version::http10)
      return {400, "a transfer coding beside a length"};
    if (!ascii::iequals(coding, "chunked")) return {501, "a transfer coding"};
    head.chunked = true;
  }
  head.has_content = head.chunked || head.content_length.value_or(0) != 0;
  const bool closes = head.fields.lists("connection", "close");
  head.keep_alive =
      head.version == Version::http11 ? !closes : !closes && head.fields.lists("connection", "keep-alive");
  if (head.fields.has("expect") && head.version == Version::http11) {
    head.expects_continue = ascii::iequals(*head.fields.find("expect"), "100-continue");
    if (!head.expects_continue) return {417, "an expectation"};
  }
  return {};
}

}  // namespace

H1Receiver::H1Receiver(Limits limits) : limits_(limits) {}
H1Receiver::~H1Receiver() = default;

RequestHead H1Receiver::take_head() {
  RequestHead out = std::move(parser_->head);
  if (state_ == State::end) parser_.reset();
  return out;
}

H1Receiver::Item H1Receiver::refuse(int status, std::string_view why) {
  state_ = State::refused;
  status_ = status;
  why_ = why;
  parser_.reset();
  return {Kind::refused, {}, 0};
}

H1Receiver::Item H1Receiver::next(std::string_view input) {
  switch (state_) {
    case State::start:
      return look_for_head(input);
    case State::content:
      return more_content(input);
    case State::end:
      state_ = State::start;
      parser_.reset();
      return {Kind::end, {}, 0};
    case State::refused:
      break;
  }
  return {Kind::refused, {}, 0};
}

H1Receiver::Item H1Receiver::look_for_head(std::string_view input) {
  // Octet by octet, so that the verdict is the same however the input is cut.
  std::size_t begin = 0;
  while (input.substr(begin).starts_with("\r\n")) {
    begin += 2;
    if (begin > 2 * kMaxEmptyLines) return refuse(400, "empty lines");
  }
  for (std::size_t i = std::max(scanned_, begin); i < input.size(); ++i) {
    if (i - begin >= limits_.head_octets) {
      const bool in_first_line = input.substr(begin, i - begin).find('\n') == std::string_view::npos;
      return refuse(in_first_line ? 414 : 431, "the header is too large");
    }
    const char c = input[i], before = i > begin ? input[i - 1] : ' ';
    if ((c == '\n') != (before == '\r') || c == '\0') return refuse(400, "a line end");
    if (c == '\n' && i >= begin + 3 && input[i - 2] == '\n') {
      scanned_ = 0;
      Item item = parse_head(input.substr(begin, i + 1 - begin));
      if (item.kind == Kind::head) item.consumed += begin;
      return item;
    }
  }
  scanned_ = input.size();
  return {};
}

H1Receiver::Item H1Receiver::parse_head(std::string_view text) {
  if (const std::string_view fault = fault_of(text); !fault.empty()) return refuse(400, fault);
  parser_ = std::make_unique<Parser>(limits_);
  beast::error_code error;
  const std::size_t used = parser_->put(boost::asio::const_buffer(text.data(), text.size()), error);
  if (error == beast::http::error::bad_version) return refuse(505, "another version");
  if (error == beast::http::error::bad_transfer_encoding || error == beast::http::error::bad_content_length ||
      error == beast::http::error::multiple_content_length) {
    return refuse(400, "the length of the content");
  }
  if (parser_->too_many_fields) return refuse(431, "too many fields");
  if (error || used != text.size()) return refuse(400, "the header");
  const Framing framing = read_framing(parser_->head);
  if (framing.status != 0) return refuse(framing.status, framing.why);
  state_ = parser_->is_done() ? State::end : State::content;
  return {Kind::head, {}, text.size()};
}

H1Receiver::Item H1Receiver::more_content(std::string_view input) {
  std::size_t consumed = 0;
  while (consumed < input.size()) {
    const bool in_header = parser_->chunked() && !parser_->in_chunk;
    // No more than the limit, so that what is over it is refused as that however it arrives.
    const std::string_view rest = input.substr(consumed, in_header ? limits_.head_octets : std::string_view::npos);
    if (in_header && rest.size() < kLeastChunkOctets) break;
    parser_->piece = {};
    beast::error_code error;
    const std::size_t used = parser_->put(boost::asio::const_buffer(rest.data(), rest.size()), error);
    consumed += used;
    if (error == beast::http::error::need_more) {
      if (rest.size() >= limits_.head_octets) return refuse(431, "a chunk's header or the trailers are too large");
      break;
    }
    if (error == beast::http::error::header_limit) return refuse(431, "chunk extensions");
    if (error) return refuse(400, "the content's framing");
    if (parser_->is_done()) state_ = State::end;
    if (!parser_->piece.empty()) return {Kind::content, parser_->piece, consumed};
    if (state_ == State::end) {
      state_ = State::start;
      parser_.reset();
      return {Kind::end, {}, consumed};
    }
  }
  return {Kind::need_more, {}, consumed};
}

}  // namespace gatepost::http
