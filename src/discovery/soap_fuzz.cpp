// Whatever is posted to Autodiscover by SOAP: no crash, nothing beyond the limits, and an answer to each that is asked
// about.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <pugixml.hpp>

#include "base/result.hpp"
#include "discovery/soap.hpp"
#include "discovery/xml.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost::discovery;
  const auto request = parse_soap({reinterpret_cast<const char*>(data), size});
  if (!request || request->operation == SoapRequest::Operation::other) return 0;
  GP_ASSERT(!request->about.empty() && request->about.size() <= kMaxSoapUsers);
  GP_ASSERT(!request->settings.empty() && request->settings.size() <= kMaxSoapSettings);
  std::string answer;
  if (request->operation == SoapRequest::Operation::user_settings) {
    const SoapUser user{"a@b", "A", "https://b/", {{Kind::imap, Tls::implicit, "h", 993}}};
    answer = write_user_settings(*request, {request->about.size(), user});
  } else {
    answer = write_domain_settings(*request, std::vector<bool>(request->about.size(), true));
  }
  // What they wrote into it is still one document.
  pugi::xml_document document;
  GP_ASSERT(load_xml(document, answer, SIZE_MAX).has_value());
  return 0;
}
