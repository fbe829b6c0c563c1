#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include "cli/commands.hpp"
#include "cli/run_verb.hpp"
#include "transfer/files.hpp"
#include "transfer/stream.hpp"

// account import, account export: this process reads or writes the files, the server has the account, and messages go
// over a pair of sockets between them.
namespace gatepost::cli {
namespace {

struct Transfer {
  std::string address, path, folder, format = "maildir";
  transfer::Pop3Names pop3_names;
};

constexpr std::pair<std::string_view, transfer::Format> kFormats[] = {{"maildir", transfer::Format::maildir},
                                                                      {"eml", transfer::Format::eml},
                                                                      {"mbox", transfer::Format::mboxrd},
                                                                      {"mboxo", transfer::Format::mboxo}};

transfer::Format format_of(std::string_view name) {
  for (const auto& [known, format] : kFormats) {
    if (known == name) return format;
  }
  return transfer::Format::maildir;
}

// The files' side, in a process of its own.
Result<> move_files(const Transfer& t, bool importing, int fd) {
  if (importing) {
    std::size_t passed_over = 0;
    const auto problem = [&passed_over](const std::filesystem::path& where, const std::string& what) {
      ++passed_over;
      std::cerr << where.string() << ": " << what << "\n";
    };
    GP_TRY(const auto source, transfer::open_files(format_of(t.format), t.path, t.folder, problem, t.pop3_names));
    transfer::StreamSink sink(fd, {});
    GP_CHECK(transfer::pump(*source, sink));
    if (passed_over > 0) return fail(Errc::denied, "not everything could be read");
    return {};
  }
  GP_TRY(const auto sink, transfer::create_files(format_of(t.format), t.path));
  transfer::StreamSource source(fd, {});
  GP_CHECK(transfer::pump(source, *sink));
  return {};
}

void run_transfer(Context& context, const Transfer& t, bool importing) {
  const auto config = load_config(context);
  if (!config) return;
  context.exit_code = 1;
  if (!t.pop3_names.pattern.empty()) {
    if (const auto checked = transfer::check_pop3_pattern(t.pop3_names.pattern); !checked) {
      std::cerr << checked.error().detail << "\n";
      return;
    }
  }
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    std::cerr << "socketpair: " << std::strerror(errno) << "\n";
    return;
  }
  const pid_t files = ::fork();
  if (files < 0) {
    std::cerr << "fork: " << std::strerror(errno) << "\n";
    return;
  }
  if (files == 0) {
    ::close(ends[1]);
    const auto moved = move_files(t, importing, ends[0]);
    // That nobody takes or gives more has a reason, which the other side tells.
    if (!moved && moved.error().code != Errc::closed) std::cerr << moved.error().detail << "\n";
    std::cerr.flush();
    ::_exit(moved ? 0 : 1);
  }
  ::close(ends[0]);
  admin::Request request{importing ? "account import" : "account export", {{"address", {t.address}}}};
  if (!t.folder.empty()) request.options["folder"] = {t.folder};
  request.stream = ends[1];
  const admin::Reply reply = reply_to(*config, request);
  ::close(ends[1]);
  int status = 0;
  while (::waitpid(files, &status, 0) < 0 && errno == EINTR) {
  }
  print(context, reply);
  if (context.exit_code == 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != 0)) context.exit_code = 1;
}

}  // namespace

void add_transfer_commands(CLI::App& account, Context& context) {
  add_pull_command(account, context);
  for (const bool importing : {true, false}) {
    auto t = std::make_shared<Transfer>();
    CLI::App* command =
        importing ? account.add_subcommand("import", "Add messages from files; repeated, it adds nothing twice")
                  : account.add_subcommand("export", "Write all messages to files; repeated, it adds what is new");
    command->add_option("address", t->address)->required();
    command->add_option("path", t->path, importing ? "The directory, or the mbox file" : "The directory")->required();
    command->add_option("--format", t->format, "maildir, eml, mbox (mboxrd), mboxo")
        ->capture_default_str()
        ->check(CLI::IsMember({"maildir", "eml", "mbox", "mboxo"}));
    command->add_option("--folder", t->folder,
                        importing ? "Where messages go that are in no folder there (INBOX)" : "Only this folder");
    if (importing) {
      command->add_option(
          "--pop3-ids", t->pop3_names.pattern,
          "POP3 goes on calling the inbox's messages so: the other server's pop3_uidl_format, as '%08Xu%08Xv'");
      command->add_flag("--x-uidl", t->pop3_names.x_uidl, "or what their X-UIDL fields say");
    }
    command->callback([&context, t, importing] { run_transfer(context, *t, importing); });
  }
}

}  // namespace gatepost::cli
