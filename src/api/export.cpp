#include "api/export.hpp"

#include <algorithm>
#include <memory>
#include <mutex>
#include <set>

#include <fmt/format.h>

#include "api/caller.hpp"
#include "api/events.hpp"
#include "api/json.hpp"
#include "base/date.hpp"
#include "transfer/archive.hpp"

namespace gatepost::api {
namespace {

using http::server::Access;
using http::server::Exchange;
using http::server::Response;
using runtime::Task;

constexpr std::size_t kAtOnce = 8;  // of the whole server: they read much, and take a processor

// Who has one going on. Thread-safe.
class Running {
 public:
  // Errc::conflict: he has one; limit: too many have.
  Result<> enter(directory::PrincipalId id) {
    const std::scoped_lock lock(mutex_);
    if (ids_.contains(id)) return fail(Errc::conflict, "an export of this account is going on already");
    if (ids_.size() >= kAtOnce) return fail(Errc::limit, "too many exports are going on: try again later");
    ids_.insert(id);
    return {};
  }
  bool has(directory::PrincipalId id) {
    const std::scoped_lock lock(mutex_);
    return ids_.contains(id);
  }
  void leave(directory::PrincipalId id) {
    const std::scoped_lock lock(mutex_);
    ids_.erase(id);
  }

 private:
  std::mutex mutex_;
  std::set<directory::PrincipalId> ids_;
};

// Leaves at its end, however the exchange ends.
class Turn {
 public:
  Turn(Running& running, directory::PrincipalId id) : running_(running), id_(id) {}
  ~Turn() { running_.leave(id_); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  Running& running_;
  directory::PrincipalId id_;
};

// Addresses may have what has a meaning in a quoted string or in file systems.
std::string file_name(std::string_view address, TimePoint now) {
  std::string out;
  for (const char c : address) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    out.push_back(plain || c == '@' || c == '.' || c == '-' || c == '_' ? c : '_');
  }
  return fmt::format("{} {}.zip", out, date::format_rfc3339(now).substr(0, 10));
}

// GET /api/export
Task<> send(const Services& services, Running& running, Exchange& exchange) {
  const auto from = caller(services, exchange);
  if (!from) co_return exchange.respond(refusal(from.error()));
  const directory::Principal owner = from->principal;
  if (const auto entered = running.enter(owner.id); !entered) co_return exchange.respond(refusal(entered.error()));
  const Turn turn(running, owner.id);
  std::shared_ptr<account::Account> account;
  std::unique_ptr<transfer::Archive> archive;
  std::string piece;
  bool more = true;
  auto next = [&]() -> Result<> {
    if (archive == nullptr) {
      GP_TRY(account, services.accounts->open(static_cast<account::AccountId>(owner.id)));
      GP_TRY(auto files, services.own_files(owner));
      std::vector<transfer::Archive::File> first;
      for (auto& [name, content] : files) first.push_back({std::move(name), std::move(content)});
      archive = std::make_unique<transfer::Archive>(*account, std::move(first), services.clock.now());
    }
    piece.clear();
    GP_TRY(more, archive->next(piece));
    return {};
  };
  auto read = co_await services.workers.run(next);
  if (!read) co_return exchange.respond(refusal(read.error()));
  services.log.write(event::kExported, {{"name", owner.address}, {"remote", exchange.request().client.to_string()}});
  Response head(200, "application/zip", "");
  head.set("content-disposition", "attachment; filename=\"" + file_name(owner.address, services.clock.now()) + "\"");
  head.set("cache-control", "no-store");
  exchange.begin(std::move(head));
  for (;;) {
    if (!co_await exchange.write(piece)) co_return;
    if (!more) break;
    read = co_await services.workers.run(next);
    if (!read) co_return;  // cut off: never a part for the whole
  }
  exchange.finish();
}

// GET /api/export/state: a page asks before it leads a browser to the file.
Task<> show_export(const Services& services, Running& running, Exchange& exchange) {
  const auto from = caller(services, exchange);
  if (!from) co_return exchange.respond(refusal(from.error()));
  exchange.respond(answer(json::object{{"running", running.has(from->principal.id)}}));
}

}  // namespace

void add_export_routes(http::server::Router& router, const Services& services) {
  auto running = std::make_shared<Running>();  // shared with every copy of the handler
  // Signed in by the server, too, so that it ends with the session.
  router.add({.path = "/api/export",
              .methods = {"GET"},
              .handler = [services, running](Exchange& exchange) { return send(services, *running, exchange); },
              .access = Access::signed_in});
  router.add({.path = "/api/export/state", .methods = {"GET"}, .handler = [services, running](Exchange& exchange) {
                return show_export(services, *running, exchange);
              }});
}

}  // namespace gatepost::api
