#include <pwd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "converter/agent/agent.hpp"

namespace {

using namespace gatepost::converter;

int usage() {
  std::fprintf(stderr,
               "gatepost-text-agent --listen PATH [--user NAME] [OPTION...]   turns attachments into text for the "
               "daemon of NAME\n"
               "gatepost-text-agent --list [OPTION...]                        what it can convert on this machine\n"
               "  --convert KINDS=COMMAND   a media type or ends of names (application/x-drawing,.drw) and the program "
               "that reads\n"
               "                            such octets on its input and writes UTF-8; may come again\n"
               "  --seconds N               for one attachment (30)\n"
               "  --memory-mib N            of the process that reads it (512)\n"
               "  --most-mib N              larger attachments are left (64)\n"
               "  --processes N             attachments at one time (4)\n");
  return 2;
}

int bad(const std::string& why) {
  std::fprintf(stderr, "gatepost-text-agent: %s\n", why.c_str());
  return 2;
}

int list(const std::vector<Way>& all) {
  for (const Way& way : all) {
    std::string how;
    for (const std::string& word : way.command) how.append(how.empty() ? "" : " ").append(word);
    std::printf("%s\t%s\t%s\n", way.kind.type.c_str(), way.kind.suffix.c_str(), how.empty() ? "itself" : how.c_str());
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  AgentOptions options;
  std::vector<Way> own;
  bool only_list = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--list") {
      only_list = true;
      continue;
    }
    if (++i >= argc) return usage();
    const std::string_view value = argv[i];
    const auto number = [&](std::uint64_t least, std::uint64_t most) -> std::uint64_t {
      std::uint64_t n = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), n);
      if (error == std::errc() && end == value.data() + value.size() && n >= least && n <= most) return n;
      std::exit(bad(std::string(name) + " is a number from " + std::to_string(least) + " to " + std::to_string(most)));
    };
    if (name == "--listen") {
      options.listen = value;
    } else if (name == "--user") {
      const passwd* const entry = ::getpwnam(argv[i]);
      if (entry == nullptr) return bad("there is no user '" + std::string(value) + "'");
      options.user = entry->pw_uid;
    } else if (name == "--convert") {
      auto way = parse_way(value);
      if (!way) return bad("--convert " + std::string(value) + ": " + way.error().detail);
      own.insert(own.end(), way->begin(), way->end());
    } else if (name == "--seconds") {
      options.limits.time = std::chrono::seconds(number(1, 60));
    } else if (name == "--memory-mib") {
      options.limits.memory_octets = number(64, 16 << 10) << 20;
    } else if (name == "--most-mib") {
      options.max_octets = number(1, 1024) << 20;
    } else if (name == "--processes") {
      options.most = number(1, 64);
    } else {
      return usage();
    }
  }
  options.ways = ways(std::move(own));
  if (only_list) return list(options.ways);
  if (options.listen.empty()) return usage();
  return run_agent(options);
}
