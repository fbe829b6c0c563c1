#include "api/photos.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "api/caller.hpp"
#include "api/json.hpp"
#include "directory/photo.hpp"
#include "http/server/content.hpp"

namespace gatepost::api {
namespace {

using directory::PhotoType;
using directory::Principal;
using http::server::Exchange;
using http::server::Response;
using runtime::Task;

constexpr std::size_t kMaxAddresses = 200;  // of one question

directory::Sight sight_of(const Services& services, const Principal& viewer) {
  return services.directory.sight(viewer, services.own_domain_only && services.own_domain_only());
}

// The address says which picture it is, so that a browser may keep it for good.
std::string path_of(const Principal& whose) {
  return fmt::format("/api/photos/{}?v={}", static_cast<std::uint64_t>(whose.id), to_text(whose.photo));
}

// POST /api/photos {"addresses": [...]}: which of them have a picture, and where it is.
Task<> look_up(const Services& services, Exchange& exchange) {
  const auto from = caller(services, exchange);
  if (!from) co_return exchange.respond(refusal(from.error()));
  auto asked = co_await read_object(exchange);
  if (!asked) co_return exchange.respond(refusal(asked.error()));
  const json::value* addresses = asked->if_contains("addresses");
  if (addresses == nullptr || !addresses->is_array() || addresses->as_array().size() > kMaxAddresses) {
    co_return exchange.respond(
        refusal(Error{Errc::invalid, fmt::format("\"addresses\" is a list of at most {}", kMaxAddresses)}));
  }
  const directory::Sight sight = sight_of(services, from->principal);
  json::object photos;
  for (const json::value& one : addresses->as_array()) {
    if (!one.is_string()) co_return exchange.respond(refusal(Error{Errc::invalid, "an address is a text"}));
    const std::string_view address = one.as_string();
    auto whose = services.directory.find(address);
    if (!whose) whose = services.directory.find_contact(address);
    if (whose && whose->photo.type != PhotoType::none && sight.sees(*whose)) photos[address] = path_of(*whose);
  }
  exchange.respond(answer(json::object{{"photos", std::move(photos)}}));
}

// GET /api/photos/{id}
Task<> show_photo(const Services& services, Exchange& exchange) {
  const auto from = caller(services, exchange);
  if (!from) co_return exchange.respond(refusal(from.error()));
  const std::string_view text = exchange.request().parameter("id");
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  const auto whose = error == std::errc() && end == text.data() + text.size()
                         ? services.directory.principal(directory::PrincipalId{id})
                         : fail(Errc::not_found, "no number");
  // Whom somebody may not see is not there.
  if (!whose || whose->photo.type == PhotoType::none || !sight_of(services, from->principal).sees(*whose)) {
    co_return exchange.respond(refusal(Error{Errc::not_found, "there is no picture"}));
  }
  http::server::Content content;
  content.type = media_type(whose->photo.type);
  content.size = whose->photo.octets;
  const std::string tag = to_text(whose->photo);
  content.validators.etag = http::make_etag(tag);
  const bool this_one = exchange.request().query("v").value_or("") == tag;
  content.more.set("cache-control", this_one ? "private, immutable, max-age=31536000" : "private, no-cache");
  content.more.set("content-security-policy", "sandbox; default-src 'none'");
  std::string octets;
  content.read = [&](std::uint64_t at, std::size_t most) -> Task<Result<std::string>> {
    if (octets.empty()) {
      auto job = [&] { return services.directory.photo(whose->id); };
      auto read = co_await exchange.workers().run(job);
      if (!read) co_return std::unexpected(read.error());
      octets = *std::move(read);
      // Another one by now.
      if (octets.size() != whose->photo.octets) co_return fail(Errc::conflict, "the picture was changed");
    }
    co_return octets.substr(at, most);
  };
  co_await http::server::send_content(exchange, content);
}

Task<> set_own(const Services& services, Exchange& exchange, bool removes) {
  const auto from = caller(services, exchange);
  if (!from) co_return exchange.respond(refusal(from.error()));
  std::string octets;
  if (!removes) {
    auto read = co_await exchange.read_all(directory::kMaxPhotoOctets);
    if (!read) co_return exchange.respond(refusal(read.error()));
    octets = *std::move(read);
    if (octets.empty()) co_return exchange.respond(refusal(Error{Errc::invalid, "the picture is empty"}));
  }
  auto job = [&] { return services.directory.set_photo(from->principal.id, octets); };
  const auto done = co_await services.workers.run(job);
  if (!done) co_return exchange.respond(refusal(done.error()));
  exchange.respond(Response(204));
}

// PUT /api/photo: the content is the picture.
Task<> put(const Services& services, Exchange& exchange) {
  Task<> done = set_own(services, exchange, false);
  co_await std::move(done);
}
// DELETE /api/photo
Task<> remove_photo(const Services& services, Exchange& exchange) {
  Task<> done = set_own(services, exchange, true);
  co_await std::move(done);
}

}  // namespace

void add_photo_routes(http::server::Router& router, const Services& services) {
  const auto route = [&](std::string path, std::string method, Task<> (*run)(const Services&, Exchange&)) {
    router.add({.path = std::move(path),
                .methods = {std::move(method)},
                .handler = [services, run](Exchange& exchange) { return run(services, exchange); },
                .content_octets = directory::kMaxPhotoOctets});
  };
  route("/api/photos", "POST", look_up);
  route("/api/photos/{id}", "GET", show_photo);
  route("/api/photo", "PUT", put);
  route("/api/photo", "DELETE", remove_photo);
}

}  // namespace gatepost::api
