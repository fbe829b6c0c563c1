#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace gatepost::converter {

struct DocumentLimits {
  std::uint64_t unpacked_octets = 64 << 20;  // of all files that are looked at, together
  std::uint64_t file_octets = 24 << 20;      // of one
  std::size_t files = 20'000;                // in the package
  std::size_t text_octets = 1 << 20;         // beyond, the rest is left
};

// The text of an office document that is a package of XML files: Office Open XML (ECMA-376: docx, xlsx, pptx) and
// OpenDocument (ISO/IEC 26300: odt, ods, odp). Paragraphs and cells end in line feeds. May be empty. `octets` outlives
// the call. Errc::invalid: it is no such document, damaged or encrypted; Errc::too_large: over the limits, as a file
// made to fill the memory is.
Result<std::string> document_text(std::string_view octets, const DocumentLimits& limits = {});

// Appends the text of one of its files. `out` may go a little beyond limits.text_octets. Errc::invalid: no XML.
Result<> append_xml_text(std::string& xml, std::size_t text_octets, std::string& out);

}  // namespace gatepost::converter
