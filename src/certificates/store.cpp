#include "certificates/store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/bytes.hpp"
#include "base/digest.hpp"

namespace gatepost::certificates {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFileOctets = 1 << 20;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

std::unexpected<Error> failure(const fs::path& file) {
  const int why = errno;
  const Errc code = why == ENOENT   ? Errc::not_found
                    : why == EACCES ? Errc::denied
                    : why == ENOSPC ? Errc::disk_full
                                    : Errc::unavailable;
  return fail(code, file.string() + ": " + std::strerror(why));
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t put = ::write(fd, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

bool sync_folder(const fs::path& folder) {
  const Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return fd.get() >= 0 && ::fsync(fd.get()) == 0;
}

Result<> make_folder(const fs::path& folder) {
  if (::mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST) return {};
  if (errno != ENOENT) return failure(folder);
  GP_CHECK(make_folder(folder.parent_path()));
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return failure(folder);
  return {};
}

// Host names have no slash; "*" is not a good name for a folder.
std::string folder_name(std::string_view name) {
  std::string out(name);
  std::ranges::replace(out, '*', '_');
  std::ranges::replace(out, '/', '_');
  if (out.empty() || out.front() == '.') out.insert(out.begin(), '_');
  return out;
}

std::string both(const Held& held) { return held.chain_pem + std::string(held.key.to_pem().reveal()); }

Result<Held> read_both(const Folder& folder, std::string_view file) {
  GP_TRY(const std::string text, folder.read(file));
  auto held = Held::read(text, text);
  if (!held) return fail(Errc::corrupt, (folder.path() / file).string() + ": " + held.error().detail);
  return held;
}

}  // namespace

Result<std::string> Folder::read(std::string_view file) const {
  const fs::path path = path_ / file;
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return failure(path);
  std::string text(kMaxFileOctets + 1, '\0');
  std::size_t size = 0;
  for (;;) {
    const ssize_t got = ::read(fd.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failure(path);
    size += static_cast<std::size_t>(got);
    if (size > kMaxFileOctets) return fail(Errc::too_large, path.string() + ": larger than 1 MiB");
    if (got == 0) break;
  }
  text.resize(size);
  return text;
}

Result<> Folder::write(std::string_view file, std::string_view text) const {
  GP_CHECK(make_folder(path_));
  const fs::path path = path_ / file;
  const fs::path unfinished = path.string() + ".new";
  {
    const Descriptor fd(::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (fd.get() < 0 || ::fchmod(fd.get(), 0600) != 0 || !write_all(fd.get(), text) || ::fsync(fd.get()) != 0)
      return failure(unfinished);
  }
  if (::rename(unfinished.c_str(), path.c_str()) != 0 || !sync_folder(path_)) return failure(path);
  return {};
}

Result<> Folder::remove(std::string_view file) const {
  const fs::path path = path_ / file;
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failure(path);
  (void)sync_folder(path_);
  return {};
}

Result<Held> Held::read(std::string_view chain_pem, std::string_view key_pem) {
  GP_TRY(Key key, Key::from_pem(key_pem));
  GP_TRY(std::vector<Facts> chain, read_pair(chain_pem, key));
  // Without what else is in the text: keys have no business in a chain.
  const std::size_t end = chain_pem.rfind("-----END CERTIFICATE-----");
  std::string pem;
  for (std::size_t at = 0; at < chain_pem.size() && end != std::string_view::npos;) {
    const std::size_t begin = chain_pem.find("-----BEGIN CERTIFICATE-----", at);
    if (begin == std::string_view::npos) break;
    std::size_t stop = chain_pem.find("-----END CERTIFICATE-----", begin);
    if (stop == std::string_view::npos) break;
    stop += std::string_view("-----END CERTIFICATE-----").size();
    pem += std::string(chain_pem.substr(begin, stop - begin)) + "\n";
    at = stop;
  }
  return Held{std::move(pem), std::move(key), std::move(chain)};
}

Folder Store::folder(std::string_view name) const { return Folder(root_ / "issued" / folder_name(name)); }

Folder Store::account(std::string_view directory_url) const {
  const Sha256Value digest = sha256(directory_url);
  return Folder(root_ / "accounts" / to_hex({reinterpret_cast<const char*>(digest.data()), 16}));
}

fs::path Store::file(std::string_view name) const { return folder(name).path() / "certificate.pem"; }

Result<Held> Store::current(std::string_view name) const { return read_both(folder(name), "certificate.pem"); }

Result<> Store::install(std::string_view name, const Held& held) const {
  const Folder to = folder(name);
  const auto before = to.read("certificate.pem");
  if (before && *before != both(held)) {
    GP_CHECK(to.write("previous.pem", *before));
  }
  return to.write("certificate.pem", both(held));
}

Result<Key> Store::next_key(std::string_view name, KeyKind kind) const {
  const Folder at = folder(name);
  const auto now = current(name);
  if (const auto kept = at.read("next.key")) {
    auto key = Key::from_pem(*kept);
    // Once it has become the present one it is not the next any more; nor when another kind is wanted since.
    if (key && key->is(kind) && (!now || !key->same_as(now->key))) return key;
  }
  GP_TRY(Key fresh, Key::make(kind));
  GP_CHECK(at.write("next.key", fresh.to_pem().reveal()));
  return fresh;
}

Result<Key> Store::next_key(std::string_view name, KeyKind kind, bool reuse) const {
  if (reuse) {
    if (auto now = current(name)) return std::move(now->key);
  }
  return next_key(name, kind);
}

State Store::state(std::string_view name, Random& random) const {
  if (const auto text = folder(name).read("state.json")) {
    if (auto read = state_from_json(*text)) return *std::move(read);
  }
  State fresh;
  fresh.share = static_cast<double>(random.u64() >> 11) / static_cast<double>(1ULL << 53);
  return fresh;
}

Result<> Store::set_state(std::string_view name, const State& state) const {
  return folder(name).write("state.json", to_json(state));
}

Result<Authority> Store::authority(std::string_view for_host, TimePoint now) const {
  const Folder at(root_ / "authority");
  const auto certificate = at.read("ca.pem");
  const auto key = at.read("ca.key");
  if (certificate && key) return Authority::from_pem(*certificate, *key);
  if (certificate) return std::unexpected(key.error());  // made elsewhere, or its key is lost: not to be written over
  GP_TRY(Authority fresh, Authority::make("Private authority of " + std::string(for_host), now));
  // The certificate last: it is what says that there is an authority.
  GP_CHECK(at.write("ca.key", fresh.key().to_pem().reveal()));
  GP_CHECK(at.write("ca.pem", fresh.certificate_pem()));
  return fresh;
}

fs::path Store::private_file(std::string_view name) const {
  return root_ / "private" / folder_name(name) / "certificate.pem";
}

Result<Held> Store::private_certificate(const std::vector<std::string>& names, TimePoint now) const {
  GP_ASSERT(!names.empty());
  const Folder at(private_file(names.front()).parent_path());
  auto held = read_both(at, "certificate.pem");
  if (held) {
    const Facts& leaf = held->chain.front();
    std::vector<std::string> wanted = names, there = leaf.names;
    std::ranges::sort(wanted);
    std::ranges::sort(there);
    if (there == wanted && now < renewal_time(leaf.not_before, leaf.not_after, {})) return held;
  } else if (held.error().code != Errc::not_found && held.error().code != Errc::corrupt) {
    return held;
  }
  GP_TRY(const Authority signer, authority(names.front(), now));
  Result<Key> key = held ? Result<Key>(held->key) : Key::make(KeyKind::p256);
  GP_CHECK(key);
  GP_TRY(const std::string chain, signer.issue(*key, names, now));
  GP_TRY(Held fresh, Held::read(chain, key->to_pem().reveal()));
  GP_CHECK(at.write("certificate.pem", both(fresh)));
  return fresh;
}

}  // namespace gatepost::certificates
