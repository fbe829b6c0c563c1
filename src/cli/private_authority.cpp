#include "cli/private_authority.hpp"

#include <filesystem>
#include <iostream>

#include "base/clock.hpp"
#include "certificates/store.hpp"

namespace gatepost::cli {
namespace {

namespace fs = std::filesystem;
using certificates::Authority;
using certificates::Folder;
using certificates::Key;
using certificates::KeyKind;

int complain_of(const Error& error) {
  std::cerr << error.detail << "\n";
  return 1;
}

Result<> write_octets(const fs::path& file, std::string_view text) {
  return Folder(file.parent_path().empty() ? fs::path(".") : file.parent_path()).write(file.filename().string(), text);
}

Result<std::string> read_octets(const fs::path& file) {
  return Folder(file.parent_path().empty() ? fs::path(".") : file.parent_path()).read(file.filename().string());
}

Result<> make_files(const fs::path& directory, const std::string& name) {
  std::error_code ec;
  if (fs::exists(directory / "ca.pem", ec) || fs::exists(directory / "ca.key", ec))
    return fail(Errc::already_exists, directory.string() + " has an authority already");
  GP_TRY(const Authority authority, Authority::make(name, SystemClock().now()));
  GP_CHECK(write_octets(directory / "ca.key", authority.key().to_pem().reveal()));
  return write_octets(directory / "ca.pem", authority.certificate_pem());
}

Result<> issue_files(const PrivateOrder& order, const fs::path& certificate, const fs::path& key_file) {
  GP_TRY(const std::string ca, read_octets(fs::path(order.directory) / "ca.pem"));
  GP_TRY(const std::string ca_key, read_octets(fs::path(order.directory) / "ca.key"));
  GP_TRY(const Authority authority, Authority::from_pem(ca, ca_key));
  const auto kept = read_octets(key_file);
  if (!kept && kept.error().code != Errc::not_found) return std::unexpected(kept.error());
  GP_TRY(const Key key, kept ? Key::from_pem(*kept) : Key::make(KeyKind::p256));
  GP_TRY(const std::string chain,
         authority.issue(key, order.names, SystemClock().now(), std::chrono::days(order.days)));
  if (!kept) {
    GP_CHECK(write_octets(key_file, key.to_pem().reveal()));
  }
  return write_octets(certificate, chain);
}

}  // namespace

int make_authority(const std::string& directory, const std::string& name) {
  if (const Result<> made = make_files(directory, name); !made) return complain_of(made.error());
  std::cout << (fs::path(directory) / "ca.pem").string() << "\n";
  return 0;
}

int issue_privately(const PrivateOrder& order) {
  std::string called = order.names.front();
  if (called.starts_with("*.")) called.replace(0, 1, "_");
  if (called.find('/') != std::string::npos) return complain_of({Errc::invalid, called + " is no host name"});
  const fs::path in = order.directory;
  const fs::path certificate = order.certificate.empty() ? in / (called + ".pem") : fs::path(order.certificate);
  const fs::path key = order.key.empty() ? in / (called + ".key") : fs::path(order.key);
  if (const Result<> done = issue_files(order, certificate, key); !done) return complain_of(done.error());
  std::cout << certificate.string() << "\n" << key.string() << "\n";
  return 0;
}

}  // namespace gatepost::cli
