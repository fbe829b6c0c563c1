#include "http/server/conversation.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "http/protocol/http_date.hpp"
#include "http/server/events.hpp"
#include "http/server/forwarded.hpp"
#include "http/server/prepared_head.hpp"
#include "http/server/session_cookie.hpp"
#include "http/server/status_for.hpp"

namespace gatepost::http::server {

namespace asio = boost::asio;

namespace {

// How often a connection's end looks whether its handlers have ended; they ring before.
constexpr std::chrono::seconds kLook{5};

std::string labels(std::string_view service, std::string_view more) {
  return fmt::format("service=\"{}\",{}", service, more);
}

// The Date field, which is another one once a second. The view lives until the thread's next call.
std::string_view date_of(TimePoint now) {
  thread_local auto second = TimePoint::min();
  thread_local std::string text;
  const auto current = std::chrono::floor<std::chrono::seconds>(now);
  if (current != second || text.empty()) {
    second = current;
    text = format_date(now);
  }
  return text;
}

}  // namespace

Shared::Shared(const Services& s, std::string service_name, const Router& router)
    : services(s),
      service(std::move(service_name)),
      routes(router),
      http1(s.metrics.counter("gatepost_http_connections_total", labels(service, "version=\"1.1\""),
                              "HTTP connections.")),
      http2(
          s.metrics.counter("gatepost_http_connections_total", labels(service, "version=\"2\""), "HTTP connections.")),
      requests(s.metrics.counter("gatepost_http_requests_total", labels(service, "status=\"other\""),
                                 "HTTP requests answered.")),
      refused(s.metrics.counter("gatepost_http_refused_total", fmt::format("service=\"{}\"", service),
                                "What was no acceptable HTTP request.")) {
  for (int i = 1; i < 6; ++i) {
    by_class[i] = &s.metrics.counter("gatepost_http_requests_total", labels(service, fmt::format("status=\"{}xx\"", i)),
                                     "HTTP requests answered.");
  }
}

Conversation::Conversation(Shared& shared, std::shared_ptr<const Settings> settings, runtime::Peer& peer,
                           runtime::Output& output, std::shared_ptr<runtime::Waker> waker)
    : shared_(shared),
      settings_(std::move(settings)),
      peer_(peer),
      output_(output),
      waker_(std::move(waker)),
      sign_ins_(shared.services, shared.service, peer, waker_) {}

Conversation::~Conversation() = default;

Task<runtime::Step> Conversation::opened() {
  executor_ = co_await asio::this_coro::executor;
  co_return runtime::Step{};
}

void Conversation::touched() {
  if (!inside_) waker_->wake();
}

void Conversation::closed() {
  for (const auto& weak : handled_) {
    if (const auto exchange = weak.lock()) abandon(*exchange);
  }
}

Task<> Conversation::ended() {
  closed();
  if (running_ != 0) all_ended_.emplace(executor_);
  while (running_ != 0) co_await all_ended_->wait(kLook);
}

void Conversation::abandon(Exchange& exchange) {
  exchange.gone_ = true;
  exchange.ring();
}

void Conversation::ask_to_stop(Exchange& exchange) {
  exchange.stopping_ = true;
  exchange.ring();
}

bool Conversation::cut_revoked(const std::vector<std::shared_ptr<Exchange>>& exchanges) {
  bool some = false;
  for (const auto& exchange : exchanges) {
    if (!exchange->signed_in_ || !exchange->signed_in_->revoked() || exchange->gone_) continue;
    some = true;
    abandon(*exchange);
  }
  return some;
}

void Conversation::find_client(Request& request) const {
  request.client = peer_.remote.address;
  request.secure = peer_.tls.has_value();
  if (settings_->proxies.empty() || !contains(settings_->proxies, request.client)) return;
  const Forwarded seen = read_forwarded(request.head.fields, settings_->proxies, request.client);
  request.client = seen.client;
  request.proxied = seen.client != peer_.remote.address;
  if (seen.secure) request.secure = *seen.secure;
}

// `status`: 0, or what is wrong with it.
Request Conversation::request_of(RequestHead&& head, int& status) const {
  Request out;
  out.head = std::move(head);
  out.connection_id = peer_.connection_id;
  find_client(out);
  // CONNECT without a protocol asks for a proxy.
  if (out.head.method == "CONNECT" && out.head.protocol.empty()) {
    status = 405;
    return out;
  }
  auto target = parse_target(out.head.target);
  auto authority = parse_authority(out.head.authority);
  if (!target || !authority || (target->path == "*" && out.head.method != "OPTIONS")) {
    status = 400;
    return out;
  }
  out.target = *std::move(target);
  const Authority& named = out.target.authority ? *out.target.authority : *authority;
  out.host = named.host;
  out.port = named.port;
  return out;
}

std::optional<std::chrono::seconds> Conversation::away(const Request& request, const Route* route) const {
  if (!shared_.services.away || (route != nullptr && route->always)) return std::nullopt;
  return shared_.services.away(request.client);
}

std::shared_ptr<Exchange> Conversation::start(RequestHead&& head) {
  int status = 0;
  Request request = request_of(std::move(head), status);
  Router::Found found;
  if (status == 0 && request.target.path == "*") {
    found.status = 204;
    found.allow = "GET, HEAD, OPTIONS";
  } else if (status == 0) {
    const bool tunnel = !request.head.protocol.empty();  // RFC 8441 5: as GET in HTTP/1.1
    found = shared_.routes.find(request.host, request.target, tunnel ? "GET" : request.method());
    if (tunnel && found.route != nullptr && !found.route->tunnels) {
      found.route = nullptr;
      found.status = 501;
    }
  } else {
    found.status = status;
  }
  request.parameters = std::move(found.parameters);
  request.target.segments = {};  // what the router needs alone
  auto exchange = std::make_shared<Exchange>(*this, std::move(request));
  if (settings_->access_log) exchange->since_ = shared_.services.clock.steady();
  exchange->in_limit_ = settings_->body_octets;
  if (exchange->request_.proxied && shared_.services.refuses && shared_.services.refuses(exchange->request_.client)) {
    exchange->handler_done_ = true;
    exchange->respond(plain_answer(403));
    return exchange;
  }
  if (const auto wait = away(exchange->request_, found.route)) {
    Response answer = plain_answer(503);
    answer.set("retry-after", std::to_string(wait->count()));
    exchange->handler_done_ = true;
    exchange->respond(std::move(answer));
    return exchange;
  }
  if (found.route == nullptr) {
    Response answer = plain_answer(found.status);
    if (!found.allow.empty()) answer.set("allow", found.allow);
    exchange->handler_done_ = true;
    exchange->respond(std::move(answer));
    return exchange;
  }
  if (found.route->content_octets) exchange->in_limit_ = *found.route->content_octets;
  exchange->route_ = found.route;
  if (exchange->request_.head.content_length.value_or(0) > exchange->in_limit_) {
    exchange->handler_done_ = true;
    exchange->respond(plain_answer(413));
    return exchange;
  }
  run(exchange);
  return exchange;
}

std::shared_ptr<Exchange> Conversation::start_refused(RequestHead&& head, Response answer) {
  int status = 0;
  auto exchange = std::make_shared<Exchange>(*this, request_of(std::move(head), status));
  if (settings_->access_log) exchange->since_ = shared_.services.clock.steady();
  exchange->handler_done_ = true;
  exchange->respond(std::move(answer));
  return exchange;
}

void Conversation::run(const std::shared_ptr<Exchange>& exchange) {
  const Route& route = *exchange->route_;
  if (route.at_once) {
    route.at_once(*exchange);
    exchange->handler_done_ = true;
    return;
  }
  ++running_;
  exchange->request_.head.fields.shrink();  // it may be held for long
  handled_.push_back(exchange);
  if (route.access != Access::signed_in) return handle(exchange);
  asio::co_spawn(executor_, sign_in(exchange), [this, exchange](const std::exception_ptr& failure, bool signed_in) {
    if (failure || !signed_in) return handler_ended(*exchange, failure);
    handle(exchange);
  });
}

void Conversation::handle(const std::shared_ptr<Exchange>& exchange) {
  asio::co_spawn(executor_, exchange->route_->handler(*exchange),
                 [this, exchange](const std::exception_ptr& failure) { handler_ended(*exchange, failure); });
}

// Its frame ends before the handler's begins: a request may be held for long. false: it was answered.
Task<bool> Conversation::sign_in(std::shared_ptr<Exchange> exchange) {
  std::string proof;
  auto entered = co_await sign_ins_.enter(exchange->request_, proof);
  if (entered) {
    exchange->signed_in_ = *std::move(entered);
    if (!proof.empty()) exchange->proof_ = std::make_unique<std::string>(std::move(proof));
    // Browsers are known by their sessions.
    if (session_token(exchange->request_).empty()) {
      exchange->signed_in_->set_program(exchange->request_.field("user-agent"));
    }
    co_return true;
  }
  const Errc why = entered.error().code;
  if (why == Errc::unauthenticated || why == Errc::invalid || why == Errc::forbidden || why == Errc::expired) {
    // The connection is kept: the next request comes with a password.
    const bool by_password = ascii::istarts_with(exchange->request_.field("authorization"), "basic");
    if (why == Errc::forbidden && by_password) {
      exchange->respond(problem(403, "this account has a second factor: use an app password here"));
      co_return false;
    }
    Response answer = why == Errc::expired ? problem(401, "the password has expired: change it in the webmail first")
                                           : plain_answer(why == Errc::forbidden ? 403 : 401);
    for (const std::string& challenge : sign_ins_.challenges(exchange->request_, settings_->hostname, why))
      answer.fields.add("www-authenticate", challenge);
    exchange->respond(std::move(answer));
  } else {
    exchange->respond(entered.error());
  }
  co_return false;
}

void Conversation::handler_ended(Exchange& exchange, const std::exception_ptr& failure) {
  exchange.handler_done_ = true;
  --running_;
  std::erase_if(handled_, [&](const std::weak_ptr<Exchange>& weak) {
    const auto one = weak.lock();
    return !one || one.get() == &exchange;
  });
  if (failure) {
    std::string why = "an unknown exception";
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& e) {
      why = e.what();
    } catch (...) {
    }
    shared_.services.log.write(event::kHandlerFailed,
                               {{"conn", peer_.connection_id}, {"path", exchange.request_.path()}, {"why", why}});
  }
  exchange.respond(plain_answer(500));  // unless it has answered
  if (running_ == 0 && all_ended_) all_ended_->ring();
  touched();
}

