#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "account/account.hpp"
#include "imap/protocol/imap_url.hpp"
#include "imap/server/section.hpp"

namespace gatepost::imap::server {

// The octets that a URL names (RFC 5092 5), in pieces. Every call blocks: for jobs on workers.
class UrlReader {
 public:
  enum class Form : std::uint8_t {
    as_is,
    decoded
  };  // decoded: the transfer encoding of a part is undone (RFC 5524 3.1)
  // `account` outlives it. Errc::not_found: the URL names nothing there.
  static Result<std::unique_ptr<UrlReader>> open(account::Account& account, const MessageUrl& url,
                                                 Form form = Form::as_is);

  // The part has an encoding that is not known: nothing can be read of it decoded.
  bool unknown_encoding() const { return unknown_encoding_; }
  // How many octets next() will give; goes through all of them when that cannot be told otherwise.
  Result<Measure> measure() const;
  // Appends a piece. False: that was all.
  Result<bool> next(std::string& out);

  // The body of the part the URL names, as BODY tells it; `decoded`: with its octets then, and no encoding.
  void write_structure(std::string& out, const Measure* decoded, bool utf8);

 private:
  explicit UrlReader(account::Account& account) : reader_(account) {}
  Result<> find(const account::Item& item, Form form);

  MessageReader reader_;
  Section section_;
  std::optional<Partial> partial_;
  mime::Structure structure_;
  std::uint32_t part_ = 0;
  std::optional<SectionReader> octets_;
  std::optional<Window> window_;
  std::string piece_;
  bool unknown_encoding_ = false, changed_ = false;
};

}  // namespace gatepost::imap::server
