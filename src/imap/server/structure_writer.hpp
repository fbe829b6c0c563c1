#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "imap/protocol/body_structure.hpp"
#include "imap/protocol/fetch_response.hpp"
#include "mime/structure.hpp"

namespace gatepost::imap::server {

// Writes ENVELOPE, BODY and BODYSTRUCTURE of one message after the other. Keeps its memory between them.
class StructureWriter {
 public:
  void envelope(FetchWriter& writer, const mime::Structure& structure);
  // What FetchWriter::body_structure() leaves to the caller.
  void structure(std::string& out, const mime::Structure& structure, bool extended, bool utf8);
  // Of one part and those in it; what `shown` says of it instead (RFC 5524 3.2).
  struct Shown {
    std::string_view encoding = {};  // "": as it is, and its octets too
    std::uint64_t octets = 0;
  };
  void part(std::string& out, const mime::Structure& structure, std::uint32_t index, const Shown& shown, bool utf8);

 private:
  void parts(std::string& out, const mime::Structure& structure, std::uint32_t first, std::uint32_t end, bool extended,
             bool utf8);
  EnvelopeView view(const mime::Structure& structure, const mime::Envelope& envelope);
  PartView view(const mime::Structure& structure, const mime::Part& part);

  std::vector<AddressView> addresses_;
  std::vector<ParameterView> parameters_;
  std::vector<std::uint32_t> open_;
};

}  // namespace gatepost::imap::server
