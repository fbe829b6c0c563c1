// APPEND (RFC 9051 6.3.12; RFC 3502, RFC 3516 4.4, RFC 6855 4, RFC 7889), CATENATE (RFC 4469), REPLACE (RFC 8508).

#include "imap/server/cmd_append.hpp"
#include "imap/server/url_access.hpp"

#include <algorithm>
#include <utility>

#include "imap/protocol/response.hpp"
#include "imap/server/session.hpp"
#include "mime/summary.hpp"

namespace gatepost::imap::server {
namespace {

// What a refused message may send without being asked, before the connection is closed.
constexpr std::uint64_t kMaxDropFactor = 4;

}  // namespace

// A literal of APPEND is announced: the mailbox's name, or a message.
Task<Next> Session::append_header(Receiver::Item item, Verb verb) {
  if (!appending_) {
    shared_.commands.add();
    ++commands_;
    const bool selects = verb == Verb::replace && own_account_ && !selected_;
    if (!own_account_ || selects) {
      receiver_.refuse();
      write_bad(out(), item.tag, selects ? "Select a mailbox first" : "Sign in first");
      if (!own_account_ && !item.literal.synchronizing) {
        co_return hang_up("That is far too much", "APPEND without signing in");
      }
      co_return count_bad(true);
    }
    appending_ = std::make_unique<Appending>(ParseOptions{.utf8 = utf8()});
  }
  const auto next = appending_->reader.literal_header(item.text, item.literal);
  if (!next) {
    appending_.reset();
    receiver_.refuse();
    co_return on_syntax_error(item.text, next.error());
  }
  if (*next != AppendReader::Next::more) {
    std::optional<Answer> refusal = co_await append_steps();
    if (refusal) {
      receiver_.refuse();
      co_return co_await append_done(*std::move(refusal));
    }
    const bool part = *next == AppendReader::Next::part;
    if (part) co_return co_await append_part(item.literal);
    co_return co_await append_message(item.literal);
  }
  if (item.collectable && receiver_.accept_collect()) {
    if (item.literal.synchronizing) write_continuation(out(), "OK");
    co_return Next::more;
  }
  if (!item.collectable) receiver_.refuse();
  co_return co_await append_done(no(code::kTooBig, "The name is too long"));
}

// Messages whose parts are all URLs.
Task<Next> Session::append_whole(std::string_view text) {
  shared_.commands.add();
  ++commands_;
  const std::string tag(tag_of(text));
  const bool replaces = verb_of(text) == Verb::replace;
  if (!own_account_ || (replaces && !selected_)) {
    appending_.reset();
    write_bad(out(), tag, own_account_ ? "Select a mailbox first" : "Sign in first");
    co_return count_bad(true);
  }
  appending_ = std::make_unique<Appending>(ParseOptions{.utf8 = utf8()});
  const auto read = appending_->reader.whole(text);
  co_return co_await append_complete(text, read ? nullptr : &read.error());
}

// What stands between literals.
Task<std::optional<Answer>> Session::append_steps() {
  Appending& append = *appending_;
  const auto& steps = append.reader.steps();
  if (steps.empty()) co_return std::nullopt;
  if (std::ranges::any_of(steps, [](const CatenateStep& step) { return step.kind == CatenateStep::Kind::begin; })) {
    if (auto refusal = check_message()) co_return refusal;
  }
  auto job = [this, &steps]() -> Result<> {
    for (const CatenateStep& step : steps) GP_CHECK(append_step(step));
    return {};
  };
  const Result<> done = co_await workers().run(job);
  if (done) co_return std::nullopt;
  if (!append.bad_url.empty()) {
    std::string code = "BADURL ";
    write_string(code, append.bad_url, utf8());
    co_return Answer{.condition = Condition::no, .code = code, .text = "This URL names nothing here"};
  }
  co_return failed_target(done.error());
}

Result<> Session::append_step(const CatenateStep& step) {
  Appending& append = *appending_;
  if (step.kind == CatenateStep::Kind::end) return append_finish();
  if (step.kind == CatenateStep::Kind::begin) {
    GP_CHECK(append_find_target());
    GP_CHECK(append_room(0));
    append.catenated = true;
    append.message_octets = 0;
    append.message = append.reader.message();
    append.scanner = {};
    GP_TRY(append.writer, append.target->account().new_body(0));
    return {};
  }
  const auto take = [&](std::string_view piece) -> Result<> {
    append.message_octets += piece.size();
    append.octets += piece.size();
    if (append.message_octets > settings_->max_message_octets) return fail(Errc::too_large, "by its parts");
    return append_octets_of(piece);
  };
  auto read = read_step_url(step.url, take);
  if (!read && (read.error().code == Errc::not_found || read.error().code == Errc::denied ||
                read.error().code == Errc::forbidden))
    append.bad_url = step.url;
  return read;
}

// RFC 4469 3: also the messages of others, when the URL carries the right to read them.
Result<> Session::read_step_url(std::string_view url, const std::function<Result<>(std::string_view)>& take) {
  if (auto named = parse_message_url(url)) {
    GP_TRY(const Mailbox mailbox, mailbox_of(named->mailbox, sharing::Right::read));
    named->mailbox = mailbox.folder.path;
    return read_url(mailbox.account(), *named, take);
  }
  GP_TRY(const UrlAccess::Target target, UrlAccess(services(), *settings_, signed_in_->principal()).verify(url));
  return read_url(*target.account, target.message, take);
}

Result<> Session::append_octets_of(std::string_view piece) {
  if (piece.empty()) return {};
  appending_->scanner.feed(piece);
  return appending_->writer->append(piece);
}

// The next octets of a message that CATENATE puts together.
Task<Next> Session::append_part(LiteralHeader literal) {
  Appending& append = *appending_;
  std::optional<Answer> refusal;
  if (literal.octets > settings_->max_message_octets ||
      append.message_octets + literal.octets > settings_->max_message_octets) {
    refusal = no(code::kTooBig, "The message is too large");
  } else if (append.reader.message().utf8 && !utf8()) {
    refusal = bad("ENABLE UTF8=ACCEPT first");
  } else if (auto room = append_room(literal.octets); !room) {
    refusal = failed_target(room.error());
  }
  if (refusal) {
    receiver_.refuse();
    const bool far_too_much = !literal.synchronizing && literal.octets / kMaxDropFactor > settings_->max_message_octets;
    const Next next = co_await append_done(*std::move(refusal));
    co_return far_too_much ? hang_up("That is far too much", "a huge message") : next;
  }
  append.octets += literal.octets;
  append.message_octets += literal.octets;
  if (literal.synchronizing) write_continuation(out(), "OK");
  receiver_.accept_stream();
  co_return Next::more;
}

// The mailbox it names, before its first message.
Result<> Session::append_find_target() {
  Appending& append = *appending_;
  if (append.target) return {};
  GP_TRY(Mailbox found, mailbox_of(append.reader.mailbox(), sharing::Right::insert));
  // CREATE makes it one that holds messages.
  if (!found.folder.selectable) return fail(Errc::not_found, "it holds no messages");
  append.target = std::move(found);
  return {};
}

// For the messages so far and `octets` more of one more. What a replacement has more of is known when both are looked
// at together, at the end (RFC 8508 3.4).
Result<> Session::append_room(std::uint64_t octets) {
  const Appending& append = *appending_;
  if (append.reader.replaced() && &append.target->account() == &selected_->account()) return {};
  GP_TRY(const auto quota, append.target->account().quota());
  if (!quota.has_room_for(append.octets + octets, append.items.size() + 1)) return fail(Errc::over_quota, "announced");
  return {};
}

// RFC 8508 3: what is to be replaced has to be there.
std::optional<Answer> Session::check_replace() {
  const Replaced& replaced = *appending_->reader.replaced();
  const Selected& view = *selected_;
  if (enabled_.uid_only && !replaced.uid) {
    return bad("Messages are named by UID here, after ENABLE UIDONLY", code::kUidRequired);
  }
  // RFC 8508 4.1: the rights of STORE and EXPUNGE; those of APPEND are looked at with the target.
  if (!selected_rights().has(sharing::Right::mark | sharing::Right::expunge)) return failed(Error{Errc::forbidden, {}});
  if (view.read_only()) return no(code::kReadOnly, "The mailbox is open for reading only");
  if (!replaced.uid) {
    const std::uint32_t number = replaced.number == 0 ? view.exists() : replaced.number;
    if (number == 0 || number > view.exists()) return bad("There is no message with this number", code::kClientBug);
    appending_->replaced = *view.uids().select(number);
  } else {
    if (!view.uids().contains(replaced.number)) return no(code::kNonExistent, "There is no message with this UID");
    appending_->replaced = replaced.number;
  }
  return std::nullopt;
}

std::optional<Answer> Session::check_message() {
  const std::uint32_t most = settings_->message_limit;
  if (most != 0 && appending_->reader.messages() > most) {
    return no(code::message_limit(most), "That is more messages than one command takes");
  }
  if (appending_->reader.messages() > kMaxAppendMessages) return no(code::kLimit, "Too many messages at once");
  return appending_->reader.replaced() ? check_replace() : std::nullopt;
}

// Before a single octet of it has come. nullopt: it may.
std::optional<Answer> Session::check_append(const LiteralHeader& literal) {
  const Appending& append = *appending_;
  const AppendMessage& message = append.reader.message();
  if (auto refusal = check_message()) return refusal;
  if (literal.octets > settings_->max_message_octets) return no(code::kTooBig, "The message is too large");
  // Clients cancel a MULTIAPPEND so (RFC 3502 6.3.11), and there are no messages without octets.
  if (literal.octets == 0) return no(code::kCannot, "There are no empty messages");
  // RFC 6855 4
  if (message.utf8 && !utf8()) return bad("ENABLE UTF8=ACCEPT first");
  return std::nullopt;
}

Task<Next> Session::append_message(LiteralHeader literal) {
  Appending& append = *appending_;
  std::optional<Answer> refusal = check_append(literal);
  if (!refusal) {
    auto job = [this, &append, &literal]() -> Result<> {
      GP_CHECK(append_find_target());
      GP_CHECK(append_room(literal.octets));
      append.message = append.reader.message();
      append.catenated = false;
      append.scanner = {};
      GP_TRY(append.writer, append.target->account().new_body(literal.octets));
      return {};
    };
    const Result<> ready = co_await workers().run(job);
    if (!ready) refusal = failed_target(ready.error());
  }
  if (refusal) {
    receiver_.refuse();
    const bool far_too_much = !literal.synchronizing && literal.octets / kMaxDropFactor > settings_->max_message_octets;
    const Next next = co_await append_done(*std::move(refusal));
    co_return far_too_much ? hang_up("That is far too much", "a huge message") : next;
  }
  append.octets += literal.octets;
  if (literal.synchronizing) write_continuation(out(), "OK");
  receiver_.accept_stream();
  co_return Next::more;
}

// Octets go to a worker by the page, not as they trickle in.
Task<Next> Session::append_octets(std::string_view octets, bool last) {
  Appending& append = *appending_;
  if (!last && append.held.size() + octets.size() < kMaxHeldOctets) {
    append.held.append(octets);
    co_return Next::more;
  }
  auto job = [this, octets, last] { return append_store(octets, last); };
  const Result<> stored = co_await workers().run(job);
  if (stored) co_return Next::more;
  receiver_.drop_command();
  co_return co_await append_done(failed(stored.error()));
}

Result<> Session::append_store(std::string_view octets, bool last) {
  Appending& append = *appending_;
  for (const std::string_view piece : {std::string_view(append.held), octets}) {
    GP_CHECK(append_octets_of(piece));
  }
  append.held.clear();
  if (!last) return {};
  append.held.shrink_to_fit();
  return append.catenated ? Result<>() : append_finish();
}

// The message is complete.
Result<> Session::append_finish() {
  Appending& append = *appending_;
  if (append.catenated && append.message_octets == 0) return fail(Errc::invalid, "there are no empty messages");
  account::NewItem item;
  GP_TRY(item.body, append.writer->finish());
  append.writer.reset();
  item.summary = mime::encode(append.scanner.finish());
  if (item.summary.size() > kMaxSummaryOctets || append.summaries_octets + item.summary.size() > kMaxSummariesOctets) {
    item.summary = {};
  }
  append.summaries_octets += item.summary.size();
  const AppendMessage& message = append.message;
  // RFC 4314 4: flags without their right are left out, and nothing is said of it.
  const account::FlagScope scope = sharing::flag_scope(append.target->rights);
  item.system_flags = message.flags.system & scope.system;
  if (scope.keywords) item.keywords = message.flags.keywords;
  item.received = message.date.value_or(services().clock.now());
  append.items.push_back(std::move(item));
  return {};
}

Task<Next> Session::append_end(std::string_view text) {
  const auto read = appending_->reader.end(text);
  co_return co_await append_complete(text, read ? nullptr : &read.error());
}

// The command's last octet was read; `fault` is what is wrong with it.
Task<Next> Session::append_complete(std::string_view text, const SyntaxError* fault) {
  if (fault != nullptr) {
    appending_.reset();
    co_return on_syntax_error(text, *fault);
  }
  std::optional<Answer> refusal = co_await append_steps();
  if (refusal) co_return co_await append_done(*std::move(refusal));
  co_return co_await append_commit_and_tell();
}

Task<Next> Session::append_commit_and_tell() {
  auto job = [this] { return append_commit(); };
  const Result<account::Appended> done = co_await workers().run(job);
  if (!done) co_return co_await append_done(failed_target(done.error()));
  if (done->uids.empty()) co_return co_await append_done(no(code::kExpungeIssued, "The message was removed meanwhile"));
  shared_.appended.add(done->uids.size());
  NumberSet uids;
  for (const account::Uid uid : done->uids) uids.add(uid);
  const Mailbox& target = *appending_->target;
  if (selected_ && &selected_->account() == &target.account() && selected_->folder() == target.folder.id) {
    selected_->made_here.add(uids);
  } else {
    did(target.account(), {.what = account::FolderEvent::What::messages,
                           .id = target.folder.id,
                           .modseq = done->modseq,
                           .added = static_cast<std::uint32_t>(done->uids.size())});
  }
  const std::string code = code::append_uid(done->uid_validity, uids);
  if (!appending_->reader.replaced()) co_return co_await append_done(ok(code, "APPEND completed"));
  // RFC 8508 3.3: the new UID first, then that the old message is gone, as news.
  write_untagged(out(), Condition::ok, code, "The replacement is there");
  co_return co_await append_done({.highest_modseq = true});
}

Result<account::Appended> Session::append_commit() {
  Appending& append = *appending_;
  account::Account& account = append.target->account();
  const account::FolderId to = append.target->folder.id;
  // It may have taken long, and rights change at once.
  GP_TRY(const auto grants, account.grants(to));
  const sharing::Rights now = rights_in(account, grants.get());
  if (!now.has(sharing::Right::insert)) return fail(Errc::forbidden, "not any more");
  if (append.reader.replaced() && !selected_rights().has(sharing::Right::mark | sharing::Right::expunge)) {
    return fail(Errc::forbidden, "not any more");
  }
  const account::FlagScope scope = sharing::flag_scope(now);
  for (account::NewItem& item : append.items) {
    item.system_flags &= scope.system;
    if (!scope.keywords) item.keywords.clear();
  }
  if (!append.reader.replaced()) return account.append(to, append.items);
  if (&account == &selected_->account()) {
    return account.replace(selected_->folder(), append.replaced, to, append.items.front());
  }
  // From one account to another the replacement is durable before the message goes: nothing is lost between the two.
  GP_TRY(account::Appended done, account.append(to, append.items));
  auto removed = selected_->account().remove(selected_->folder(), NumberSet::of(append.replaced, append.replaced));
  if (removed && !removed->empty()) return done;
  NumberSet added;
  for (const account::Uid uid : done.uids) added.add(uid);
  (void)account.remove(to, added);
  if (removed) return account::Appended{};  // it is gone
  return std::unexpected(std::move(removed).error());
}

// The end of the command, whatever it is.
Task<Next> Session::append_done(Answer answer) {
  std::string tag = appending_->reader.tag();
  const Verb verb = appending_->reader.replaced() ? Verb::replace : Verb::append;
  appending_.reset();
  co_return co_await finish(std::move(tag), verb, true, std::move(answer));
}

}  // namespace gatepost::imap::server
