// CAPABILITY, NOOP, CHECK, LOGOUT, ID, NAMESPACE (RFC 9051 6.1, 6.3.10, RFC 2971).

#include <array>
#include <utility>

#include "imap/protocol/response.hpp"
#include "imap/server/events.hpp"
#include "imap/server/languages.hpp"
#include "imap/server/session.hpp"

namespace gatepost::imap::server {

Task<Answer> run_capability(Session& session, Command&) {
  const auto capable = capabilities(session);
  write_capability(session.out(), views(capable));
  co_return ok();
}

// News are told at the end of every command.
Task<Answer> run_noop(Session&, Command&) { co_return ok(); }

Task<Answer> run_logout(Session& session, Command&) {
  write_untagged(session.out(), Condition::bye, "", translated("Good bye", session.language()));
  co_return Answer{.then = Answer::Then::close};
}

Task<Answer> run_id(Session& session, Command& command) {
  std::string said;
  for (const auto& [name, value] : std::get<Id>(command.body).fields) {
    said.append(said.empty() ? "" : "; ").append(name).append("=").append(value.value_or(""));
  }
  session.services().log.write(event::kClient, {{"conn", session.connection_id()}, {"said", said}});
  session.identify(std::get<Id>(command.body));
  std::vector<std::pair<std::string_view, std::string_view>> ours{{"name", "Gatepost"}};
  if (!session.settings().version.empty()) ours.emplace_back("version", session.settings().version);
  write_id(session.out(), ours);
  co_return ok();
}

// RFC 5255 3.4: with what the prefixes mean in the client's language.
void write_namespaces_of(Session& session) {
  const auto entry = [&](std::string_view prefix) {
    const std::string_view said = translated(prefix, session.language());
    return NamespaceEntry{.prefix = prefix, .translation = said == prefix ? std::string_view() : said};
  };
  const std::array personal{NamespaceEntry{.prefix = ""}};
  const std::array others{entry("Other Users/")};
  const std::array of_all{entry("Shared/")};
  write_namespace(session.out(), personal, others, of_all, session.utf8());
}

Task<Answer> run_namespace(Session& session, Command&) {
  write_namespaces_of(session);
  co_return ok();
}

}  // namespace gatepost::imap::server
