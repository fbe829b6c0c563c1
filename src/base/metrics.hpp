#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace gatepost {

// Adding is one relaxed atomic add. Lives as long as its Metrics.
class Counter {
 public:
  void add(std::uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class Gauge {
 public:
  void add(std::int64_t n) { value_.fetch_add(n, std::memory_order_relaxed); }
  void set(std::int64_t n) { value_.store(n, std::memory_order_relaxed); }
  std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

// Durations in seconds, buckets 100 us, 1 ms, 10 ms, 100 ms, 1 s, 10 s, more.
class Histogram {
 public:
  void observe(double seconds);

 private:
  friend class Metrics;
  std::array<std::atomic<std::uint64_t>, 7> buckets_{};
  std::atomic<std::uint64_t> sum_micros_{0};
};

// The numbers a Prometheus scrape sees. Registration is thread-safe; the same name and labels give the same object.
class Metrics {
 public:
  // name "gatepost_smtp_accepted_total", labels "port=\"25\"" (already escaped, may be empty), help one sentence.
  Counter& counter(std::string_view name, std::string_view labels, std::string_view help);
  Gauge& gauge(std::string_view name, std::string_view labels, std::string_view help);
  Histogram& histogram(std::string_view name, std::string_view labels, std::string_view help);
  // A value read at scrape time; `read` must be thread-safe and outlive this.
  void callback(std::string_view name, std::string_view labels, std::string_view help, std::function<double()> read);
  // Prometheus text exposition format 0.0.4.
  std::string text() const;

 private:
  struct Row {
    std::string name, labels, help;
    std::unique_ptr<Counter> counter;
    std::unique_ptr<Gauge> gauge;
    std::unique_ptr<Histogram> histogram;
    std::function<double()> read;
  };
  Row& row(std::string_view name, std::string_view labels, std::string_view help);
  static void append_histogram(std::string& out, const Row& row);

  mutable std::mutex mutex_;
  std::deque<Row> rows_;
};

}  // namespace gatepost
