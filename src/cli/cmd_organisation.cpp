#include <sys/mman.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/commands.hpp"
#include "cli/run_verb.hpp"
#include "runtime/unique_fd.hpp"

// gatepost apply, gatepost export: the organisation as one file.
namespace gatepost::cli {
namespace {

struct Apply {
  std::string file;
  bool dry_run = false, prune = false, no_passwords = false;
};

// The file's content where the server can read it: it may not open the file itself, and a pipe may never end.
runtime::UniqueFd copy_of(const std::string& name) {
  std::ifstream file;
  if (name != "-") file.open(name, std::ios::binary);
  std::istream& in = name == "-" ? std::cin : file;
  runtime::UniqueFd memory(::memfd_create("organisation", MFD_CLOEXEC));
  std::string block(1 << 16, '\0');
  while (memory && in) {
    in.read(block.data(), static_cast<std::streamsize>(block.size()));
    for (std::size_t at = 0, end = static_cast<std::size_t>(in.gcount()); at < end;) {
      const ssize_t n = ::write(memory.get(), block.data() + at, end - at);
      if (n <= 0) return {};
      at += static_cast<std::size_t>(n);
    }
  }
  if (in.bad() || (in.fail() && !in.eof())) return {};
  return memory;
}

void run_apply(Context& context, const Apply& apply) {
  const auto config = load_config(context);
  if (!config) return;
  const runtime::UniqueFd file = copy_of(apply.file);
  if (!file) {
    std::cerr << apply.file << ": cannot be read\n";
    context.exit_code = 2;
    return;
  }
  admin::Request request{"apply", {{"file", {apply.file == "-" ? "standard input" : apply.file}}}};
  if (apply.dry_run) request.options["dry-run"] = {"yes"};
  if (apply.prune) request.options["prune"] = {"yes"};
  if (apply.no_passwords) request.options["no-passwords"] = {"yes"};
  request.stream = file.get();
  print(context, reply_to(*config, request));
}

}  // namespace

void add_organisation_commands(CLI::App& app, Context& context) {
  auto a = std::make_shared<Apply>();
  CLI::App* apply = app.add_subcommand("apply", "Make domains, accounts, groups, aliases and rights what a file says");
  apply->add_option("file", a->file, "As `gatepost export` writes it; - for the standard input")->required();
  apply->add_flag("--dry-run", a->dry_run, "Show what would change, and change nothing");
  apply->add_flag(
      "--prune", a->prune,
      "What the file does not name goes: aliases and groups are deleted, accounts disabled with their mail");
  apply->add_flag("--no-passwords", a->no_passwords,
                  "Make none for new people: they sign in by an outside directory, or one is set later");
  apply->callback([&context, a] { run_apply(context, *a); });
  app.add_subcommand("export", "Write what there is as the file that `gatepost apply` reads")->callback([&context] {
    run_verb(context, "export", {});
  });
}

}  // namespace gatepost::cli
