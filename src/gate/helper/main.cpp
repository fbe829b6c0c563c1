#include <pwd.h>

#include <charconv>
#include <cstdio>
#include <string>
#include <string_view>

#include "gate/helper/helper.hpp"

namespace {

int usage() {
  std::fprintf(stderr,
               "gatepost-gate-helper --listen PATH --user NAME   bans for the daemon of that user, under systemd\n"
               "gatepost-gate-helper --connected FD              for the daemon that starts it\n");
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  gatepost::gate::helper::HelperOptions options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i], value = argv[i + 1];
    if (name == "--listen") {
      options.listen = value;
    } else if (name == "--connected") {
      std::from_chars(value.data(), value.data() + value.size(), options.connected);
    } else if (name == "--user") {
      const passwd* const entry = ::getpwnam(std::string(value).c_str());
      if (entry == nullptr) {
        std::fprintf(stderr, "gatepost-gate-helper: there is no user '%s'\n", argv[i + 1]);
        return 1;
      }
      options.user = entry->pw_uid;
    } else {
      return usage();
    }
  }
  if (argc % 2 == 0 || (options.listen.empty() && options.connected < 0)) return usage();
  return gatepost::gate::helper::run_helper(options);
}
