// RESETKEY, GENURLAUTH, URLFETCH (RFC 4467, RFC 5524).

#include <algorithm>
#include <utility>

#include "imap/protocol/response.hpp"
#include "imap/protocol/strings.hpp"
#include "imap/server/hide_nul.hpp"
#include "imap/server/session.hpp"
#include "imap/server/url_access.hpp"
#include "imap/server/url_reader.hpp"

namespace gatepost::imap::server {
namespace {

constexpr std::string_view kInternal = "INTERNAL";

// What one URL names, opened for reading.
struct Opened {
  std::shared_ptr<account::Account> account;  // shared with whoever else has it open; outlives the reader
  std::unique_ptr<UrlReader> reader;          // null: the URL names nothing
  Measure size;
};

// Blocks.
Result<Opened> open_url(Session& session, const UrlFetch::Request& request) {
  const UrlAccess access(session.services(), session.settings(), session.principal());
  auto target = access.verify(request.url);
  const auto none = [](const Error& error) { return error.code == Errc::not_found || error.code == Errc::denied; };
  if (!target) return none(target.error()) ? Result<Opened>(Opened()) : std::unexpected(std::move(target.error()));
  Opened out;
  out.account = std::move(target->account);
  const auto form = request.binary ? UrlReader::Form::decoded : UrlReader::Form::as_is;
  auto reader = UrlReader::open(*out.account, target->message, form);
  if (!reader) return none(reader.error()) ? Result<Opened>(Opened()) : std::unexpected(std::move(reader.error()));
  out.reader = *std::move(reader);
  GP_TRY(out.size, out.reader->measure());
  return out;
}

// The literal, sent as it is read. False: the peer is gone, or nothing but the end of the connection tells that this is
// not all.
Task<bool> write_octets(Session& session, UrlReader& reader, const Measure& size, bool binary) {
  write_literal_header(session.out(), size.wanted.octets(), binary && size.has_nul);
  std::string page;
  for (bool more = true; more;) {
    page.clear();
    auto read = [&]() { return reader.next(page); };
    Result<bool> done = co_await session.workers().run(read);
    if (!done) {
      (void)session.failed(done.error());
      co_return false;
    }
    more = *done;
    if (!binary) hide_nul(page, 0);
    session.out() += page;
    const bool sent = co_await session.drain_if_full();
    if (!sent) co_return false;
  }
  co_return true;
}

// urldata-simple / urldata-ext / urldata-error. False as above.
Task<bool> write_answer(Session& session, const UrlFetch::Request& request, Opened opened) {
  std::string& out = session.out();
  begin_url_fetch(out, request.url, session.utf8());
  if (!opened.reader) {
    out += " NIL\r\n";
    co_return co_await session.drain_if_full();
  }
  const bool extended = request.body || request.binary || request.structure;
  if (request.structure) {
    out += " (BODYPARTSTRUCTURE ";
    opened.reader->write_structure(out, request.binary ? &opened.size : nullptr, session.utf8());
    out += ')';
  }
  if (!extended || request.body || request.binary) {
    out += !extended ? " " : request.binary ? " (BINARY " : " (BODY ";
    if (request.binary && opened.reader->unknown_encoding()) {
      out += "NIL";
    } else {
      const bool written = co_await write_octets(session, *opened.reader, opened.size, request.binary);
      if (!written) co_return false;
    }
    if (extended) out += ')';
  }
  out += "\r\n";
  co_return co_await session.drain_if_full();
}

}  // namespace

Task<Answer> run_resetkey(Session& session, Command& command) {
  const auto& request = std::get<ResetKey>(command.body);
  account::Account& account = session.own_account();
  if (!request.mailbox) {
    auto job = [&account]() { return account.drop_access_keys(); };
    const Result<> done = co_await session.workers().run(job);
    if (!done) co_return session.failed(done.error());
    co_return ok("All keys are gone");
  }
  if (std::ranges::any_of(request.mechanisms, [](const std::string& name) { return name != kInternal; })) {
    co_return no("", "INTERNAL is the only mechanism here");
  }
  auto job = [&]() -> Result<> {
    GP_TRY(const account::Folder folder, account.find_folder(*request.mailbox));
    return account.set_access_key(folder.id, new_access_key());
  };
  const Result<> done = co_await session.workers().run(job);
  if (!done) co_return session.failed(done.error());
  co_return ok(std::string(code::kUrlMech), "The mailbox has another key");
}

Task<Answer> run_genurlauth(Session& session, Command& command) {
  const auto& request = std::get<GenUrlAuth>(command.body);
  std::vector<std::string> urls;
  auto job = [&]() -> Result<> {
    const UrlAccess access(session.services(), session.settings(), session.principal());
    for (const auto& [rump, mechanism] : request.requests) {
      if (mechanism != kInternal) return fail(Errc::unsupported, "a mechanism that is not there");
      GP_TRY(urls.emplace_back(), access.sign(rump, session.own_account()));
    }
    return {};
  };
  const Result<> done = co_await session.workers().run(job);
  if (!done && done.error().code == Errc::invalid) co_return bad("That is no URL of a message in a mailbox of yours");
  if (!done && done.error().code == Errc::unsupported) co_return no("", "INTERNAL is the only mechanism here");
  if (!done) co_return session.failed(done.error());
  write_gen_url_auth(session.out(), urls, session.utf8());
  co_return ok();
}

Task<Answer> run_urlfetch(Session& session, Command& command) {
  const auto& request = std::get<UrlFetch>(command.body);
  for (const UrlFetch::Request& one : request.requests) {
    auto job = [&]() { return open_url(session, one); };
    Result<Opened> opened = co_await session.workers().run(job);
    if (!opened) co_return session.failed(opened.error());
    const bool goes_on = co_await write_answer(session, one, *std::move(opened));
    if (!goes_on) co_return peer_gone();
  }
  co_return ok();
}

}  // namespace gatepost::imap::server
