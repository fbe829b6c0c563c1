#include "acme/messages.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <boost/json.hpp>

#include "acme/jws.hpp"
#include "base/ascii.hpp"
#include "base/base64.hpp"
#include "base/utf8.hpp"

namespace gatepost::acme {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxJsonOctets = 256 << 10;
constexpr std::size_t kMaxTextOctets = 2000;
constexpr std::size_t kMaxListed = 200;
constexpr std::size_t kMaxDepth = 16;
constexpr std::string_view kErrorPrefix = "urn:ietf:params:acme:error:";

// Texts go to logs and terminals.
std::string printable(std::string_view text) {
  std::string out = utf8::sanitize(text.substr(0, kMaxTextOctets));
  std::ranges::replace_if(out, ascii::is_control, ' ');
  return out;
}

class Object {
 public:
  explicit Object(const json::object& object) : object_(object) {}

  std::string text(std::string_view key) const {
    const json::value* const value = object_.if_contains(key);
    if (value == nullptr || !value->is_string()) return {};
    return printable({value->as_string().data(), value->as_string().size()});
  }
  // https only: what a server names is where keys and orders go (RFC 8555 6.1).
  std::string url(std::string_view key) const {
    std::string out = text(key);
    return is_url(out) ? out : std::string();
  }
  bool flag(std::string_view key) const {
    const json::value* const value = object_.if_contains(key);
    return value != nullptr && value->is_bool() && value->as_bool();
  }
  int number(std::string_view key) const {
    const json::value* const value = object_.if_contains(key);
    if (value == nullptr || !value->is_int64()) return 0;
    return static_cast<int>(std::clamp<std::int64_t>(value->as_int64(), 0, 1000));
  }
  TimePoint time(std::string_view key) const { return date::parse_rfc3339(text(key)).value_or(TimePoint{}); }
  const json::object* object(std::string_view key) const {
    const json::value* const value = object_.if_contains(key);
    return value != nullptr ? value->if_object() : nullptr;
  }
  const json::array* array(std::string_view key) const {
    const json::value* const value = object_.if_contains(key);
    const json::array* const out = value != nullptr ? value->if_array() : nullptr;
    return out != nullptr && out->size() <= kMaxListed ? out : nullptr;
  }

  static bool is_url(std::string_view text) {
    return text.starts_with("https://") && text.size() > 8 && text.size() < kMaxTextOctets &&
           std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) <= ' '; });
  }

 private:
  const json::object& object_;
};

Result<json::value> parse(std::string_view text) {
  if (text.size() > kMaxJsonOctets) return fail(Errc::invalid, "too long an answer");
  json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::system::error_code ec;
  json::value value = json::parse(json::string_view(text.data(), text.size()), ec, {}, options);
  if (ec || !value.is_object()) return fail(Errc::invalid, "the answer is no JSON object");
  return value;
}

Status status_of(std::string_view word) {
  constexpr std::array<std::pair<std::string_view, Status>, 8> kWords = {{{"pending", Status::pending},
                                                                          {"ready", Status::ready},
                                                                          {"processing", Status::processing},
                                                                          {"valid", Status::valid},
                                                                          {"invalid", Status::invalid},
                                                                          {"deactivated", Status::deactivated},
                                                                          {"expired", Status::expired},
                                                                          {"revoked", Status::revoked}}};
  const auto found = std::ranges::find(kWords, word, &std::pair<std::string_view, Status>::first);
  return found == kWords.end() ? Status::unknown : found->second;
}

std::string identifier_of(const Object& from) {
  const json::object* const identifier = from.object("identifier");
  return identifier == nullptr ? std::string() : Object(*identifier).text("value");
}

Problem problem_of(const json::object& object, bool nested = false) {
  const Object from(object);
  Problem out;
  out.type = from.text("type");
  if (out.type == "about:blank") out.type.clear();
  out.detail = from.text("detail");
  if (out.detail.empty()) out.detail = from.text("title");
  out.status = from.number("status");
  out.name = identifier_of(from);
  const json::array* const inner = nested ? nullptr : from.array("subproblems");
  if (inner == nullptr) return out;
  for (const json::value& one : *inner) {
    if (one.is_object()) out.subproblems.push_back(problem_of(one.as_object(), true));
  }
  return out;
}

Problem error_of(const Object& from) {
  const json::object* const error = from.object("error");
  return error == nullptr ? Problem{} : problem_of(*error);
}

}  // namespace

