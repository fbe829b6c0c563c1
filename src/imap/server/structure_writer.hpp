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

 private:
  EnvelopeView view(const mime::Structure& structure, const mime::Envelope& envelope);
  PartView view(const mime::Structure& structure, const mime::Part& part);

  std::vector<AddressView> addresses_;
  std::vector<ParameterView> parameters_;
  std::vector<std::uint32_t> open_;
};

}  // namespace gatepost::imap::server
