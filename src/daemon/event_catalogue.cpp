#include "daemon/event_catalogue.hpp"

#include <algorithm>
#include <span>

#include "account/events.hpp"
#include "daemon/events.hpp"
#include "mailflow/events.hpp"
#include "runtime/events.hpp"
#include "store/events.hpp"
#if __has_include("directory/events.hpp")
#include "directory/events.hpp"
#endif
#if __has_include("smtp/server/events.hpp")
#include "smtp/server/events.hpp"
#endif
#if __has_include("smtp/client/events.hpp")
#include "smtp/client/events.hpp"
#endif
#if __has_include("imap/server/events.hpp")
#include "imap/server/events.hpp"
#endif
#if __has_include("pop3/server/events.hpp")
#include "pop3/server/events.hpp"
#endif

namespace gatepost::daemon {

std::vector<Event> event_catalogue() {
  const std::span<const Event> layers[] = {
      event::kAll,
      runtime::event::kAll,
      store::event::kAll,
      account::event::kAll,
      mailflow::event::kAll,
#if __has_include("directory/events.hpp")
      directory::event::kAll,
#endif
#if __has_include("smtp/server/events.hpp")
      smtp::server::event::kAll,
#endif
#if __has_include("smtp/client/events.hpp")
      smtp::client::event::kAll,
#endif
#if __has_include("imap/server/events.hpp")
      imap::server::event::kAll,
#endif
#if __has_include("pop3/server/events.hpp")
      pop3::server::event::kAll,
#endif
  };
  std::vector<Event> all;
  for (const auto& layer : layers) all.insert(all.end(), layer.begin(), layer.end());
  std::ranges::sort(all, {}, &Event::name);
  return all;
}

}  // namespace gatepost::daemon
