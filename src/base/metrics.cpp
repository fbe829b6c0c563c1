#include "base/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include <fmt/format.h>

#include "base/result.hpp"

namespace gatepost {
namespace {

constexpr std::array<double, 6> kBounds = {0.0001, 0.001, 0.01, 0.1, 1, 10};

std::string join_labels(std::string_view a, std::string_view b) {
  if (a.empty() && b.empty()) return {};
  return fmt::format("{{{}{}{}}}", a, a.empty() || b.empty() ? "" : ",", b);
}

// Text exposition format: in HELP, backslash and line feed are escaped.
std::string escape_help(std::string_view help) {
  std::string out;
  for (char c : help) {
    if (c == '\\') {
      out.append("\\\\");
    } else if (c == '\n') {
      out.append("\\n");
    } else {
      out.push_back(c);
    }
  }
  return out;
}

std::string format_value(double v) {
  if (std::isnan(v)) return "NaN";
  if (std::isinf(v)) return v > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", v);
}

}  // namespace

void Histogram::observe(double seconds) {
  if (!(seconds >= 0)) seconds = 0;  // a clock that jumped, or NaN
  std::size_t bucket = 0;
  while (bucket < kBounds.size() && seconds > kBounds[bucket]) ++bucket;
  buckets_[bucket].fetch_add(1, std::memory_order_relaxed);
  sum_micros_.fetch_add(static_cast<std::uint64_t>(std::min(seconds, 1e9) * 1e6), std::memory_order_relaxed);
}

// Called with mutex_ held.
Metrics::Row& Metrics::row(std::string_view name, std::string_view labels, std::string_view help) {
  for (Row& row : rows_) {
    if (row.name == name && row.labels == labels) return row;
  }
  Row& row = rows_.emplace_back();
  row.name = name;
  row.labels = labels;
  row.help = help;
  return row;
}

Counter& Metrics::counter(std::string_view name, std::string_view labels, std::string_view help) {
  const std::lock_guard lock(mutex_);
  Row& found = row(name, labels, help);
  GP_ASSERT(!found.gauge && !found.histogram && !found.read);
  if (!found.counter) found.counter = std::make_unique<Counter>();
  return *found.counter;
}

Gauge& Metrics::gauge(std::string_view name, std::string_view labels, std::string_view help) {
  const std::lock_guard lock(mutex_);
  Row& found = row(name, labels, help);
  GP_ASSERT(!found.counter && !found.histogram && !found.read);
  if (!found.gauge) found.gauge = std::make_unique<Gauge>();
  return *found.gauge;
}

Histogram& Metrics::histogram(std::string_view name, std::string_view labels, std::string_view help) {
  const std::lock_guard lock(mutex_);
  Row& found = row(name, labels, help);
  GP_ASSERT(!found.counter && !found.gauge && !found.read);
  if (!found.histogram) found.histogram = std::make_unique<Histogram>();
  return *found.histogram;
}

void Metrics::callback(std::string_view name, std::string_view labels, std::string_view help,
                       std::function<double()> read) {
  const std::lock_guard lock(mutex_);
  Row& found = row(name, labels, help);
  GP_ASSERT(!found.counter && !found.gauge && !found.histogram);
  found.read = std::move(read);
}

void Metrics::append_histogram(std::string& out, const Row& row) {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < row.histogram->buckets_.size(); ++i) {
    total += row.histogram->buckets_[i].load(std::memory_order_relaxed);
    const std::string bound = i < kBounds.size() ? fmt::format("le=\"{}\"", kBounds[i]) : std::string("le=\"+Inf\"");
    out += fmt::format("{}_bucket{} {}\n", row.name, join_labels(row.labels, bound), total);
  }
  const double sum = static_cast<double>(row.histogram->sum_micros_.load(std::memory_order_relaxed)) / 1e6;
  const std::string labels = join_labels(row.labels, "");
  out += fmt::format("{}_sum{} {}\n{}_count{} {}\n", row.name, labels, format_value(sum), row.name, labels, total);
}

std::string Metrics::text() const {
  const std::lock_guard lock(mutex_);
  // All lines of one name stand together, under one HELP and TYPE.
  std::map<std::string_view, std::vector<const Row*>> by_name;
  for (const Row& row : rows_) by_name[row.name].push_back(&row);
  std::string out;
  for (const auto& [name, rows] : by_name) {
    const Row& first = *rows.front();
    const std::string_view type = first.counter ? "counter" : first.histogram ? "histogram" : "gauge";
    out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, escape_help(first.help), name, type);
    for (const Row* row : rows) {
      if (row->histogram) {
        append_histogram(out, *row);
        continue;
      }
      std::string value;
      if (row->counter) value = fmt::format("{}", row->counter->value());
      if (row->gauge) value = fmt::format("{}", row->gauge->value());
      if (row->read) value = format_value(row->read());
      out += fmt::format("{}{} {}\n", name, join_labels(row->labels, ""), value);
    }
  }
  return out;
}

}  // namespace gatepost
