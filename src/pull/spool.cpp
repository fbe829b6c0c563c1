#include "pull/spool.hpp"

#include <algorithm>
#include <cstring>

namespace gatepost::pull {

void Spool::clear() {
  text_.clear();
  at_ = 0;
  file_.reset();
}

Result<> Spool::append(std::string_view octets) {
  if (!file_ && text_.size() + octets.size() <= kInMemory) {
    text_.append(octets);
    return {};
  }
  if (!file_) {
    file_.reset(std::tmpfile());
    if (!file_) return fail(Errc::disk_full, "no room for a large message in the directory for temporary files");
    const std::string before = std::move(text_);
    text_ = {};
    GP_CHECK(append(before));
  }
  if (std::fwrite(octets.data(), 1, octets.size(), file_.get()) != octets.size())
    return fail(Errc::disk_full, "no room for a large message in the directory for temporary files");
  return {};
}

Result<> Spool::rewind() {
  at_ = 0;
  if (file_ && std::fseek(file_.get(), 0, SEEK_SET) != 0) return fail(Errc::internal, "a temporary file");
  return {};
}

Result<std::size_t> Spool::read(std::span<char> out) {
  if (file_) {
    const std::size_t n = std::fread(out.data(), 1, out.size(), file_.get());
    if (n == 0 && std::ferror(file_.get()) != 0) return fail(Errc::internal, "a temporary file cannot be read");
    return n;
  }
  const std::size_t n = std::min(out.size(), text_.size() - at_);
  std::memcpy(out.data(), text_.data() + at_, n);
  at_ += n;
  return n;
}

}  // namespace gatepost::pull
