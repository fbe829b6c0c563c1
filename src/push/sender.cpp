#include "push/sender.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

#include <curl/curl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace gatepost::push {
namespace {

constexpr long kConnectSeconds = 10, kWholeSeconds = 30;
constexpr std::size_t kMostAnswered = 64 << 10;

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct FreeHandle {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};

void prepare_library() {
  static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);
  GP_ASSERT(done == CURLE_OK);
}

// What a transfer shares with libcurl's calls.
struct Transfer {
  const SenderOptions* options = nullptr;
  const std::stop_token* stop = nullptr;
  std::size_t answered = 0;
  bool denied = false;
};

std::optional<IpAddress> address_of(const curl_sockaddr& socket) {
  if (socket.family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &socket.addr, sizeof in);
    return IpAddress::v4(ntohl(in.sin_addr.s_addr));
  }
  if (socket.family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &socket.addr, std::min(sizeof in, static_cast<std::size_t>(socket.addrlen)));
    IpAddress out;
    std::memcpy(out.octets.data(), &in.sin6_addr, out.octets.size());
    return out;
  }
  return std::nullopt;
}

// Looked at where the connection is made, so that no name that changes its address gets by.
curl_socket_t open_socket(void* user, curlsocktype, curl_sockaddr* where) {
  auto& transfer = *static_cast<Transfer*>(user);
  const auto address = address_of(*where);
  if (!address || (!is_public(*address) && !contains(transfer.options->networks, *address))) {
    transfer.denied = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(where->family, where->socktype | SOCK_CLOEXEC, where->protocol);
}

// What it says beside its status is nothing to us.
std::size_t take(char*, std::size_t, std::size_t size, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  transfer.answered += size;
  return transfer.answered > kMostAnswered ? 0 : size;
}

int look_whether_to_stop(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(user)->stop->stop_requested() ? 1 : 0;
}

}  // namespace

bool is_public(const IpAddress& address) {
  // RFC 6890 and its registries: what is not for the Internet, and what only stands for other addresses.
  static const std::vector<Network> kNone = [] {
    std::vector<Network> out;
    for (const char* text : {"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
                             "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
                             "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"}) {
      out.push_back(*Network::parse(text));
    }
    return out;
  }();
  static const std::vector<Network> kTunnels = {*Network::parse("2001::/23"), *Network::parse("2001:db8::/32"),
                                                *Network::parse("2002::/16"), *Network::parse("3fff::/20")};
  static const Network kGlobal = *Network::parse("2000::/3");
  if (address.is_v4()) return !contains(kNone, address);
  return kGlobal.contains(address) && !contains(kTunnels, address);
}

Result<Answer> Sender::send(const Message& message, std::stop_token stop) const {
  prepare_library();
  if (stop.stop_requested()) return fail(Errc::closed, "the server stops");
  const std::unique_ptr<CURL, FreeHandle> handle(curl_easy_init());
  if (!handle) return fail(Errc::unavailable, "libcurl");
  CURL* const curl = handle.get();
  Transfer transfer{.options = &options_, .stop = &stop};
  std::unique_ptr<curl_slist, FreeList> fields;
  const auto field = [&fields](const std::string& line) {
    fields.reset(curl_slist_append(fields.release(), line.c_str()));
  };
  field(fmt::format("TTL: {}", message.ttl));
  field("Urgency: normal");
  field("Expect:");
  field(message.encrypted ? "Content-Type: application/octet-stream" : "Content-Type: application/json");
  if (message.encrypted) field("Content-Encoding: aes128gcm");
  if (!message.authorization.empty()) field("Authorization: " + message.authorization);
  char words[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(curl, CURLOPT_URL, message.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "gatepost (push; libcurl)");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, kWholeSeconds);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, words);
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_whether_to_stop);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_POST, 1L);
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(message.content.size()));
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, message.content.data());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, fields.get());
  if (!options_.ca_file.empty()) {
    curl_easy_setopt(curl, CURLOPT_CAINFO, options_.ca_file.c_str());
    curl_easy_setopt(curl, CURLOPT_CAPATH, nullptr);
  }
  const CURLcode code = curl_easy_perform(curl);
  if (transfer.denied && code != CURLE_OK) return fail(Errc::denied, "an address that is not public");
  Answer answer;
  long status = 0;
  curl_off_t retry_after = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &retry_after);
  // An answer longer than we care for has its status all the same.
  if (code != CURLE_OK && (code != CURLE_WRITE_ERROR || status == 0)) {
    return fail(Errc::unavailable, words[0] != '\0' ? words : curl_easy_strerror(code));
  }
  answer.status = static_cast<int>(status);
  answer.retry_after = static_cast<std::uint32_t>(std::clamp<curl_off_t>(retry_after, 0, 86'400));
  return answer;
}

}  // namespace gatepost::push
