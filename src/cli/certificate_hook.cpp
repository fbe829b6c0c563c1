#include "cli/certificate_hook.hpp"

#include <chrono>
#include <iostream>
#include <thread>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "cli/run_program.hpp"
#include "cli/run_verb.hpp"
#include "daemon/control_socket.hpp"

namespace gatepost::cli {
namespace {

namespace json = boost::json;
using std::chrono::seconds;

constexpr ProgramLimits kHookLimits{.time = seconds(300), .octets = 1000};
constexpr seconds kServerAway{5};

struct Job {
  std::uint64_t id = 0;
  std::string action, record, value;
};

std::optional<Job> read_job(const std::string& text) {
  boost::system::error_code ec;
  const json::value value = json::parse(text, ec);
  if (ec || !value.is_object() || value.as_object().empty()) return std::nullopt;
  const json::object& object = value.as_object();
  const auto text_of = [&](const char* key) {
    const json::value* const one = object.if_contains(key);
    return one != nullptr && one->is_string() ? std::string(one->as_string()) : std::string();
  };
  const json::value* const id = object.if_contains("id");
  if (id == nullptr || !id->is_number()) return std::nullopt;
  return Job{id->to_number<std::uint64_t>(), text_of("action"), text_of("record"), text_of("value")};
}

// What it said, or how it ended without a word.
std::string words_of_outcome(const Ran& ran) {
  if (!ran.status) return ran.why;
  if (!ran.errors.empty() || !ran.out.empty()) return ran.out + ran.errors;
  return *ran.status == 0 ? "" : fmt::format("it ended with status {}", *ran.status);
}

}  // namespace

int serve_hooks(Context& context, const std::string& program, bool once) {
  const auto config = load_config(context);
  if (!config) return 2;
  const auto socket = daemon::control_socket_path(config->server.data_dir);
  for (;;) {
    const auto reply = daemon::ask(socket, {"certificate hook-next", {}});
    if (!reply || reply->exit_code != 0) {
      std::cerr << (reply ? reply->text : reply.error().detail + "\n");
      if (once) return reply ? 1 : 3;
      std::this_thread::sleep_for(kServerAway);  // it restarts, perhaps
      continue;
    }
    const auto job = read_job(reply->json);
    if (!job) {
      if (once) return 0;
      continue;
    }
    const Ran ran = run_program({program, job->action, job->record, job->value}, std::nullopt, kHookLimits);
    const bool ok = ran.status == 0;
    const std::string words = words_of_outcome(ran);
    std::cout << fmt::format("{} {}: {}\n", job->action, job->record, ok ? "done" : "failed: " + words) << std::flush;
    Options options{{"id", {fmt::format("{}", job->id)}}, {"detail", {words}}};
    if (ok) options["ok"] = {"1"};
    (void)daemon::ask(socket, {"certificate hook-done", options});
  }
}

}  // namespace gatepost::cli
