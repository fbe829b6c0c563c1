#include "runtime/await.hpp"
#include "runtime/resolver.hpp"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unbound.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <optional>
#include <thread>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "runtime/dns_record.hpp"
#include "runtime/unique_fd.hpp"

namespace gatepost::runtime {

namespace asio = boost::asio;

namespace {

constexpr int kClassIn = 1;
constexpr int kNoError = 0;
constexpr int kNameError = 3;  // RFC 1035 4.1.1
// A server that says "keep this for a year" is not believed.
constexpr std::chrono::seconds kMaxTtl{24 * 3600};
constexpr std::chrono::seconds kNegativeTtl{60};

// The root zone's keys, as IANA publishes them (root-anchors.xml).
constexpr std::array kRootKeys{
    ". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D",
    ". IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16",
};

Result<DnsAnswer> to_answer(int error, const ub_result* result, RecordType type, const std::string& name) {
  if (error != 0 || result == nullptr) return fail(Errc::unavailable, fmt::format("{}: {}", name, ub_strerror(error)));
  if (result->bogus != 0) {
    return fail(Errc::corrupt, fmt::format("{}: DNSSEC validation failed: {}", name,
                                           result->why_bogus != nullptr ? result->why_bogus : "no reason given"));
  }
  if (result->rcode != kNoError && result->rcode != kNameError) {
    return fail(Errc::unavailable, fmt::format("{}: the name servers answered with code {}", name, result->rcode));
  }
  DnsAnswer answer;
  answer.secure = result->secure != 0;
  answer.ttl = std::clamp(std::chrono::seconds(result->ttl), std::chrono::seconds(0), kMaxTtl);
  if (result->nxdomain != 0 || result->rcode == kNameError) {
    answer.status = DnsAnswer::Status::no_such_name;
  } else if (result->havedata == 0) {
    answer.status = DnsAnswer::Status::no_data;
  } else {
    for (int i = 0; result->data[i] != nullptr; ++i) {
      if (!add_record(answer, type, {result->data[i], static_cast<std::size_t>(result->len[i])})) {
        return fail(Errc::unavailable, name + ": a record in the answer breaks its format");
      }
    }
  }
  if (answer.status != DnsAnswer::Status::found) answer.ttl = std::min(answer.ttl, kNegativeTtl);
  return answer;
}

// One look-up on its way. Shared by the waiting task and by libunbound's answer, whichever is last.
struct Lookup {
  Lookup(const asio::any_io_executor& executor, std::string for_name, RecordType for_type)
      : timer(executor), name(std::move(for_name)), type(for_type) {}
  asio::steady_timer timer;  // on the caller's thread only, as is `answer`
  std::optional<Result<DnsAnswer>> answer;
  const std::string name;
  const RecordType type;
};

void deliver(const std::shared_ptr<Lookup>& lookup, Result<DnsAnswer> answer) {
  asio::post(lookup->timer.get_executor(), [lookup, answer = std::move(answer)]() mutable {
    lookup->answer = std::move(answer);
    lookup->timer.cancel();
  });
}

}  // namespace

struct UnboundResolver::Engine {
  using Key = std::pair<std::string, RecordType>;
  struct KeyHash {
    std::size_t operator()(const Key& key) const {
      return std::hash<std::string>()(key.first) * 31 + static_cast<std::size_t>(key.second);
    }
  };
  struct Cached {
    DnsAnswer answer;
    SteadyPoint until;
  };
  // What libunbound holds for us until it answers.
  struct Call {
    Engine& engine;
    std::shared_ptr<Lookup> lookup;
  };

  Engine(const ResolverSettings& from, const Clock& steady) : settings(from), clock(steady) {}
  ~Engine() { end(); }

  Result<> open();
  Result<> configure();
  void run();
  void end();
  std::optional<DnsAnswer> cached(const Key& key);
  void keep(Key key, const DnsAnswer& answer);
  Result<> ask(const std::shared_ptr<Lookup>& lookup);
  static void answered(void* data, int error, ub_result* result);

  const ResolverSettings settings;
  const Clock& clock;
  ub_ctx* context = nullptr;
  UniqueFd stop_event;
  std::thread thread;
  std::mutex mutex;  // guards cache and calls
  std::unordered_map<Key, Cached, KeyHash> cache;
  std::map<Call*, std::unique_ptr<Call>> calls;
};

Result<> UnboundResolver::Engine::configure() {
  const auto check = [](int error, std::string_view what) -> Result<> {
    if (error == 0) return {};
    return fail(Errc::invalid, fmt::format("{}: {}", what, ub_strerror(error)));
  };
  for (const auto& [option, value] :
       {std::pair{"do-not-query-localhost:", "no"}, std::pair{"unblock-lan-zones:", "yes"},
        std::pair{"insecure-lan-zones:", "yes"}, std::pair{"edns-buffer-size:", "1232"}}) {
    GP_CHECK(check(ub_ctx_set_option(context, option, value), option));
  }
  if (settings.validate) {
    for (const char* const key : kRootKeys) GP_CHECK(check(ub_ctx_add_ta(context, key), "root key"));
  }
  for (const Endpoint& server : settings.servers) {
    const std::string address = fmt::format("{}@{}", server.address.to_string(), server.port != 0 ? server.port : 53);
    GP_CHECK(check(ub_ctx_set_fwd(context, address.c_str()), address));
  }
  // Without either file libunbound asks the root servers itself.
  if (settings.servers.empty() && access(settings.resolv_conf.c_str(), R_OK) == 0) {
    GP_CHECK(check(ub_ctx_resolvconf(context, settings.resolv_conf.c_str()), settings.resolv_conf.string()));
  }
  if (!settings.hosts.empty() && access(settings.hosts.c_str(), R_OK) == 0) {
    GP_CHECK(check(ub_ctx_hosts(context, settings.hosts.c_str()), settings.hosts.string()));
  }
  return check(ub_ctx_async(context, 1), "thread");
}

Result<> UnboundResolver::Engine::open() {
  context = ub_ctx_create();
  stop_event.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (context == nullptr || !stop_event) return fail(Errc::internal, "libunbound cannot start");
  GP_CHECK(configure());
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all,
                  &before);  // libunbound's own thread begins with the first look-up and blocks them itself
  thread = std::thread([this] { run(); });
  pthread_setname_np(thread.native_handle(), "dns");
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return {};
}