std::string_view Problem::kind() const {
  return type.starts_with(kErrorPrefix) ? std::string_view(type).substr(kErrorPrefix.size()) : std::string_view();
}

Result<Directory> read_directory(std::string_view text) {
  GP_TRY(const json::value value, parse(text));
  const Object from(value.as_object());
  Directory out;
  out.new_nonce = from.url("newNonce");
  out.new_account = from.url("newAccount");
  out.new_order = from.url("newOrder");
  out.revoke_cert = from.url("revokeCert");
  out.renewal_info = from.url("renewalInfo");
  if (const json::object* const meta = from.object("meta")) {
    out.terms = Object(*meta).text("termsOfService");
    out.needs_external_account = Object(*meta).flag("externalAccountRequired");
  }
  if (out.new_nonce.empty() || out.new_account.empty() || out.new_order.empty())
    return fail(Errc::invalid, "it names no newNonce, newAccount and newOrder");
  return out;
}

Result<Order> read_order(std::string_view text) {
  GP_TRY(const json::value value, parse(text));
  const Object from(value.as_object());
  Order out;
  out.status = status_of(from.text("status"));
  out.finalize = from.url("finalize");
  out.certificate = from.url("certificate");
  out.error = error_of(from);
  if (const json::array* const all = from.array("identifiers")) {
    for (const json::value& one : *all) {
      if (one.is_object()) out.names.push_back(Object(one.as_object()).text("value"));
    }
  }
  if (const json::array* const all = from.array("authorizations")) {
    for (const json::value& one : *all) {
      if (!one.is_string()) continue;
      const std::string_view url(one.as_string().data(), one.as_string().size());
      if (Object::is_url(url)) out.authorizations.emplace_back(url);
    }
  }
  if (out.status == Status::unknown || out.finalize.empty())
    return fail(Errc::invalid, "an order without a status or a finalize address");
  return out;
}

Result<Authorization> read_authorization(std::string_view text) {
  GP_TRY(const json::value value, parse(text));
  const Object from(value.as_object());
  Authorization out;
  out.name = ascii::to_lower(identifier_of(from));
  out.wildcard = from.flag("wildcard");
  out.status = status_of(from.text("status"));
  if (const json::array* const all = from.array("challenges")) {
    for (const json::value& one : *all) {
      if (!one.is_object()) continue;
      const Object member(one.as_object());
      Challenge challenge{member.text("type"), member.url("url"), member.text("token"),
                          status_of(member.text("status")), error_of(member)};
      if (!challenge.url.empty() && is_token(challenge.token)) out.challenges.push_back(std::move(challenge));
    }
  }
  if (out.status == Status::unknown || out.name.empty())
    return fail(Errc::invalid, "an authorization without a status or a name");
  return out;
}

Result<RenewalInfo> read_renewal_info(std::string_view text) {
  GP_TRY(const json::value value, parse(text));
  const Object from(value.as_object());
  const json::object* const window = from.object("suggestedWindow");
  if (window == nullptr) return fail(Errc::invalid, "no suggestedWindow");
  RenewalInfo out{Object(*window).time("start"), Object(*window).time("end"), from.text("explanationURL")};
  // RFC 9773 4.2: the end is after the start, else the suggestion is as if there were none.
  if (out.start == TimePoint{} || out.end <= out.start) return fail(Errc::invalid, "the window ends before it starts");
  return out;
}

Result<Problem> read_problem(std::string_view text) {
  GP_TRY(const json::value value, parse(text));
  return problem_of(value.as_object());
}

bool is_token(std::string_view text) {
  constexpr std::size_t kLeast = 22;  // 128 bits
  return text.size() >= kLeast && text.size() <= 256 &&
         std::ranges::all_of(text, [](char c) { return ascii::is_alnum(c) || c == '-' || c == '_'; });
}

std::chrono::seconds read_retry_after(std::string_view value, TimePoint now) {
  using std::chrono::seconds;
  constexpr seconds kLongest = std::chrono::days(7);
  value = ascii::trim(value);
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error == std::errc() && end == value.data() + value.size()) return std::min(seconds(number), kLongest);
  const auto at = date::parse_rfc5322(value);
  if (!at || *at <= now) return seconds(0);
  return std::min(std::chrono::ceil<seconds>(*at - now), kLongest);
}

std::string renewal_id(std::string_view authority_key, std::string_view serial) {
  return base64::encode_url(authority_key) + "." + base64::encode_url(serial);
}

}  // namespace gatepost::acme
