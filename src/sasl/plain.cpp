#include "sasl/plain.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/utf8.hpp"

namespace gatepost::sasl {
namespace {

class PlainExchange final : public Exchange {
 public:
  Step begin(std::optional<std::string_view> initial) override {
    if (initial) return step(*initial);
    return Challenge{};
  }

  Step step(std::string_view response) override {
    if (over_) return Failed{{Errc::invalid, "PLAIN is over"}, {}, {}};
    over_ = true;
    auto message = parse_plain(response);
    if (!message) return Failed{std::move(message).error(), {}, {}};
    if (!same_identity(message->authzid, message->authcid)) {
      return Failed{{Errc::denied, "wants to act for another identity"}, std::move(message->authcid), {}};
    }
    return CheckPassword{std::move(message->authcid), std::move(message->password)};
  }

 private:
  bool over_ = false;
};

class PlainClient final : public ClientExchange {
 public:
  PlainClient(std::string_view name, const Secret& password) : name_(name), password_(password.clone()) {}
  Mechanism mechanism() const override { return Mechanism::plain; }
  Result<std::optional<std::string>> initial() override {
    return write_plain({.authzid = {}, .authcid = name_, .password = password_.clone()});
  }
  // A server that overlooked the initial response asks for it with an empty challenge.
  Result<std::string> step(std::string_view challenge) override {
    if (!challenge.empty() || asked_) return fail(Errc::invalid, "a challenge that PLAIN does not have");
    asked_ = true;
    GP_TRY(auto message, initial());
    return *std::move(message);
  }
  bool complete() const override { return true; }

 private:
  std::string name_;
  Secret password_;
  bool asked_ = false;
};

}  // namespace

bool is_acceptable_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxNameOctets && utf8::is_valid(name) &&
         std::ranges::none_of(name, ascii::is_control);
}

bool same_identity(std::string_view authzid, std::string_view authcid) {
  return authzid.empty() || ascii::iequals(authzid, authcid);
}

Result<PlainMessage> parse_plain(std::string_view message) {
  const std::size_t first = message.find('\0');
  const std::size_t second = first == std::string_view::npos ? first : message.find('\0', first + 1);
  if (second == std::string_view::npos || message.find('\0', second + 1) != std::string_view::npos) {
    return fail(Errc::invalid, "a PLAIN message has three fields");
  }
  const std::string_view authzid = message.substr(0, first);
  const std::string_view authcid = message.substr(first + 1, second - first - 1);
  const std::string_view password = message.substr(second + 1);
  if (!is_acceptable_name(authcid) || !(authzid.empty() || is_acceptable_name(authzid))) {
    return fail(Errc::invalid, "a name in the PLAIN message is empty, too long or not text");
  }
  if (password.empty() || password.size() > kMaxPasswordOctets) {
    return fail(Errc::invalid, "the password in the PLAIN message is empty or too long");
  }
  return PlainMessage{std::string(authzid), std::string(authcid), Secret(password)};
}

std::string write_plain(const PlainMessage& message) {
  std::string out = message.authzid;
  out.append(1, '\0').append(message.authcid).append(1, '\0').append(message.password.reveal());
  return out;
}

std::unique_ptr<Exchange> make_plain_exchange() { return std::make_unique<PlainExchange>(); }

std::unique_ptr<ClientExchange> make_plain_client(std::string_view name, const Secret& password) {
  return std::make_unique<PlainClient>(name, password);
}

}  // namespace gatepost::sasl