ResponseHead Conversation::head_of(Exchange& exchange) {
  ResponseHead out{exchange.head_->status, std::move(exchange.head_->fields)};
  exchange.head_.reset();
  if (exchange.prepared_ != nullptr) {
    out.fields.add_all(exchange.prepared_->fields());
    if (exchange.more_prepared_ != nullptr) out.fields.add_all(exchange.more_prepared_->fields());
  }
  if (exchange.proof_ != nullptr) out.fields.add("www-authenticate", *std::exchange(exchange.proof_, nullptr));
  // RFC 9110 6.6.1
  out.fields.set("date", date_of(shared_.services.clock.now()));
  if (!out.fields.has("x-content-type-options")) out.fields.add("x-content-type-options", "nosniff");
  // RFC 6797 7.2: never without TLS.
  if (settings_->hsts.count() != 0 && exchange.request_.secure) {
    out.fields.set("strict-transport-security", fmt::format("max-age={}", settings_->hsts.count()));
  }
  const int status = out.status;
  exchange.no_content_ =
      exchange.request_.method() == "HEAD" || status == 204 || status == 304 || (status < 200 && !exchange.tunnel_);
  // RFC 9110 8.6: none with 1xx and 204.
  if (exchange.length_ && status >= 200 && status != 204 && !(status == 304 && *exchange.length_ == 0)) {
    out.fields.set("content-length", std::to_string(*exchange.length_));
  }
  return out;
}

