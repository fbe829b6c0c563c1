#include <iterator>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/commands.hpp"
#include "cli/run_verb.hpp"
#include "daemon/web.hpp"
#include "directory/addresses.hpp"
#include "discovery/dns_records.hpp"

namespace gatepost::cli {
namespace {

// The value of a TXT record has quotation marks.
std::string json_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

void print_records(const std::vector<discovery::DnsRecord>& records, bool json) {
  std::string out = json ? "[" : "";
  for (const discovery::DnsRecord& record : records) {
    if (json) {
      fmt::format_to(std::back_inserter(out), R"({}{{"name":"{}","type":"{}","value":"{}","why":"{}"}})",
                     out.size() > 1 ? "," : "", record.name, record.type, json_text(record.value), record.why);
    } else {
      fmt::format_to(std::back_inserter(out), "; {}\n{:<40} IN {:<6} {}\n", record.why, record.name, record.type,
                     record.value);
    }
  }
  fmt::print("{}{}", out, json ? "]\n" : "");
}

}  // namespace

void add_dns_command(CLI::App& app, Context& context) {
  CLI::App* noun = app.add_subcommand("dns", "Names and records")->require_subcommand(1);
  CLI::App* records = noun->add_subcommand("records", "What to publish for a domain, as a zone file has it");
  auto domain = std::make_shared<std::string>();
  records->add_option("domain", *domain, "The domain of the addresses")->required();
  records->callback([&context, domain] {
    const auto name = directory::canonical_domain(*domain);
    if (!name) {
      fmt::print(stderr, "{}\n", name.error().detail);
      context.exit_code = 2;
      return;
    }
    const auto c = load_config(context);
    if (!c) return;
    print_records(
        discovery::dns_records(*name, c->server.hostname, daemon::services_for_strangers(*c, SystemClock().now()),
                               daemon::https_for_strangers(*c)),
        context.json);
  });
}

}  // namespace gatepost::cli
