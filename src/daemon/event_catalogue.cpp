#include "daemon/event_catalogue.hpp"

#include <algorithm>
#include <span>

#include "account/events.hpp"
#include "api/events.hpp"
#include "attachments/events.hpp"
#include "daemon/certificate_events.hpp"
#include "daemon/events.hpp"
#include "directory/events.hpp"
#include "http/server/events.hpp"
#include "imap/server/events.hpp"
#include "jmap/events.hpp"
#include "kerberos/events.hpp"
#include "ldap/server/events.hpp"
#include "mailflow/events.hpp"
#include "oauth/events.hpp"
#include "outside/events.hpp"
#include "pop3/server/events.hpp"
#include "runtime/events.hpp"
#include "search/events.hpp"
#include "smtp/client/events.hpp"
#include "smtp/server/events.hpp"
#include "store/events.hpp"

namespace gatepost::daemon {

std::vector<Event> event_catalogue() {
  const std::span<const Event> layers[] = {
      event::kAll,
      certificate_event::kAll,
      runtime::event::kAll,
      store::event::kAll,
      account::event::kAll,
      search::event::kAll,
      attachments::event::kAll,
      mailflow::event::kAll,
      jmap::event::kAll,
      directory::event::kAll,
      outside::event::kAll,
      oauth::event::kAll,
      kerberos::event::kAll,
      smtp::server::event::kAll,
      smtp::client::event::kAll,
      imap::server::event::kAll,
      ldap::server::event::kAll,
      pop3::server::event::kAll,
      http::server::event::kAll,
      api::event::kAll,
  };
  std::vector<Event> all;
  for (const auto& layer : layers) all.insert(all.end(), layer.begin(), layer.end());
  std::ranges::sort(all, {}, &Event::name);
  return all;
}

}  // namespace gatepost::daemon
