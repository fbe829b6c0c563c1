#include "sasl/bearer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/ascii.hpp"
#include "sasl/plain.hpp"

namespace gatepost::sasl {
namespace {

constexpr char kSeparator = '\x01';
constexpr std::size_t kMaxPairs = 20;

std::unexpected<Error> broken(std::string_view what) { return fail(Errc::invalid, std::string(what)); }

// saslname (RFC 5801 4): "," and "=" are written "=2C" and "=3D".
std::optional<std::string> unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '=') {
      out += text[i];
      continue;
    }
    const std::string_view code = text.substr(i, 3);
    if (code != "=2C" && code != "=3D") return std::nullopt;
    out += code == "=2C" ? ',' : '=';
    i += 2;
  }
  return out;
}

std::string escape(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == ',') {
      out += "=2C";
    } else if (c == '=') {
      out += "=3D";
    } else {
      out += c;
    }
  }
  return out;
}

// The value of "auth". RFC 6750 2.1: credentials = "Bearer" 1*SP b64token; the scheme in any case (RFC 9110 11.1).
Result<Secret> read_credentials(std::string_view value) {
  if (value.empty()) return Secret();
  const std::size_t blank = value.find(' ');
  if (!ascii::iequals(value.substr(0, blank), "bearer")) return fail(Errc::unsupported, "credentials of another kind");
  std::string_view token = blank == std::string_view::npos ? std::string_view() : value.substr(blank);
  while (token.starts_with(' ')) token.remove_prefix(1);
  if (token.empty()) return Secret();
  if (!is_bearer_token(token)) return broken("the token has characters that no token has, or no end");
  return Secret(token);
}

// *kvpair kvsep (RFC 7628 3.1): kvpair = key "=" value kvsep. Others than "auth" say where the client thinks it is,
// which bearer tokens do not need.
Result<Secret> read_pairs(std::string_view pairs) {
  std::optional<std::string_view> credentials;
  for (std::size_t count = 0;; ++count) {
    const std::size_t end = pairs.find(kSeparator);
    if (end == std::string_view::npos) return broken("the message does not end as it has to");
    const std::string_view pair = pairs.substr(0, end);
    pairs.remove_prefix(end + 1);
    if (pair.empty()) break;
    if (count == kMaxPairs) return broken("too many pairs in the message");
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0 ||
        !std::ranges::all_of(pair.substr(0, equals), ascii::is_alpha))
      return broken("a pair in the message has no key");
    if (pair.substr(0, equals) != "auth") continue;
    if (credentials) return broken("the message has two credentials");
    credentials = pair.substr(equals + 1);
  }
  if (!pairs.empty()) return broken("the message goes on after its end");
  if (!credentials) return broken("the message has no credentials");
  return read_credentials(*credentials);
}

class BearerExchange final : public Exchange {
 public:
  explicit BearerExchange(Mechanism mechanism) : mechanism_(mechanism) {}

  Step begin(std::optional<std::string_view> initial) override {
    if (initial) return step(*initial);
    return Challenge{};
  }

  Step step(std::string_view response) override {
    if (over_) return Failed{{Errc::invalid, "the exchange is over"}, {}, {}};
    over_ = true;
    auto message = mechanism_ == Mechanism::xoauth2 ? parse_xoauth2(response) : parse_oauthbearer(response);
    if (!message) return Failed{std::move(message).error(), {}, {}};
    return CheckToken{std::move(message->name), std::move(message->token)};
  }

 private:
  const Mechanism mechanism_;
  bool over_ = false;
};

// RFC 8259 7. What is written here comes from the configuration.
std::string in_json(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (ascii::is_control(c)) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace

bool is_bearer_token(std::string_view token) {
  if (token.size() > kMaxTokenOctets) return false;
  while (token.ends_with('=')) token.remove_suffix(1);
  return !token.empty() && std::ranges::all_of(token, [](char c) {
    return ascii::is_alnum(c) || std::string_view("-._~+/").contains(c);
  });
}

// client-resp = (gs2-header kvsep *kvpair kvsep) / kvsep
Result<BearerMessage> parse_oauthbearer(std::string_view message) {
  if (message.size() > kMaxTokenMessageOctets) return broken("the message is too long");
  // gs2-header = [gs2-nonstd-flag ","] gs2-cb-flag "," [gs2-authzid] "," (RFC 5801 4)
  const std::size_t first = message.find(',');
  const std::size_t second = first == std::string_view::npos ? first : message.find(',', first + 1);
  if (second == std::string_view::npos) return broken("the message has no header");
  const std::string_view binding = message.substr(0, first);
  if (binding.starts_with("p=")) return fail(Errc::unsupported, "asks for channel binding, which tokens do not have");
  if (binding != "n" && binding != "y") return broken("the message's header is broken");
  BearerMessage out;
  if (std::string_view identity = message.substr(first + 1, second - first - 1); !identity.empty()) {
    if (!identity.starts_with("a=")) return broken("the message's header is broken");
    const auto name = unescape(identity.substr(2));
    if (!name || !is_acceptable_name(*name)) return broken("the name in the message is empty, too long or not text");
    out.name = *name;
  }
  const std::string_view rest = message.substr(second + 1);
  if (!rest.starts_with(kSeparator)) return broken("the message's header does not end");
  GP_TRY(out.token, read_pairs(rest.substr(1)));
  return out;
}

// "user=" name SEP "auth=Bearer " token SEP SEP
Result<BearerMessage> parse_xoauth2(std::string_view message) {
  if (message.size() > kMaxTokenMessageOctets) return broken("the message is too long");
  const std::size_t end = message.find(kSeparator);
  if (!message.starts_with("user=") || end == std::string_view::npos) return broken("the message has no user");
  BearerMessage out;
  out.name = message.substr(5, end - 5);
  if (!is_acceptable_name(out.name)) return broken("the name in the message is empty, too long or not text");
  GP_TRY(out.token, read_pairs(message.substr(end + 1)));
  return out;
}

std::string write_oauthbearer(const BearerMessage& message) {
  const std::string identity = message.name.empty() ? std::string() : "a=" + escape(message.name);
  const std::string_view scheme = message.token.empty() ? "" : "Bearer ";
  return fmt::format(
      "n,{},\x01"
      "auth={}{}\x01\x01",
      identity, scheme, message.token.reveal());
}

std::string write_xoauth2(const BearerMessage& message) {
  const std::string_view scheme = message.token.empty() ? "" : "Bearer ";
  return fmt::format(
      "user={}\x01"
      "auth={}{}\x01\x01",
      message.name, scheme, message.token.reveal());
}

std::unique_ptr<Exchange> make_bearer_exchange(Mechanism mechanism) {
  return std::make_unique<BearerExchange>(mechanism);
}

std::string write_token_refusal(const TokenRefusal& refusal) {
  std::string out = "{\"status\":" + in_json(refusal.status);
  if (!refusal.scope.empty()) out += ",\"scope\":" + in_json(refusal.scope);
  if (!refusal.openid_configuration.empty())
    out += ",\"openid-configuration\":" + in_json(refusal.openid_configuration);
  return out + "}";
}

}  // namespace gatepost::sasl
