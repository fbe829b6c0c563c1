#include "imap/server/session.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/ascii.hpp"
#include "imap/protocol/response.hpp"
#include "imap/server/cmd_append.hpp"
#include "imap/server/events.hpp"
#include "imap/server/languages.hpp"
#include "imap/server/response_for.hpp"

namespace gatepost::imap::server {
namespace {

// A refused literal that comes unasked is read to its end, up to this size; beyond, the connection is closed.
constexpr std::uint64_t kSmallLiteral = 4096;
constexpr std::uint64_t kMaxDropOctets = 64 << 20, kMaxDropOctetsOutside = 64 << 10;

// RFC 9585 4 recommends 10 to 15 seconds.
constexpr std::chrono::seconds kProgress{10};

// What a web browser that was tricked into talking to us begins with.
bool is_http(std::string_view line) {
  for (const std::string_view word : {"GET ", "POST ", "PUT ", "HEAD ", "OPTIONS ", "CONNECT ", "HOST:"}) {
    if (ascii::istarts_with(line, word)) return true;
  }
  return false;
}

// RFC 9051 7.5.1: messages vanish within no FETCH, STORE or SEARCH, but for those by UID.
bool vanished_allowed(const Body& body) {
  if (const auto* fetch = std::get_if<Fetch>(&body)) return fetch->uid;
  if (const auto* store = std::get_if<Store>(&body)) return store->uid;
  if (const auto* search = std::get_if<Search>(&body)) return search->uid;
  if (const auto* sort = std::get_if<Sort>(&body)) return sort->search.uid;
  if (const auto* thread = std::get_if<Thread>(&body)) return thread->search.uid;
  return true;
}

// RFC 9586 3: after ENABLE UIDONLY nobody speaks of messages by sequence numbers.
bool uses_sequence_numbers(const Body& body) {
  const auto is_sequence = [](const SearchKey& key) { return key.op == SearchOp::sequence && !key.set.is_saved(); };
  const auto asks = [&](const Search& search) { return !search.uid || std::ranges::any_of(search.keys, is_sequence); };
  if (const auto* fetch = std::get_if<Fetch>(&body)) return !fetch->uid;
  if (const auto* store = std::get_if<Store>(&body)) return !store->uid;
  if (const auto* copy = std::get_if<Copy>(&body)) return !copy->uid;
  if (const auto* move = std::get_if<Move>(&body)) return !move->uid;
  if (const auto* select = std::get_if<Select>(&body))
    return select->qresync && !select->qresync->known_sequence.empty();
  if (const auto* search = std::get_if<Search>(&body)) return asks(*search);
  if (const auto* sort = std::get_if<Sort>(&body)) return asks(sort->search);
  if (const auto* thread = std::get_if<Thread>(&body)) return asks(thread->search);
  if (const auto* esearch = std::get_if<Esearch>(&body)) return asks(esearch->search);
  return false;
}

}  // namespace

namespace {

// Without the one that all processes know, notes are of no use, but all else goes on.
SipKey secret_of(account::Accounts& accounts) {
  SystemRandom random;
  const auto secret = accounts.note_secret(random);
  return secret ? *secret : HeadKeys::random_secret();
}

}  // namespace

Shared::Shared(const Services& s)
    : services(s),
      sessions(s.metrics.counter("gatepost_imap_sessions_total", "", "IMAP connections.")),
      commands(s.metrics.counter("gatepost_imap_commands_total", "", "IMAP commands.")),
      bad_commands(s.metrics.counter("gatepost_imap_bad_commands_total", "", "IMAP commands answered by BAD.")),
      appended(s.metrics.counter("gatepost_imap_appended_total", "", "Messages stored by APPEND.")),
      idling(s.metrics.gauge("gatepost_imap_idling", "", "IMAP sessions in IDLE.")),
      head_keys(HeadKeys::kMaxOctets, secret_of(s.accounts)) {}

Session::Session(Shared& shared, std::shared_ptr<const Settings> settings, runtime::Peer& peer, runtime::Output& output,
                 std::shared_ptr<runtime::Waker> waker, bool offers_tls)
    : shared_(shared),
      settings_(std::move(settings)),
      peer_(peer),
      output_(output),
      waker_(std::move(waker)),
      receiver_(kLimitsOutside),
      sharing_(shared.services.door.directory(), shared.services.accounts),
      offers_tls_(offers_tls) {
  shared_.sessions.add();
}

Session::~Session() {
  end_idle();
  if (!client_.empty()) shared_.clients.leave(client_);
  if (!signed_in_) return;
  shared_.services.log.write(
      event::kClosed,
      {{"conn", peer_.connection_id}, {"account", signed_in_->principal().address}, {"commands", commands_}});
}

State Session::state() const {
  if (!own_account_) return State::not_authenticated;
  return selected_ ? State::selected : State::authenticated;
}

directory::DoorContext Session::door_context() const {
  return {.remote = peer_.remote.address,
          .service = "imap",
          .connection_id = peer_.connection_id,
          .tls = tls(),
          .channel_binding = tls() ? peer_.tls->tls_exporter : std::string(),
          .certificate_names = tls() ? peer_.tls->client_names : std::vector<std::string>(),
          .certificate_until = tls() ? peer_.tls->client_until : TimePoint(),
          .proxied = peer_.proxied};
}

// RFC 9051 7.1.1
Task<runtime::Step> Session::opened() {
  const auto capable = capabilities(*this);
  write_untagged(out(), Condition::ok, code::capability(views(capable)), settings_->hostname + " Gatepost IMAP ready");
  co_return runtime::Step{};
}

Task<runtime::Step> Session::step(std::string_view input) {
  const Receiver::Item item = receiver_.next(input);
  runtime::Step step{item.consumed, Next::more};
  if (item.kind == Receiver::Kind::need_more) co_return step;
  heard_ = true;
  if (revoked()) {
    step.next = farewell_revoked();
    co_return step;
  }
  if (lost_selected()) {
    step.next = farewell_lost();
    co_return step;
  }
  step.next = co_await take(item);
  co_return step;
}

Task<Next> Session::take(Receiver::Item item) {
  switch (item.kind) {
    case Receiver::Kind::need_more:
      break;
    case Receiver::Kind::command:
      if (appending_ && item.continued) co_return co_await append_end(item.text);
      co_return co_await on_command(item.text);
    case Receiver::Kind::literal_header:
      co_return co_await on_literal(item);
    case Receiver::Kind::literal_chunk:
    case Receiver::Kind::literal_end:
      co_return co_await append_octets(item.text, item.kind == Receiver::Kind::literal_end);
    case Receiver::Kind::line:
      co_return co_await on_line(item.text);
    case Receiver::Kind::too_long:
    case Receiver::Kind::has_nul:
      co_return on_refused(item);
  }
  co_return Next::more;
}

Task<Next> Session::on_command(std::string_view text) {
  if (const Verb verb = verb_of(text); verb == Verb::append || verb == Verb::replace) {
    co_return co_await append_whole(text);
  }
  shared_.commands.add();
  ++commands_;
  auto command = parse_command(text, {.utf8 = utf8()});
  if (!command) co_return on_syntax_error(text, command.error());
  receiver_.release();  // the command owns what it needs
  running_ = command->tag;
  progress_at_ = services().clock.steady();
  const Verb which = verb(command->body);
  const bool vanished = vanished_allowed(command->body);
  const Row* const row = row_of(which);
  Answer answer;
  if (row == nullptr || row->run == nullptr) {
    answer = bad("Unknown command");
  } else if ((row->states & static_cast<std::uint8_t>(state())) == 0) {
    answer = state() == State::not_authenticated ? bad("Sign in first")
             : which == Verb::login || which == Verb::authenticate || which == Verb::starttls
                 ? bad("You are signed in already")
                 : bad("Select a mailbox first");
  } else if (enabled_.uid_only && uses_sequence_numbers(command->body)) {
    answer = bad("Messages are named by UID here, after ENABLE UIDONLY", code::kUidRequired);
  } else {
    Task<Answer> handled = row->run(*this, *command);
    answer = co_await std::move(handled);
  }
  co_return co_await finish(std::move(command->tag), which, vanished, std::move(answer));
}

Task<Next> Session::on_line(std::string_view text) {
  if (mode_ == Mode::idle) co_return co_await idle_line(text);
  co_return co_await sasl_line(std::string(text));
}

Next Session::on_syntax_error(std::string_view text, const SyntaxError& error) {
  if (state() == State::not_authenticated && is_http(text)) {
    return hang_up("This is a mail server", "another protocol");
  }
  if (error.fault == Fault::bad_mailbox_name) {
    write_tagged(out(), error.tag, Condition::no, code::kCannot, error.detail);
    return count_bad(true);
  }
  write_bad(out(), error.tag, error.detail);
  return count_bad(true);
}

Next Session::on_refused(const Receiver::Item& item) {
  const std::string_view text = item.kind == Receiver::Kind::too_long ? "The command is too long" : "NUL in a command";
  std::string tag(item.tag);
  if (mode_ != Mode::commands) {
    tag = std::exchange(tag_, {});
    sign_in_.reset();
    end_idle();
    mode_ = Mode::commands;
  }
  appending_.reset();
  write_bad(out(), tag, text);
  return count_bad(true);
}

// RFC 7888 5: with LITERAL- a client has to ask before it sends so much.
Next Session::refuse_literal(const Receiver::Item& item) {
  appending_.reset();
  receiver_.refuse();
  write_tagged(out(), item.tag.empty() ? "*" : item.tag, Condition::bad, code::kTooBig,
               "A literal of more than 4096 octets has to wait for a continuation");
  const std::uint64_t most = state() == State::not_authenticated ? kMaxDropOctetsOutside : kMaxDropOctets;
  if (item.literal.octets > most) return hang_up("That is far too much", "a huge literal");
  return count_bad(true);
}

// A literal of another command than APPEND becomes part of its text, in bounded size.
Task<Next> Session::on_literal(Receiver::Item item) {
  const bool too_large =
      settings_->small_literals && !item.literal.synchronizing && item.literal.octets > kSmallLiteral;
  if (too_large) co_return refuse_literal(item);
  const Verb verb = verb_of(item.text);
  if (item.continued || appending_ || verb == Verb::append || verb == Verb::replace) {
    co_return co_await append_header(item, verb);
  }
  const std::string tag(item.tag);
  const bool waits = item.literal.synchronizing;
  if (item.collectable && receiver_.accept_collect()) {
    if (waits) write_continuation(out(), "OK");
    co_return Next::more;
  }
  if (!item.collectable) receiver_.refuse();
  if (tag.empty()) {
    write_bad(out(), "", "The literal is too large");
  } else {
    write_tagged(out(), tag, Condition::no, code::kTooBig, "The literal is too large");
  }
  const std::uint64_t most = state() == State::not_authenticated ? kMaxDropOctetsOutside : kMaxDropOctets;
  if (!waits && item.literal.octets > most) co_return hang_up("That is far too much", "a huge literal");
  co_return count_bad(true);
}

Task<Next> Session::finish(std::string tag, Verb verb, bool vanished, Answer answer) {
  if (answer.then == Answer::Then::gone) co_return Next::close;
  if (answer.then == Answer::Then::later) {
    tag_ = std::move(tag);
    co_return Next::more;
  }
  tell_metadata();
  // What happens while a mailbox is being opened comes with the next command: clients count what SELECT tells.
  if (selected_ && tells_news_after(verb) && answer.then == Answer::Then::tagged &&
      answer.condition != Condition::bad) {
    const bool goes_on = co_await tell_news(vanished, answer.highest_modseq);
    if (!goes_on) co_return Next::close;
    // RFC 7162 3.2.7, 3.2.8: what was told is what it names.
    if (answer.highest_modseq && enabled_.qresync) answer.code = code::highest_modseq(selected_->modseq());
  }
  if (notifications_ && answer.then == Answer::Then::tagged && answer.condition != Condition::bad) {
    const bool goes_on = co_await tell_other_news();
    if (!goes_on) co_return Next::close;
  }
  std::string words(translated(answer.text, language_));
  if (words.empty()) words.append(to_string(verb)).append(" ").append(translated("completed", language_));
  write_tagged(out(), tag, answer.condition, answer.code, words);
  switch (answer.then) {
    case Answer::Then::start_tls:
      co_return Next::start_tls;
    case Answer::Then::deflate:
      compressed_ = true;
      co_return Next::start_deflate;
    case Answer::Then::close:
      co_return Next::close;
    default:
      co_return count_bad(answer.condition == Condition::bad);
  }
}

bool Session::tells_news_after(Verb verb) const {
  if (verb == Verb::select || verb == Verb::examine) return false;
  if (switch_ == nullptr || !switch_->delay_new_mail) return true;
  return verb != Verb::fetch && verb != Verb::store && verb != Verb::search && verb != Verb::copy &&
         verb != Verb::append;
}

void Session::identify(const Id& id) {
  if (!client_.empty()) shared_.clients.leave(client_);
  client_ = client_name(id);
  if (!client_.empty()) client_ = shared_.clients.enter(client_);
  if (signed_in_) signed_in_->set_program(client_);
  switch_ = find_switch(settings_->clients, id);
}

Next Session::count_bad(bool bad) {
  if (!bad) {
    bad_ = 0;
    return Next::more;
  }
  shared_.bad_commands.add();
  if (++bad_ < settings_->bad_commands || settings_->bad_commands == 0) return Next::more;
  peer_.tell(runtime::Conduct::bad_commands);
  return hang_up("Too many bad commands", "too many bad commands");
}

Next Session::bye(std::string_view code, std::string_view text) {
  write_untagged(out(), Condition::bye, code, translated(text, language_));
  return Next::close;
}

Next Session::hang_up(std::string_view text, std::string_view why) {
  shared_.services.log.write(event::kHungUp,
                             {{"conn", peer_.connection_id}, {"remote", peer_.remote.to_string()}, {"why", why}});
  return bye("", text);
}

Next Session::farewell_revoked() {
  shared_.services.log.write(event::kRevoked,
                             {{"conn", peer_.connection_id}, {"account", signed_in_->principal().address}});
  return bye(code::kExpired, "Your account was changed; sign in again");
}

// RFC 4314 5.1.1
Next Session::farewell_lost() { return bye("", "You may not read this mailbox any more"); }

Task<runtime::Step> Session::woken() {
  if (revoked()) co_return runtime::Step{0, farewell_revoked()};
  if (lost_selected()) co_return runtime::Step{0, farewell_lost()};
  // RFC 5465 3.1: with NOTIFY also between commands. Within one, its end tells.
  const bool idle = mode_ == Mode::idle;
  if (!idle && (!notifications_ || mode_ != Mode::commands || appending_)) co_return runtime::Step{};
  if (idle || notifications_->wants_metadata()) tell_metadata();
  bool goes_on = true;
  if (selected_) goes_on = co_await tell_news(idle || !wanted_of_selected().delayed);
  if (goes_on) goes_on = co_await tell_other_news();
  co_return runtime::Step{0, goes_on ? Next::more : Next::close};
}

// RFC 9051 6.2.1: what was known before TLS is forgotten.
void Session::tls_started(const runtime::TlsFacts&) {
  receiver_.reset();
  sign_in_.reset();
  mode_ = Mode::commands;
  heard_ = false;
}

bool Session::timed_out() {
  if (mode_ == Mode::idle) {
    // A sign of life, so that what lies between keeps the path open; a peer that is gone shows by it.
    write_untagged(out(), Condition::ok, "", translated("Still here", language_));
    return true;
  }
  shared_.services.log.write(event::kTimedOut, {{"conn", peer_.connection_id}, {"remote", peer_.remote.to_string()}});
  bye("", "Waited too long");
  return false;
}

// RFC 9051 7.1.5: BYE as the greeting; RFC 5530 3: for the time being.
void Session::turned_away(std::string_view why) { bye(code::kUnavailable, why); }

void Session::stopping() { bye(code::kUnavailable, "The server is stopping; come again"); }

// RFC 9051 7.1: ALERT is what has to be shown to the user. Not between a command's parts, where only "+" is expected.
void Session::announced(std::string_view text) {
  if (!own_account_ || mode_ == Mode::sasl || appending_) return;
  write_untagged(out(), Condition::ok, code::kAlert, text);
}

runtime::Waiting Session::waiting() const {
  if (!own_account_) return heard_ ? runtime::Waiting::sign_in : runtime::Waiting::greeting;
  if (mode_ == Mode::idle) return runtime::Waiting::refresh;
  if (appending_ && appending_->writer) return runtime::Waiting::data;
  return runtime::Waiting::idle;
}

Task<bool> Session::drain_if_full() {
  if (!output_.full()) co_return true;
  const auto sent = co_await output_.drain();
  co_return sent.has_value();
}

void Session::enable(const Enabled& all) {
  if (all.metadata && !enabled_.metadata) {
    metadata_since_ = own_account_->modseq();
    if (selected_) selected_->metadata_since = selected_->account().modseq();
  }
  enabled_ = all;
}

Task<bool> Session::tell_progress(std::uint64_t done, std::uint64_t goal) {
  const SteadyPoint now = services().clock.steady();
  if (now - progress_at_ < kProgress || done >= goal) co_return true;
  progress_at_ = now;
  write_untagged(out(), Condition::ok, code::in_progress(running_, done, goal), translated("Still working", language_));
  const auto sent = co_await output_.drain();
  co_return sent.has_value();
}

Answer end_within_limit(Session& session, account::Uid lowest, bool missing) {
  Answer answer = ok();
  const std::uint32_t most = session.settings().message_limit;
  if (missing) answer = ok(std::string(code::kExpungeIssued), "Some messages were removed meanwhile");
  if (lowest == 0) return answer;
  if (!missing) return ok(code::message_limit(most, lowest), "Only the newest messages, as many as one command takes");
  // RFC 9738 3.1: one code in each.
  write_untagged(session.out(), Condition::no, code::message_limit(most, lowest), "Only the newest messages");
  return answer;
}

void Session::close_selected() {
  if (!selected_) return;
  select(nullptr);
  // RFC 9051 7.1, RFC 7162 3.2.11
  write_untagged(out(), Condition::ok, code::kClosed, translated("The mailbox is closed", language_));
}

Answer Session::failed(const Error& error) {
  if (is_ours(error.code)) {
    shared_.services.log.write(event::kFailed, {{"conn", peer_.connection_id},
                                                {"account", signed_in_ ? signed_in_->principal().address : ""},
                                                {"code", to_string(error.code)},
                                                {"detail", error.detail}});
  }
  return response_for(error.code);
}

Answer Session::failed_target(const Error& error) {
  Answer answer = failed(error);
  return error.code == Errc::not_found ? response_for_target(error.code) : answer;
}

std::vector<std::string_view> views(const std::vector<std::string>& texts) { return {texts.begin(), texts.end()}; }

}  // namespace gatepost::imap::server
