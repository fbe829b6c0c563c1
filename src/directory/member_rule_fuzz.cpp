#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/result.hpp"
#include "directory/member_rule.hpp"

// Whatever compiles gives an answer, the same each time, and its negation the other one.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost::directory;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto rule = MemberRule::compile(text);
  if (!rule) return 0;
  Principal anna{.id = PrincipalId{1024}, .address = "anna@example.org", .display_name = "Anna M\u00fcller"};
  anna.contact = std::make_shared<const Contact>(Contact{
      {ContactField::department, "Sales"}, {ContactField::phone, "+49 30 1"}, {ContactField::city, "K\u00f6ln"}});
  const Principal paul{.kind = PrincipalKind::contact, .address = "paul@example.net", .home = "example.org"};
  const auto other = MemberRule::compile("(!" + std::string(text) + ")");
  for (const Principal* one : {&std::as_const(anna), &paul}) {
    const bool fits = (*rule)->fits(*one);
    GP_ASSERT(fits == (*rule)->fits(*one));
    if (other) GP_ASSERT((*other)->fits(*one) != fits);
  }
  return 0;
}
