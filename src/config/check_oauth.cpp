#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include <fmt/format.h>

#include "config/check.hpp"

namespace gatepost::config {
namespace {

constexpr std::size_t kMaxProviders = 20;

class OauthFindings {
 public:
  explicit OauthFindings(std::vector<Problem>& out) : out_(out) {}
  void error(std::string where, std::string what, std::string cause, std::string cure) {
    add(Severity::error, std::move(where), std::move(what), std::move(cause), std::move(cure));
  }
  void warning(std::string where, std::string what, std::string cause, std::string cure) {
    add(Severity::warning, std::move(where), std::move(what), std::move(cause), std::move(cure));
  }

 private:
  void add(Severity severity, std::string where, std::string what, std::string cause, std::string cure) {
    out_.push_back({severity, "", 0, std::move(where), std::move(what), std::move(cause), std::move(cure)});
  }
  std::vector<Problem>& out_;
};

std::string provider_heading(std::size_t i) { return fmt::format("[[oauth.provider]] {}", i + 1); }

void check_provider(const OauthProvider& one, const std::string& where, OauthFindings& out) {
  const bool jwt = one.check == OauthProvider::Check::jwt;
  if (jwt && one.issuer.empty()) {
    out.error(where + " issuer", "is missing", "Tokens are known by whom they are from.",
              "Write what the provider puts into \"iss\" of its tokens.");
  }
  if (jwt && one.audiences.empty()) {
    out.error(where + " audience", "is missing",
              "Any token of the provider would sign in here, also one that another program was given for itself.",
              "Write what the provider puts into \"aud\" of tokens for this server.");
  }
  if (!jwt && one.introspection.empty() && one.discovery.empty()) {
    out.error(where + " introspection", "is missing", "There is nobody to ask.",
              "Write introspection = \"https://...\", or issuer where a discovery document says it.");
  }
  if (!jwt && one.audiences.empty() && one.scopes.empty()) {
    out.warning(where + " audience", "neither audience nor scopes are asked for",
                "Any token of the provider signs in here, also one that another program was given for itself.",
                "Write audience or scopes.");
  }
  if (one.client_id.empty() != one.client_secret_file.empty()) {
    out.error(where + " client_id", "goes with client_secret_file", "One is of no use without the other.",
              "Write both, or none.");
  }
  if (jwt && !one.client_id.empty()) {
    out.warning(where + " client_id", "is not used", "Nobody is asked about tokens that are verified by keys.",
                "Take it out, or write check = \"introspection\".");
  }
  if (!one.end_sessions && one.beyond_token.count() > 0) {
    out.warning(where + " beyond_token", "is not used", "Sessions do not end with their tokens.",
                "Take one of the two out.");
  }
  if (!one.default_domain.empty() && !one.domains.empty() &&
      std::ranges::find(one.domains, one.default_domain) == one.domains.end()) {
    out.error(where + " default_domain", "is not among domains", "No account named without a domain could sign in.",
              "Add it to domains.");
  }
}

}  // namespace

void check_oauth_values(const Config& config, std::vector<Problem>& problems) {
  OauthFindings out(problems);
  const auto& all = config.oauth.providers;
  if (all.size() > kMaxProviders) {
    out.error(provider_heading(kMaxProviders), fmt::format("more than {} providers", kMaxProviders),
              "Each of them may be asked about a token.", "Take some out.");
  }
  std::set<std::string> names;
  for (std::size_t i = 0; i < all.size(); ++i) {
    check_provider(all[i], provider_heading(i), out);
    if (!names.insert(all[i].name).second)
      out.error(provider_heading(i) + " name", "is taken by another provider", "", "Give each its own name.");
  }
  if (all.empty()) return;
  const auto offered = [&](std::string_view name) {
    return std::ranges::find(config.auth.mechanisms, name) != config.auth.mechanisms.end();
  };
  if (!offered("OAUTHBEARER") && !offered("XOAUTH2")) {
    out.warning("[auth] mechanisms", "has neither OAUTHBEARER nor XOAUTH2", "No token is taken, on the web neither.",
                "Add them, or take [[oauth.provider]] out.");
  }
}

void check_oauth_files(const Config& config, std::vector<Problem>& problems) {
  OauthFindings out(problems);
  const auto readable = [&](const std::filesystem::path& file, const std::string& where) {
    if (!file.empty() && !std::ifstream(file))
      out.error(where, fmt::format("{} cannot be read", file.string()), "", "Check the path and the permissions.");
  };
  for (std::size_t i = 0; i < config.oauth.providers.size(); ++i) {
    readable(config.oauth.providers[i].ca_file, provider_heading(i) + " ca_file");
    readable(config.oauth.providers[i].client_secret_file, provider_heading(i) + " client_secret_file");
  }
}

}  // namespace gatepost::config
