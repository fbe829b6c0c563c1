#pragma once

#include <memory>

#include "base/metrics.hpp"
#include "runtime/session.hpp"

namespace gatepost::daemon {

// GET /metrics: the numbers of this server as Prometheus scrapes them (text exposition format 0.0.4). Answers 404 to
// other paths, 405 to other methods, 400, 431 and 505 to what is no request. Requests may be pipelined. `metrics` is
// borrowed.
std::unique_ptr<runtime::Session> make_metrics_session(runtime::Output& output, const Metrics& metrics);

}  // namespace gatepost::daemon
