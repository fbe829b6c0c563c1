#include <cstddef>
#include <cstdint>
#include <string_view>

#include "certificates/facts.hpp"
#include "certificates/making.hpp"
#include "certificates/store.hpp"

using namespace gatepost::certificates;

// A chain in PEM, as an authority or a file gives it; also tried as a key and as both.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto chain = read_chain(text)) {
    for (const Facts& one : *chain) {
      GP_ASSERT(fingerprint(one).size() == 64);
      for (const std::string& name : one.names) GP_ASSERT(stands_for(one, name) || name.starts_with("*."));
      (void)tlsa_data(one.public_der);
    }
  }
  if (const auto held = Held::read(text, text)) {
    const auto again = Held::read(held->chain_pem, held->key.to_pem().reveal());
    GP_ASSERT(again && again->chain.size() == held->chain.size());
  }
  (void)Authority::from_pem(text, text);
  (void)state_from_json(text);
  return 0;
}