void UnboundResolver::Engine::run() {
  pollfd watched[2] = {{ub_fd(context), POLLIN, 0}, {stop_event.get(), POLLIN, 0}};
  while (watched[1].revents == 0) {
    if (poll(watched, 2, -1) < 0 && errno != EINTR) return;
    if (watched[0].revents != 0) ub_process(context);
  }
}

void UnboundResolver::Engine::end() {
  if (thread.joinable()) {
    const std::uint64_t one = 1;
    while (::write(stop_event.get(), &one, sizeof one) < 0 && errno == EINTR) {
    }
    thread.join();
  }
  if (context != nullptr) ub_ctx_delete(std::exchange(context, nullptr));
  for (const auto& [raw, call] : calls) deliver(call->lookup, fail(Errc::closed, "the resolver was stopped"));
  calls.clear();
}

std::optional<DnsAnswer> UnboundResolver::Engine::cached(const Key& key) {
  const std::lock_guard lock(mutex);
  const auto found = cache.find(key);
  if (found == cache.end()) return std::nullopt;
  const auto left = std::chrono::duration_cast<std::chrono::seconds>(found->second.until - clock.steady());
  if (left <= std::chrono::seconds(0)) {
    cache.erase(found);
    return std::nullopt;
  }
  DnsAnswer answer = found->second.answer;
  answer.ttl = left;
  return answer;
}

void UnboundResolver::Engine::keep(Key key, const DnsAnswer& answer) {
  if (answer.ttl <= std::chrono::seconds(0) || settings.cache_entries == 0) return;
  const SteadyPoint now = clock.steady();
  const std::lock_guard lock(mutex);
  if (cache.size() >= settings.cache_entries)
    std::erase_if(cache, [now](const auto& row) { return row.second.until <= now; });
  // Still full of good answers: any may go, libunbound has them as well.
  if (cache.size() >= settings.cache_entries) cache.erase(cache.begin());
  cache.insert_or_assign(std::move(key), Cached{answer, now + answer.ttl});
}

Result<> UnboundResolver::Engine::ask(const std::shared_ptr<Lookup>& lookup) {
  Call* raw = nullptr;
  {
    auto call = std::make_unique<Call>(*this, lookup);
    raw = call.get();
    const std::lock_guard lock(mutex);
    calls.emplace(raw, std::move(call));
  }
  const int error = ub_resolve_async(context, lookup->name.c_str(), static_cast<int>(lookup->type), kClassIn, raw,
                                     &answered, nullptr);
  if (error == 0) return {};
  const std::lock_guard lock(mutex);
  calls.erase(raw);
  return fail(Errc::unavailable, fmt::format("{}: {}", lookup->name, ub_strerror(error)));
}

// On the resolver's thread.
void UnboundResolver::Engine::answered(void* data, int error, ub_result* result) {
  Engine& engine = static_cast<Call*>(data)->engine;
  std::unique_ptr<Call> call;
  {
    const std::lock_guard lock(engine.mutex);
    call = std::move(engine.calls.extract(static_cast<Call*>(data)).mapped());
  }
  const Lookup& lookup = *call->lookup;
  Result<DnsAnswer> answer = to_answer(error, result, lookup.type, lookup.name);
  ub_resolve_free(result);
  if (answer) engine.keep({lookup.name, lookup.type}, *answer);
  deliver(call->lookup, std::move(answer));
}

UnboundResolver::UnboundResolver(std::shared_ptr<Engine> engine) : engine_(std::move(engine)) {}
UnboundResolver::~UnboundResolver() { engine_->end(); }

Result<std::unique_ptr<UnboundResolver>> UnboundResolver::create(const ResolverSettings& settings, const Clock& clock) {
  auto engine = std::make_shared<Engine>(settings, clock);
  GP_CHECK(engine->open());
  return std::unique_ptr<UnboundResolver>(new UnboundResolver(std::move(engine)));
}

Task<Result<DnsAnswer>> UnboundResolver::query(std::string name, RecordType type) {
  auto wanted = canonical_name(name);
  if (!wanted) co_return fail(Errc::invalid, "no domain name");
  if (auto known = engine_->cached({*wanted, type})) co_return *std::move(known);
  auto executor = co_await asio::this_coro::executor;
  const auto lookup = std::make_shared<Lookup>(executor, *std::move(wanted), type);
  lookup->timer.expires_after(engine_->settings.timeout);
  GP_CO_CHECK(engine_->ask(lookup));
  // The answer is posted to this thread, so it cannot come before this wait has begun.
  co_await lookup->timer.async_wait(kAwait);
  if (lookup->answer) co_return *std::move(lookup->answer);
  co_return fail(Errc::timed_out, lookup->name + ": no answer in time");
}

}  // namespace gatepost::runtime
