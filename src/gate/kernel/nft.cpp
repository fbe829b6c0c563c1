#include "gate/kernel/nft.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include <fmt/format.h>
#include <nftables/libnftables.h>

namespace gatepost::gate {
namespace {

constexpr unsigned kJson = NFT_CTX_OUTPUT_JSON | NFT_CTX_OUTPUT_HANDLE | NFT_CTX_OUTPUT_NUMERIC_PRIO;

Errc code_of(std::string_view error) {
  if (error.find("Operation not permitted") != std::string_view::npos) return Errc::denied;
  if (error.find("No such file or directory") != std::string_view::npos) return Errc::not_found;
  return Errc::invalid;
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

struct Free {
  void operator()(nft_ctx* c) const { nft_ctx_free(c); }
};
class Context : public std::unique_ptr<nft_ctx, Free> {
 public:
  Context() : std::unique_ptr<nft_ctx, Free>(nft_ctx_new(NFT_CTX_DEFAULT)) {}
};

// In the child: first octet says how it went, then the listing or the error.
std::string listing_in_child(const std::string& commands) {
  // An ordinary user may have a network namespace of his own within a user namespace.
  if (::unshare(CLONE_NEWNET) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
    return fmt::format("d{}", std::strerror(errno));
  auto nft = Nft::open();
  if (!nft) return "i" + nft.error().detail;
  const auto loaded = nft->run(commands);
  if (!loaded) return (loaded.error().code == Errc::denied ? "d" : "i") + loaded.error().detail;
  auto listed = nft->list_json();
  return listed ? "y" + *listed : "i" + listed.error().detail;
}

}  // namespace

Result<Nft> Nft::open() {
  if (!Context()) return fail(Errc::unavailable, "libnftables cannot be used");
  return Nft();
}

Result<std::string> Nft::run(const std::string& commands, unsigned flags, bool dry) {
  // A context of its own for each batch: libnftables 1.0.6 keeps what it read of the kernel with references into the
  // text of the batch before, and aborts when it reports an error there.
  const Context context;
  if (!context) return fail(Errc::unavailable, "libnftables cannot be used");
  nft_ctx* c = context.get();
  nft_ctx_buffer_output(c);
  nft_ctx_buffer_error(c);
  nft_ctx_output_set_flags(c, flags);
  nft_ctx_set_dry_run(c, dry);
  const int status = nft_run_cmd_from_buffer(c, commands.c_str());
  std::string out = nft_ctx_get_output_buffer(c);
  std::string error = nft_ctx_get_error_buffer(c);
  if (status == 0) return out;
  if (error.empty()) error = errno == EPERM ? "Operation not permitted" : "nft gave no reason";
  return fail(code_of(error), error);
}

Result<std::string> Nft::run(const std::string& commands) { return run(commands, 0, false); }

Result<std::string> Nft::run_json(const std::string& commands) { return run(commands, kJson, false); }

Result<> Nft::check(const std::string& commands) {
  GP_CHECK(run(commands, 0, true));
  return {};
}

Result<std::string> Nft::list_json() { return run("list ruleset", kJson, false); }

Result<std::string> Nft::list_table(std::string_view table) {
  auto listed = run(fmt::format("list table {}", table), 0, false);
  if (!listed && listed.error().code == Errc::not_found) return std::string();
  return listed;
}

Result<std::string> listing_in_empty_namespace(const std::string& commands) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail(Errc::unavailable, std::strerror(errno));
  const pid_t child = ::fork();
  if (child < 0) {
    ::close(ends[0]);
    ::close(ends[1]);
    return fail(Errc::unavailable, std::strerror(errno));
  }
  if (child == 0) {
    ::close(ends[0]);
    const bool written = write_all(ends[1], listing_in_child(commands));
    ::_exit(written ? 0 : 1);
  }
  ::close(ends[1]);
  std::string answer;
  char buffer[65536];
  while (true) {
    const ssize_t n = ::read(ends[0], buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    answer.append(buffer, static_cast<std::size_t>(n));
  }
  ::close(ends[0]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (answer.empty() || status != 0) return fail(Errc::internal, "the trial of the rules ended without an answer");
  const std::string text = answer.substr(1);
  if (answer[0] == 'y') return text;
  return fail(answer[0] == 'd' ? Errc::denied : Errc::invalid, text);
}

}  // namespace gatepost::gate
