#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/date.hpp"
#include "imap/protocol/body_structure.hpp"
#include "imap/protocol/command_fetch.hpp"
#include "imap/protocol/flags.hpp"

namespace gatepost::imap {

// "[1.HEADER]", also as a client asks for it.
void write_section(std::string& out, const Section& section);
// "BODY[HEADER.FIELDS (FROM TO)]<0>": how an answer names what was asked for (RFC 9051 7.5.2).
void write_section_name(std::string& out, const FetchSection& section);

// What a FETCH response says which message it is about by: a sequence number, or with UIDONLY the UID, and then the
// response is UIDFETCH (RFC 9586 3.3).
struct FetchName {
  std::uint32_t number = 0;
  bool is_uid = false;
};

// One FETCH response (RFC 9051 7.5.2), item after item. `out` may be sent and cleared between calls, so that a message
// of any size passes in bounded memory; it must be the same string throughout.
//   FetchWriter w(out, 12, utf8);  w.uid(7);  w.flags(flags);  w.literal(section, octets);  out.append(...);
//   w.finish();
class FetchWriter {
 public:
  FetchWriter(std::string& out, FetchName name, bool utf8);
  FetchWriter(std::string& out, std::uint32_t sequence_number, bool utf8)
      : FetchWriter(out, FetchName{sequence_number, false}, utf8) {}

  void flags(const Flags& flags, bool recent = false);
  void flags(std::string_view list);  // as write_flag_list writes it
  void uid(std::uint32_t uid);
  void modseq(std::uint64_t modseq);
  void internal_date(TimePoint date);
  void size(std::uint64_t octets);
  void envelope(const EnvelopeView& envelope);
  // The caller goes on with BodyStructureWriter(out, extended, utf8).
  void body_structure(bool extended);
  void email_id(std::string_view id);
  void thread_id(NString id);
  void save_date(std::optional<TimePoint> date);
  void preview(NString text);

  // The name and the header of a literal; the caller appends exactly `octets` octets. `has_nul`: sent as literal8,
  // allowed for the binary form only (RFC 3516 4.2).
  void literal(const FetchSection& section, std::uint64_t octets, bool has_nul = false);
  // Small and complete; a quoted string when it may be one.
  void text(const FetchSection& section, std::string_view octets);
  void nil(const FetchSection& section);  // no such part
  void binary_size(const FetchSection& section, std::uint64_t octets);

  // Without a call the response is not ended.
  void finish();

 private:
  std::string& item(std::string_view name);
  void section(const FetchSection& section);
  void separate();

  std::string& out_;
  bool utf8_;
  bool first_ = true;
};

}  // namespace gatepost::imap
