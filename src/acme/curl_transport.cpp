#include <curl/curl.h>

#include <fmt/format.h>

#include "acme/transport.hpp"

namespace gatepost::acme {
namespace {

constexpr std::size_t kMaxBodyOctets = 1 << 20;
constexpr std::size_t kMaxHeaderOctets = 64 << 10;
constexpr long kConnectSeconds = 20;
constexpr long kWholeSeconds = 60;
constexpr long kMaxRedirects = 10;
// RFC 8555 6.1: a user agent that says what it is.
constexpr const char* kUserAgent = "gatepost (acme; libcurl)";

struct Answer {
  HttpResponse response;
  std::size_t header_octets = 0;
  bool too_long = false;
};

std::size_t take_body(char* data, std::size_t, std::size_t size, void* user) {
  auto& answer = *static_cast<Answer*>(user);
  if (answer.response.body.size() + size > kMaxBodyOctets) {
    answer.too_long = true;
    return 0;
  }
  answer.response.body.append(data, size);
  return size;
}

std::size_t take_line(char* data, std::size_t, std::size_t size, void* user) {
  auto& answer = *static_cast<Answer*>(user);
  answer.header_octets += size;
  if (answer.header_octets > kMaxHeaderOctets) {
    answer.too_long = true;
    return 0;
  }
  take_header({data, size}, answer.response);
  return size;
}

int look_whether_to_stop(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::stop_token*>(user)->stop_requested() ? 1 : 0;
}

std::string host_of(std::string_view url) {
  const std::size_t begin = url.find("://");
  if (begin == std::string_view::npos) return std::string(url);
  return std::string(url.substr(begin + 3, url.find('/', begin + 3) - (begin + 3)));
}

std::unexpected<Failure> failure_of(CURLcode code, const char* words, std::string_view url) {
  const std::string host = host_of(url);
  const std::string said = words[0] != '\0' ? std::string(words) : std::string(curl_easy_strerror(code));
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return failed(fmt::format("{} has no address that can be found from here", host),
                    "look at the name servers of this machine (/etc/resolv.conf) and at [acme] directory");
    case CURLE_COULDNT_CONNECT:
      return failed(fmt::format("no connection to {} ({})", host, said),
                    "let this machine connect to it: outgoing HTTPS may be blocked by a firewall ([gate] egress)");
    case CURLE_OPERATION_TIMEDOUT:
      return failed(fmt::format("{} did not answer in time ({})", host, said),
                    "nothing: it is tried again. If it stays, a firewall may swallow outgoing HTTPS");
    case CURLE_PEER_FAILED_VERIFICATION:
      return failed(fmt::format("the certificate of {} is not trusted here ({})", host, said),
                    "look at this machine's clock and CA certificates (package ca-certificates); for a private "
                    "authority name its CA in [acme] ca_file");
    case CURLE_SSL_CACERT_BADFILE:
      return failed(fmt::format("the CA certificates cannot be read ({})", said),
                    "look at [acme] ca_file: the server's user must be able to read it");
    default:
      return failed(fmt::format("{} could not be asked ({})", host, said), "nothing: it is tried again");
  }
}

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

// Once for the process, before any handle.
void prepare_library() {
  static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);
  GP_ASSERT(done == CURLE_OK);
}

}  // namespace

struct CurlTransport::Handle {
  CURL* curl = nullptr;
  std::filesystem::path ca_file;
  bool plain = false;
  ~Handle() { curl_easy_cleanup(curl); }
};

CurlTransport::CurlTransport(std::filesystem::path ca_file, bool plain_http) : handle_(std::make_unique<Handle>()) {
  prepare_library();
  handle_->curl = curl_easy_init();
  GP_ASSERT(handle_->curl != nullptr);
  handle_->ca_file = std::move(ca_file);
  handle_->plain = plain_http;
}

CurlTransport::~CurlTransport() = default;

Outcome<HttpResponse> CurlTransport::send(const HttpRequest& request, std::stop_token stop) {
  if (stop.stop_requested()) return told_to_stop();
  CURL* const curl = handle_->curl;
  curl_easy_reset(curl);  // keeps the connection
  Answer answer;
  char words[CURL_ERROR_SIZE] = "";
  std::unique_ptr<curl_slist, FreeList> headers;
  const auto header = [&headers](const std::string& line) {
    headers.reset(curl_slist_append(headers.release(), line.c_str()));
  };
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, handle_->plain ? "http,https" : "https");
  curl_easy_setopt(curl, CURLOPT_USERAGENT, kUserAgent);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, kWholeSeconds);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, words);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_line);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_whether_to_stop);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &stop);
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
  if (handle_->plain) {
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, kMaxRedirects);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
  } else if (!handle_->ca_file.empty()) {
    curl_easy_setopt(curl, CURLOPT_CAINFO, handle_->ca_file.c_str());
    curl_easy_setopt(curl, CURLOPT_CAPATH, nullptr);
  }
  if (!request.accept.empty()) header("Accept: " + request.accept);
  if (request.method == HttpRequest::Method::head) curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  if (request.method == HttpRequest::Method::post) {
    header("Content-Type: application/jose+json");  // RFC 8555 6.2
    header("Expect:");
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
  }
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  const CURLcode code = curl_easy_perform(curl);
  if (stop.stop_requested()) return told_to_stop();
  if (answer.too_long) return failed(host_of(request.url) + " gave an answer without end", "look at [acme] directory");
  if (code != CURLE_OK) return failure_of(code, words, request.url);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  answer.response.status = static_cast<int>(status);
  return std::move(answer.response);
}

}  // namespace gatepost::acme
