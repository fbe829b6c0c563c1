#include "jmap/routes.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "base/ascii.hpp"
#include "http/server/content.hpp"
#include "http/server/status_for.hpp"
#include "jmap/json.hpp"
#include "jmap/request.hpp"
#include "jmap/websocket.hpp"
#include "mime/transfer.hpp"
#include "runtime/workers.hpp"

namespace gatepost::jmap {
namespace {

using RouteAccess = http::server::Access;
using http::server::Exchange;
using http::server::Response;
using runtime::Task;

constexpr std::size_t kDownloadPieceOctets = 64 << 10;
constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();  // the handler's own is another answer
constexpr std::chrono::seconds kLeastPing{30}, kMostPing{300};                 // RFC 8620 7.3 lets a server bound it
constexpr std::chrono::milliseconds kEventSourceGather{20};  // changes that come together are told together

Response json_answer(std::string body) {
  // RFC 8620 3.9 and common sense: what is somebody's is not kept by proxies.
  return Response(200, "application/json", std::move(body)).set("cache-control", "no-cache, no-store, must-revalidate");
}

// RFC 8620 3.6.1: what is exceeded is named.
Response over_limit(int status, std::string_view limit) {
  const Problem told{
      .type = "urn:ietf:params:jmap:error:limit", .status = status, .detail = {}, .limit = std::string(limit)};
  return {status, "application/problem+json", to_text(told)};
}

Task<> session(Server& server, Exchange& exchange) {
  const directory::Principal& user = exchange.signed_in().principal();
  const std::string origin = origin_of(exchange.request());
  auto job = [&] { return server.session(user, origin); };
  std::string body = co_await exchange.workers().run(job);
  exchange.respond(json_answer(std::move(body)));
  auto ahead = [&] { server.prepare(user); };
  co_await exchange.workers().run(ahead);
}

Task<> api(Server& server, Exchange& exchange) {
  // RFC 8620 3.1: application/json.
  const std::string_view type = exchange.request().field("content-type");
  if (!ascii::istarts_with(type, "application/json")) {
    Response refused(400, "application/problem+json",
                     R"({"type":"urn:ietf:params:jmap:error:notJSON","status":400,"detail":"Content-Type"})");
    co_return exchange.respond(std::move(refused));
  }
  const directory::Principal& user = exchange.signed_in().principal();
  const auto slot = server.request_slot(user);
  if (!slot) co_return exchange.respond(over_limit(400, "maxConcurrentRequests"));
  auto content = co_await exchange.read_all(server.limits().request_octets);
  if (!content) {
    if (content.error().code != Errc::too_large) co_return exchange.respond(content.error());
    co_return exchange.respond(over_limit(400, "maxSizeRequest"));
  }
  auto job = [&] { return server.call(user, *content); };
  Reply reply = co_await exchange.workers().run(job);
  exchange.respond(Response(reply.status, reply.type, std::move(reply.body)).set("cache-control", "no-store"));
}

// RFC 8620 6.1, 6.2: failures as RFC 7807 has them.
Response refused(const Error& error) {
  if (error.code == Errc::too_large) return over_limit(413, "maxSizeUpload");
  Response out = http::server::failure(error.code);
  out.content = to_text(Problem{.type = "about:blank", .status = out.status, .detail = {}, .limit = {}});
  out.set("content-type", "application/problem+json");
  return out;
}

Task<> upload(Server& server, Exchange& exchange) {
  const directory::Principal& user = exchange.signed_in().principal();
  const std::string account(exchange.request().parameter("account"));
  std::string type(exchange.request().field("content-type"));
  if (type.empty()) type = "application/octet-stream";
  // RFC 8620 6.1: what is too large is refused in JMAP's words.
  const std::uint64_t most = server.limits().upload_octets;
  const auto too_large = [] { return refused(Error{Errc::too_large, "an upload"}); };
  if (exchange.request().head.content_length.value_or(0) > most) co_return exchange.respond(too_large());
  const auto slot = server.upload_slot(user);
  if (!slot) co_return exchange.respond(over_limit(400, "maxConcurrentUpload"));
  std::uint64_t octets = 0;
  auto begin = [&] { return server.begin_upload(user, account); };
  auto writer = co_await exchange.workers().run(begin);
  if (!writer) co_return exchange.respond(refused(writer.error()));
  for (;;) {
    auto piece = co_await exchange.read();
    if (!piece) co_return exchange.respond(refused(piece.error()));
    if (piece->empty()) break;
    octets += piece->size();
    if (octets > most) co_return exchange.respond(too_large());
    auto write = [&] { return (*writer)->append(*piece); };
    const auto written = co_await exchange.workers().run(write);
    if (!written) co_return exchange.respond(refused(written.error()));
  }
  auto end = [&]() -> Result<std::string> {
    GP_TRY(const account::Body body, (*writer)->finish());
    return server.end_upload(user, account, body, type);
  };
  auto done = co_await exchange.workers().run(end);
  if (!done) co_return exchange.respond(refused(done.error()));
  exchange.respond(Response(201, "application/json", std::move(*done)));
}

// A type that a browser may show beside our own pages is none of the client's choosing.
std::string safe_type(std::string type) {
  if (type.empty() || type.size() > 200 || type.find('/') == std::string::npos ||
      !std::ranges::all_of(type, [](char c) { return c >= ' ' && c <= '~'; })) {
    return "application/octet-stream";
  }
  return type;
}

std::string disposition(std::string_view name) {
  std::string out = "attachment; filename*=utf-8''";
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char c : name.substr(0, 255)) {
    if (ascii::is_alnum(c) || c == '.' || c == '-' || c == '_') {
      out += c;
      continue;
    }
    const auto octet = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[octet >> 4];
    out += kHex[octet & 15];
  }
  return out;
}

// With its transfer encoding undone; how long that is shows at its end.
Task<> send_decoded(Exchange& exchange, const Download& from, Response head) {
  mime::TransferDecoder decoder(mime::transfer_encoding(from.encoding));
  exchange.begin(std::move(head));
  std::string raw, piece;
  for (std::uint64_t at = from.begin; at < from.end;) {
    raw.resize(std::min<std::uint64_t>(kDownloadPieceOctets, from.end - at));
    piece.clear();
    auto job = [&]() -> Result<> {
      GP_CHECK(from.account->read_body(from.body, at, raw));
      decoder.append(raw, piece);
      if (at + raw.size() == from.end) decoder.finish(piece);
      return {};
    };
    if (const auto read = co_await exchange.workers().run(job); !read)
      co_return;  // cut off: never a part for the whole
    if (!piece.empty() && !co_await exchange.write(piece)) co_return;
    at += raw.size();
  }
  exchange.finish();
}

Task<> download(Server& server, Exchange& exchange) {
  const directory::Principal& user = exchange.signed_in().principal();
  const http::server::Request& request = exchange.request();
  const std::string account(request.parameter("account")), blob(request.parameter("blob"));
  auto find = [&] { return server.download(user, account, blob); };
  auto found = co_await exchange.workers().run(find);
  if (!found) co_return exchange.respond(refused(found.error()));
  const Download from = std::move(*found);
  http::server::Content content;
  content.type = safe_type(request.query("type").value_or(""));
  content.size = from.end - from.begin;
  content.more.set("content-disposition", disposition(request.parameter("name")));
  // RFC 8620 6.2: what a blob id names never changes.
  content.more.set("cache-control", "private, immutable, max-age=31536000");
  content.more.set("content-security-policy", "sandbox; default-src 'none'");
  if (!from.encoding.empty() && mime::transfer_encoding(from.encoding) != mime::TransferEncoding::identity) {
    Response head(200);
    head.fields = content.more;
    head.fields.set("content-type", content.type);
    co_return co_await send_decoded(exchange, from, std::move(head));
  }
  content.read = [&](std::uint64_t at, std::size_t most) -> Task<Result<std::string>> {
    std::string out(std::min<std::uint64_t>(most, content.size - at), '\0');
    auto job = [&] { return from.account->read_body(from.body, from.begin + at, out); };
    const auto read = co_await exchange.workers().run(job);
    if (!read) co_return std::unexpected(read.error());
    co_return out;
  };
  co_await http::server::send_content(exchange, content);
}

// RFC 8620 7.3: what an event stream is asked for.
struct EventsWanted {
  std::vector<std::string> types;  // none: all
  bool once = false;
  std::chrono::seconds ping{0};  // 0: none
};
bool read_events_wanted(const http::server::Request& request, EventsWanted& out) {
  const std::string wanted = request.query("types").value_or("*");
  if (wanted != "*") {
    for (const std::string_view type : ascii::split(wanted, ',')) out.types.emplace_back(type);
  }
  const std::string close_after = request.query("closeafter").value_or("no");
  out.once = close_after == "state";
  const std::string interval = request.query("ping").value_or("0");
  const bool number = !interval.empty() && interval.size() < 7 && std::ranges::all_of(interval, ascii::is_digit);
  if (!number || (!out.once && close_after != "no")) return false;
  out.ping = std::chrono::seconds(std::stoi(interval));
  if (out.ping.count() > 0) out.ping = std::clamp(out.ping, kLeastPing, kMostPing);
  return true;
}

std::string sign_of_life(std::chrono::seconds ping) {
  // Comments are passed over by clients.
  if (ping.count() == 0) return ": still here\n\n";
  return "event: ping\ndata: {\"interval\":" + std::to_string(ping.count()) + "}\n\n";
}

// What one stream knows, while it waits.
struct EventStream {
  EventStream(Server& s, Exchange& e) : server(s), exchange(e) {}
  Server& server;
  Exchange& exchange;
  EventsWanted wanted;
  std::vector<std::unique_ptr<account::Watch>> watches;
  std::string told;             // the push state of what the client has
  std::uint64_t directory = 0;  // its change at that time

