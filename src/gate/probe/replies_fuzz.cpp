#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "gate/probe/replies.hpp"

using namespace gatepost;
using namespace gatepost::gate::probe;

namespace {

// What a part of the input already gives is what the whole gives; a whole answer never takes more than there is.
template <class Answer>
void check(std::string_view input, auto take) {
  Answer answer;
  const Taken whole = take(input, answer);
  if (whole.progress != Taken::Progress::done) return;
  GP_ASSERT(whole.octets > 0 && whole.octets <= input.size());
  Answer same;
  GP_ASSERT(take(input.substr(0, whole.octets), same).octets == whole.octets);
  GP_ASSERT(take(input.substr(0, whole.octets - 1), same).progress != Taken::Progress::done);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check<SmtpReply>(input, take_smtp_reply);
  check<std::string>(input, take_line);
  check<ImapAnswer>(input, [](std::string_view in, ImapAnswer& out) {
    const Taken taken = take_imap_answer(in, "a1", out);
    for (const auto& word : imap_capabilities(out)) GP_ASSERT(!word.empty());
    return taken;
  });
  check<Pop3Answer>(input, [](std::string_view in, Pop3Answer& out) { return take_pop3_answer(in, true, out); });
  check<HttpHead>(input, take_http_head);
  check<LdapMessage>(input, take_ldap_message);
  for (const char c : printable(input)) GP_ASSERT(c >= 0x20 && c < 0x7f);
  return 0;
}
