#include "daemon/offline.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "base/log.hpp"
#include "daemon/privileges.hpp"
#include "daemon/process.hpp"
#include "daemon/product.hpp"
#include "runtime/unique_fd.hpp"

namespace gatepost::daemon {
namespace {

bool needs_server(std::string_view verb) {
  for (const admin::Verb& one : admin::verbs()) {
    if (one.name == verb) return one.needs_server;
  }
  return false;
}

admin::Reply run_here(const config::Config& config, const admin::Request& request) {
  prepare_process(1);
  const Result<> prepared = prepare_data_directory(config.server.data_dir, config.server.user);
  if (!prepared) return admin::failure(prepared.error(), request.verb);
  const Result<> became = become_user(config.server.user);
  if (!became) return admin::failure(became.error(), request.verb);

  // The reply says all there is to say; only what is wrong with the store is worth a line.
  StderrSink sink;
  const SystemClock clock;
  Log log(sink, clock, Level::warning);
  auto product = Product::open(config, clock, log);
  if (!product) return admin::failure(product.error(), request.verb);
  admin::Services services = (*product)->admin_services();
  services.own_domain_only = config.ldap.people_see == config::Ldap::Sees::own_domain;
  return admin::run(services, request);
}

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::string read_all(int fd) {
  std::string text;
  char buffer[16 << 10];
  for (;;) {
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return text;
    text.append(buffer, static_cast<std::size_t>(n));
  }
}

}  // namespace

admin::Reply run_offline(const config::Config& config, const admin::Request& request) {
  if (needs_server(request.verb)) {
    admin::Reply reply = admin::failure(
        Error{Errc::unavailable, fmt::format("no server is running on {}", config.server.data_dir.string())},
        request.verb);
    reply.exit_code = 3;
    return reply;
  }
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return admin::failure(Error{Errc::internal, std::strerror(errno)}, request.verb);
  runtime::UniqueFd reading(ends[0]);
  runtime::UniqueFd writing(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return admin::failure(Error{Errc::internal, std::strerror(errno)}, request.verb);
  if (child == 0) {
    write_all(writing.get(), to_json(run_here(config, request)));
    ::_exit(0);
  }
  writing.reset();
  const std::string text = read_all(reading.get());
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  auto reply = admin::reply_from_json(text);
  return reply ? *std::move(reply)
               : admin::failure(Error{Errc::internal, "the work ended without an answer"}, request.verb);
}

}  // namespace gatepost::daemon
