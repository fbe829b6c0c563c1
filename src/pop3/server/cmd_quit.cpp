// QUIT: the UPDATE state (RFC 1939 6).

#include <fmt/format.h>

#include "pop3/protocol/reply.hpp"
#include "pop3/server/events.hpp"
#include "pop3/server/session.hpp"

namespace gatepost::pop3::server {

Task<Next> Session::quit(Command) {
  if (!in_transaction()) {
    write_ok(out(), "Bye");
    co_return Next::close;
  }
  Result<std::uint32_t> removed = 0U;
  if (maildrop_->count() != maildrop_->size()) {
    auto job = [this] { return maildrop_->remove_marked(); };
    removed = co_await shared_.services.workers.run(std::move(job));
  }
  // Before the reply, so that whoever has read it finds the maildrop free.
  maildrop_.reset();
  if (!removed) {
    shared_.services.log.write(event::kUpdateFailed, {{"conn", peer_.connection_id},
                                                      {"account", signed_in_->principal().address},
                                                      {"code", to_string(removed.error().code)},
                                                      {"detail", removed.error().detail}});
    const Words words = words_for(removed.error().code);
    write_err(out(), words.code, "Some deleted messages were not removed");
    co_return Next::close;
  }
  removed_ = *removed;
  shared_.removed.add(*removed);
  write_ok(out(), fmt::format("Bye, {} messages removed", *removed));
  co_return Next::close;
}

}  // namespace gatepost::pop3::server
