#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

#include <CLI/CLI.hpp>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "cli/commands.hpp"
#include "gate/import/import.hpp"
#include "gate/kernel/nft.hpp"

namespace gatepost::cli {
namespace {

struct ImportArguments {
  std::string format;
  std::vector<std::string> files;
};

Result<gate::importing::File> read_rules(const std::string& path) {
  gate::importing::File out{std::filesystem::path(path).filename().string(), ""};
  std::ifstream in(path, std::ios::binary);
  std::istream& from = path == "-" ? std::cin : in;
  if (!from) return fail(Errc::not_found, path + " cannot be read");
  std::string piece(1 << 16, '\0');
  while (from.read(piece.data(), static_cast<std::streamsize>(piece.size())) || from.gcount() > 0) {
    out.text.append(piece.data(), static_cast<std::size_t>(from.gcount()));
    if (out.text.size() > gate::importing::kMaxFileOctets)
      return fail(Errc::too_large, path + " is larger than 64 MiB");
  }
  return out;
}

// nft reads its own language best: it loads the text into an empty namespace and lists what came of it.
Result<> to_json(gate::importing::File& file) {
  const std::size_t begin = file.text.find_first_not_of(" \t\r\n");
  if (begin != std::string::npos && file.text[begin] == '{') return {};
  GP_TRY(file.text, gate::listing_in_empty_namespace(file.text));
  return {};
}

std::string json_of(const gate::Proposal& p, const std::string& text) {
  namespace json = boost::json;
  json::array ports, losses;
  for (const gate::PortIntent& port : p.ports) {
    json::array sources;
    for (const gate::Opening& o : port.openings) {
      for (const Network& n : gate::networks_of(o.sources)) sources.emplace_back(n.to_string());
    }
    ports.push_back(json::object{{"port", port.port},
                                 {"service", port.service},
                                 {"sources", std::move(sources)},
                                 {"destinations", gate::text_of(port.destinations)},
                                 {"per_minute", port.per_minute},
                                 {"max_connections", port.max_connections},
                                 {"reason", port.reason}});
  }
  for (const std::string& loss : p.losses) losses.emplace_back(loss);
  return json::serialize(json::object{{"scope", p.scope == config::Gate::Scope::host ? "host" : "own-ports"},
                                      {"ports", std::move(ports)},
                                      {"losses", std::move(losses)},
                                      {"configuration", text}});
}

void gate_import(Context& context, const ImportArguments& arguments) {
  for (const gate::ImportFormat& format : gate::import_formats()) {
    if (format.name != arguments.format) continue;
    std::vector<gate::importing::File> files;
    const auto give_up = [&](const Error& error) {
      std::cerr << gate::importing::printable(error.detail, 2000) << "\n";
      context.exit_code = 1;
    };
    for (const std::string& path : arguments.files) {
      auto file = read_rules(path);
      if (!file) return give_up(file.error());
      if (format.name == "nftables") {
        if (const auto done = to_json(*file); !done) return give_up(done.error());
      }
      files.push_back(*std::move(file));
    }
    auto material = format.read(files);
    if (!material) return give_up(material.error());
    const gate::Proposal proposal = gate::propose(*std::move(material));
    const std::string text = gate::configuration_text(proposal, format.name);
    std::cout << (context.json ? json_of(proposal, text) + "\n" : text);
    return;
  }
  std::cerr << "There is no format '" << gate::importing::printable(arguments.format, 40) << "'. There are:\n";
  for (const gate::ImportFormat& format : gate::import_formats())
    std::cerr << fmt::format("  {:<11} {}\n", format.name, format.help);
  context.exit_code = 2;
}

}  // namespace

void add_gate_import_command(CLI::App& gate, Context& context) {
  auto arguments = std::make_shared<ImportArguments>();
  CLI::App* command =
      gate.add_subcommand("import", "Another firewall's rules as a proposed configuration; changes nothing");
  command->add_option("format", arguments->format, "nftables, iptables, ufw, ...")->required();
  command->add_option("files", arguments->files, "What to read; - is the standard input")->required();
  command->footer("Exit codes: 0 read, 1 it is none of that format or cannot be read, 2 wrong usage.");
  command->callback([&context, arguments] { gate_import(context, *arguments); });
}

}  // namespace gatepost::cli
