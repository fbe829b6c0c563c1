// LANGUAGE (RFC 5255 3.2): in which language people are told something. Texts that nobody has translated stay English.

#include <array>

#include "imap/protocol/response.hpp"
#include "imap/server/languages.hpp"
#include "imap/server/session.hpp"

namespace gatepost::imap::server {

Task<Answer> run_language(Session& session, Command& command) {
  const auto& ranges = std::get<Language>(command.body).ranges;
  if (ranges.empty()) {
    write_language(session.out(), language_tags());
    co_return ok();
  }
  for (const std::string& range : ranges) {
    const auto language = find_language(range);
    if (!language) continue;
    session.speak(*language);
    const std::array tags{language_tags()[*language]};
    write_language(session.out(), tags);
    // RFC 5255 3.4: the prefixes are called something else now.
    if (session.state() != State::not_authenticated) write_namespaces_of(session);
    co_return ok();
  }
  co_return no("", "None of these languages is spoken here");
}

}  // namespace gatepost::imap::server
