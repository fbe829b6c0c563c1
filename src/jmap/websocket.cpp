#include "jmap/websocket.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "http/protocol/websocket.hpp"
#include "http/server/status_for.hpp"
#include "jmap/json.hpp"
#include "jmap/request.hpp"
#include "jmap/standard.hpp"
#include "runtime/workers.hpp"

namespace gatepost::jmap {
namespace {

using http::WebSocketFrame;
using http::WebSocketReceiver;
using http::server::Exchange;
using http::server::Response;
using runtime::Task;
using Kind = WebSocketReceiver::Kind;

constexpr std::chrono::seconds kPing{120};                 // of silence, before the client is asked whether it is there
constexpr std::chrono::milliseconds kWebSocketGather{20};  // changes that come together are told together
constexpr std::size_t kMaxPushedTypes = 50;

// RFC 8887 4.3.3: with the id of what it answers, where that has one.
std::string answer(std::string_view type, const json::value& id, std::string_view body) {
  std::string out = "{\"@type\":\"" + std::string(type) + "\",\"requestId\":" + json::serialize(id);
  if (body.size() > 2) out += ',';
  out += body.substr(1);
  return out;
}

bool lists(std::string_view value, std::string_view wanted) {
  return std::ranges::any_of(ascii::split(value, ','),
                             [&](std::string_view one) { return ascii::trim(one) == wanted; });
}

// Why the client gets no WebSocket; nullopt: it does.
std::optional<Response> refusal(const Exchange& exchange) {
  const http::server::Request& request = exchange.request();
  if (!exchange.asks_for("websocket")) {
    Response needed = http::server::plain_answer(426);
    if (request.head.version != http::Version::http2) needed.set("upgrade", "websocket").set("connection", "upgrade");
    return needed;
  }
  // RFC 6455 10.2: browsers send along what they are signed in by, also for pages of others.
  const std::string_view origin = request.field("origin");
  if (!origin.empty() && origin != origin_of(request)) return http::server::plain_answer(403);
  // RFC 6455 4.4.
  if (request.field("sec-websocket-version") != "13") {
    return http::server::plain_answer(426).set("sec-websocket-version", "13");
  }
  // RFC 8887 4.1.
  if (!lists(request.field("sec-websocket-protocol"), "jmap")) return http::server::plain_answer(400);
  return std::nullopt;
}

// One open WebSocket. Lives in the handler's coroutine.
class Channel {
 public:
  Channel(Server& server, Exchange& exchange)
      : server_(server),
        exchange_(exchange),
        user_(exchange.signed_in().principal()),
        receiver_(server.limits().request_octets) {}

  Task<> run() {
    bool open = true;
    while (open) {
      WebSocketReceiver::Item item = receiver_.next(input_);
      input_.erase(0, item.consumed);
      if (item.kind == Kind::need_more) {
        open = co_await wait();
      } else {
        open = co_await take(std::move(item));
      }
    }
    exchange_.finish();
  }

 private:
  // False: it ends.
  Task<bool> take(WebSocketReceiver::Item item) {
    std::string out;
    switch (item.kind) {
      case Kind::text: {
        const bool sent = co_await take_message(std::move(item.content));
        co_return sent;
      }
      case Kind::ping:
        http::write(out, WebSocketFrame::pong, item.content);
        break;
      case Kind::pong:
      case Kind::need_more:
        co_return true;
      case Kind::binary:  // RFC 8887 4.2
        item.code = http::close_code::kUnsupported;
        [[fallthrough]];
      case Kind::close:
      case Kind::failed:
        http::write_close(out, item.code);
        (void)co_await exchange_.write(out);
        co_return false;
    }
    const Result<> sent = co_await exchange_.write(out);
    co_return sent.has_value();
  }

  Task<bool> take_message(std::string text) {
    auto job = [this, &text] { return hear(server_, user_, text); };
    Spoken spoken = co_await exchange_.workers().run(job);
    if (!spoken.reply.empty()) {
      const bool sent = co_await send(std::move(spoken.reply));
      if (!sent) co_return false;
    }
    if (spoken.push == Spoken::Push::off) watches_.clear();
    if (spoken.push != Spoken::Push::on) co_return true;
    types_ = std::move(spoken.types);
    auto watch = [this, call = exchange_.caller()] { return server_.watch(user_, call); };
    watches_ = co_await exchange_.workers().run(watch);
    auto read = [this] { return read_states(); };
    told_ = co_await exchange_.workers().run(read);
    // RFC 8887 4.3.5.2: what the client does not know of yet is told at once.
    if (!spoken.push_state || *spoken.push_state == push_state_of(told_)) co_return true;
    const bool sent = co_await send(state_change(told_));
    co_return sent;
  }

