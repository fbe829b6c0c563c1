#include <fmt/format.h>
#include <boost/json.hpp>

#include <algorithm>
#include <limits>

#include "admin/table.hpp"
#include "admin/verbs.hpp"
#include "base/date.hpp"
#include "base/utf8.hpp"
#include "store/keys.hpp"
#include "store/store.hpp"

namespace gatepost::admin {
namespace {

namespace json = boost::json;
using mailflow::QueueEntry;
using mailflow::QueueId;

constexpr std::size_t kListedQueue = 10'000;
constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

Reply queue_list(Services& services, const Request&, std::stop_token) {
  const auto entries = services.queue.list(kListedQueue);
  if (!entries) return failure(entries.error(), "queue");
  Table table({"id", "age_s", "size", "attempts", "next", "held", "from", "to", "last_reply"});
  const auto now = services.clock.now();
  for (const auto& e : *entries) {
    for (const auto& r : e.recipients) {
      const bool waits =
          r.status == mailflow::RecipientState::Status::waiting || r.status == mailflow::RecipientState::Status::failed;
      if (!waits) continue;
      const auto age = std::chrono::duration_cast<std::chrono::seconds>(now - e.created).count();
      table.row()
          .text(to_string(e.id))
          .number(static_cast<std::uint64_t>(std::max<std::int64_t>(age, 0)))
          .number(e.body.size);
      table.number(e.attempts)
          .text(date::format_rfc3339(e.due))
          .boolean(e.held)
          .text(e.reverse_path.empty() ? "<>" : e.reverse_path);
      table.text(r.address).text(r.last_reply);
    }
  }
  Reply reply = table.reply("The queue is empty.");
  if (entries->size() == kListedQueue)
    reply.text += fmt::format("Only the first {} messages are shown.\n", kListedQueue);
  return reply;
}

// Applies `change` to the entry the option names, or to all of them with --all. `change` works on the entry as it is
// then, whatever a delivery attempt has made of it since it was listed.
template <class Change>
Reply for_entries(Services& services, const Request& request, std::string_view sentence, Change change) {
  std::vector<QueueId> ids;
  if (request.has("id")) {
    const auto id = mailflow::parse_queue_id(request.option("id"));
    if (!id) return usage("a queue id has 12 hex digits; see gatepost queue list");
    ids.push_back(*id);
  } else if (request.has("all")) {
    const auto all = services.queue.list(kAll);
    if (!all) return failure(all.error(), "queue");
    for (const QueueEntry& entry : *all) ids.push_back(entry.id);
  } else {
    return usage("name a queue id, or --all");
  }
  std::size_t changed = 0;
  for (const QueueId id : ids) {
    const Result<> result = change(id);
    // One that has just gone out is no failure, unless it was asked for by name.
    if (!result && (result.error().code != Errc::not_found || request.has("id"))) {
      return failure(result.error(), to_string(id));
    }
    changed += result ? 1 : 0;
  }
  if (services.server.queue_changed) services.server.queue_changed();
  return done(fmt::format("{}: {} message(s).", sentence, changed), request.option("id", "all"));
}

Reply queue_retry(Services& services, const Request& request, std::stop_token) {
  return for_entries(services, request, "Due now", [&](QueueId id) {
    return services.queue.change(id, [&](QueueEntry& entry) { entry.due = services.clock.now(); });
  });
}
Reply set_held(Services& services, const Request& request, bool held) {
  return for_entries(services, request, held ? "Held" : "Released", [&](QueueId id) {
    return services.queue.change(id, [&](QueueEntry& entry) { entry.held = held; });
  });
}
Reply queue_hold(Services& s, const Request& r, std::stop_token) { return set_held(s, r, true); }
Reply queue_release(Services& s, const Request& r, std::stop_token) { return set_held(s, r, false); }
Reply queue_delete(Services& services, const Request& request, std::stop_token) {
  return for_entries(services, request, "Deleted without telling the sender",
                     [&](QueueId id) { return services.queue.remove(id); });
}

struct CheckReport {
  static constexpr std::size_t kMaxShown = 10'000;

  std::size_t problems = 0, repaired = 0;
  json::array list;
  std::string text;

