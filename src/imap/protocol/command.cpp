#include "imap/protocol/command.hpp"

#include <algorithm>
#include <iterator>

#include "base/ascii.hpp"
#include "base/base64.hpp"
#include "imap/protocol/parsers.hpp"
#include "imap/protocol/receiver.hpp"
#include "imap/protocol/tokens.hpp"

namespace gatepost::imap {
namespace {

std::optional<Secret> decode_sasl(std::string_view text) {
  auto octets = base64::decode(text);
  if (!octets) return std::nullopt;
  Secret secret{*octets};
  octets->assign(octets->size(), '\0');
  return secret;
}

std::string argument_mailbox(Tokens& t) {
  t.space();
  return t.mailbox();
}

template <class T>
Body plain(Tokens&, bool) {
  return T{};
}
template <class T>
Body with_mailbox(Tokens& t, bool) {
  return T{.mailbox = argument_mailbox(t)};
}

// authenticate = "AUTHENTICATE" SP auth-type [SP initial-resp] *(CRLF base64)
Body authenticate(Tokens& t, bool) {
  t.space();
  Authenticate out{.mechanism = ascii::to_upper(t.atom()), .initial = std::nullopt};
  if (t.at_last()) return out;
  t.space();
  if (t.skip_atom("=")) {
    out.initial.emplace();
    return out;
  }
  const std::string_view text = t.atom();  // '=' and '+' and '/' are atom characters
  if (t.ok()) out.initial = decode_sasl(text);
  if (!out.initial) t.fail("The initial response is not base64");
  return out;
}

// login = "LOGIN" SP userid SP password
Body login(Tokens& t, bool) {
  t.space();
  Login out{.user = t.astring(), .password = {}};
  t.space();
  std::string password = t.astring();
  out.password = Secret(password);
  password.assign(password.size(), '\0');
  return out;
}

// compress = "COMPRESS" SP algorithm      (RFC 4978 5)
Body compress(Tokens& t, bool) {
  t.space();
  return Compress{.mechanism = ascii::to_upper(t.atom())};
}

// uidbatches = "UIDBATCHES" SP nz-number [SP nz-number ":" nz-number]
Body uid_batches(Tokens& t, bool) {
  UidBatches out;
  t.space();
  out.size = t.nz_number();
  if (t.at_last()) return out;
  t.space();
  out.first = t.nz_number();
  t.expect(':', "A range of batches is two numbers");
  out.last = t.nz_number();
  return out;
}

// language-cmd = "LANGUAGE" *(SP lang-range-quoted)      lang-range-quoted = astring      (RFC 5255 3.5)
Body language(Tokens& t, bool) {
  Language out;
  while (t.ok() && !t.at_last()) {
    t.space();
    if (out.ranges.size() == kMaxLanguages) t.fail("Too many languages", Fault::limit);
    out.ranges.push_back(t.astring());
  }
  return out;
}

// comparator-cmd = "COMPARATOR" *(SP comp-order-quoted)      comp-order-quoted = astring      (RFC 5255 4.10)
Body comparator(Tokens& t, bool) {
  Comparator out;
  while (t.ok() && !t.at_last()) {
    t.space();
    if (out.orders.size() == kMaxCollations) t.fail("Too many comparators", Fault::limit);
    out.orders.push_back(t.astring());
  }
  return out;
}

// enable = "ENABLE" 1*(SP capability)
Body enable(Tokens& t, bool) {
  Enable out;
  do {
    t.space();
    if (out.capabilities.size() == kMaxEnabled) t.fail("Too many capabilities", Fault::limit);
    out.capabilities.push_back(ascii::to_upper(t.atom()));
  } while (!t.at_last());
  return out;
}

// id = "ID" SP id-params-list      id-params-list = "(" [string SP nstring *(SP string SP nstring)] ")" / nil   (RFC
// 2971 4)
Body id(Tokens& t, bool) {
  Id out;
  t.space();
  if (t.skip_atom("NIL")) return out;
  t.expect('(', "A list of fields is missing");
  if (t.skip(')')) return out;
  do {
    if (out.fields.size() == kMaxIdFields) t.fail("Too many ID fields", Fault::limit);
    std::string field = t.string();
    t.space();
    std::optional<std::string> value;
    if (!t.skip_atom("NIL")) value = t.string();
    if (field.size() > kMaxIdFieldOctets || (value && value->size() > kMaxIdValueOctets)) {
      t.fail("An ID field is too long", Fault::limit);
    }
    out.fields.emplace_back(std::move(field), std::move(value));
  } while (t.skip(' '));
  t.expect(')', "The list of fields has no end");
  return out;
}

Body select(Tokens& t, bool) { return parse_select(t, false); }
Body examine(Tokens& t, bool) { return parse_select(t, true); }
Body create(Tokens& t, bool) { return parse_create(t); }
Body list(Tokens& t, bool) { return parse_list(t); }
Body lsub(Tokens& t, bool) { return parse_lsub(t); }
Body status(Tokens& t, bool) { return parse_status(t); }

// rename = "RENAME" SP mailbox SP mailbox
Body rename(Tokens& t, bool) {
  Rename out;
  out.from = argument_mailbox(t);
  out.to = argument_mailbox(t);
  return out;
}

Body append(Tokens& t, bool) {
  t.fail("The message has to be a literal");
  return Noop{};
}

// "EXPUNGE"      "UID EXPUNGE" SP sequence-set   (RFC 9051 6.4.9)
Body expunge(Tokens& t, bool uid) {
  Expunge out;
  if (!uid) return out;
  t.space();
  out.uids = t.sequence_set();
  return out;
}

// copy = "COPY" SP sequence-set SP mailbox      move = "MOVE" SP sequence-set SP mailbox
template <class T>
Body transfer(Tokens& t, bool uid) {
  T out{.uid = uid, .set = {}, .mailbox = {}};
  t.space();
  out.set = t.sequence_set();
  out.mailbox = argument_mailbox(t);
  return out;
}

// getquota = "GETQUOTA" SP quota-root-name      (RFC 9208 7)
Body get_quota(Tokens& t, bool) {
  t.space();
  return GetQuota{.root = t.astring()};
}

// setquota = "SETQUOTA" SP quota-root-name SP setquota-list
// setquota-list = "(" [setquota-resource *(SP setquota-resource)] ")"      setquota-resource = resource-name SP
// resource-limit      (RFC 9208 7)
Body set_quota(Tokens& t, bool) {
  SetQuota out;
  t.space();
  out.root = t.astring();
  t.space();
  t.expect('(', "A list of resources is missing");
  while (t.ok() && !t.skip(')')) {
    if (!out.limits.empty()) t.space();
    if (out.limits.size() == kMaxQuotaResources) t.fail("Too many resources", Fault::limit);
    std::string name = ascii::to_upper(t.atom());
    t.space();
    out.limits.emplace_back(std::move(name), t.number64());
  }
  return out;
}

struct Row {
  Verb verb;
  std::string_view name;
  Body (*parse)(Tokens&, bool uid);
  bool with_uid = false;  // "UID " may stand before it
};
// In the order of Verb.
constexpr Row kRows[] = {{Verb::capability, "CAPABILITY", plain<Capability>},
                         {Verb::noop, "NOOP", plain<Noop>},
                         {Verb::logout, "LOGOUT", plain<Logout>},
                         {Verb::id, "ID", id},
                         {Verb::language, "LANGUAGE", language},
                         {Verb::comparator, "COMPARATOR", comparator},
                         {Verb::starttls, "STARTTLS", plain<StartTls>},
                         {Verb::compress, "COMPRESS", compress},
                         {Verb::unauthenticate, "UNAUTHENTICATE", plain<Unauthenticate>},
                         {Verb::uidbatches, "UIDBATCHES", uid_batches},
                         {Verb::getjmapaccess, "GETJMAPACCESS", plain<GetJmapAccess>},
                         {Verb::replace, "REPLACE", append, true},
                         {Verb::authenticate, "AUTHENTICATE", authenticate},
                         {Verb::login, "LOGIN", login},
                         {Verb::enable, "ENABLE", enable},
                         {Verb::select, "SELECT", select},
                         {Verb::examine, "EXAMINE", examine},
                         {Verb::create, "CREATE", create},
                         {Verb::delete_, "DELETE", with_mailbox<Delete>},
                         {Verb::rename, "RENAME", rename},
                         {Verb::subscribe, "SUBSCRIBE", with_mailbox<Subscribe>},
                         {Verb::unsubscribe, "UNSUBSCRIBE", with_mailbox<Unsubscribe>},
                         {Verb::list, "LIST", list},
                         {Verb::lsub, "LSUB", lsub},
                         {Verb::namespace_, "NAMESPACE", plain<Namespace>},
                         {Verb::status, "STATUS", status},
                         {Verb::append, "APPEND", append},
                         {Verb::idle, "IDLE", plain<Idle>},
                         {Verb::check, "CHECK", plain<Check>},
                         {Verb::close, "CLOSE", plain<Close>},
                         {Verb::unselect, "UNSELECT", plain<Unselect>},
                         {Verb::expunge, "EXPUNGE", expunge, true},
                         {Verb::search, "SEARCH", parse_search, true},
                         {Verb::fetch, "FETCH", parse_fetch, true},
                         {Verb::store, "STORE", parse_store, true},
                         {Verb::copy, "COPY", transfer<Copy>, true},
                         {Verb::move, "MOVE", transfer<Move>, true},
                         {Verb::getquota, "GETQUOTA", get_quota},
                         {Verb::getquotaroot, "GETQUOTAROOT", with_mailbox<GetQuotaRoot>},
                         {Verb::setquota, "SETQUOTA", set_quota},
                         {Verb::getacl, "GETACL", parse_get_acl},
                         {Verb::setacl, "SETACL", parse_set_acl},
                         {Verb::deleteacl, "DELETEACL", parse_delete_acl},
                         {Verb::listrights, "LISTRIGHTS", parse_list_rights},
                         {Verb::myrights, "MYRIGHTS", parse_my_rights},
                         {Verb::getmetadata, "GETMETADATA", parse_get_metadata},
                         {Verb::setmetadata, "SETMETADATA", parse_set_metadata},
                         {Verb::sort, "SORT", parse_sort, true},
                         {Verb::thread, "THREAD", parse_thread, true},
                         {Verb::esearch, "ESEARCH", parse_esearch, true},
                         {Verb::cancelupdate, "CANCELUPDATE", parse_cancel_update},
                         {Verb::notify, "NOTIFY", parse_notify},
                         {Verb::resetkey, "RESETKEY", parse_reset_key},
                         {Verb::genurlauth, "GENURLAUTH", parse_gen_url_auth},
                         {Verb::urlfetch, "URLFETCH", parse_url_fetch}};
static_assert(std::size(kRows) == static_cast<std::size_t>(Verb::unknown));

struct Found {
  const Row* row = nullptr;
  bool uid = false;
};

// Reads the name, from the space behind the tag.
Found read_name(Tokens& t) {
  t.space();
  std::string_view name = t.atom();
  Found found;
  found.uid = ascii::iequals(name, "UID");
  if (found.uid) {
    t.space();
    name = t.atom();
  }
  for (const Row& row : kRows) {
    if (row.name.size() == name.size() && ascii::iequals(row.name, name) && (row.with_uid || !found.uid))
      found.row = &row;
  }
  return found;
}

}  // namespace

bool Authenticate::operator==(const Authenticate& o) const {
  if (mechanism != o.mechanism || initial.has_value() != o.initial.has_value()) return false;
  return !initial || initial->reveal() == o.initial->reveal();
}

bool Login::operator==(const Login& o) const { return user == o.user && password.reveal() == o.password.reveal(); }

std::string_view to_string(Verb verb) {
  return verb == Verb::unknown ? std::string_view() : kRows[static_cast<std::size_t>(verb)].name;
}

Verb verb_of(std::string_view text) {
  const ParseOptions options;
  Tokens t(text.substr(tag_of(text).size()), options);
  const Found found = read_name(t);
  return found.row == nullptr ? Verb::unknown : found.row->verb;
}

namespace {

struct VerbOfBody {
  Verb operator()(const Capability&) const { return Verb::capability; }
  Verb operator()(const Noop&) const { return Verb::noop; }
  Verb operator()(const Logout&) const { return Verb::logout; }
  Verb operator()(const Id&) const { return Verb::id; }
  Verb operator()(const StartTls&) const { return Verb::starttls; }
  Verb operator()(const Compress&) const { return Verb::compress; }
  Verb operator()(const Unauthenticate&) const { return Verb::unauthenticate; }
  Verb operator()(const Language&) const { return Verb::language; }
  Verb operator()(const Comparator&) const { return Verb::comparator; }
  Verb operator()(const UidBatches&) const { return Verb::uidbatches; }
  Verb operator()(const GetJmapAccess&) const { return Verb::getjmapaccess; }
  Verb operator()(const Authenticate&) const { return Verb::authenticate; }
  Verb operator()(const Login&) const { return Verb::login; }
  Verb operator()(const Enable&) const { return Verb::enable; }
  Verb operator()(const Select& s) const { return s.read_only ? Verb::examine : Verb::select; }
  Verb operator()(const Create&) const { return Verb::create; }
  Verb operator()(const Delete&) const { return Verb::delete_; }
  Verb operator()(const Rename&) const { return Verb::rename; }
  Verb operator()(const Subscribe&) const { return Verb::subscribe; }
  Verb operator()(const Unsubscribe&) const { return Verb::unsubscribe; }
  Verb operator()(const List&) const { return Verb::list; }
  Verb operator()(const Lsub&) const { return Verb::lsub; }
  Verb operator()(const Namespace&) const { return Verb::namespace_; }
  Verb operator()(const Status&) const { return Verb::status; }
  Verb operator()(const Idle&) const { return Verb::idle; }
  Verb operator()(const Check&) const { return Verb::check; }
  Verb operator()(const Close&) const { return Verb::close; }
  Verb operator()(const Unselect&) const { return Verb::unselect; }
  Verb operator()(const Expunge&) const { return Verb::expunge; }
  Verb operator()(const Search&) const { return Verb::search; }
  Verb operator()(const Fetch&) const { return Verb::fetch; }
  Verb operator()(const Store&) const { return Verb::store; }
  Verb operator()(const Copy&) const { return Verb::copy; }
  Verb operator()(const Move&) const { return Verb::move; }
  Verb operator()(const GetQuota&) const { return Verb::getquota; }
  Verb operator()(const GetQuotaRoot&) const { return Verb::getquotaroot; }
  Verb operator()(const SetQuota&) const { return Verb::setquota; }
  Verb operator()(const GetAcl&) const { return Verb::getacl; }
  Verb operator()(const SetAcl&) const { return Verb::setacl; }
  Verb operator()(const DeleteAcl&) const { return Verb::deleteacl; }
  Verb operator()(const ListRights&) const { return Verb::listrights; }
  Verb operator()(const MyRights&) const { return Verb::myrights; }
  Verb operator()(const GetMetadata&) const { return Verb::getmetadata; }
  Verb operator()(const SetMetadata&) const { return Verb::setmetadata; }
  Verb operator()(const Sort&) const { return Verb::sort; }
  Verb operator()(const Thread&) const { return Verb::thread; }
  Verb operator()(const Esearch&) const { return Verb::esearch; }
  Verb operator()(const CancelUpdate&) const { return Verb::cancelupdate; }
  Verb operator()(const Notify&) const { return Verb::notify; }
  Verb operator()(const ResetKey&) const { return Verb::resetkey; }
  Verb operator()(const GenUrlAuth&) const { return Verb::genurlauth; }
  Verb operator()(const UrlFetch&) const { return Verb::urlfetch; }
};

}  // namespace

Verb verb(const Body& body) { return std::visit(VerbOfBody(), body); }

// command = tag SP (command-any / command-auth / command-nonauth / command-select) CRLF
std::expected<Command, SyntaxError> parse_command(std::string_view text, const ParseOptions& options) {
  const std::string_view tag = tag_of(text);
  if (tag.empty()) return std::unexpected(SyntaxError{Fault::syntax, {}, "A command begins with a tag"});
  Tokens t(text.substr(tag.size()), options);
  const auto [row, uid] = read_name(t);
  if (!t.ok())
    return std::unexpected(SyntaxError{Fault::unknown_command, std::string(tag), "The command's name is missing"});
  if (row == nullptr) return std::unexpected(SyntaxError{Fault::unknown_command, std::string(tag), "Unknown command"});
  Body body = row->parse(t, uid);
  t.end();
  if (!t.ok()) return std::unexpected(t.error(tag));
  return Command{std::string(tag), std::move(body)};
}

std::optional<Secret> parse_sasl_line(std::string_view line) { return decode_sasl(line); }

bool is_done(std::string_view line) {
  while (line.ends_with(' ')) line.remove_suffix(1);
  return ascii::iequals(line, "DONE");
}

}  // namespace gatepost::imap
