#include <fmt/format.h>

#include "acme/transport.hpp"
#include "http/client/fetcher.hpp"

namespace gatepost::acme {
namespace {

std::unexpected<Failure> failure_of(const http::client::Trouble& trouble) {
  using Kind = http::client::Trouble::Kind;
  const std::string& host = trouble.host;
  const std::string& said = trouble.said;
  switch (trouble.kind) {
    case Kind::stopped:
      return told_to_stop();
    case Kind::no_address:
      return failed(fmt::format("{} has no address that can be found from here", host),
                    "look at the name servers of this machine (/etc/resolv.conf) and at [acme] directory");
    case Kind::no_connection:
      return failed(fmt::format("no connection to {} ({})", host, said),
                    "let this machine connect to it: outgoing HTTPS may be blocked by a firewall ([gate] egress)");
    case Kind::too_slow:
      return failed(fmt::format("{} did not answer in time ({})", host, said),
                    "nothing: it is tried again. If it stays, a firewall may swallow outgoing HTTPS");
    case Kind::untrusted:
      return failed(fmt::format("the certificate of {} is not trusted here ({})", host, said),
                    "look at this machine's clock and CA certificates (package ca-certificates); for a private "
                    "authority name its CA in [acme] ca_file");
    case Kind::ca_file:
      return failed(fmt::format("the CA certificates cannot be read ({})", said),
                    "look at [acme] ca_file: the server's user must be able to read it");
    case Kind::too_long:
      return failed(host + " gave an answer without end", "look at [acme] directory");
    case Kind::other:
      break;
  }
  return failed(fmt::format("{} could not be asked ({})", host, said), "nothing: it is tried again");
}

}  // namespace

struct CurlTransport::Handle {
  explicit Handle(http::client::Terms terms) : fetcher(std::move(terms)) {}
  http::client::Fetcher fetcher;
};

CurlTransport::CurlTransport(std::filesystem::path ca_file, bool plain_http)
    // RFC 8555 6.1: a user agent that says what it is.
    : handle_(std::make_unique<Handle>(http::client::Terms{
          .ca_file = std::move(ca_file), .plain_http = plain_http, .user_agent = "gatepost (acme; libcurl)"})) {}

CurlTransport::~CurlTransport() = default;

Outcome<HttpResponse> CurlTransport::send(const HttpRequest& request, std::stop_token stop) {
  using Method = http::client::Request::Method;
  http::client::Request asked{.url = request.url, .body = request.body, .headers = {}};
  if (!request.accept.empty()) asked.headers.push_back("Accept: " + request.accept);
  if (request.method == HttpRequest::Method::head) asked.method = Method::head;
  if (request.method == HttpRequest::Method::post) {
    asked.method = Method::post;
    asked.headers.emplace_back("Content-Type: application/jose+json");  // RFC 8555 6.2
  }
  HttpResponse out;
  auto answer = handle_->fetcher.send(asked, [&out](std::string_view line) { take_header(line, out); }, stop);
  if (!answer) return failure_of(answer.error());
  out.status = answer->status;
  out.body = std::move(answer->body);
  return out;
}

}  // namespace gatepost::acme