  // What is there now, when the client does not have it. Blocks.
  std::string news() {
    directory = server.directory_change(wanted.types);
    const std::string states = server.states(exchange.signed_in().principal(), wanted.types);
    std::string now = push_state_of(states);
    if (now == told) return {};
    told = std::move(now);
    return "event: state\nid: " + told + "\ndata: " + states + "\n\n";
  }
};

// In frames that end, so that nothing of it stays with a stream that waits. false: it is over.
Task<bool> begin_events(EventStream& stream) {
  auto begin = [&] {
    stream.watches = stream.server.watch(stream.exchange.signed_in().principal(), stream.exchange.caller());
    return stream.news();
  };
  std::string now = co_await stream.exchange.workers().run(begin);
  stream.exchange.begin(Response(200, "text/event-stream", "").set("cache-control", "no-store"));
  // One that comes back says what it had last (Last-Event-ID): whatever happened since is told at once.
  const std::string_view last = stream.exchange.request().field("last-event-id");
  const bool tells = !last.empty() && last != stream.told;
  std::string first = ": ok\n\n";  // opens the stream on every path
  if (tells) first += now;
  const Result<> written = co_await stream.exchange.write(first);
  if (tells && stream.wanted.once) stream.exchange.finish();
  co_return written && !(tells && stream.wanted.once);
}

Task<bool> tell_events(EventStream& stream) {
  // Commits come in rows; what follows at once is told with the first.
  const Exchange::News more = co_await stream.exchange.wait(kEventSourceGather);
  if (more == Exchange::News::over) co_return true;  // the next wait says so again
  auto read = [&] { return stream.news(); };
  std::string now = co_await stream.exchange.workers().run(read);
  if (now.empty()) co_return true;
  const Result<> written = co_await stream.exchange.write(now);
  if (written && stream.wanted.once) stream.exchange.finish();
  co_return written && !stream.wanted.once;
}

Task<bool> live_events(EventStream& stream) {
  const std::string sign = sign_of_life(stream.wanted.ping);
  const Result<> written = co_await stream.exchange.write(sign);
  co_return written.has_value();
}

// Changes as events, until the client goes or has what it wanted. There are many of these frames, for long.
Task<> events(Server& server, Exchange& exchange) {
  EventStream stream(server, exchange);
  if (!read_events_wanted(exchange.request(), stream.wanted))
    co_return exchange.respond(http::server::plain_answer(400));
  bool open = co_await begin_events(stream);
  while (open) {
    const Exchange::News news = co_await exchange.wait(stream.wanted.ping.count() > 0 ? stream.wanted.ping : kMostPing);
    if (news == Exchange::News::over) co_return exchange.finish();
    if (news == Exchange::News::time) {
      open = co_await live_events(stream);
      // Nothing calls when the directory has changed.
      if (!open || server.directory_change(stream.wanted.types) == stream.directory) continue;
    }
    open = co_await tell_events(stream);
  }
}

}  // namespace