  Task<bool> wait() {
    std::string out;
    switch (co_await exchange_.listen(kPing)) {
      case Exchange::News::over:
        http::write_close(out, http::close_code::kGoingAway);
        (void)co_await exchange_.write(out);
        co_return false;
      case Exchange::News::content: {
        auto piece = co_await exchange_.read();
        if (!piece || piece->empty()) co_return false;
        input_ += *piece;
        asked_ = false;
        co_return true;
      }
      case Exchange::News::time: {
        if (asked_) co_return false;  // nobody there
        asked_ = true;
        http::write(out, WebSocketFrame::ping, "");
        const Result<> sent = co_await exchange_.write(out);
        if (!sent) co_return false;
        if (server_.directory_change(types_) == directory_) co_return true;
        break;
      }
      case Exchange::News::called:
        break;
    }
    if (watches_.empty()) co_return true;
    const Exchange::News more = co_await exchange_.wait(kWebSocketGather);
    if (more == Exchange::News::over) co_return true;  // the next wait says so again
    auto read = [this] { return read_states(); };
    std::string now = co_await exchange_.workers().run(read);
    if (now == told_) co_return true;
    told_ = std::move(now);
    const bool sent = co_await send(state_change(told_));
    co_return sent;
  }

  std::string read_states() {
    directory_ = server_.directory_change(types_);
    return server_.states(user_, types_);
  }

  Task<bool> send(std::string message) {
    std::string out;
    out.reserve(message.size() + 16);
    http::write(out, WebSocketFrame::text, message);
    message = {};
    const Result<> sent = co_await exchange_.write(out);
    co_return sent.has_value();
  }

  Server& server_;
  Exchange& exchange_;
  const directory::Principal user_;
  WebSocketReceiver receiver_;
  std::string input_;
  bool asked_ = false;                                    // and not heard since
  std::vector<std::unique_ptr<account::Watch>> watches_;  // while it wants news
  std::vector<std::string> types_;
  std::string told_;
  std::uint64_t directory_ = 0;  // its change when that was read
};

}  // namespace

Spoken hear(Server& server, const directory::Principal& user, std::string_view message) {
  Spoken out;
  const auto parsed = parse(message);
  const auto* object = parsed ? parsed->if_object() : nullptr;
  const auto in = [&](std::string_view name) { return object != nullptr ? object->if_contains(name) : nullptr; };
  const auto* type = in("@type");
  const auto* id = in("id");
  const json::value request_id = id != nullptr && id->is_string() ? *id : json::value();
  const auto refuse_it = [&](std::string_view problem, std::string_view detail) {
    out.reply =
        answer("RequestError", request_id,
               to_text(Problem{"urn:ietf:params:jmap:error:" + std::string(problem), 400, std::string(detail), {}}));
  };
  if (!parsed) {
    refuse_it("notJSON", "");
    return out;
  }
  const std::string_view kind =
      type != nullptr && type->is_string() ? std::string_view(type->get_string()) : std::string_view();
  if (kind == "Request") {
    const auto slot = server.request_slot(user);
    if (!slot) {
      out.reply = answer("RequestError", request_id,
                         to_text(Problem{"urn:ietf:params:jmap:error:limit", 400, {}, "maxConcurrentRequests"}));
      return out;
    }
    const Reply reply = server.call(user, message);
    out.reply = answer(reply.status == 200 ? "Response" : "RequestError", request_id, reply.body);
  } else if (kind == "WebSocketPushDisable") {
    out.push = Spoken::Push::off;
  } else if (kind == "WebSocketPushEnable") {
    const auto* types = in("dataTypes");
    if (types != nullptr && !types->is_null() && (!types->is_array() || types->get_array().size() > kMaxPushedTypes)) {
      refuse_it("notRequest", "dataTypes");
      return out;
    }
    for (const json::value& one : types != nullptr && types->is_array() ? types->get_array() : json::array()) {
      if (one.is_string()) out.types.emplace_back(one.get_string());
    }
    if (const auto* known = in("pushState"); known != nullptr && known->is_string()) {
      out.push_state = std::string(known->get_string());
    }
    out.push = Spoken::Push::on;
  } else {
    refuse_it("notRequest", "@type");
  }
  return out;
}

std::string push_state_of(std::string_view states) { return state_of(states); }

std::string state_change(std::string_view states) {
  std::string out(states.substr(0, states.rfind('}')));
  return out + ",\"pushState\":\"" + push_state_of(states) + "\"}";
}

Task<> serve_websocket(Server& server, Exchange& exchange) {
  if (auto refused = refusal(exchange)) co_return exchange.respond(*std::move(refused));
  http::Fields fields;
  fields.set("sec-websocket-protocol", "jmap");
  if (exchange.request().head.version != http::Version::http2) {
    const std::string accept = http::websocket_accept(exchange.request().field("sec-websocket-key"));
    if (accept.empty()) co_return exchange.respond(http::server::plain_answer(400));
    fields.set("sec-websocket-accept", accept);
  }
  exchange.upgrade("websocket", std::move(fields));
  Channel channel(server, exchange);
  co_await channel.run();
}

}  // namespace gatepost::jmap
