#include "http/server/static_files.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "base/digest.hpp"
#include "http/protocol/etag.hpp"
#include "http/server/accept_encoding.hpp"
#include "http/server/compress.hpp"
#include "http/server/content.hpp"
#include "http/server/prepared_head.hpp"
#include "http/server/status_for.hpp"

namespace gatepost::http::server {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kLeastToCompress = 512;
// RFC 9111 5.2.2, RFC 8246: never asked for again.
constexpr std::string_view kForEver = "public, max-age=31536000, immutable";
constexpr std::string_view kAskAgain = "no-cache";

struct Type {
  std::string_view end, type;
  bool compresses;
};
constexpr std::array<Type, 21> kTypes = {{{".html", "text/html; charset=utf-8", true},
                                          {".js", "text/javascript; charset=utf-8", true},
                                          {".mjs", "text/javascript; charset=utf-8", true},
                                          {".css", "text/css; charset=utf-8", true},
                                          {".json", "application/json", true},
                                          {".map", "application/json", true},
                                          {".webmanifest", "application/manifest+json", true},
                                          {".svg", "image/svg+xml", true},
                                          {".xml", "application/xml", true},
                                          {".txt", "text/plain; charset=utf-8", true},
                                          {".wasm", "application/wasm", true},
                                          {".ttf", "font/ttf", true},
                                          {".ico", "image/x-icon", true},
                                          {".woff", "font/woff", false},
                                          {".woff2", "font/woff2", false},
                                          {".png", "image/png", false},
                                          {".jpg", "image/jpeg", false},
                                          {".webp", "image/webp", false},
                                          {".gif", "image/gif", false},
                                          {".avif", "image/avif", false},
                                          {".pdf", "application/pdf", false}}};

const Type* find_type(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return nullptr;
  const std::string end = ascii::to_lower(name.substr(dot));
  const auto found = std::ranges::find(kTypes, end, &Type::end);
  return found != kTypes.end() ? &*found : nullptr;
}

Result<std::string> read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in || in.bad()) return fail(Errc::denied, path.string() + ": cannot be read");
  return text;
}

Fields policy_fields(const std::string& policy) {
  Fields out;
  if (policy.empty()) return out;
  out.add("content-security-policy", policy);
  out.add("referrer-policy", "no-referrer");
  return out;
}

// What send_content() and those who send it would say of all of it.
Fields whole_answer(const Content& content) {
  Fields out = content.more;
  out.add("etag", content.validators.etag);
  out.add("content-type", content.type);
  out.add("accept-ranges", "bytes");
  out.add("x-content-type-options", "nosniff");
  out.add("content-length", std::to_string(content.size));
  return out;
}

// Without a condition and a range (RFC 9110 13, 14).
bool asks_for_all(const Request& request) {
  const Fields& fields = request.head.fields;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const std::string_view name = fields.at(i).name;
    if (name.starts_with("if-") || name == "range") return false;
  }
  return true;
}

}  // namespace

std::string_view type_of(std::string_view name) {
  const Type* const known = find_type(name);
  return known != nullptr ? known->type : "application/octet-stream";
}

struct StaticFiles::Form {
  std::string coding;  // "" is the file itself
  std::string octets;
  std::string etag;
  std::optional<PreparedHead> head;  // of the answer with all of it
};

struct StaticFiles::File {
  std::string type;
  bool for_ever = false;
  std::vector<Form> forms;  // the smallest first, the file itself last
  bool is_page() const { return type.starts_with("text/html"); }
};

struct StaticFiles::Folder {
  std::map<std::string, File, std::less<>> files;
};

Content StaticFiles::content_of(const File& file, const Form& form, const std::string& policy) {
  Content content;
  content.type = file.type;
  content.size = form.octets.size();
  content.validators.etag = form.etag;
  content.more.add("cache-control", file.for_ever ? kForEver : kAskAgain);
  if (file.forms.size() > 1) content.more.add("vary", "Accept-Encoding");
  if (!form.coding.empty()) content.more.add("content-encoding", form.coding);
  if (!policy.empty() && file.is_page()) content.more.add_all(policy_fields(policy));
  return content;
}

