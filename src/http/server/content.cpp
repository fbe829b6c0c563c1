#include "http/server/content.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "http/protocol/http_date.hpp"
#include "http/protocol/range.hpp"
#include "http/server/status_for.hpp"

namespace gatepost::http::server {

namespace {

constexpr std::size_t kPiece = 64 << 10;

void set_validators(Fields& fields, const Validators& validators) {
  if (!validators.etag.empty()) fields.set("etag", validators.etag);
  if (validators.modified) fields.set("last-modified", format_date(*validators.modified));
}

// What is to be sent: an answer, and which part of the content; nothing: it was answered already.
struct Start {
  Response answer{200};
  std::uint64_t at = 0, end = 0;
};

std::optional<Start> start_of(Exchange& exchange, const Content& content) {
  const Request& request = exchange.request();
  Start out;
  out.end = content.size;
  Response& answer = out.answer;
  answer.fields = content.more;
  set_validators(answer.fields, content.validators);
  const Condition condition = evaluate_conditions(request.method(), request.head.fields, content.validators);
  if (condition != Condition::go_on) {
    answer.status = condition == Condition::not_modified ? 304 : 412;
    if (answer.status == 412) answer = plain_answer(412);
    exchange.respond(std::move(answer));
    return std::nullopt;
  }
  answer.set("content-type", content.type);
  answer.set("accept-ranges", "bytes");
  const auto range = request.head.fields.find("range");
  // RFC 9110 14.2: only with GET; 13.1.5: only of what the client has already.
  if (!range || request.method() != "GET" || !if_range_holds(request.head.fields, content.validators)) return out;
  const RangeAnswer part = parse_range(*range, content.size);
  if (part.kind == RangeAnswer::Kind::unsatisfiable) {
    answer = plain_answer(416);
    answer.set("content-range", content_range(std::nullopt, content.size));
    exchange.respond(std::move(answer));
    return std::nullopt;
  }
  if (part.kind == RangeAnswer::Kind::part) {
    answer.status = 206;
    answer.set("content-range", content_range(part.part, content.size));
    out.at = part.part.first;
    out.end = part.part.last + 1;
  }
  return out;
}

}  // namespace

bool answer_by_conditions(Exchange& exchange, const Validators& validators) {
  const Request& request = exchange.request();
  const Condition condition = evaluate_conditions(request.method(), request.head.fields, validators);
  if (condition == Condition::go_on) return false;
  Response answer = plain_answer(condition == Condition::not_modified ? 304 : 412);
  // RFC 9110 15.4.5: what a cache needs to know.
  if (condition == Condition::not_modified) set_validators(answer.fields, validators);
  exchange.respond(std::move(answer));
  return true;
}

runtime::Task<> send_content(Exchange& exchange, const Content& content) {
  std::optional<Start> start = start_of(exchange, content);
  if (!start) co_return;
  exchange.begin(std::move(start->answer), start->end - start->at);
  const bool sends = exchange.request().method() != "HEAD";
  while (sends && start->at < start->end) {
    const std::size_t most = static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, start->end - start->at));
    Result<std::string> piece = co_await content.read(start->at, most);
    if (!piece || piece->empty()) co_return;
    start->at += piece->size();
    const Result<> written = co_await exchange.write(*piece);
    if (!written) co_return;
  }
  exchange.finish();
}

void send_content(Exchange& exchange, const Content& content, std::string_view octets,
                  std::shared_ptr<const void> keeps) {
  std::optional<Start> start = start_of(exchange, content);
  if (!start) return;
  octets = octets.substr(static_cast<std::size_t>(start->at), static_cast<std::size_t>(start->end - start->at));
  exchange.respond(std::move(start->answer), octets, std::move(keeps));
}

}  // namespace gatepost::http::server
