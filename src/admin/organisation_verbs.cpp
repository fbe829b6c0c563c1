#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json.hpp>

#include "admin/verbs.hpp"
#include "base/utf8.hpp"
#include "organisation/plan.hpp"

// The organisation as one file: what it would change, changing it, and writing it.
namespace gatepost::admin {
namespace {

namespace json = boost::json;
using organisation::Step;

// The file comes as text, or as a descriptor of a file that is too long for that.
std::expected<std::string, Reply> file_of(const Request& request) {
  if (request.has("text")) return request.option("text");
  struct stat facts{};
  // A file alone: what may end late, or never, is read by whoever asks.
  if (request.stream < 0 || ::fstat(request.stream, &facts) != 0 || !S_ISREG(facts.st_mode)) {
    return std::unexpected(usage("apply wants a file"));
  }
  if (static_cast<std::uint64_t>(facts.st_size) > organisation::kMaxDeclarationOctets) {
    return std::unexpected(usage("the file is larger than 64 MiB"));
  }
  std::string text(static_cast<std::size_t>(facts.st_size), '\0');
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t n = ::pread(request.stream, text.data() + at, text.size() - at, static_cast<off_t>(at));
    if (n <= 0) return std::unexpected(failure({Errc::unavailable, "it cannot be read"}, "the file"));
    at += static_cast<std::size_t>(n);
  }
  return text;
}

organisation::Target target_of(Services& services, const Request& request) {
  return {.directory = services.directory,
          .accounts = services.accounts,
          .random = services.random,
          .make_passwords = !request.has("no-passwords"),
          .end_sessions = services.server.end_sessions};
}

Reply refused(const std::vector<config::Problem>& problems) {
  Reply reply{.exit_code = 1};
  json::array list;
  for (const config::Problem& problem : problems) {
    reply.text += problem.text() + "\n";
    list.push_back(
        json::object{{"line", problem.line}, {"where", problem.where}, {"what", problem.what}, {"cure", problem.cure}});
  }
  reply.json = json::serialize(json::object{{"error", "invalid"}, {"problems", std::move(list)}});
  return reply;
}

std::string_view verb_of(Step::Kind kind) {
  switch (kind) {
    case Step::Kind::add:
      return "add";
    case Step::Kind::change:
      return "change";
    case Step::Kind::remove:
      return "remove";
  }
  return "";
}

// "+ account anna@example.org", its details below.
std::string in_words(const Step& step) {
  const char sign = step.kind == Step::Kind::add ? '+' : step.kind == Step::Kind::remove ? '-' : '~';
  std::string out = fmt::format("{} {}\n", sign, step.what);
  for (const std::string& detail : step.details) out += fmt::format("    {}\n", detail);
  return utf8::sanitize(out);
}

Reply apply(Services& services, const Request& request, std::stop_token stop) {
  const auto text = file_of(request);
  if (!text) return text.error();
  const std::string filename = request.option("file", "the file");
  const auto wanted = organisation::parse(*text, filename);
  if (!wanted) return refused(wanted.error());
  organisation::Target target = target_of(services, request);
  const auto current = organisation::read_current(target);
  if (!current) return failure(current.error(), "what there is");
  const auto steps = organisation::plan(*wanted, *current, request.has("prune"), filename);
  if (!steps) return refused(steps.error());
  const bool dry = request.has("dry-run");
  Reply reply;
  json::array list;
  std::size_t completed = 0;
  std::string trouble;
  for (const Step& step : *steps) {
    json::object row{{"do", verb_of(step.kind)}, {"what", utf8::sanitize(step.what)}};
    row["details"] = json::array();
    for (const std::string& detail : step.details) row["details"].as_array().emplace_back(utf8::sanitize(detail));
    reply.text += in_words(step);
    if (!dry) {
      if (stop.stop_requested()) {
        trouble = "The server stops.";
        break;
      }
      const auto ran = step.run(target);
      if (!ran) {
        trouble = fmt::format("{}: {}", step.what, ran.error().detail);
        break;
      }
      ++completed;
      if (!ran->reveal().empty()) {
        reply.text += fmt::format("    password: {}\n", ran->reveal());
        row["password"] = ran->reveal();
      }
    }
    list.push_back(std::move(row));
  }
  json::object all{{"steps", std::move(list)}, {"applied", !dry && trouble.empty()}};
  if (!trouble.empty()) {
    // What was done stays: each step is whole, and the same file goes on from there.
    reply.exit_code = 1;
    reply.text += fmt::format("{}\n{} of {} step(s) done. The same command goes on from here.\n",
                              utf8::sanitize(trouble), completed, steps->size());
    all["error"] = utf8::sanitize(trouble);
  } else if (steps->empty()) {
    reply.text = "Everything is as the file says.\n";
  } else {
    reply.text += dry ? fmt::format("{} step(s); nothing was changed.\n", steps->size())
                      : fmt::format("{} step(s) done.\n", steps->size());
  }
  reply.json = json::serialize(all);
  return reply;
}

Reply export_all(Services& services, const Request& request, std::stop_token) {
  organisation::Target target = target_of(services, request);
  const auto current = organisation::read_current(target);
  if (!current) return failure(current.error(), "what there is");
  Reply reply;
  reply.text = organisation::to_toml(*current);
  reply.json = json::serialize(json::object{{"text", reply.text}});
  return reply;
}

}  // namespace

std::vector<Verb> organisation_verbs() {
  return {{"apply", "Make domains, accounts, groups, aliases and rights what a file says.", false, apply},
          {"export", "The file that says what there is.", false, export_all}};
}

}  // namespace gatepost::admin
