#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/commands.hpp"

namespace gatepost::cli {
namespace {

struct VacationValues {
  std::string address, subject, text, file, from, until;
};

// "-": what comes on the standard input.
std::string whole_file(const std::string& name) {
  std::ifstream file;
  if (name != "-") file.open(name, std::ios::binary);
  std::istream& in = name == "-" ? std::cin : file;
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

void add_vacation_commands(CLI::App& app, Context& context) {
  CLI::App* noun =
      app.add_subcommand("vacation", "What accounts answer while their owners are away")->require_subcommand(1);
  auto v = std::make_shared<VacationValues>();
  CLI::App* show = noun->add_subcommand("show", "What an account answers, and whether it does now");
  show->add_option("address", v->address)->required();
  show->callback([&context, v] { run_verb(context, "vacation show", {{"address", {v->address}}}); });
  CLI::App* set = noun->add_subcommand("set", "Tell senders, once a week each, that the owner is away");
  set->add_option("address", v->address)->required();
  set->add_option("--subject", v->subject, "Of the answer; none: \"Auto: \" and the subject of the message");
  auto* text = set->add_option("--text", v->text, "What it says");
  set->add_option("--file", v->file, "The file that has what it says, or - for the standard input")
      ->check([](const std::string& name) { return name == "-" ? std::string() : CLI::ExistingFile(name); })
      ->excludes(text);
  set->add_option("--from", v->from, "When it begins: 2026-12-24 (UTC), or 2026-12-24T12:00:00+01:00; else now");
  set->add_option("--until", v->until, "The first moment at which it is over; else it goes on until it is cleared");
  set->callback([&context, v] {
    Options options{{"address", {v->address}}};
    const std::string said = v->file.empty() ? v->text : whole_file(v->file);
    for (const auto& [name, value] : {std::pair("subject", v->subject), std::pair("text", said),
                                      std::pair("from", v->from), std::pair("until", v->until)}) {
      if (!value.empty()) options[name] = {value};
    }
    run_verb(context, "vacation set", options);
  });
  CLI::App* clear = noun->add_subcommand("clear", "Answer nobody any more");
  clear->add_option("address", v->address)->required();
  clear->callback([&context, v] { run_verb(context, "vacation clear", {{"address", {v->address}}}); });
}

}  // namespace gatepost::cli
