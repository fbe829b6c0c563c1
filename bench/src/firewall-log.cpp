// How many lines a second the firewall log reader takes, on one core: netfilter lines as the kernel writes them, in
// syslog and dmesg form, each with other addresses and ports. Prints one JSON object.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include "gate/log/reader.hpp"

namespace {

std::string make_log(std::size_t lines) {
  std::string out;
  unsigned state = 1;
  const auto random = [&] { return state = state * 1664525 + 1013904223, state >> 8; };
  for (std::size_t i = 0; i < lines; ++i) {
    char line[512];
    const char* const verdict[] = {"gatepost drop imaps ", "[UFW BLOCK] ",
                                   "iptables-drop: ", "filter_IN_public_REJECT: "};
    char header[64], source[64], destination[64];
    if (i % 2 == 0) {
      std::snprintf(header, sizeof header, "Nov %2u %02u:%02u:%02u mail1 kernel: [%5u.%06u] ", random() % 28 + 1,
                    random() % 24, random() % 60, random() % 60, random() % 100000, random() % 1000000);
    } else {
      std::snprintf(header, sizeof header, "2026-11-%02uT%02u:%02u:%02u.%06u+00:00 mail1 kernel: ", random() % 28 + 1,
                    random() % 24, random() % 60, random() % 60, random() % 1000000);
    }
    const bool v6 = i % 5 == 0;
    if (v6) {
      std::snprintf(source, sizeof source, "2001:0db8:0bad:%04x:0000:0000:0000:%04x", random() % 65536,
                    random() % 65536);
      std::snprintf(destination, sizeof destination, "2001:0db8:0025:0000:0000:0000:0000:0001");
    } else {
      std::snprintf(source, sizeof source, "203.0.%u.%u", random() % 256, random() % 256);
      std::snprintf(destination, sizeof destination, "198.51.100.25");
    }
    std::snprintf(line, sizeof line,
                  "%s%sIN=eth0 OUT= MAC=35:47:a4:07:7a:04:24:76:84:fd:b0:2c:08:00 SRC=%s DST=%s LEN=60 %sID=%u DF "
                  "PROTO=TCP SPT=%u "
                  "DPT=%u WINDOW=64240 RES=0x00 SYN URGP=0 \n",
                  header, verdict[i % 4], source, destination,
                  v6 ? "TC=0 HOPLIMIT=54 FLOWLBL=790624 " : "TOS=0x00 PREC=0x00 TTL=61 ", random() % 65536,
                  random() % 64512 + 1024, i % 3 == 0 ? 993U : 25U);
    out += line;
  }
  return out;
}

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace gatepost::gate::log;
  const std::size_t lines = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 200'000;
  const std::size_t rounds = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 10;
  const std::string log = make_log(lines);
  Context context;
  context.reference_year = 2026;
  std::size_t events = 0, ports = 0;
  const double begin = cpu_seconds();
  for (std::size_t round = 0; round < rounds; ++round) {
    Reader reader(Format::automatic, context);
    for (std::size_t at = 0; at < log.size(); at += 64 << 10) {
      reader.push(std::string_view(log).substr(at, 64 << 10), [&](const Item& item) {
        events += item.kind == Kind::event ? 1 : 0;
        ports += item.event.destination_port.value_or(0);
      });
    }
  }
  const double seconds = cpu_seconds() - begin;
  std::printf(
      "{\"lines\": %zu, \"events\": %zu, \"check\": %zu, \"cpu_seconds\": %.3f, \"lines_per_second\": %.0f, "
      "\"mb_per_second\": %.0f}\n",
      lines * rounds, events, ports, seconds, static_cast<double>(lines * rounds) / seconds,
      static_cast<double>(log.size() * rounds) / seconds / 1e6);
  return events == lines * rounds ? 0 : 1;
}
