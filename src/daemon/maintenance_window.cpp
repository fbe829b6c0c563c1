#include "daemon/maintenance_window.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "base/date.hpp"
#include "daemon/events.hpp"
#include "runtime/unique_fd.hpp"

namespace gatepost::daemon {
namespace {

namespace json = boost::json;
using std::chrono::ceil;
using std::chrono::duration_cast;
using std::chrono::seconds;

constexpr std::size_t kMostOctets = 4096;

std::string field(const json::object& o, std::string_view name) {
  const json::value* v = o.if_contains({name.data(), name.size()});
  return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
}

std::optional<MaintenanceWindow::State> state_in(std::string_view text) {
  boost::system::error_code error;
  const json::value root = json::parse({text.data(), text.size()}, error);
  const json::object* o = error ? nullptr : root.if_object();
  if (o == nullptr) return std::nullopt;
  const auto begun = date::parse_rfc3339(field(*o, "begun")), until = date::parse_rfc3339(field(*o, "until"));
  if (!begun || !until || *until <= *begun || *until - *begun > MaintenanceWindow::kLongest) return std::nullopt;
  return MaintenanceWindow::State{*begun, *until, field(*o, "message"), 0};
}

}  // namespace

MaintenanceWindow::MaintenanceWindow(std::filesystem::path file, const Clock& clock, Log& log, Metrics& metrics)
    : file_(std::move(file)),
      clock_(clock),
      log_(log),
      turned_away_(
          metrics.counter("gatepost_turned_away_total", "", "Who came in a maintenance window and was refused.")) {
  load();
}

void MaintenanceWindow::load() {
  std::ifstream in(file_, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in) return;
  auto state = text.size() <= kMostOctets ? state_in(text) : std::nullopt;
  const TimePoint now = clock_.now();
  if (!state || state->until <= now) {
    std::error_code ignored;
    std::filesystem::remove(file_, ignored);
    return;
  }
  // With a clock that was set back it lasts no longer than it was to last in all.
  const auto left = std::min(state->until - now, state->until - state->begun);
  state->until = now + left;
  const Lock lock(mutex_);
  open_ = Open{*std::move(state), clock_.steady() + left};
  open_now_ = true;
}

// Whole under its name, or not there.
Result<> MaintenanceWindow::keep(const State& state) const {
  const std::string text = json::serialize(json::object{{"begun", date::format_rfc3339(state.begun)},
                                                        {"until", date::format_rfc3339(state.until)},
                                                        {"message", state.message}}) +
                           "\n";
  const std::string fresh = file_.string() + ".new";
  const runtime::UniqueFd fd(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fd || ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      ::fsync(fd.get()) != 0 || ::rename(fresh.c_str(), file_.c_str()) != 0) {
    return fail(errno == ENOSPC ? Errc::disk_full : Errc::unavailable,
                fmt::format("{}: {}", file_.string(), std::strerror(errno)));
  }
  return {};
}

Result<MaintenanceWindow::State> MaintenanceWindow::begin(seconds length, std::string message) {
  length = std::clamp(length, seconds(1), kLongest);
  const TimePoint now = clock_.now();
  State state{now, now + length, std::move(message), 0};
  const Lock lock(mutex_);
  GP_CHECK(keep(state));
  open_ = Open{state, clock_.steady() + length};
  open_now_ = true;
  log_.write(event::kWindowBegun, {{"until", date::format_rfc3339(state.until)}, {"message", state.message}});
  return state;
}

void MaintenanceWindow::close(std::string_view why) {
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
  open_now_ = false;
  log_.write(event::kWindowEnded, {{"why", why}, {"turned_away", open_->state.turned_away}});
  open_.reset();
}

void MaintenanceWindow::end_if_over() {
  if (open_ && clock_.steady() >= open_->ends) close("its time was over");
}

bool MaintenanceWindow::end() {
  const Lock lock(mutex_);
  end_if_over();
  if (!open_) return false;
  close("it was ended");
  return true;
}

std::optional<MaintenanceWindow::State> MaintenanceWindow::now() {
  const Lock lock(mutex_);
  end_if_over();
  return open_ ? std::optional(open_->state) : std::nullopt;
}

std::optional<seconds> MaintenanceWindow::turn_away(const IpAddress& client) {
  if (!open_now_) return std::nullopt;
  const Lock lock(mutex_);
  end_if_over();
  if (!open_) return std::nullopt;
  turned_away_.add();
  const std::uint64_t count = ++open_->state.turned_away;
  const SteadyPoint now = clock_.steady();
  if (logged_ == SteadyPoint{} || now - logged_ >= seconds(1)) {
    logged_ = now;
    log_.write(event::kTurnedAway, {{"remote", client.to_string()}, {"count", count}});
  }
  return std::max(ceil<seconds>(open_->ends - now), seconds(1));
}

std::string MaintenanceWindow::why() const {
  const Lock lock(mutex_);
  if (!open_) return "try again";
  const std::string until = date::format_rfc3339(open_->state.until);
  return fmt::format("maintenance until {} {} UTC, try again later{}{}", until.substr(0, 10), until.substr(11, 5),
                     open_->state.message.empty() ? "" : ". ", open_->state.message);
}

}  // namespace gatepost::daemon
