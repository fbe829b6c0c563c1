#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <memory>
#include <sstream>
#include <thread>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/commands.hpp"
#include "cli/run_verb.hpp"
#include "pull/imap_source.hpp"
#include "transfer/pop3_names.hpp"
#include "transfer/stream.hpp"

// account pull: this process fetches from the other server, which the server itself may not reach, and hands the
// messages over like those of "account import".
namespace gatepost::cli {
namespace {

struct Pull {
  std::string address, host, user, security = "tls", ca_file, pop3_ids;
  std::uint16_t port = 0;
  std::uint32_t pause_ms = 0;
  std::uint64_t max_mib = 256;
  std::vector<std::string> only, skip;
};

constexpr std::pair<std::string_view, pull::Security> kSecurity[] = {
    {"tls", pull::Security::tls}, {"starttls", pull::Security::starttls}, {"none", pull::Security::none}};

pull::Order order_of(const Pull& p, Secret password) {
  pull::Order order;
  for (const auto& [name, security] : kSecurity) {
    if (name == p.security) order.server.security = security;
  }
  order.server.host = p.host;
  order.server.port = p.port != 0 ? p.port : order.server.security == pull::Security::tls ? 993 : 143;
  order.server.ca_file = p.ca_file;
  order.who = {p.user.empty() ? p.address : p.user, std::move(password)};
  order.only = p.only;
  order.skip = p.skip;
  order.max_message_octets = p.max_mib << 20;
  order.pause = std::chrono::milliseconds(p.pause_ms);
  return order;
}

// From the table of "account pulled": a line of three words for each.
pull::Marks marks_of(const std::string& text) {
  pull::Marks marks;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string origin;
    pull::Mark mark;
    if (words >> origin >> mark.uid_validity >> mark.uid) marks[origin] = mark;
  }
  return marks;
}

// Gives messages the names that POP3 has for them there.
class Named final : public transfer::Source {
 public:
  Named(transfer::Source& from, const std::string& pattern) : from_(from), pattern_(pattern) {}
  Result<std::optional<transfer::Message>> next() override {
    GP_TRY(auto message, from_.next());
    if (message && !pattern_.empty()) {
      message->pop3_id = transfer::pop3_name(pattern_, {.uid = message->uid, .uid_validity = message->uid_validity});
    }
    return message;
  }
  Result<std::size_t> read(std::span<char> out) override { return from_.read(out); }

 private:
  transfer::Source& from_;
  const std::string& pattern_;
};

// The other server's side, in a process of its own.
Result<> fetch(pull::Order order, const std::string& pop3_ids, int fd) {
  std::size_t passed_over = 0;
  pull::Witness witness;
  witness.folder = [](const std::string& folder, std::uint32_t messages) {
    std::cerr << folder << ": " << messages << " message(s) there\n";
  };
  witness.problem = [&passed_over](const std::string& where, const std::string& what) {
    ++passed_over;
    std::cerr << where << ": " << what << "\n";
  };
  witness.wait = [](std::chrono::milliseconds time, const std::string& why) {
    if (!why.empty()) std::cerr << fmt::format("waiting for {} s: {}\n", (time.count() + 999) / 1000, why);
    std::this_thread::sleep_for(time);
  };
  GP_TRY(const auto library, sasl::Library::create("no server's"));
  const auto source = pull::pull_imap(std::move(order), std::move(witness), *library);
  transfer::StreamSink sink(fd, {});
  Named named(*source, pop3_ids);
  GP_CHECK(transfer::pump(named, sink));
  if (passed_over > 0) return fail(Errc::denied, fmt::format("{} message(s) or folder(s) passed over", passed_over));
  return {};
}

void run_pull(Context& context, const Pull& p) {
  const auto config = load_config(context);
  if (!config) return;
  context.exit_code = 1;
  if (!p.pop3_ids.empty()) {
    if (const auto checked = transfer::check_pop3_pattern(p.pop3_ids); !checked) {
      std::cerr << checked.error().detail << "\n";
      return;
    }
  }
  std::string password;
  std::getline(std::cin, password);
  if (password.ends_with('\r')) password.pop_back();
  pull::Order order = order_of(p, Secret(std::move(password)));
  const admin::Reply known = reply_to(*config, {"account pulled", {{"address", {p.address}}}});
  if (known.exit_code != 0) return print(context, known);
  order.marks = marks_of(known.text);

  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    std::cerr << "socketpair: " << std::strerror(errno) << "\n";
    return;
  }
  const pid_t fetching = ::fork();
  if (fetching < 0) {
    std::cerr << "fork: " << std::strerror(errno) << "\n";
    return;
  }
  if (fetching == 0) {
    ::close(ends[1]);
    const auto fetched = fetch(std::move(order), p.pop3_ids, ends[0]);
    // That nobody takes more has a reason, which the other side tells.
    if (!fetched && fetched.error().code != Errc::closed) std::cerr << fetched.error().detail << "\n";
    std::cerr.flush();
    ::_exit(fetched ? 0 : 1);
  }
  ::close(ends[0]);
  admin::Request request{"account import", {{"address", {p.address}}}};
  request.stream = ends[1];
  const admin::Reply reply = reply_to(*config, request);
  ::close(ends[1]);
  int status = 0;
  while (::waitpid(fetching, &status, 0) < 0 && errno == EINTR) {
  }
  print(context, reply);
  if (context.exit_code == 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != 0)) context.exit_code = 1;
}

}  // namespace

void add_pull_command(CLI::App& account, Context& context) {
  auto p = std::make_shared<Pull>();
  CLI::App* command = account.add_subcommand(
      "pull",
      "Fetch all mail from another IMAP server; repeated, it fetches what is new. The password there is the "
      "first line of standard input");
  command->add_option("address", p->address, "The account here")->required();
  command->add_option("host", p->host, "The other server, as its certificate names it")->required();
  command->add_option("--user", p->user, "The name to sign in with there (the address)");
  command->add_option("--security", p->security, "tls, starttls, or none for a tunnel that ends on this machine")
      ->capture_default_str()
      ->check(CLI::IsMember({"tls", "starttls", "none"}));
  command->add_option("--port", p->port, "993 for tls, else 143");
  command->add_option("--ca", p->ca_file, "PEM file of the authorities to trust (the system's)");
  command->add_option("--folder", p->only, "Only this folder and what lies below it; may be repeated");
  command->add_option("--skip", p->skip, "Not this folder, nor what lies below it; may be repeated");
  command->add_option(
      "--pop3-ids", p->pop3_ids,
      "POP3 goes on calling the inbox's messages so: the other server's pop3_uidl_format, as '%08Xu%08Xv'");
  command->add_option("--max-mib", p->max_mib, "Larger messages are passed over")->capture_default_str();
  command->add_option("--pause", p->pause_ms, "Milliseconds between messages, to spare the other server");
  command->callback([&context, p] { run_pull(context, *p); });
}

}  // namespace gatepost::cli
