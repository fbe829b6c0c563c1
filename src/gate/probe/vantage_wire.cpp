#include "gate/probe/vantage_wire.hpp"

#include <fmt/format.h>
#include <boost/json.hpp>

#include "base/base64.hpp"
#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/secret.hpp"
#include "gate/log/print.hpp"
#include "gate/probe/replies.hpp"

namespace gatepost::gate::probe {

namespace {

namespace json = boost::json;
using json::value;

constexpr std::size_t kMaxText = 2000, kMaxFindings = 1000, kMaxPorts = 1000;

const value* member(const value& v, std::string_view name) {
  return v.is_object() ? v.get_object().if_contains({name.data(), name.size()}) : nullptr;
}

std::string text_in(const value& v, std::string_view name, std::size_t most = kMaxText) {
  const value* found = member(v, name);
  if (found == nullptr || !found->is_string()) return {};
  return std::string(std::string_view(found->get_string().data(), found->get_string().size()).substr(0, most));
}

std::uint64_t number_in(const value& v, std::string_view name) {
  const value* found = member(v, name);
  if (found == nullptr || !found->is_int64() || found->get_int64() < 0) return 0;
  return static_cast<std::uint64_t>(found->get_int64());
}

bool flag_in(const value& v, std::string_view name, bool otherwise) {
  const value* found = member(v, name);
  return found != nullptr && found->is_bool() ? found->get_bool() : otherwise;
}

// Printable, and the same when it is read once more.
std::string shown(const value& v, std::string_view name, std::size_t most = kMaxText) {
  return printable(text_in(v, name, most), most).substr(0, most);
}

Result<value> parsed(std::string_view text, std::string_view what) {
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 8;
  value out = json::parse({text.data(), text.size()}, error, {}, options);
  if (error || !out.is_object()) return fail(Errc::invalid, fmt::format("{} is not JSON", what));
  return out;
}

// The value whose word it is, by trying all of the enumeration.
template <class T>
T value_of(std::string_view word, T last, T otherwise) {
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    if (to_string(static_cast<T>(i)) == word) return static_cast<T>(i);
  }
  return otherwise;
}

void read_findings(const value& from, std::vector<Finding>& into) {
  const value* list = member(from, "findings");
  if (list == nullptr || !list->is_array()) return;
  for (const value& one : list->get_array()) {
    if (into.size() >= kMaxFindings) return;
    Finding f;
    f.stage = value_of(text_in(one, "stage"), Stage::action, Stage::action);
    f.outcome = value_of(text_in(one, "result"), Outcome::unknown, Outcome::unknown);
    f.took = std::chrono::microseconds(number_in(one, "microseconds"));
    f.text = shown(one, "text");
    f.remedy = shown(one, "remedy");
    into.push_back(std::move(f));
  }
}

}  // namespace

std::string write_request(const VantageRequest& request) {
  json::array ports;
  for (const std::string& port : request.ports) ports.emplace_back(port);
  return json::serialize(json::object{{"host", request.host},
                                      {"profile", request.profile},
                                      {"ports", std::move(ports)},
                                      {"name", request.server_name},
                                      {"outside", request.outside_domain},
                                      {"certificate", base64::encode(request.leaf_on_disk)},
                                      {"relay", request.relay_test},
                                      {"timeout", request.answer_timeout.count()}});
}

