#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "base/result.hpp"
#include "certificates/facts.hpp"
#include "certificates/key.hpp"
#include "certificates/making.hpp"
#include "certificates/renewal.hpp"

// The folder `certificates` of the data directory (docs/formats/certificates.md). All files are for their owner alone;
// each is complete under its name or not there, whenever the process is killed.
namespace gatepost::certificates {

// A folder of small files. Not thread-safe against a second writer of the same file.
class Folder {
 public:
  explicit Folder(std::filesystem::path path) : path_(std::move(path)) {}
  // Errc::not_found; too_large above 1 MiB; denied, unavailable.
  Result<std::string> read(std::string_view file) const;
  // Durable when it returns. Makes the folder.
  Result<> write(std::string_view file, std::string_view text) const;
  Result<> remove(std::string_view file) const;  // also when it is not there
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// A certificate as it is kept.
struct Held {
  std::string chain_pem;
  Key key;
  std::vector<Facts> chain;

  static Result<Held> read(std::string_view chain_pem, std::string_view key_pem);
};

class Store {
 public:
  explicit Store(std::filesystem::path root) : root_(std::move(root)) {}

  // The folder of what is called `name` ("mail.example.org", "*.example.org").
  Folder folder(std::string_view name) const;
  Folder account(std::string_view directory_url) const;
  // Certificate and key in one file, so that they change together.
  std::filesystem::path file(std::string_view name) const;

  // Errc::not_found, corrupt.
  Result<Held> current(std::string_view name) const;
  // The earlier one stays as `previous.pem`.
  Result<> install(std::string_view name, const Held& held) const;

  // The key the next certificate of `name` will have, made when there is none: what TLSA records announce in advance.
  Result<Key> next_key(std::string_view name, KeyKind kind) const;
  // `renewed` with the key of the one before: then that is the next, too.
  Result<Key> next_key(std::string_view name, KeyKind kind, bool reuse) const;

  State state(std::string_view name, Random& random) const;  // a fresh one where there is none, or it is damaged
  Result<> set_state(std::string_view name, const State& state) const;

  // The private authority, made at the first call. `for_host` is in its name.
  Result<Authority> authority(std::string_view for_host, TimePoint now) const;
  // A certificate of that authority, in the folder `private/NAME`; a new one when there is none, other names are asked
  // for, or its last third has begun.
  Result<Held> private_certificate(const std::vector<std::string>& names, TimePoint now) const;
  std::filesystem::path private_file(std::string_view name) const;
  std::filesystem::path authority_file() const { return root_ / "authority" / "ca.pem"; }

 private:
  std::filesystem::path root_;
};

}  // namespace gatepost::certificates
