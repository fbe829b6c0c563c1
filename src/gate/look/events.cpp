#include <algorithm>
#include <ctime>
#include <fstream>

#include <fmt/format.h>

#include "gate/log/reader.hpp"
#include "gate/look/gather.hpp"
#include "gate/watch/event_file.hpp"
#include "gate/watch/kernel_log.hpp"

namespace gatepost::gate::look {
namespace {

using explain::Facts;

constexpr std::uint64_t kMostOfOneLog = 256ULL << 20;  // of one file, from its end
constexpr std::size_t kMostEvents = 500;

bool wanted(const explain::Question& q, const log::LogEvent& e, TimePoint when) {
  if (when < q.at - q.window || when > q.at + std::chrono::minutes(1)) return false;
  if (e.destination_port != q.port) return false;
  if (q.outbound) return e.direction == log::Direction::out && (!q.to || e.destination.ip == *q.to);
  return e.direction != log::Direction::out && (!q.from || (e.source.known && e.source.ip == *q.from));
}

void take(Facts& facts, const std::string& source, const log::LogEvent& e, TimePoint arrived) {
  const TimePoint when = e.time.known ? e.time.at : arrived;
  if (!wanted(facts.question, e, when) || facts.events.size() >= kMostEvents) return;
  facts.events.push_back({source, watch::kept_of(e, facts.events.size() + 1, arrived)});
}

log::Context context_at(const Clock& clock) {
  log::Context context;
  context.now = clock.now();
  const std::time_t now = std::chrono::system_clock::to_time_t(*context.now);
  tm local{};
  if (localtime_r(&now, &local) != nullptr) context.utc_offset_minutes = static_cast<int>(local.tm_gmtoff / 60);
  timespec up{};
  clock_gettime(CLOCK_MONOTONIC, &up);
  context.boot_time = *context.now - std::chrono::seconds(up.tv_sec);
  return context;
}

bool read_log(const std::filesystem::path& path, const Clock& clock, Facts& facts) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return false;
  in.seekg(0, std::ios::end);
  const auto size = static_cast<std::uint64_t>(std::max<std::streamoff>(in.tellg(), 0));
  in.seekg(static_cast<std::streamoff>(size > kMostOfOneLog ? size - kMostOfOneLog : 0));
  log::Reader reader(log::Format::automatic, context_at(clock));
  const auto one = [&](const log::Item& item) {
    if (item.kind == log::Kind::event) take(facts, path.string(), item.event, item.event.time.at);
  };
  std::string piece(64 << 10, '\0');
  while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())) || in.gcount() > 0) {
    reader.push({piece.data(), static_cast<std::size_t>(in.gcount())}, one);
  }
  reader.finish(one);
  return true;
}

}  // namespace

std::vector<std::filesystem::path> usual_logs() {
  std::vector<std::filesystem::path> out;
  for (const char* path : {"/var/log/kern.log.1", "/var/log/kern.log", "/var/log/ufw.log.1", "/var/log/ufw.log",
                           "/var/log/firewalld", "/var/log/ulog/syslogemu.log", "/var/log/ulog/ulogd.json"}) {
    std::error_code ignored;
    if (std::filesystem::is_regular_file(path, ignored)) out.emplace_back(path);
  }
  return out;
}

void gather_events(const Request& request, const config::Config& config, const Clock& clock, Facts& facts) {
  const explain::Question& q = facts.question;
  const auto kept = watch::read_event_file(watch::event_file_path(config.gate.state_dir));
  if (kept) {
    for (const watch::KeptEvent& e : kept->events) take(facts, "firewall events", watch::event_of(e), e.arrived);
    facts.events_heard =
        kept->opened <= q.at - q.window && kept->alive >= std::min(q.at, q.now) - std::chrono::seconds(5);
  } else {
    facts.missing.push_back(
        kept.error().code == Errc::not_found
            ? std::string("what the firewall wrote: nobody keeps it; systemctl enable --now gatepost-gate-watch")
            : "what the firewall wrote: " + kept.error().detail + "; run this as root");
  }
  // The watcher has the kernel's log too; without it, or when it began late, the kernel still has the last part itself.
  if (!facts.events_heard) {
    if (auto kernel = watch::KernelLog::open(clock)) {
      (void)kernel->receive([&](const log::Item& item) {
        if (item.kind == log::Kind::event) take(facts, "kernel log", item.event, clock.now());
      });
    }
  }
  for (const auto& path : request.logs) {
    if (!read_log(path, clock, facts)) facts.missing.push_back(fmt::format("{}: it cannot be read", path.string()));
  }
  // One packet may stand in several logs.
  std::ranges::sort(facts.events, {},
                    [](const explain::EventFact& e) { return std::pair(e.event.when(), e.event.number); });
  const auto same = std::ranges::unique(facts.events, [](const explain::EventFact& a, const explain::EventFact& b) {
    return a.event.when() == b.event.when() && a.event.source_port == b.event.source_port &&
           a.event.rule == b.event.rule;
  });
  facts.events.erase(same.begin(), same.end());
}

}  // namespace gatepost::gate::look
