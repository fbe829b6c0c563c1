#include "imap/protocol/mailbox_name.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ascii.hpp"
#include "base/result.hpp"
#include "base/utf8.hpp"
#include "imap/protocol/strings.hpp"

namespace {

using namespace gatepost::imap;

// Table by table, as slow as it is plain.
bool matches_plainly(std::string_view pattern, std::string_view name) {
  std::vector<bool> now(name.size() + 1);
  now[0] = true;
  for (const char p : pattern) {
    std::vector<bool> next(name.size() + 1);
    for (std::size_t i = 0; i <= name.size(); ++i) {
      if (p == '*' || p == '%') {
        next[i] = now[i] || (i > 0 && next[i - 1] && (p == '*' || name[i - 1] != '/'));
      } else {
        next[i] = i > 0 && now[i - 1] && name[i - 1] == p;
      }
    }
    now = next;
  }
  return now[name.size()];
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size < 4000 ? size : 4000);
  if (const auto text = modified_utf7_to_utf8(input)) {
    GP_ASSERT(gatepost::utf8::is_valid(*text));
    const auto back = utf8_to_modified_utf7(*text);
    GP_ASSERT(back && *back == input);
  }
  if (const auto wire = utf8_to_modified_utf7(input)) {
    const auto back = modified_utf7_to_utf8(*wire);
    GP_ASSERT(back && *back == input);
  }
  for (const bool utf8 : {false, true}) {
    if (const auto name = read_mailbox_name(input, utf8)) {
      const auto again = utf8 ? name : utf8_to_modified_utf7(*name);
      GP_ASSERT(again && read_mailbox_name(*again, utf8) == name);
    }
    std::string out;
    write_mailbox(out, input, utf8);
    GP_ASSERT(!out.empty());
  }
  const std::size_t cut = input.find('\n');
  if (cut != std::string_view::npos) {
    const std::string_view pattern = input.substr(0, cut), name = input.substr(cut + 1, 500);
    const bool matched = MailboxPattern(pattern).matches(name);
    const bool inbox = gatepost::ascii::istarts_with(name, "INBOX") && (name.size() == 5 || name[5] == '/');
    if (pattern.size() > kMaxPatternOctets) {
      GP_ASSERT(!matched);
    } else if (inbox) {
      GP_ASSERT(matched || !matches_plainly(pattern, name));
    } else {
      GP_ASSERT(matched == matches_plainly(pattern, name));
    }
  }
  return 0;
}
