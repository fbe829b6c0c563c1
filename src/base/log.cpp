#include "base/log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iterator>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "base/date.hpp"
#include "base/utf8.hpp"

namespace gatepost {
namespace {

// A peer's text must not make a line longer than a log collector accepts.
constexpr std::size_t kMaxValueOctets = 1024;

bool needs_quotes(std::string_view value) {
  if (value.empty()) return true;
  for (char c : value) {
    if (c == ' ' || c == '"' || c == '\\' || c == '=' || ascii::is_control(c) || ascii::is_8bit(c)) return true;
  }
  return false;
}

// C1 controls, line and paragraph separators and direction marks: they would let a peer draw over the line on a
// terminal.
bool is_unsafe(char32_t c) {
  return (c >= 0x80 && c < 0xa0) || c == 0x061c || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
         (c >= 0x2060 && c <= 0x2069) || c == 0xfeff;
}

void append_quoted(std::string& line, std::string_view value) {
  line.push_back('"');
  while (!value.empty()) {
    const char c = value.front();
    if (ascii::is_8bit(c)) {
      const std::string_view before = value;
      const char32_t code_point = utf8::next(value);
      const std::string_view sequence = before.substr(0, before.size() - value.size());
      if (sequence.size() == 1) {
        fmt::format_to(std::back_inserter(line), "\\x{:02x}", static_cast<unsigned char>(c));
      } else if (is_unsafe(code_point)) {
        fmt::format_to(std::back_inserter(line), "\\u{{{:x}}}", static_cast<std::uint32_t>(code_point));
      } else {
        line.append(sequence);
      }
      continue;
    }
    value.remove_prefix(1);
    switch (c) {
      case '"':
        line.append("\\\"");
        break;
      case '\\':
        line.append("\\\\");
        break;
      case '\n':
        line.append("\\n");
        break;
      case '\r':
        line.append("\\r");
        break;
      case '\t':
        line.append("\\t");
        break;
      default:
        if (ascii::is_control(c)) {
          fmt::format_to(std::back_inserter(line), "\\x{:02x}", static_cast<unsigned char>(c));
        } else {
          line.push_back(c);
        }
    }
  }
  line.push_back('"');
}

void append_field(std::string& line, const Field& field) {
  line.push_back(' ');
  line.append(field.key);
  line.push_back('=');
  std::string_view value = field.value;
  const bool cut = value.size() > kMaxValueOctets;
  if (cut) value = value.substr(0, kMaxValueOctets);
  if (needs_quotes(value)) {
    append_quoted(line, value);
  } else {
    line.append(value);
  }
  if (cut) line.append("...");
}

template <class Fields>
std::string make_line(const Event& event, TimePoint now, const Fields& fields) {
  std::string line = date::format_rfc3339(now);
  line.reserve(200);
  line.push_back(' ');
  line.append(to_string(event.level));
  line.push_back(' ');
  line.append(event.name);
  for (const Field& field : fields) append_field(line, field);
  return line;
}

// One call per line keeps lines of several threads apart. A line that nobody can take is lost: mail goes on.
void write_line(int fd, std::string_view line) {
  std::string whole;
  whole.reserve(line.size() + 1);
  whole.append(line);
  whole.push_back('\n');
  while (::write(fd, whole.data(), whole.size()) < 0 && errno == EINTR) {
  }
}

Result<int> open_log(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
  if (fd < 0) return fail(Errc::denied, fmt::format("cannot open {}: {}", path, std::strerror(errno)));
  return fd;
}

class NullSink final : public LogSink {
 public:
  void write(Level, std::string_view) override {}
};

}  // namespace

std::string_view to_string(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::notice:
      return "notice";
    case Level::warning:
      return "warning";
    case Level::error:
      return "error";
  }
  return "error";
}

void Log::write(const Event& event, std::initializer_list<Field> fields) {
  if (enabled(event.level)) sink_.write(event.level, make_line(event, clock_.now(), fields));
}

void Log::write(const Event& event, const std::vector<Field>& fields) {
  if (enabled(event.level)) sink_.write(event.level, make_line(event, clock_.now(), fields));
}

void StderrSink::write(Level, std::string_view line) { write_line(STDERR_FILENO, line); }

Result<std::unique_ptr<FileSink>> FileSink::open(const std::string& path) {
  GP_TRY(const int fd, open_log(path));
  return std::unique_ptr<FileSink>(new FileSink(path, fd));
}

FileSink::~FileSink() { ::close(fd_); }

void FileSink::write(Level, std::string_view line) { write_line(fd_, line); }

Result<> FileSink::reopen() {
  GP_TRY(const int fresh, open_log(path_));
  // The number of the descriptor stays, so writers need no lock.
  const int done = ::dup3(fresh, fd_, O_CLOEXEC);
  const int error = errno;
  ::close(fresh);
  if (done < 0) return fail(Errc::internal, fmt::format("cannot switch to {}: {}", path_, std::strerror(error)));
  return {};
}

void MemorySink::write(Level, std::string_view line) {
  const std::lock_guard lock(mutex_);
  lines_.emplace_back(line);
}

std::vector<std::string> MemorySink::lines() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}

Log& null_log() {
  static NullSink sink;
  static const SystemClock clock;
  static Log log(sink, clock, static_cast<Level>(static_cast<int>(Level::error) + 1));
  return log;
}

}  // namespace gatepost