// As head_of() and write_head() would.
void Conversation::write_prepared_head(std::string& out, Exchange& exchange) {
  exchange.head_.reset();
  exchange.no_content_ = exchange.request_.method() == "HEAD";
  out += "HTTP/1.1 200 OK\r\n";
  out += exchange.prepared_->lines();
  if (exchange.more_prepared_ != nullptr) out += exchange.more_prepared_->lines();
  out += "date: ";
  out += date_of(shared_.services.clock.now());
  if (settings_->hsts.count() != 0 && exchange.request_.secure) {
    out += "\r\nstrict-transport-security: max-age=";
    out += fmt::format_int(settings_->hsts.count()).c_str();
  }
  out += "\r\n";
}

void Conversation::report(runtime::Conduct what, std::string_view detail) const {
  // What comes through a proxy is not the proxy's doing.
  if (peer_.foreign || contains(settings_->proxies, peer_.remote.address)) return;
  peer_.tell(what, detail);
}

// Who is behind a trusted proxy is not connected: whoever guards the ports hears of him by the proxy's word.
void Conversation::report_client(const Request& request, runtime::Conduct what) const {
  if (!request.proxied) return report(what, request.path());
  runtime::Peer client = peer_;
  client.remote = {request.client, 0};
  client.proxied = true;
  client.tell(what, request.path());
}

