// CAPABILITY, NOOP, CHECK, LOGOUT, ID, NAMESPACE (RFC 9051 6.1, 6.3.10, RFC 2971).

#include <array>
#include <utility>

#include "imap/protocol/response.hpp"
#include "imap/server/events.hpp"
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
  write_untagged(session.out(), Condition::bye, "", "Good bye");
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

Task<Answer> run_namespace(Session& session, Command&) {
  constexpr std::array kPersonal{NamespaceEntry{.prefix = ""}};
  constexpr std::array kOthers{NamespaceEntry{.prefix = "Other Users/"}};
  constexpr std::array kOfAll{NamespaceEntry{.prefix = "Shared/"}};
  write_namespace(session.out(), kPersonal, kOthers, kOfAll, session.utf8());
  co_return ok();
}

}  // namespace gatepost::imap::server
