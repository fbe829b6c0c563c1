#include <fstream>
#include <iostream>
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>

#include "cli/commands.hpp"
#include "cli/run_verb.hpp"
#include "daemon/control_socket.hpp"
#include "daemon/event_catalogue.hpp"
#include "gate/explain/mail.hpp"
#include "gate/notes/line_ring.hpp"
#include "gate/notes/peer_report.hpp"

namespace gatepost::cli {
namespace {

constexpr std::size_t kMailLines = 2'000;
constexpr std::streamoff kMostOfALog = 64 << 20;

// Lines of a log file that hold one of the words; with those of the same connections and messages they are chosen from
// these. Bounded: only the end of a large file is read.
void read_server_log(const std::string& path, std::vector<std::string>& lines) {
  std::ifstream in(path, std::ios::binary);
  in.seekg(0, std::ios::end);
  in.seekg(std::max<std::streamoff>(in.tellg() - kMostOfALog, 0));
  for (std::string line; std::getline(in, line);) lines.push_back(line.substr(0, gate::notes::LineRing::kLineOctets));
}

void explain_mail(Context& context, const gate::explain::MailQuestion& question) {
  const auto config = load_config(context);
  if (!config) return;
  const std::string& word = !question.id.empty() ? question.id : !question.to.empty() ? question.to : question.from;
  if (word.empty()) {
    std::cerr << "Name one of: --id, --from, --to.\n";
    context.exit_code = 2;
    return;
  }
  std::vector<std::string> texts, missing;
  if (config->log.target == "stderr") {
    missing.emplace_back(
        "what is older than the server remembers: set [log] target to a file, or look into the journal");
  } else {
    read_server_log(config->log.target + ".1", texts);
    read_server_log(config->log.target, texts);
  }
  const auto socket = daemon::control_socket_path(config->server.data_dir);
  const auto remembered = daemon::ask(socket, {"gate lines", {{"text", {word}}}});
  if (remembered && remembered->exit_code == 0) {
    if (const auto report = gate::notes::peer_report_from_json(remembered->json)) {
      // The file has them too, where there is one.
      if (texts.empty()) texts = report->lines;
    }
  } else {
    missing.emplace_back("what the running server remembers: " +
                         (remembered ? remembered->text : remembered.error().detail));
  }
  gate::notes::LineFilter filter;
  filter.text = word;
  const auto queue = reply_to(*config, {"queue list", {}});
  if (queue.exit_code != 0) missing.emplace_back("what waits in the queue: " + queue.text);
  const auto stories = gate::explain::mail_stories(question, gate::notes::select_lines(texts, filter, kMailLines),
                                                   gate::explain::waiting_from_json(queue.json));
  const gate::Report report = gate::explain::mail_report(stories, missing);
  std::cout << (context.json ? report.json + "\n" : report.text);
  context.exit_code = report.exit_code;
}

}  // namespace

void add_explain_command(CLI::App& app, Context& context) {
  auto name = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("explain", "What a log event means and what to do; without NAME, all of them");
  command->add_option("name", *name, "\"smtp.accepted\"");
  auto question = std::make_shared<gate::explain::MailQuestion>();
  CLI::App* mail = command->add_subcommand("mail", "What became of a mail, and why: from the log and the queue");
  mail->add_option("--id", question->id, "Its number, as in the log and in gatepost queue list");
  mail->add_option("--from", question->from, "Its sender's address");
  mail->add_option("--to", question->to, "A recipient's address");
  mail->footer("Exit codes: 0 all was delivered, 1 something was not, 2 nothing is known of such a mail.");
  mail->callback([&context, question] { explain_mail(context, *question); });
  command->callback([&context, name, mail] {
    if (mail->parsed()) return;
    bool found = false;
    for (const Event& event : daemon::event_catalogue()) {
      if (!name->empty() && event.name != *name) continue;
      found = true;
      std::cout << event.name << " (" << to_string(event.level) << "): " << event.sentence << "\n    " << event.meaning
                << "\n    What to do: " << event.action << "\n";
    }
    if (!found) std::cerr << "There is no event '" << *name << "'.\n";
    context.exit_code = found ? 0 : 1;
  });
}

}  // namespace gatepost::cli
