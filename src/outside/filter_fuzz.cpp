#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "ldap/protocol/filter.hpp"
#include "outside/filter.hpp"
#include "outside/person.hpp"
#include "outside/proof.hpp"

// Whatever somebody types for a name, the filter has the shape it has for a plain name, and asks for what was typed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost;
  constexpr std::string_view kPattern = "(&(objectClass=person)(|(mail={address})(uid={user})))";
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (const auto name = outside::read_name(input)) {
    const auto filter = ldap::parse_filter_text(outside::fill(kPattern, *name));
    GP_ASSERT(filter && filter->nodes.size() == 5);
    GP_ASSERT(filter->nodes[3].value == name->whole && filter->nodes[4].value == name->user);
  }
  (void)outside::read_proof(49, input, std::nullopt);
  (void)outside::normal_dn(input);
  outside::Settings settings;
  settings.attributes = {.address = "mail",
                         .addresses = {"proxyAddresses"},
                         .display_name = "cn",
                         .unique_id = "id",
                         .account_control = true};
  const std::string text(input);
  outside::Entry entry{.dn = text,
                       .attributes = {{"mail", {text}},
                                      {"proxyAddresses", {text, "SMTP:" + text}},
                                      {"cn", {text}},
                                      {"accountExpires", {text}},
                                      {"userAccountControl", {text}}}};
  const auto person = outside::read_person(settings, std::move(entry), TimePoint{});
  GP_ASSERT(person.addresses.size() <= 3);
  return 0;
}
