#pragma once

#include <map>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace gatepost::cli {

// What all commands share. Each sets exit_code.
struct Context {
  std::string config_file = "/etc/gatepost/gatepost.toml";
  bool json = false;
  int exit_code = 0;
};

void add_server_commands(CLI::App&, Context&);
void add_config_commands(CLI::App&, Context&);
void add_directory_commands(CLI::App&, Context&);
void add_transfer_commands(CLI::App& account, Context&);  // below "account"
void add_pull_command(CLI::App& account, Context&);       // below "account"
void add_queue_commands(CLI::App&, Context&);
void add_store_commands(CLI::App&, Context&);
void add_search_commands(CLI::App&, Context&);
void add_dns_command(CLI::App&, Context&);
void add_maintenance_commands(CLI::App&, Context&);
void add_changes_commands(CLI::App&, Context&);
void add_token_commands(CLI::App&, Context&);
void add_explain_command(CLI::App&, Context&);
void add_rights_commands(CLI::App&, Context&);
void add_app_password_commands(CLI::App&, Context&);
void add_vacation_commands(CLI::App&, Context&);
void add_forwarding_commands(CLI::App&, Context&);
void add_session_commands(CLI::App&, Context&);
void add_ban_commands(CLI::App&, Context&);
void add_gate_commands(CLI::App&, Context&);
void add_gate_import_command(CLI::App& gate, Context&);  // below "gate"
void add_gate_log_command(CLI::App&, Context&);
void add_gate_watch_command(CLI::App&, Context&);
void add_gate_agent_command(CLI::App&, Context&);
void add_gate_top_command(CLI::App&, Context&);
void add_gate_explain_command(CLI::App&, Context&);
void add_probe_command(CLI::App&, Context&);
void add_certificate_commands(CLI::App&, Context&);
void add_outside_commands(CLI::App&, Context&);
void add_organisation_commands(CLI::App&, Context&);

using Options = std::map<std::string, std::vector<std::string>>;

// Runs an administrator's verb: by the running server when there is one, else on the data directory itself. Prints the
// reply.
void run_verb(Context&, const std::string& verb, const Options&);

// A consistent copy of the store in `directory`, which is empty or missing. The server, which may write to its data
// directory alone, makes the copy there; then it is moved with the rights of whoever asked.
void make_backup(Context&, const std::string& directory);

// Puts a backup in the place of the store of a stopped server; the old store is kept beside it.
void restore_backup(Context&, const std::string& directory);

}  // namespace gatepost::cli
