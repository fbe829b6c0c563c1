#pragma once

#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "http/protocol/h2_connection.hpp"
#include "http/server/conversation.hpp"

namespace gatepost::http::server {

// One HTTP/2 connection (RFC 9113): many requests at one time, each with a handler that runs beside the others.
class H2Session final : public Conversation, private H2Connection::Events {
 public:
  H2Session(Shared& shared, std::shared_ptr<const Settings> settings, runtime::Peer& peer, runtime::Output& output,
            std::shared_ptr<runtime::Waker> waker);

  Task<runtime::Step> opened() override;
  Task<runtime::Step> step(std::string_view input) override;
  Task<runtime::Step> woken() override;
  bool timed_out() override;
  void stopping() override;
  bool may_stop() override;
  runtime::Waiting waiting() const override;

 private:
  struct Stream {
    std::shared_ptr<Exchange> exchange;  // shared with its handler
    std::uint64_t consumed = 0;          // content that the peer was given room for again
    std::uint64_t seen_sent = 0;         // of the answer, when the deadline passed last
    bool responded = false, finished = false, aborted = false;
  };

  // Of H2Connection::Events.
  void request(StreamId id, RequestHead head) override;
  void refused(StreamId id, int status) override;
  void content(StreamId id, std::string_view octets) override;
  void content_ended(StreamId id) override;
  void closed(StreamId id) override;
  using Conversation::closed;

  void admit(StreamId id, std::shared_ptr<Exchange> exchange);
  void move_answer(StreamId id, Stream& stream);
  void respond(StreamId id, Stream& stream);
  bool has_more_to_move() const;
  Task<bool> pump();

  H2Connection connection_;
  std::map<StreamId, Stream> streams_;
  bool heard_ = false, reported_ = false;
};

}  // namespace gatepost::http::server
