#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <thread>

#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/run_verb.hpp"
#include "daemon/control_socket.hpp"
#include "daemon/paths.hpp"
#include "store/backup_mark.hpp"
#include "store/disk.hpp"
#include "store/store.hpp"

namespace gatepost::cli {
namespace {

namespace fs = std::filesystem;

// Moves a directory, to another file system too. `to` does not exist.
std::error_code move_directory(const fs::path& from, const fs::path& to) {
  std::error_code ec;
  fs::rename(from, to, ec);
  if (ec != std::errc::cross_device_link) return ec;
  ec.clear();
  fs::copy(from, to, fs::copy_options::recursive, ec);
  if (!ec) fs::remove_all(from, ec);
  return ec;
}

// Root's copy belongs to whoever owns the data directory: the server's user.
void give_like(const fs::path& tree, const fs::path& like) {
  struct stat owner{};
  if (::geteuid() != 0 || ::stat(like.c_str(), &owner) != 0) return;
  (void)!::lchown(tree.c_str(), owner.st_uid, owner.st_gid);
  std::error_code ec;
  for (auto it = fs::recursive_directory_iterator(tree, ec); !ec && it != fs::recursive_directory_iterator();
       it.increment(ec)) {
    (void)!::lchown(it->path().c_str(), owner.st_uid, owner.st_gid);
  }
}

admin::Reply failed(std::string_view verb, std::string detail) {
  return admin::failure(Error{Errc::denied, std::move(detail)}, verb);
}

admin::Reply backup_to(const config::Config& config, const fs::path& target) {
  constexpr std::string_view verb = "store backup";
  std::error_code ec;
  if (fs::exists(target, ec) && !fs::is_empty(target, ec)) {
    return failed(verb, fmt::format("{} is not empty: name an empty or a new directory", target.string()));
  }
  if (!target.parent_path().empty() && !fs::is_directory(target.parent_path(), ec)) {
    return failed(verb, fmt::format("there is no directory {}", target.parent_path().string()));
  }
  const fs::path staging = config.server.data_dir / fmt::format("backup.{}", ::getpid());
  admin::Reply reply = reply_to(config, {std::string(verb), {{"directory", {staging.string()}}}});
  if (reply.exit_code == 0) {
    fs::remove(target, ec);
    if (const std::error_code moved = move_directory(staging, target)) {
      reply = failed(verb, fmt::format("{}: {}", target.string(), moved.message()));
    }
  }
  fs::remove_all(staging, ec);
  if (reply.exit_code != 0) return reply;
  reply.text =
      fmt::format("A consistent copy is in {}. To restore: stop the server, gatepost store restore {}, start it.\n",
                  target.string(), target.string());
  return reply;
}

}  // namespace

void make_backup(Context& context, const std::string& directory) {
  const auto config = load_config(context);
  if (config) print(context, backup_to(*config, fs::absolute(directory).lexically_normal()));
}

void restore_backup(Context& context, const std::string& directory) {
  const auto config = load_config(context);
  if (!config) return;
  context.exit_code = 1;
  const fs::path data = config->server.data_dir;
  if (daemon::ask(daemon::control_socket_path(data), admin::Request{"status", {}})) {
    std::cerr << "A server is running on " << data.string() << ": stop it first (gatepost stop).\n";
    return;
  }
  std::error_code ec;
  if (!fs::is_directory(directory, ec) || fs::is_empty(directory, ec)) {
    std::cerr << directory << " is not a backup.\n";
    return;
  }
  // Copied beside first and renamed at the end, so that a full disk or a kill leaves the old store in place.
  const fs::path store = daemon::store_directory(*config);
  const fs::path incoming = store.string() + ".incoming";
  // Two restores may fall into one second: the first free name.
  const std::string set_aside = fmt::format("{}.before-restore.{}", store.string(), std::time(nullptr));
  fs::path old = set_aside;
  for (int again = 1; fs::exists(old, ec); ++again) old = fmt::format("{}.{}", set_aside, again);
  const bool had_one = fs::exists(store, ec);
  // Held to the end: who opens the store, be it a server that is still starting, would go on in what is set aside.
  Result<store::Fd> lock = store::Fd();
  if (had_one) lock = store::lock_directory(store, false);
  if (!lock) {
    std::cerr << "restore: " << lock.error().detail << "\n";
    return;
  }
  fs::remove_all(incoming, ec);
  fs::copy(directory, incoming, fs::copy_options::recursive, ec);
  if (!ec) {
    // Whichever of the two is opened from now on begins a new epoch: clients may have heard of what is not in it.
    Result<> marked = store::mark_as_backup(incoming, directory);
    if (marked && had_one) marked = store::mark_as_backup(store, store);
    if (!marked) {
      std::cerr << "restore: " << marked.error().detail << "\n";
      return;
    }
    if (had_one) give_like(store / store::kBackupMark, data);
    give_like(incoming, data);
    ::sync();  // the copy is on the disk before the old store leaves its place
  }
  if (!ec && had_one) fs::rename(store, old, ec);
  if (!ec) fs::rename(incoming, store, ec);
  if (ec) {
    std::cerr << "restore: " << ec.message() << "\n";
    return;
  }
  // Numbers leap with the second in which a restored store is opened (docs/decisions/0005-restore-epoch.md): two
  // restores of one backup must not share it.
  std::this_thread::sleep_for(std::chrono::seconds(1));
  // Of the former store; they are made again.
  fs::remove_all(daemon::search_directory(*config), ec);
  std::cout << "Restored from " << directory << ".\n";
  if (had_one) std::cout << "The former store is in " << old.string() << ": delete it when you are content.\n";
  context.exit_code = 0;
}

}  // namespace gatepost::cli
