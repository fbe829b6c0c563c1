#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "account/account.hpp"
#include "base/result.hpp"
#include "mime/structure.hpp"
#include "mime/transfer.hpp"
#include "reading/field_filter.hpp"
#include "reading/range.hpp"

namespace gatepost::reading {

// Bodies are stored in frames of so many octets; reading along their borders restores each once.
inline constexpr std::size_t kPieceOctets = 64 << 10;

// Reads parts of messages, one message after the other. Small ones are read once, whole. Blocks: for jobs on workers.
class MessageReader {
 public:
  explicit MessageReader(account::Account& account) : account_(account) {}

  // Another message from here on. Reads nothing yet.
  void open(const account::Body& body);
  std::uint64_t octets() const { return body_.size; }
  // The caller bounds the range. The view lives until the next call.
  Result<std::string_view> view(Range range);
  // After an error `out` is as before.
  Result<> append(Range range, std::string& out);

 private:
  Result<> keep(Range range);

  account::Account& account_;
  account::Body body_;
  std::string kept_;
  Range kept_range_;
};

// The structure of the message that `reader` has open: from its summary, or, when there is none, by reading all of it.
Result<mime::Structure> structure_of(MessageReader& reader, std::string_view summary);
// The same into a scratch that is used again and again; its views may point into `summary`.
Result<> structure_of(MessageReader& reader, std::string_view summary, mime::Structure& into);

// A range of the message that `reader` has open, in pieces of at most kPieceOctets before decoding: as it is, only some
// header fields, or with its transfer encoding undone. A copy goes through the same octets again from where it stands.
class SectionReader {
 public:
  using Change = std::variant<std::monostate, FieldFilter, mime::TransferDecoder>;
  SectionReader(MessageReader& reader, Range range, Change change = {})
      : reader_(&reader), rest_(range), change_(std::move(change)) {}

  // Appends the next piece, which may come to nothing. False, and nothing appended: that was all.
  Result<bool> next(std::string& out);
  std::uint64_t octets_before_change() const { return rest_.octets(); }

 private:
  MessageReader* reader_;
  Range rest_;
  Change change_;
  bool ended_ = false;
};

}  // namespace gatepost::reading
