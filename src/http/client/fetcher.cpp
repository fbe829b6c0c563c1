#include "http/client/fetcher.hpp"

#include <curl/curl.h>

#include "base/result.hpp"

namespace gatepost::http::client {
namespace {

constexpr long kMaxRedirects = 10;

struct Answer {
  const Terms& terms;
  const std::function<void(std::string_view)>& header;
  Response response;
  std::size_t header_octets = 0;
  bool too_long = false;
};

std::size_t take_body(char* data, std::size_t, std::size_t size, void* user) {
  auto& answer = *static_cast<Answer*>(user);
  if (answer.response.body.size() + size > answer.terms.body_octets) {
    answer.too_long = true;
    return 0;
  }
  answer.response.body.append(data, size);
  return size;
}

std::size_t take_line(char* data, std::size_t, std::size_t size, void* user) {
  auto& answer = *static_cast<Answer*>(user);
  answer.header_octets += size;
  if (answer.header_octets > answer.terms.header_octets) {
    answer.too_long = true;
    return 0;
  }
  if (answer.header) answer.header({data, size});
  return size;
}

int look_whether_to_stop(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::stop_token*>(user)->stop_requested() ? 1 : 0;
}

Trouble::Kind kind_of(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return Trouble::Kind::no_address;
    case CURLE_COULDNT_CONNECT:
      return Trouble::Kind::no_connection;
    case CURLE_OPERATION_TIMEDOUT:
      return Trouble::Kind::too_slow;
    case CURLE_PEER_FAILED_VERIFICATION:
      return Trouble::Kind::untrusted;
    case CURLE_SSL_CACERT_BADFILE:
      return Trouble::Kind::ca_file;
    default:
      return Trouble::Kind::other;
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

struct Fetcher::Handle {
  CURL* curl = nullptr;
  Terms terms;
  ~Handle() { curl_easy_cleanup(curl); }
};

Fetcher::Fetcher(Terms terms) : handle_(std::make_unique<Handle>()) {
  prepare_library();
  handle_->curl = curl_easy_init();
  GP_ASSERT(handle_->curl != nullptr);
  handle_->terms = std::move(terms);
}

Fetcher::~Fetcher() = default;

std::expected<Response, Trouble> Fetcher::send(const Request& request,
                                               const std::function<void(std::string_view)>& header,
                                               std::stop_token stop) {
  const auto trouble = [&](Trouble::Kind kind, std::string said) {
    return std::unexpected(Trouble{kind, host_of(request.url), std::move(said)});
  };
  if (stop.stop_requested()) return trouble(Trouble::Kind::stopped, {});
  CURL* const curl = handle_->curl;
  const Terms& terms = handle_->terms;
  curl_easy_reset(curl);  // keeps the connection
  Answer answer{terms, header, {}};
  char words[CURL_ERROR_SIZE] = "";
  std::unique_ptr<curl_slist, FreeList> headers;
  const auto add = [&headers](const std::string& line) {
    headers.reset(curl_slist_append(headers.release(), line.c_str()));
  };
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, terms.plain_http ? "http,https" : "https");
  curl_easy_setopt(curl, CURLOPT_USERAGENT, terms.user_agent.c_str());
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, static_cast<long>(terms.connect.count()));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, static_cast<long>(terms.whole.count()));
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, words);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_line);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_whether_to_stop);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &stop);
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
  if (terms.plain_http) {
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, kMaxRedirects);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
  } else if (!terms.ca_file.empty()) {
    curl_easy_setopt(curl, CURLOPT_CAINFO, terms.ca_file.c_str());
    curl_easy_setopt(curl, CURLOPT_CAPATH, nullptr);
  }
  for (const std::string& line : request.headers) add(line);
  if (request.method == Request::Method::head) curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  if (request.method == Request::Method::post) {
    add("Expect:");
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
  }
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  const CURLcode code = curl_easy_perform(curl);
  if (stop.stop_requested()) return trouble(Trouble::Kind::stopped, {});
  if (answer.too_long) return trouble(Trouble::Kind::too_long, "an answer without end");
  if (code != CURLE_OK) return trouble(kind_of(code), words[0] != '\0' ? words : curl_easy_strerror(code));
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  answer.response.status = static_cast<int>(status);
  return std::move(answer.response);
}

std::string host_of(std::string_view url) {
  const std::size_t begin = url.find("://");
  if (begin == std::string_view::npos) return std::string(url);
  return std::string(url.substr(begin + 3, url.find('/', begin + 3) - (begin + 3)));
}

}  // namespace gatepost::http::client
