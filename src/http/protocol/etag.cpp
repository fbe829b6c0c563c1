#include "http/protocol/etag.hpp"

#include <chrono>

#include "base/ascii.hpp"
#include "http/protocol/http_date.hpp"

namespace gatepost::http {
namespace {

struct Tag {
  bool weak = false;
  std::string_view opaque;  // with its quotes
};

// entity-tag = [ "W/" ] DQUOTE *etagc DQUOTE. Takes one off the front of a list; nullopt: there is none.
std::optional<Tag> take_tag(std::string_view& list) {
  while (!list.empty() && (ascii::is_blank(list[0]) || list[0] == ',')) list.remove_prefix(1);
  Tag out;
  if (list.starts_with("W/")) {
    out.weak = true;
    list.remove_prefix(2);
  }
  const std::size_t end = list.starts_with('"') ? list.find('"', 1) : std::string_view::npos;
  if (end == std::string_view::npos) return std::nullopt;
  out.opaque = list.substr(0, end + 1);
  list.remove_prefix(end + 1);
  return out;
}

// RFC 9110 8.8.3.2: the strong comparison refuses weak tags, the weak one looks at the opaque part alone.
bool list_has(std::string_view list, std::string_view etag, bool strong) {
  std::string_view mine = etag;
  const auto own = take_tag(mine);
  if (!own || (strong && own->weak)) return false;
  while (const auto tag = take_tag(list)) {
    if (tag->opaque == own->opaque && !(strong && tag->weak)) return true;
  }
  return false;
}

bool modified_after(const Validators& have, TimePoint then) {
  return !have.modified || std::chrono::floor<std::chrono::seconds>(*have.modified) > then;
}

}  // namespace

std::string make_etag(std::string_view opaque) {
  std::string out = "\"";
  out += opaque;
  out += '"';
  return out;
}

Condition evaluate_conditions(std::string_view method, const Fields& request, const Validators& have) {
  const bool reads = method == "GET" || method == "HEAD";
  if (request.has("if-match")) {
    const std::string list = request.combined("if-match");
    const bool fits = ascii::trim(list) == "*" ? have.exists : have.exists && list_has(list, have.etag, true);
    if (!fits) return Condition::failed;
  } else if (const auto text = request.find("if-unmodified-since"); text && have.exists) {
    const auto then = parse_date(*text);
    if (then && have.modified && modified_after(have, *then)) return Condition::failed;
  }
  if (request.has("if-none-match")) {
    const std::string list = request.combined("if-none-match");
    const bool fits = ascii::trim(list) == "*" ? have.exists : have.exists && list_has(list, have.etag, false);
    if (fits) return reads ? Condition::not_modified : Condition::failed;
  } else if (const auto text = request.find("if-modified-since"); text && reads && have.exists) {
    const auto then = parse_date(*text);
    if (then && !modified_after(have, *then)) return Condition::not_modified;
  }
  return Condition::go_on;
}

bool if_range_holds(const Fields& request, const Validators& have) {
  const auto value = request.find("if-range");
  if (!value) return true;
  if (value->starts_with('"') || value->starts_with("W/")) return list_has(*value, have.etag, true);
  const auto then = parse_date(*value);
  return then && have.modified && std::chrono::floor<std::chrono::seconds>(*have.modified) == *then;
}

}  // namespace gatepost::http