Result<> StaticFiles::load(const fs::path& folder) {
  auto fresh = std::make_shared<Folder>();
  std::error_code error;
  const fs::path root = fs::canonical(folder, error);
  if (error || !fs::is_directory(root)) return fail(Errc::not_found, folder.string() + ": no such directory");
  std::size_t octets = 0;
  for (fs::recursive_directory_iterator at(root, error), end; !error && at != end; at.increment(error)) {
    if (at->path().filename().string().starts_with('.')) {
      if (at->is_directory(error)) at.disable_recursion_pending();
      continue;
    }
    if (at->is_symlink(error) || !at->is_regular_file(error)) continue;
    GP_TRY(std::string text, read_file(at->path()));
    octets += text.size();
    if (octets > kMaxOctets || fresh->files.size() >= kMaxFiles) {
      return fail(Errc::too_large,
                  fmt::format("{}: more than {} MiB or {} files", root.string(), kMaxOctets >> 20, kMaxFiles));
    }
    const std::string name = fs::relative(at->path(), root, error).generic_string();
    const Type* const type = find_type(name);
    File file{.type = std::string(type_of(name)), .for_ever = name.starts_with("assets/")};
    if (type != nullptr && type->compresses && text.size() >= kLeastToCompress) {
      for (const Coding coding : {Coding::brotli, Coding::zstd, Coding::gzip}) {
        std::string packed = compress(coding, text);
        if (!packed.empty() && packed.size() < text.size()) {
          file.forms.push_back({std::string(to_string(coding)), std::move(packed), {}, {}});
        }
      }
      std::ranges::sort(file.forms, {}, [](const Form& form) { return form.octets.size(); });
    }
    // RFC 9110 8.8.3.3: another tag for each coding.
    const Sha256Value hash = sha256(text);
    std::string opaque;
    for (std::size_t i = 0; i < 12; ++i) fmt::format_to(std::back_inserter(opaque), "{:02x}", hash[i]);
    file.forms.push_back({"", std::move(text), {}, {}});
    for (Form& form : file.forms) {
      form.etag = make_etag(form.coding.empty() ? opaque : opaque + "-" + form.coding);
      form.head.emplace(whole_answer(content_of(file, form, {})));
    }
    fresh->files.emplace(name, std::move(file));
  }
  if (error) return fail(Errc::denied, fmt::format("{}: {}", root.string(), error.message()));
  const std::lock_guard lock(mutex_);
  folder_ = std::move(fresh);
  return {};
}

void StaticFiles::clear() {
  const std::lock_guard lock(mutex_);
  folder_.reset();
}

std::shared_ptr<const StaticFiles::Folder> StaticFiles::current() const {
  const std::lock_guard lock(mutex_);
  return folder_;
}

std::size_t StaticFiles::size() const {
  const auto folder = current();
  return folder ? folder->files.size() : 0;
}

struct StaticFiles::Found {
  std::shared_ptr<const Folder> folder;  // keeps the others
  const File* file = nullptr;
  const Form* form = nullptr;
};

// None: it was answered that there is no such file.
std::optional<StaticFiles::Found> StaticFiles::find(Exchange& exchange) const {
  Found out{.folder = current()};
  std::string name(exchange.request().parameter("*"));
  if (name.empty() || name.ends_with('/')) name += "index.html";
  const auto found = out.folder ? out.folder->files.find(name) : decltype(out.folder->files.find(name)){};
  if (!out.folder || found == out.folder->files.end()) {
    exchange.respond(plain_answer(404));
    return std::nullopt;
  }
  out.file = &found->second;
  const AcceptedCodings accepted(exchange.request().head.fields);
  out.form = &*std::ranges::find_if(out.file->forms,
                                    [&](const Form& one) { return one.coding.empty() || accepted.takes(one.coding); });
  return out;
}

Route StaticFiles::route(std::string path, std::string policy) const {
  const auto of_pages = std::make_shared<const PreparedHead>(policy_fields(policy));
  return {.path = std::move(path),
          .methods = {"GET"},
          .at_once = [this, policy = std::move(policy), of_pages](Exchange& exchange) {
            const std::optional<Found> found = find(exchange);
            if (!found) return;
            const Form& form = *found->form;
            if (asks_for_all(exchange.request())) {
              exchange.respond(*form.head, found->file->is_page() ? of_pages.get() : nullptr, form.octets,
                               found->folder);
            } else {
              send_content(exchange, content_of(*found->file, form, policy), form.octets, found->folder);
            }
          }};
}

}  // namespace gatepost::http::server
