// GETACL, SETACL, DELETEACL, LISTRIGHTS, MYRIGHTS (RFC 4314).

#include <array>
#include <utility>

#include "imap/protocol/response.hpp"
#include "imap/server/session.hpp"

namespace gatepost::imap::server {
namespace {

using sharing::Right;
using sharing::Rights;

// RFC 4314 3.1: a right that is not known is an error, never passed over.
Answer unknown_right() { return bad("There is no such right here"); }

// What became of a command with an identifier.
Answer acl_refused(Session& session, const Error& error) {
  if (error.code == Errc::not_found) return no("", "Nobody has this name");
  if (error.code == Errc::invalid) return bad("That is no identifier");
  if (error.code == Errc::denied) return no(code::kCannot, "The owner of a mailbox keeps all rights");
  return session.failed(error);
}

sharing::Change rights_change(SetAcl::Mode mode) {
  switch (mode) {
    case SetAcl::Mode::replace:
      return sharing::Change::replace;
    case SetAcl::Mode::add:
      return sharing::Change::add;
    case SetAcl::Mode::remove:
      return sharing::Change::remove;
  }
  return sharing::Change::replace;
}

}  // namespace

Task<Answer> run_getacl(Session& session, Command& command) {
  const std::string& name = std::get<GetAcl>(command.body).mailbox;
  const auto mailbox = co_await session.find_mailbox(name, Right::administer);
  if (!mailbox) co_return session.failed(mailbox.error());
  const auto list = session.sharing().list(mailbox->account(), mailbox->folder.id);
  if (!list) co_return session.failed(list.error());
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const sharing::Entry& entry : *list) {
    pairs.emplace_back((entry.negative ? "-" : "") + entry.identifier, sharing::to_string(entry.rights));
  }
  write_acl(session.out(), mailbox->name(), pairs, session.utf8());
  co_return ok();
}

Task<Answer> run_setacl(Session& session, Command& command) {
  const auto& request = std::get<SetAcl>(command.body);
  const auto rights = sharing::parse_rights(request.rights);
  if (!rights) co_return unknown_right();
  const auto mailbox = co_await session.find_mailbox(request.mailbox, Right::administer);
  if (!mailbox) co_return session.failed(mailbox.error());
  auto job = [&] {
    return session.sharing().set(mailbox->account(), mailbox->folder.id, request.identifier,
                                 rights_change(request.mode), *rights);
  };
  const auto done = co_await session.workers().run(job);
  if (!done) co_return acl_refused(session, done.error());
  co_return ok();
}

Task<Answer> run_deleteacl(Session& session, Command& command) {
  const auto& request = std::get<DeleteAcl>(command.body);
  const auto mailbox = co_await session.find_mailbox(request.mailbox, Right::administer);
  if (!mailbox) co_return session.failed(mailbox.error());
  auto job = [&] { return session.sharing().remove(mailbox->account(), mailbox->folder.id, request.identifier); };
  const auto done = co_await session.workers().run(job);
  if (!done) co_return acl_refused(session, done.error());
  co_return ok();
}

// No rights are tied to others here. RFC 4314 2.1.1: "c" and "d" are listed beside those that they stand for.
Task<Answer> run_listrights(Session& session, Command& command) {
  const auto& request = std::get<ListRights>(command.body);
  const auto mailbox = co_await session.find_mailbox(request.mailbox, Right::administer);
  if (!mailbox) co_return session.failed(mailbox.error());
  const auto always = session.sharing().always(mailbox->account(), request.identifier);
  if (!always) co_return acl_refused(session, always.error());
  std::vector<std::string> optional;
  if (always->empty()) {
    for (const char right : sharing::to_string(Rights::all())) optional.emplace_back(1, right);
  }
  write_list_rights(session.out(), mailbox->name(), request.identifier, sharing::to_string(*always), optional,
                    session.utf8());
  co_return ok();
}

Task<Answer> run_myrights(Session& session, Command& command) {
  const std::string& name = std::get<MyRights>(command.body).mailbox;
  const auto mailbox = co_await session.find_mailbox(name);
  if (!mailbox) co_return session.failed(mailbox.error());
  write_my_rights(session.out(), mailbox->name(), sharing::to_string(mailbox->rights), session.utf8());
  co_return ok();
}

}  // namespace gatepost::imap::server
