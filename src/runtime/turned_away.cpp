#include "runtime/turned_away.hpp"

#include <utility>

namespace gatepost::runtime {
namespace {

class TurnedAway final : public Session {
 public:
  TurnedAway(std::unique_ptr<Session> session, std::string why) : session_(std::move(session)), why_(std::move(why)) {}
  Task<Step> opened() override {
    session_->turned_away(why_);
    co_return Step{0, Next::close};
  }
  Task<Step> step(std::string_view input) override { co_return Step{input.size(), Next::close}; }
  Task<> ended() override { return session_->ended(); }
  void closed() override { session_->closed(); }
  Waiting waiting() const override { return Waiting::greeting; }

 private:
  const std::unique_ptr<Session> session_;
  const std::string why_;
};

}  // namespace

std::unique_ptr<Session> turn_away(std::unique_ptr<Session> session, std::string why) {
  if (!session) return nullptr;
  return std::make_unique<TurnedAway>(std::move(session), std::move(why));
}

}  // namespace gatepost::runtime
