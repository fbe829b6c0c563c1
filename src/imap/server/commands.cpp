#include "imap/server/commands.hpp"

#include <algorithm>
#include <array>

#include "base/ascii.hpp"
#include "imap/server/session.hpp"

namespace gatepost::imap::server {
namespace {

constexpr auto kNot = static_cast<std::uint8_t>(State::not_authenticated);
constexpr auto kAuth = static_cast<std::uint8_t>(State::authenticated);
constexpr auto kSelected = static_cast<std::uint8_t>(State::selected);
constexpr std::uint8_t kIn = kAuth | kSelected, kAny = kNot | kIn;

// RFC 9051 6.1 to 6.4. What an extension adds to a command stands beside the command that serves it.
constexpr std::array kCommands{
    Row{Verb::capability, kAny, &run_capability, "IMAP4rev1 IMAP4rev2 LITERAL+ LITERAL-"},
    Row{Verb::noop, kAny, &run_noop, ""},
    Row{Verb::logout, kAny, &run_logout, ""},
    Row{Verb::id, kAny, &run_id, "ID"},
    Row{Verb::language, kAny, &run_language, "LANGUAGE"},
    Row{Verb::comparator, kIn, &run_comparator, "I18NLEVEL=2"},
    Row{Verb::starttls, kNot, &run_starttls, ""},
    Row{Verb::compress, kIn, &run_compress, "COMPRESS=DEFLATE"},
    Row{Verb::unauthenticate, kIn, &run_unauthenticate, "UNAUTHENTICATE"},
    Row{Verb::replace, kSelected, nullptr, "REPLACE"},
    Row{Verb::getjmapaccess, kIn, &run_getjmapaccess, "JMAPACCESS"},
    Row{Verb::uidbatches, kSelected, &run_uidbatches, "UIDBATCHES"},
    Row{Verb::authenticate, kNot, &run_authenticate, "SASL-IR"},
    Row{Verb::login, kNot, &run_login, ""},
    Row{Verb::enable, kIn, &run_enable, "ENABLE UTF8=ACCEPT UIDONLY"},
    Row{Verb::select, kIn, &run_select, "CONDSTORE QRESYNC"},
    Row{Verb::examine, kIn, &run_select, ""},
    Row{Verb::create, kIn, &run_create, "CREATE-SPECIAL-USE"},
    Row{Verb::delete_, kIn, &run_delete, ""},
    Row{Verb::rename, kIn, &run_rename, ""},
    Row{Verb::subscribe, kIn, &run_subscribe, ""},
    Row{Verb::unsubscribe, kIn, &run_unsubscribe, ""},
    Row{Verb::list, kIn, &run_list, "CHILDREN LIST-EXTENDED LIST-STATUS SPECIAL-USE"},
    Row{Verb::lsub, kIn, &run_lsub, ""},
    Row{Verb::namespace_, kIn, &run_namespace, "NAMESPACE"},
    Row{Verb::status, kIn, &run_status, "STATUS=SIZE"},
    Row{Verb::append, kIn, nullptr, "UIDPLUS MULTIAPPEND CATENATE"},
    Row{Verb::idle, kIn, &run_idle, "IDLE"},
    Row{Verb::notify, kIn, &run_notify, "NOTIFY"},
    Row{Verb::resetkey, kIn, &run_resetkey, ""},
    Row{Verb::genurlauth, kIn, &run_genurlauth, "URLAUTH URL-PARTIAL"},
    Row{Verb::urlfetch, kIn, &run_urlfetch, "URLAUTH=BINARY"},
    Row{Verb::check, kSelected, &run_noop, ""},
    Row{Verb::close, kSelected, &run_close, ""},
    Row{Verb::unselect, kSelected, &run_unselect, "UNSELECT"},
    Row{Verb::expunge, kSelected, &run_expunge, ""},
    Row{Verb::search, kSelected, &run_search,
        "ESEARCH SEARCHRES WITHIN SAVEDATE OBJECTID PARTIAL I18NLEVEL=1 INPROGRESS FILTERS SEARCH=FUZZY"},
    Row{Verb::cancelupdate, kSelected, &run_cancel_update, "CONTEXT=SEARCH CONTEXT=SORT"},
    Row{Verb::sort, kSelected, &run_sort, "SORT SORT=DISPLAY ESORT"},
    Row{Verb::thread, kSelected, &run_thread, "THREAD=ORDEREDSUBJECT THREAD=REFERENCES THREAD=REFS"},
    Row{Verb::esearch, kIn, &run_esearch, "MULTISEARCH"},
    Row{Verb::fetch, kSelected, &run_fetch, "BINARY PREVIEW"},
    Row{Verb::store, kSelected, &run_store, ""},
    Row{Verb::copy, kSelected, &run_copy, ""},
    Row{Verb::move, kSelected, &run_move, "MOVE"},
    Row{Verb::getquota, kIn, &run_getquota, "QUOTA QUOTA=RES-STORAGE QUOTA=RES-MESSAGE"},
    Row{Verb::getquotaroot, kIn, &run_getquotaroot, ""},
    Row{Verb::setquota, kIn, &run_setquota, "QUOTASET"},
    Row{Verb::getacl, kIn, &run_getacl, "ACL RIGHTS=texk"},
    Row{Verb::setacl, kIn, &run_setacl, ""},
    Row{Verb::deleteacl, kIn, &run_deleteacl, ""},
    Row{Verb::listrights, kIn, &run_listrights, ""},
    Row{Verb::getmetadata, kIn, &run_getmetadata, "METADATA METADATA-SERVER LIST-METADATA"},
    Row{Verb::setmetadata, kIn, &run_setmetadata, ""},
    Row{Verb::myrights, kIn, &run_myrights, "LIST-MYRIGHTS"},
};

// What the session's state takes away.
bool is_off(const Session& session, std::string_view word) {
  if (session.compressed() && (word == "COMPRESS=DEFLATE" || word == "UNAUTHENTICATE")) return true;
  if (word == "SEARCH=FUZZY" && session.services().search == nullptr) return true;
  if (word == "QUOTASET") return !may_set_quotas(session);
  if (word == "JMAPACCESS") return !session.opens_jmap();
  // RFC 7888 5: one of them.
  if (word == (session.settings().small_literals ? "LITERAL+" : "LITERAL-")) return true;
  const ClientSwitch* const client = session.client_switch();
  return client != nullptr &&
         std::ranges::any_of(client->hidden, [&](const std::string& hidden) { return ascii::iequals(hidden, word); });
}

void add_words(std::vector<std::string>& out, std::string_view words) {
  while (!words.empty()) {
    const std::size_t space = words.find(' ');
    out.emplace_back(words.substr(0, space));
    words = space == std::string_view::npos ? std::string_view() : words.substr(space + 1);
  }
}

}  // namespace

std::span<const Row> commands() { return kCommands; }

const Row* row_of(Verb verb) {
  for (const Row& row : kCommands) {
    if (row.verb == verb) return &row;
  }
  return nullptr;
}

std::vector<std::string> capabilities(const Session& session) {
  std::vector<std::string> out;
  const bool out_of = session.state() == State::not_authenticated;
  for (const Row& row : kCommands) {
    if ((row.states & (out_of ? kNot : kIn)) != 0) add_words(out, row.capabilities);
  }
  std::erase_if(out, [&](const std::string& word) { return is_off(session, word); });
  if (!out_of) {
    if (const std::uint32_t most = session.settings().message_limit; most != 0) {
      out.push_back("MESSAGELIMIT=" + std::to_string(most));  // RFC 9738 3
    }
    // RFC 7889 3
    out.push_back("APPENDLIMIT=" + std::to_string(session.settings().max_message_octets));
    return out;
  }
  const directory::DoorContext context = session.door_context();
  const directory::Door& door = session.services().door;
  if (session.offers_starttls()) out.emplace_back("STARTTLS");
  for (const sasl::Mechanism mechanism : door.mechanisms(context)) {
    out.push_back("AUTH=" + std::string(sasl::to_string(mechanism)));
  }
  if (!door.takes_passwords(context)) out.emplace_back("LOGINDISABLED");
  return out;
}

}  // namespace gatepost::imap::server