std::string origin_of(const http::server::Request& request) {
  std::string origin = (request.secure ? "https://" : "http://") + request.host;
  const std::uint16_t usual = request.secure ? 443 : 80;
  if (request.port != 0 && request.port != usual) origin += ":" + std::to_string(request.port);
  return origin;
}

void add_routes(http::server::Router& router, Server& server) {
  const auto to = [&server](Task<> (*run)(Server&, Exchange&)) {
    return [&server, run](Exchange& exchange) { return run(server, exchange); };
  };
  router.add(
      {.path = "/.well-known/jmap", .methods = {"GET"}, .handler = to(&session), .access = RouteAccess::signed_in});
  router.add({.path = "/jmap/session", .methods = {"GET"}, .handler = to(&session), .access = RouteAccess::signed_in});
  router.add({.path = "/jmap/api",
              .methods = {"POST"},
              .handler = to(&api),
              .access = RouteAccess::signed_in,
              .content_octets = kNoLimit});
  router.add({.path = "/jmap/upload/{account}",
              .methods = {"POST"},
              .handler = to(&upload),
              .access = RouteAccess::signed_in,
              .content_octets = kNoLimit});
  router.add({.path = "/jmap/download/{account}/{blob}/{name}",
              .methods = {"GET"},
              .handler = to(&download),
              .access = RouteAccess::signed_in});
  router.add({.path = "/jmap/events", .methods = {"GET"}, .handler = to(&events), .access = RouteAccess::signed_in});
  router.add({.path = "/jmap/ws",
              .methods = {"GET"},
              .handler = to(&serve_websocket),
              .access = RouteAccess::signed_in,
              .tunnels = true});
}

}  // namespace gatepost::jmap
