// RETR (RFC 1939 5) and TOP (7): a message in pages, one job a page, sent before the next is read.

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "pop3/protocol/reply.hpp"
#include "pop3/server/events.hpp"
#include "pop3/server/session.hpp"
#include "pop3/server/top_cut.hpp"

namespace gatepost::pop3::server {
namespace {

constexpr std::uint64_t kPageOctets = 64 << 10;
constexpr std::uint64_t kFirstPageOctets = 8 << 10;  // of TOP: headers are small

// What was read: the page, or why not.
struct Page {
  account::Body body;
  std::string octets;
};

}  // namespace

Task<Next> Session::retr(Command command) { return retrieve(std::get<Retr>(command).message, std::nullopt); }

Task<Next> Session::top(Command command) {
  const Top& request = std::get<Top>(command);
  return retrieve(request.message, request.lines);
}

Task<Next> Session::retrieve(std::uint32_t number, std::optional<std::uint32_t> lines) {
  if (!known(number)) co_return Next::more;
  runtime::Workers& workers = shared_.services.workers;
  auto log_failure = [this](const Error& error) {
    shared_.services.log.write(event::kReadFailed, {{"conn", peer_.connection_id},
                                                    {"account", signed_in_->principal().address},
                                                    {"code", to_string(error.code)},
                                                    {"detail", error.detail}});
  };
  const std::uint64_t first_page = lines ? kFirstPageOctets : kPageOctets;
  auto open = [this, number, first_page]() -> Result<Page> {
    Page page;
    GP_TRY(page.body, maildrop_->body(number));
    page.octets.resize(std::min(page.body.size, first_page));
    GP_CHECK(maildrop_->read(page.body, 0, page.octets));
    return page;
  };
  Result<Page> page = co_await workers.run(std::move(open));
  if (!page) {
    // Removed by IMAP meanwhile: this message alone is lost to the session.
    if (page.error().code != Errc::not_found) log_failure(page.error());
    co_return refuse(page.error().code);
  }
  write_ok(out(), lines ? std::string("The top follows") : fmt::format("{} octets", page->body.size));
  TopCut cut(lines.value_or(0));
  DotStuffer stuffer;
  std::uint64_t offset = page->octets.size();
  while (true) {
    const std::string_view octets = page->octets;
    stuffer.append(out(), lines ? octets.substr(0, cut.take(octets)) : octets);
    if (cut.done() || offset == page->body.size) break;
    if (output_.full()) {
      auto sent = co_await output_.drain();
      if (!sent) co_return Next::close;
    }
    auto next = [this, &page, offset]() -> Result<> {
      page->octets.resize(std::min(page->body.size - offset, kPageOctets));
      return maildrop_->read(page->body, offset, page->octets);
    };
    Result<> read = co_await workers.run(std::move(next));
    if (!read) {
      // "+OK" has been said; only an end without the final dot tells that this is not all.
      log_failure(read.error());
      co_return Next::close;
    }
    offset += page->octets.size();
  }
  stuffer.finish(out());
  if (!lines) {
    ++retrieved_;
    shared_.retrieved.add();
  }
  co_return Next::more;
}

}  // namespace gatepost::pop3::server
