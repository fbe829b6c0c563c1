#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "http/protocol/h1_receiver.hpp"
#include "http/server/conversation.hpp"

namespace gatepost::http::server {

// One HTTP/1.x connection (RFC 9112): a request, its answer, then the next.
class H1Session final : public Conversation {
 public:
  H1Session(Shared& shared, std::shared_ptr<const Settings> settings, runtime::Peer& peer, runtime::Output& output,
            std::shared_ptr<runtime::Waker> waker);

  Task<runtime::Step> step(std::string_view input) override;
  Task<runtime::Step> woken() override;
  bool timed_out() override;
  void stopping() override {}
  bool may_stop() override;
  bool takes_input() const override { return exchange_ == nullptr; }
  runtime::Waiting waiting() const override;
  std::size_t max_buffered() const override { return settings_->header_octets + kMoreInput; }

 private:
  static constexpr std::size_t kMoreInput = 16 << 10;

  // Handles at most one item of the input.
  runtime::Step take(std::string_view input);
  void begin(RequestHead&& head);
  void end_content();
  runtime::Step refuse();
  bool wants_content() const;
  // Puts what the exchange has into the output until that is full or nothing is left. false: the connection is to end.
  bool move_answer();
  void pass_content(Exchange& exchange);
  void write_head_of(Exchange& exchange);
  bool finish_exchange();
  std::optional<bool> pump_now();
  Task<bool> pump();

  H1Receiver receiver_;
  std::shared_ptr<Exchange> exchange_;  // the one at work; shared with its handler
  std::size_t dropped_ = 0;             // content nobody wanted
  bool keep_alive_ = true, chunked_ = false, heard_ = false, dropping_ = false, content_over_ = true;
};

}  // namespace gatepost::http::server