Result<VantageRequest> read_request(std::string_view text) {
  if (text.size() > kMaxRequestOctets) return fail(Errc::too_large, "the request is too long");
  GP_TRY(const value root, parsed(text, "the request"));
  VantageRequest out;
  constexpr std::size_t kMaxName = 255;
  out.host = text_in(root, "host", kMaxName);
  out.profile = text_in(root, "profile", kMaxName);
  out.server_name = text_in(root, "name", kMaxName);
  out.outside_domain = text_in(root, "outside", kMaxName);
  for (const std::string* name : {&out.host, &out.profile, &out.server_name, &out.outside_domain}) {
    for (const char c : *name) {
      // Names and addresses alone: the rest would go into commands of protocols.
      const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                        std::string_view("-._:").find(c) != std::string_view::npos;
      if (!good) return fail(Errc::invalid, "a name in the request is none");
    }
  }
  if (out.host.empty()) return fail(Errc::invalid, "the request names no host");
  const auto leaf = base64::decode(text_in(root, "certificate", kMaxRequestOctets));
  if (!leaf) return fail(Errc::invalid, "the request's certificate is none");
  out.leaf_on_disk = *leaf;
  if (const value* ports = member(root, "ports"); ports != nullptr && ports->is_array()) {
    if (ports->get_array().size() > kMaxRequestPorts) return fail(Errc::too_large, "the request names too many ports");
    for (const value& port : ports->get_array()) {
      if (!port.is_string()) return fail(Errc::invalid, "a port in the request is none");
      out.ports.emplace_back(port.get_string().data(), port.get_string().size());
    }
  }
  out.relay_test = flag_in(root, "relay", true);
  const std::uint64_t timeout = number_in(root, "timeout");
  if (timeout < 1 || timeout > 120) return fail(Errc::invalid, "the request's time is not from 1 to 120 seconds");
  out.answer_timeout = std::chrono::seconds(timeout);
  return out;
}

Result<Report> read_report(std::string_view text) {
  if (text.size() > kMaxReportOctets) return fail(Errc::too_large, "the report is too long");
  GP_TRY(const value root, parsed(text, "the report"));
  if (member(root, "refused") != nullptr)
    return fail(Errc::denied, "the vantage refuses: " + shown(root, "refused", 300));
  Report out;
  out.host = shown(root, "host", 255);
  out.profile = shown(root, "profile", 255);
  out.took = std::chrono::microseconds(number_in(root, "microseconds"));
  read_findings(root, out.findings);
  const value* ports = member(root, "ports");
  if (ports == nullptr || !ports->is_array()) return fail(Errc::invalid, "the report has no ports");
  for (const value& one : ports->get_array()) {
    if (out.ports.size() >= kMaxPorts) break;
    PortReport p;
    p.service = shown(one, "service", 64);
    const auto address = IpAddress::parse(text_in(one, "address"));
    const std::uint64_t number = number_in(one, "port");
    if (!address || number == 0 || number > 65535) return fail(Errc::invalid, "the report has a port that is none");
    p.at = {*address, static_cast<std::uint16_t>(number)};
    p.state = value_of(text_in(one, "state"), PortState::failed, PortState::failed);
    p.expected_open = flag_in(one, "expected_open", true);
    p.took = std::chrono::microseconds(number_in(one, "microseconds"));
    read_findings(one, p.findings);
    out.ports.push_back(std::move(p));
  }
  return out;
}

std::string write_refusal(std::string_view why) {
  std::string out = "{\"refused\":";
  log::append_json_string(out, why);
  return out + "}";
}

std::string sign_request(std::string_view key, std::string_view challenge, std::string_view request) {
  return to_hex(hmac_sha256(key, fmt::format("request\n{}\n{}", challenge, request)));
}

std::string sign_report(std::string_view key, std::string_view challenge, std::string_view request_signature,
                        std::string_view report) {
  return to_hex(hmac_sha256(key, fmt::format("report\n{}\n{}\n{}", challenge, request_signature, report)));
}

Result<std::string_view> checked(std::string_view line, std::string_view expected) {
  if (line.size() <= expected.size() || line[expected.size()] != ' ') return fail(Errc::invalid, "no signed line");
  if (!equal_in_constant_time(line.substr(0, expected.size()), expected))
    return fail(Errc::denied, "the signature is not right: the keys differ");
  return line.substr(expected.size() + 1);
}

}  // namespace gatepost::gate::probe
