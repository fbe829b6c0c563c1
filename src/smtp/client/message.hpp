#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "account/account.hpp"
#include "base/result.hpp"
#include "runtime/task.hpp"
#include "runtime/workers.hpp"

namespace gatepost::smtp::client {

// A queued message as it leaves: the stored body without the Return-Path that final delivery here put before it (RFC
// 5321 4.4), read in pages by workers. Used by one attempt.
class Message {
 public:
  Message(account::Accounts& accounts, runtime::Workers& workers, const account::Body& body)
      : accounts_(accounts), workers_(workers), body_(body) {}

  // First of all. Then size() is known, and next() begins at the front.
  runtime::Task<Result<>> open();
  std::uint64_t size() const { return body_.size - begin_; }  // octets that leave
  // The next page, empty at the end. Lives until the next call.
  runtime::Task<Result<std::string_view>> next();
  void rewind();

  // What the content needs from a server, whatever the client said of it. Reads all of it, once.
  struct Facts {
    bool header_8bit = false;  // RFC 6531: SMTPUTF8
    bool eight_bit = false;    // RFC 6152: 8BITMIME
    bool binary = false;       // RFC 3030: NUL, a CR or LF alone, a line over 998 octets, no CRLF at the end
  };
  runtime::Task<Result<Facts>> inspect();

 private:
  Result<> read_page();  // blocks

  account::Accounts& accounts_;
  runtime::Workers& workers_;
  account::Body body_;
  std::uint64_t begin_ = 0;   // of what leaves
  std::uint64_t offset_ = 0;  // of the page after `page_`
  std::string page_;
  bool fresh_ = false;  // page_ was not given out yet
};

}  // namespace gatepost::smtp::client
