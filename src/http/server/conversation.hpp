#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "http/server/exchange.hpp"
#include "http/server/misses.hpp"
#include "http/server/router.hpp"
#include "http/server/settings.hpp"
#include "http/server/sign_in.hpp"
#include "runtime/session.hpp"
#include "runtime/timer.hpp"

namespace gatepost::http::server {

// What all connections of a server share.
struct Shared {
  Shared(const Services& s, std::string service_name, const Router& router);
  Services services;
  std::string service;
  const Router& routes;
  Counter &http1, &http2;     // connections
  Counter& requests;          // answered, by class of status
  Counter* by_class[6] = {};  // [2]: 2xx
  Counter& refused;           // what was no request, or broke a limit
  Misses misses;
};

// What the sessions of both versions have in common: requests become exchanges, handlers run beside the session until
// they end. The session moves octets between them and the connection.
class Conversation : public runtime::Session {
 public:
  Conversation(Shared& shared, std::shared_ptr<const Settings> settings, runtime::Peer& peer, runtime::Output& output,
               std::shared_ptr<runtime::Waker> waker);
  ~Conversation() override;

  const Services& services() const { return shared_.services; }
  const runtime::Peer& peer() const { return peer_; }
  const boost::asio::any_io_executor& executor() const { return executor_; }  // of the I/O thread
  // Something of an exchange changed: the session looks at all of them soon.
  void touched();

  Task<runtime::Step> opened() override;
  Task<> ended() override;
  void closed() override;

 protected:
  // Routes the request and starts its handler, or answers at once. Never null.
  std::shared_ptr<Exchange> start(RequestHead&& head);
  // An answer of the server's own, without a handler.
  std::shared_ptr<Exchange> start_refused(RequestHead&& head, Response answer);
  // The answer's head as it is to be sent, but for its framing.
  ResponseHead head_of(Exchange& exchange);
  // The same of one whose fields were prepared, as lines of HTTP/1.1 without the last one.
  void write_prepared_head(std::string& out, Exchange& exchange);
  // Once the answer is sent, or cannot be.
  void settled(Exchange& exchange);
  // Ends those whose sign-in was revoked; true: there were some.
  bool cut_revoked(const std::vector<std::shared_ptr<Exchange>>& exchanges);
  // The peer is gone, or its stream is.
  static void abandon(Exchange& exchange);
  static void ask_to_stop(Exchange& exchange);
  std::uint32_t running() const { return running_; }
  // So many wrong passwords, or so many requests in a row for what is not there, that the connection is to end.
  bool spent() const {
    return sign_ins_.failures() >= settings_->failed_sign_ins || bad_requests_ >= settings_->bad_requests;
  }
  // Tells those who guard the ports of what the peer did.
  void report(runtime::Conduct what, std::string_view detail) const;
  void log_refused(int status, std::string_view why);

  std::string& out() { return output_.buffer(); }

  Shared& shared_;
  std::shared_ptr<const Settings> settings_;  // shared by the connections that began under them
  runtime::Peer& peer_;
  runtime::Output& output_;
  std::shared_ptr<runtime::Waker> waker_;  // shared with what may outlive the session
  bool inside_ = false;                    // a call of the connection's: it looks at everything before it returns
  bool stopping_ = false;

 private:
  struct Routed;
  Request request_of(RequestHead&& head, int& status) const;
  void find_client(Request& request) const;
  std::optional<std::chrono::seconds> away(const Request& request, const Route* route) const;
  void run(const std::shared_ptr<Exchange>& exchange);
  Task<bool> sign_in(std::shared_ptr<Exchange> exchange);
  void handle(const std::shared_ptr<Exchange>& exchange);
  void handler_ended(Exchange& exchange, const std::exception_ptr& failure);
  void count_bad(const Exchange& exchange);
  void report_client(const Request& request, runtime::Conduct what) const;

  boost::asio::any_io_executor executor_;
  SignIns sign_ins_;
  std::vector<std::weak_ptr<Exchange>> handled_;  // handlers that run: the connection's end waits for them
  std::uint32_t running_ = 0, bad_requests_ = 0;
  std::optional<runtime::Alarm> all_ended_;
};

}  // namespace gatepost::http::server
