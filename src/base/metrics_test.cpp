#include "base/metrics.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace gatepost {
namespace {

TEST(Metrics, SameNameAndLabelsAreTheSameCounter) {
  Metrics metrics;
  Counter& a = metrics.counter("gatepost_x_total", "port=\"25\"", "X.");
  Counter& b = metrics.counter("gatepost_x_total", "port=\"25\"", "X.");
  EXPECT_EQ(&a, &b);
  EXPECT_NE(&a, &metrics.counter("gatepost_x_total", "port=\"587\"", "X."));
}

TEST(Metrics, WritesOneHeadForAllLinesOfAName) {
  Metrics metrics;
  metrics.counter("gatepost_x_total", "port=\"25\"", "X\nand \\.").add(3);
  metrics.gauge("gatepost_open", "", "Open.").set(-2);
  metrics.counter("gatepost_x_total", "port=\"587\"", "X\nand \\.").add();
  metrics.callback("gatepost_ratio", "", "Ratio.", [] { return 0.5; });
  EXPECT_EQ(metrics.text(),
            "# HELP gatepost_open Open.\n# TYPE gatepost_open gauge\ngatepost_open -2\n"
            "# HELP gatepost_ratio Ratio.\n# TYPE gatepost_ratio gauge\ngatepost_ratio 0.5\n"
            "# HELP gatepost_x_total X\\nand \\\\.\n# TYPE gatepost_x_total counter\n"
            "gatepost_x_total{port=\"25\"} 3\ngatepost_x_total{port=\"587\"} 1\n");
}

TEST(Metrics, HistogramBucketsAddUp) {
  Metrics metrics;
  Histogram& h = metrics.histogram("gatepost_seconds", "op=\"a\"", "Time.");
  h.observe(0.0001);
  h.observe(0.05);
  h.observe(100);
  h.observe(-1);
  h.observe(std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(metrics.text(),
            "# HELP gatepost_seconds Time.\n# TYPE gatepost_seconds histogram\n"
            "gatepost_seconds_bucket{op=\"a\",le=\"0.0001\"} 3\ngatepost_seconds_bucket{op=\"a\",le=\"0.001\"} 3\n"
            "gatepost_seconds_bucket{op=\"a\",le=\"0.01\"} 3\ngatepost_seconds_bucket{op=\"a\",le=\"0.1\"} 4\n"
            "gatepost_seconds_bucket{op=\"a\",le=\"1\"} 4\ngatepost_seconds_bucket{op=\"a\",le=\"10\"} 4\n"
            "gatepost_seconds_bucket{op=\"a\",le=\"+Inf\"} 5\n"
            "gatepost_seconds_sum{op=\"a\"} 100.0501\ngatepost_seconds_count{op=\"a\"} 5\n");
}

}  // namespace
}  // namespace gatepost
