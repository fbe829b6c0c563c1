#include <algorithm>
#include <filesystem>
#include <set>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "config/check.hpp"

namespace gatepost::config {
namespace {

class DirectoryFindings {
 public:
  DirectoryFindings(std::vector<Problem>& out, std::size_t number)
      : out_(out), where_(fmt::format("[[outside_directory]] {}", number)) {}
  void add(Severity severity, std::string_view key, std::string what, std::string cause, std::string cure) {
    out_.push_back(
        {severity, "", 0, fmt::format("{} {}", where_, key), std::move(what), std::move(cause), std::move(cure)});
  }

 private:
  std::vector<Problem>& out_;
  const std::string where_;
};

void check_one(const OutsideDirectory& one, std::set<std::string>& names, DirectoryFindings& out) {
  if (!names.insert(one.name).second) {
    out.add(Severity::error, "name", fmt::format("{} is the name of another one", one.name), "", "Take another name.");
  }
  if (one.bind_dn.empty() != one.password_file.empty()) {
    out.add(Severity::error, "bind_dn", "goes with password_file", "One is of no use without the other.",
            "Write both, or none.");
  }
  if (one.groups && !one.people) {
    out.add(Severity::error, "groups", "needs people = true", "Members of groups are people of the same directory.",
            "Write people = true, or leave groups away.");
  }
  if (one.full_refresh < one.refresh) {
    out.add(Severity::error, "full_refresh", "is shorter than refresh", "", "Make it as long at least.");
  }
  if (one.without_tls) {
    out.add(Severity::warning, "tls", "passwords go over the network in clear",
            "Whoever is on the way reads the passwords of all who sign in.", "Write tls = \"required\".");
  }
}

}  // namespace

void check_outside_values(const Config& config, std::vector<Problem>& problems) {
  std::set<std::string> names;
  bool sign_in = false;
  for (std::size_t i = 0; i < config.outside_directories.size(); ++i) {
    DirectoryFindings out(problems, i + 1);
    check_one(config.outside_directories[i], names, out);
    sign_in |= config.outside_directories[i].sign_in;
  }
  const bool takes_passwords = std::ranges::any_of(
      config.auth.mechanisms, [](const std::string& name) { return !ascii::istarts_with(name, "SCRAM-"); });
  if (sign_in && !takes_passwords) {
    problems.push_back({Severity::error, "", 0, "[auth] mechanisms", "nobody could sign in",
                        "An outside directory checks passwords, which SCRAM never shows.",
                        "Add \"PLAIN\" and \"LOGIN\"; they are offered with TLS alone."});
  }
}

void check_outside_files(const Config& config, std::vector<Problem>& problems) {
  for (std::size_t i = 0; i < config.outside_directories.size(); ++i) {
    const OutsideDirectory& one = config.outside_directories[i];
    DirectoryFindings out(problems, i + 1);
    for (const auto& [key, file] : {std::pair("ca_file", one.ca_file), std::pair("password_file", one.password_file)}) {
      std::error_code ec;
      if (file.empty() || std::filesystem::is_regular_file(file, ec)) continue;
      out.add(Severity::error, key, fmt::format("{} cannot be read: there is no such file", file.string()), "",
              "Check the path.");
    }
  }
}

}  // namespace gatepost::config