  void add(std::string_view where, std::string_view what, bool fixed) {
    ++problems;
    repaired += fixed ? 1 : 0;
    if (problems > kMaxShown) return;  // a broken disk has no end of them
    text += fmt::format("{}: {}{}\n", where, what, fixed ? " (repaired)" : "");
    list.emplace_back(
        json::object{{"where", utf8::sanitize(where)}, {"what", utf8::sanitize(what)}, {"repaired", fixed}});
  }
};

Reply store_check(Services& services, const Request& request, std::stop_token stop) {
  CheckReport report;
  const bool repair = request.has("repair");
  Result<> result;
  if (repair) {
    result = services.store.repair([&](const store::Store::Finding& f) { report.add(f.where, f.what, true); }, stop);
    if (!result) return failure(result.error(), "store check");
  }
  result = services.store.check([&](const store::Store::Finding& f) { report.add(f.where, f.what, false); }, stop);
  if (!result) return failure(result.error(), "store check");
  std::vector<account::AccountId> accounts;
  result = services.store.keys().partitions([&](store::Partition p) {
    if (store::is_account(p)) accounts.push_back(static_cast<account::AccountId>(store::number(p)));
    return !stop.stop_requested();
  });
  if (!result) return failure(result.error(), "store check");
  for (const auto id : accounts) {
    if (stop.stop_requested()) break;
    const auto principal = services.directory.principal(static_cast<directory::PrincipalId>(id));
    const std::string owner =
        principal ? principal->address : fmt::format("account {}", static_cast<std::uint64_t>(id));
    result = services.accounts.check(id, repair, [&](const account::Accounts::Finding& f) {
      report.add(fmt::format("{}: {}", owner, f.where), f.what, f.repaired);
    });
    if (!result) report.add(owner, result.error().detail, false);
  }
  Reply reply;
  reply.exit_code = report.problems == report.repaired ? 0 : 1;
  reply.text = report.text + fmt::format("{} account(s) checked, {} problem(s), {} repaired.\n", accounts.size(),
                                         report.problems, report.repaired);
  reply.json = json::serialize(json::object{{"accounts", accounts.size()},
                                            {"found", report.problems},
                                            {"problems", report.list},
                                            {"repaired", report.repaired}});
  return reply;
}

Reply store_backup(Services& services, const Request& request, std::stop_token stop) {
  const std::string to = request.option("directory");
  if (to.empty()) return usage("store backup DIRECTORY");
  if (auto made = services.store.backup(to, stop); !made) return failure(made.error(), "store backup");
  return done(
      fmt::format(
          "A consistent copy is in {}. To restore: stop the server, put it in place of the store directory, start.",
          to),
      to);
}

Reply store_collect(Services& services, const Request&, std::stop_token stop) {
  const auto freed = services.store.collect(stop);
  if (!freed) return failure(freed.error(), "store collect");
  return done(fmt::format("{} octets of unused bodies freed.", *freed), std::to_string(*freed));
}

Reply status(Services& services, const Request& request, std::stop_token) { return services.server.status(request); }

Reply reload(Services& services, const Request&, std::stop_token) { return services.server.reload(); }

Reply stop_server(Services& services, const Request&, std::stop_token) {
  services.server.stop();
  return done("The server is stopping.", "stop");
}

Reply config_show(Services& services, const Request& request, std::stop_token) {
  return services.server.settings(request);
}

Reply drain(Services& services, const Request&, std::stop_token) { return services.server.drain(); }

}  // namespace

std::vector<Verb> queue_verbs() {
  return {{"queue list", "Messages that wait for delivery.", false, queue_list},
          {"queue retry", "Try one (or --all) now.", false, queue_retry},
          {"queue hold", "Keep one (or --all) from being tried.", false, queue_hold},
          {"queue release", "Undo a hold.", false, queue_release},
          {"queue delete", "Delete one (or --all) without telling the sender.", false, queue_delete}};
}

std::vector<Verb> store_verbs() {
  return {{"store check", "Read everything, verify checksums and indexes; --repair mends what can be derived.", false,
           store_check},
          {"store backup", "A consistent copy while the server runs.", false, store_backup},
          {"store collect", "Free the space of bodies nobody uses.", false, store_collect}};
}

std::vector<Verb> server_verbs() {
  return {{"status", "What the server is doing.", true, status},
          {"reload", "Read the configuration and certificates again; no session ends.", true, reload},
          {"stop", "Stop the server in good order.", true, stop_server},
          {"config show", "Each key of the configuration, and where its value comes from.", true, config_show},
          {"drain", "How far a stop has come, and how the last one went.", true, drain}};
}

}  // namespace gatepost::admin
