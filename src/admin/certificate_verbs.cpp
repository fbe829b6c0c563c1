#include "admin/verbs.hpp"

namespace gatepost::admin {
namespace {

Reply certificate(Services& services, const Request& request, std::stop_token stop) {
  if (!services.server.certificate) return failure({Errc::unsupported, "not on this server"}, request.verb);
  return services.server.certificate(request, stop);
}

}  // namespace

std::vector<Verb> certificate_verbs() {
  return {
      {"certificate list", "The certificate each port really shows, its days left and its next renewal.", true,
       certificate},
      {"certificate show", "One certificate: chain, keys, next renewal, what went wrong last.", true, certificate},
      {"certificate renew", "Get a certificate of [acme] again now.", true, certificate},
      {"certificate rehearse", "Look whether a certificate could be got, without getting one.", true, certificate},
      {"certificate tlsa", "The TLSA records (DANE) of the present and the next key.", true, certificate},
      {"certificate mta-sts", "The MTA-STS policy this server can keep.", true, certificate},
      {"certificate authority", "The private authority's certificate.", true, certificate},
      {"certificate hook-next", "The next DNS record a hook program has to change.", true, certificate},
      {"certificate hook-done", "A hook program has changed it, or could not.", true, certificate},
  };
}

}  // namespace gatepost::admin
