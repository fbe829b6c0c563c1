#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "jmap/context.hpp"
#include "jmap/email_header.hpp"

// A message made of an Email object (RFC 8621 4.6).
namespace gatepost::jmap {

struct Composed {
  account::Body body;
  std::string summary;
};

// Writes the message that `email` describes as a body of the account, with Message-ID, Date and MIME fields where they
// are missing. Errors: invalidProperties, blobNotFound, tooLarge, and those of the store. Blocks.
Outcome<Composed> compose(Context& context, const Access& access, const json::object& email);

// Writes octets as a body and scans them. Blocks.
class BodyBuilder {
 public:
  static Result<BodyBuilder> open(account::Account& account, std::uint64_t max_octets);
  // Errc::too_large beyond max_octets; errors stick.
  void write(std::string_view octets);
  Result<Composed> finish();

 private:
  std::unique_ptr<account::BodyWriter> writer_;
  std::unique_ptr<mime::StructureScanner> scanner_;
  std::uint64_t room_ = 0;
  Result<> state_;
};

}  // namespace gatepost::jmap
