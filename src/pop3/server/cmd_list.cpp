// STAT, LIST (RFC 1939 5) and UIDL (7). Messages marked as deleted are left out.

#include <fmt/format.h>

#include "pop3/protocol/reply.hpp"
#include "pop3/server/session.hpp"

namespace gatepost::pop3::server {

Task<Next> Session::stat(Command) {
  write_ok(out(), fmt::format("{} {}", maildrop_->count(), maildrop_->total_octets()));
  co_return Next::more;
}

Task<Next> Session::list(Command command) { return listing(std::get<List>(command).message, false); }

Task<Next> Session::uidl(Command command) { return listing(std::get<Uidl>(command).message, true); }

Task<Next> Session::listing(std::optional<std::uint32_t> only, bool unique_ids) {
  if (only && !known(*only)) co_return Next::more;
  std::uint64_t octets = 0;
  if (!unique_ids) {
    auto look = [this, only, &octets]() -> Result<> {
      if (!only) return maildrop_->read_sizes();
      GP_TRY(octets, maildrop_->octets(*only));
      return {};
    };
    const Result<> looked = co_await shared_.services.workers.run(look);
    if (!looked) co_return refuse(looked.error().code);
  }
  if (only) {
    write_ok(out(), unique_ids ? fmt::format("{} {}", *only, maildrop_->unique_id(*only))
                               : fmt::format("{} {}", *only, octets));
    co_return Next::more;
  }
  write_ok(out(), fmt::format("{} messages ({} octets)", maildrop_->count(), maildrop_->total_octets()));
  for (std::uint32_t n = 1; n <= maildrop_->size(); ++n) {
    if (!maildrop_->has(n)) continue;
    // Sizes are in memory now.
    write_line(out(), unique_ids ? fmt::format("{} {}", n, maildrop_->unique_id(n))
                                 : fmt::format("{} {}", n, maildrop_->octets(n).value_or(0)));
    if (!output_.full()) continue;
    auto sent = co_await output_.drain();
    if (!sent) co_return Next::close;
  }
  write_end(out());
  co_return Next::more;
}

}  // namespace gatepost::pop3::server
