#include "daemon/secret_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "runtime/unique_fd.hpp"

namespace gatepost::daemon {
namespace {

constexpr std::size_t kOctets = 32;

std::unexpected<Error> failure(const std::filesystem::path& file) {
  return fail(Errc::unavailable, fmt::format("{}: {}", file.string(), std::strerror(errno)));
}

}  // namespace

Result<Secret> secret_in_file(const std::filesystem::path& file, Random& random) {
  std::array<char, kOctets> octets{};
  const runtime::UniqueFd there(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (there) {
    const ssize_t got = ::read(there.get(), octets.data(), octets.size());
    if (got == static_cast<ssize_t>(octets.size())) return Secret(std::string_view(octets.data(), octets.size()));
    if (got < 0) return failure(file);
  } else if (errno != ENOENT) {
    return failure(file);
  }
  // Complete under its name, or not there: a start that was killed leaves nothing half.
  random.fill(std::as_writable_bytes(std::span(octets)));
  const std::filesystem::path unfinished = file.string() + ".new";
  const runtime::UniqueFd fresh(::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fresh || ::write(fresh.get(), octets.data(), octets.size()) != static_cast<ssize_t>(octets.size()) ||
      ::fsync(fresh.get()) != 0 || ::rename(unfinished.c_str(), file.c_str()) != 0) {
    return failure(file);
  }
  return Secret(std::string_view(octets.data(), octets.size()));
}

}  // namespace gatepost::daemon
