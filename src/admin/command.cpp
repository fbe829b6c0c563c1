#include "admin/command.hpp"

#include <fmt/format.h>
#include <boost/json.hpp>

#include "admin/journal.hpp"
#include "admin/verbs.hpp"
#include "base/utf8.hpp"
#include "store/store.hpp"

namespace gatepost::admin {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxOptions = 100;
constexpr std::int64_t kMaxExitCode = 255;

Result<json::object> parse_object(std::string_view text) {
  boost::system::error_code ec;
  json::value value = json::parse(json::string_view(text.data(), text.size()), ec);
  if (ec || !value.is_object()) return fail(Errc::invalid, "not a JSON object in UTF-8");
  return value.as_object();
}

std::string text_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(json::string_view(key.data(), key.size()));
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

}  // namespace

std::string Request::option(std::string_view name, std::string_view otherwise) const {
  const auto it = options.find(std::string(name));
  return it == options.end() || it->second.empty() ? std::string(otherwise) : it->second.front();
}

bool Request::has(std::string_view name) const { return options.contains(std::string(name)); }

std::string to_json(const Request& request) {
  json::object options;
  for (const auto& [name, values] : request.options) {
    json::array list;
    for (const auto& value : values) list.emplace_back(json::string(value));
    options[name] = std::move(list);
  }
  return json::serialize(json::object{{"verb", request.verb}, {"options", std::move(options)}});
}

Result<Request> request_from_json(std::string_view text) {
  GP_TRY(const json::object object, parse_object(text));
  Request request;
  request.verb = text_of(object, "verb");
  const auto* options = object.if_contains("options");
  if (options == nullptr) return request;
  if (!options->is_object() || options->as_object().size() > kMaxOptions) return fail(Errc::invalid, "bad options");
  for (const auto& [name, values] : options->as_object()) {
    if (!values.is_array()) return fail(Errc::invalid, "bad option values");
    auto& list = request.options[std::string(name)];
    for (const auto& value : values.as_array()) {
      if (!value.is_string()) return fail(Errc::invalid, "bad option value");
      list.emplace_back(value.as_string());
    }
  }
  return request;
}

std::string to_json(const Reply& reply) {
  return json::serialize(json::object{
      {"exit_code", reply.exit_code}, {"text", utf8::sanitize(reply.text)}, {"json", utf8::sanitize(reply.json)}});
}

Result<Reply> reply_from_json(std::string_view text) {
  GP_TRY(const json::object object, parse_object(text));
  Reply reply;
  const auto* code = object.if_contains("exit_code");
  if (code == nullptr || !code->is_int64() || code->as_int64() < 0 || code->as_int64() > kMaxExitCode) {
    return fail(Errc::invalid, "no exit code");
  }
  reply.exit_code = static_cast<int>(code->as_int64());
  reply.text = text_of(object, "text");
  reply.json = text_of(object, "json");
  return reply;
}

Reply failure(const Error& error, std::string_view what) {
  Reply reply;
  reply.exit_code = 1;
  reply.text = error.detail.empty() ? fmt::format("{}: {}\n", what, to_string(error.code))
                                    : fmt::format("{}: {} ({})\n", what, error.detail, to_string(error.code));
  reply.text = utf8::sanitize(reply.text);
  reply.json = json::serialize(json::object{{"error", json::string(std::string(to_string(error.code)))},
                                            {"detail", utf8::sanitize(error.detail)},
                                            {"what", utf8::sanitize(what)}});
  return reply;
}

Reply usage(std::string_view message) {
  Reply reply = failure(Error{Errc::invalid, {}}, message);
  reply.text = std::string(message) + "\n";
  reply.exit_code = 2;
  return reply;
}

const std::vector<Verb>& verbs() {
  static const std::vector<Verb> all = [] {
    std::vector<Verb> list;
    for (const auto& group :
         {domain_verbs(),       account_verbs(),      contact_verbs(),      group_verbs(),         outsider_verbs(),
          address_book_verbs(), acl_verbs(),          rights_verbs(),       recovery_verbs(),      transfer_verbs(),
          alias_verbs(),        organisation_verbs(), app_password_verbs(), second_factor_verbs(), vacation_verbs(),
          queue_verbs(),        store_verbs(),        search_verbs(),       maintenance_verbs(),   server_verbs(),
          ban_verbs(),          certificate_verbs(),  outside_verbs(),      token_verbs(),         change_verbs(),
          forwarding_verbs(),   session_verbs(),      gate_verbs()}) {
      list.insert(list.end(), group.begin(), group.end());
    }
    return list;
  }();
  return all;
}

Reply run(Services& services, const Request& request, std::stop_token stop) {
  for (const Verb& verb : verbs()) {
    if (verb.name != request.verb) continue;
    if (verb.needs_server && !services.server.status) {
      Reply reply = failure(Error{Errc::unavailable, "no server is running on this data directory"}, request.verb);
      reply.exit_code = 3;
      return reply;
    }
    Reply reply = verb.run(services, request, stop);
    if (!changes_something(verb.name)) return reply;
    const auto noted = record(services.store.keys(), change_of(request, reply, services.clock.now()));
    if (!noted)
      reply.text += fmt::format("This could not be noted in the journal: {}\n", to_string(noted.error().code));
    return reply;
  }
  return usage(fmt::format("there is no command '{}'", request.verb));
}

}  // namespace gatepost::admin