// Requests in a row for what is not there: of this connection, which is closed then, and of the client, which counts.
void Conversation::count_bad(const Exchange& exchange) {
  // What no route has, or only the one that has everything else.
  const bool nowhere = exchange.route_ == nullptr || (exchange.route_->path == "/*" && exchange.status_ == 404);
  const bool by_proxy = contains(settings_->proxies, peer_.remote.address);
  const Request& request = exchange.request_;
  const bool of_client = !by_proxy || request.proxied;  // not the proxy's own, which looks whether we are there
  if (!nowhere) {
    if (exchange.status_ >= 400) return;
    bad_requests_ = 0;
    if (of_client) shared_.misses.found(request.client);
    return;
  }
  if (exchange.status_ < 400 || exchange.status_ == 503) return;
  if (!by_proxy) ++bad_requests_;
  if (of_client &&
      shared_.misses.missed(request.client, request.path(), settings_->bad_requests, shared_.services.clock.steady()))
    report_client(request, runtime::Conduct::bad_commands);
}

void Conversation::settled(Exchange& exchange) {
  count_bad(exchange);
  const int kind = exchange.status_ / 100;
  (kind >= 1 && kind <= 5 ? *shared_.by_class[kind] : shared_.requests).add();
  if (!settings_->access_log || !shared_.services.log.enabled(event::kRequest.level)) return;
  const Request& r = exchange.request_;
  const auto took =
      std::chrono::duration_cast<std::chrono::milliseconds>(shared_.services.clock.steady() - exchange.since_);
  std::vector<Field> fields = {{"conn", r.connection_id},
                               {"listener", peer_.listener},
                               {"remote", r.client.to_string()},
                               {"host", r.host},
                               {"method", r.method()},
                               {"path", r.path()},
                               {"version", r.head.version == Version::http2    ? "2"
                                           : r.head.version == Version::http11 ? "1.1"
                                                                               : "1.0"},
                               {"status", exchange.status_},
                               {"octets", exchange.no_content_ ? 0 : exchange.out_octets_},
                               {"ms", took.count()}};
  if (exchange.signed_in_) fields.emplace_back("account", exchange.signed_in_->principal().address);
  if (const auto agent = r.head.fields.find("user-agent")) fields.emplace_back("agent", *agent);
  shared_.services.log.write(event::kRequest, fields);
}

void Conversation::log_refused(int status, std::string_view why) {
  shared_.refused.add();
  shared_.services.log.write(event::kRefused, {{"conn", peer_.connection_id},
                                               {"listener", peer_.listener},
                                               {"remote", peer_.remote.to_string()},
                                               {"status", status},
                                               {"why", why}});
}

}  // namespace gatepost::http::server
