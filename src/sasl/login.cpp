#include "sasl/login.hpp"

#include "sasl/plain.hpp"

namespace gatepost::sasl {
namespace {

class LoginExchange final : public Exchange {
 public:
  Step begin(std::optional<std::string_view> initial) override {
    if (initial && !initial->empty()) return step(*initial);
    return Challenge{"Username:"};
  }

  Step step(std::string_view response) override {
    switch (next_) {
      case Next::name:
        if (!is_acceptable_name(response)) return end({Errc::invalid, "the name is empty, too long or not text"});
        name_ = response;
        next_ = Next::password;
        return Challenge{"Password:"};
      case Next::password:
        if (response.empty() || response.size() > kMaxPasswordOctets || response.contains('\0')) {
          return end({Errc::invalid, "the password is empty, too long or has NUL"});
        }
        next_ = Next::nothing;
        return CheckPassword{std::move(name_), Secret(response)};
      case Next::nothing:
        break;
    }
    return end({Errc::invalid, "LOGIN is over"});
  }

 private:
  enum class Next : std::uint8_t { name, password, nothing };
  Step end(Error error) {
    next_ = Next::nothing;
    return Failed{std::move(error), std::move(name_), {}};
  }

  Next next_ = Next::name;
  std::string name_;
};

class LoginClient final : public ClientExchange {
 public:
  LoginClient(std::string_view name, const Secret& password) : name_(name), password_(password.clone()) {}
  Mechanism mechanism() const override { return Mechanism::login; }
  Result<std::optional<std::string>> initial() override { return std::nullopt; }
  // The prompts differ from server to server; their order does not.
  Result<std::string> step(std::string_view) override {
    switch (steps_++) {
      case 0:
        return name_;
      case 1:
        return std::string(password_.reveal());
      default:
        return fail(Errc::invalid, "a challenge that LOGIN does not have");
    }
  }
  bool complete() const override { return steps_ >= 2; }

 private:
  std::string name_;
  Secret password_;
  std::uint32_t steps_ = 0;
};

}  // namespace

std::unique_ptr<Exchange> make_login_exchange() { return std::make_unique<LoginExchange>(); }

std::unique_ptr<ClientExchange> make_login_client(std::string_view name, const Secret& password) {
  return std::make_unique<LoginClient>(name, password);
}

}  // namespace gatepost::sasl
