// ENABLE (RFC 9051 6.3.1, RFC 5161).

#include <algorithm>

#include "imap/protocol/response.hpp"
#include "imap/server/session.hpp"

namespace gatepost::imap::server {
namespace {

// RFC 9586 3: no response names a message by its number any more, nor do those that tell how a result changes.
void drop_results_by_number(Session& session) {
  std::erase_if(session.selected().contexts, [&](const SearchContext& context) {
    if (context.search.uid) return false;
    write_untagged(session.out(), Condition::no, code::no_update(context.tag), "Its messages are named by numbers");
    return true;
  });
}

}  // namespace

Task<Answer> run_enable(Session& session, Command& command) {
  Enabled all = session.enabled();
  std::vector<std::string_view> done;
  for (const std::string& name : std::get<Enable>(command.body).capabilities) {
    if (std::ranges::find(done, std::string_view(name)) != done.end()) continue;
    if (name == "IMAP4REV2") {
      all.rev2 = true;
      done.emplace_back("IMAP4rev2");
      continue;
    }
    if (name == "UTF8=ACCEPT") {
      all.utf8_accept = true;
    } else if (name == "CONDSTORE") {
      all.condstore = true;
    } else if (name == "QRESYNC") {
      // RFC 7162 3.2.3
      all.qresync = all.condstore = true;
    } else if (name == "UIDONLY") {
      all.uid_only = true;
    } else if (name == "METADATA" || name == "METADATA-SERVER") {
      all.metadata = true;
    } else {
      continue;  // RFC 5161 3.1: what is not known is passed over
    }
    done.emplace_back(name);
  }
  const bool began = all.condstore && !session.enabled().condstore;
  const bool no_numbers = all.uid_only && !session.enabled().uid_only;
  session.enable(all);
  write_enabled(session.out(), done);
  if (no_numbers && session.has_selected()) drop_results_by_number(session);
  if (began && session.has_selected()) {
    // RFC 7162 3.1: in the selected state the client learns where it stands.
    write_untagged(session.out(), Condition::ok, code::highest_modseq(session.selected().modseq()), "Highest");
  }
  co_return ok();
}

}  // namespace gatepost::imap::server
