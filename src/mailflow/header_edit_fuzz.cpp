#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ascii.hpp"
#include "base/result.hpp"
#include "mailflow/header_edit.hpp"

using namespace gatepost;

// The end of a header is found however it comes; editing twice is editing once; no Bcc is left, nor a Sender that is
// taken out.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = mailflow::header_end(text);
  for (std::size_t cut = 0; cut < std::min<std::size_t>(size, 64); ++cut) {
    const std::size_t early = mailflow::header_end(text.substr(0, cut));
    if (early == std::string_view::npos) GP_ASSERT(mailflow::header_end(text, cut) == end);
  }
  const std::string_view header = text.substr(0, end);
  mailflow::count_received(header);
  const mailflow::SubmissionEdit edit{"Thu, 01 Jan 2026 00:00:00 +0000", "<1@mail.example.org>"};
  const std::string once = mailflow::edit_for_submission(header, edit);
  GP_ASSERT(once.size() <= header.size() + 200);
  GP_ASSERT(mailflow::edit_for_submission(once, edit) == once);
  GP_ASSERT(!ascii::istarts_with(once, "bcc:") && ascii::ifind(once, "\nbcc:") == std::string_view::npos);
  mailflow::for_each_field(header, [](std::string_view name, std::string_view) { GP_ASSERT(!name.empty()); });
  mailflow::SubmissionEdit without = edit;
  without.sender = "";
  mailflow::for_each_field(mailflow::edit_for_submission(header, without),
                           [](std::string_view name, std::string_view) { GP_ASSERT(!ascii::iequals(name, "Sender")); });
  return 0;
}
