#include "runtime/deflate_stream.hpp"

#include <optional>
#include <utility>

#include "runtime/deflate.hpp"

namespace gatepost::runtime {
namespace {

class DeflateStream final : public Stream {
 public:
  DeflateStream(std::unique_ptr<Stream> inner, std::string early, const Clock& clock, BufferPool& buffers)
      : inner_(std::move(inner)), clock_(clock), buffers_(buffers) {
    if (early.empty()) return;
    in_ = buffers_.take(early.size());
    early.copy(in_.data(), early.size());
    in_end_ = early.size();
  }
  ~DeflateStream() override { buffers_.give_back(std::move(in_)); }

  // Readable is what came out of the peer's octets, not they.
  Task<Result<bool>> wait_readable() override {
    while (!first_ && !ended_) {
      char octet = 0;
      GP_CO_TRY(const std::size_t got, decompress(std::span(&octet, 1)));
      if (got != 0) first_ = octet;
      if (first_ || ended_) break;
      auto readable = co_await wait_for_octets();
      if (!readable || !*readable) co_return readable;
      auto filled = co_await fill();
      if (!filled) co_return std::unexpected(std::move(filled).error());
    }
    co_return true;
  }

  Task<Result<bool>> wait_woken() override { return inner_->wait_woken(); }

  Task<Result<std::size_t>> read_some(std::span<char> into) override {
    std::size_t got = 0;
    if (first_) {
      into[0] = *first_;
      first_.reset();
      got = 1;
    }
    for (;;) {
      if (got == into.size()) co_return got;
      GP_CO_TRY(const std::size_t more, decompress(into.subspan(got)));
      got += more;
      if (got != 0 || ended_) co_return got;
      auto filled = co_await fill();
      if (!filled) co_return std::unexpected(std::move(filled).error());
    }
  }

  Task<Result<>> write_all(std::string_view octets) override {
    std::string page = buffers_.take_text();
    deflater_.put(octets);
    Result<> sent;
    for (bool more = true; more && sent; page.clear()) {
      const Result<bool> made = deflater_.next(page);
      if (!made) co_return std::unexpected(made.error());
      more = *made;
      sent = co_await inner_->write_all(page);
    }
    buffers_.give_back(std::move(page));
    co_return sent;
  }

  // Under compression there is no upgrade: TLS comes before signing in, compression after.
  Task<Result<TlsFacts>> start_tls_server(TlsServer&) override { co_return fail(Errc::unsupported, "compressed"); }
  Task<Result<TlsFacts>> start_tls_client(TlsClient&, std::string_view) override {
    co_return fail(Errc::unsupported, "compressed");
  }
  Task<> shutdown() override { co_await inner_->shutdown(); }
  void close() override { inner_->close(); }
  void set_deadline(SteadyPoint at) override {
    deadline_ = at;
    inner_->set_deadline(at);
  }
  void wake() override { inner_->wake(); }

 private:
  // As much as the octets that are there give.
  Result<std::size_t> decompress(std::span<char> into) {
    if (ended_) return 0;
    GP_TRY(const Inflater::Progress progress,
           inflater_.next(std::string_view(in_.data() + in_begin_, in_end_ - in_begin_), into));
    in_begin_ += progress.consumed;
    ended_ = progress.ended;
    return progress.produced;
  }

  // All that is there has been used up.
  Task<Result<>> fill() {
    if (in_.empty()) in_ = buffers_.take();
    in_begin_ = in_end_ = 0;
    const std::span<char> room(in_.data(), in_.size());
    auto got = co_await inner_->read_some(room);
    if (!got) co_return std::unexpected(std::move(got).error());
    in_end_ = *got;
    ended_ = *got == 0;
    co_return Result<>();
  }

  Task<Result<bool>> wait_for_octets() {
    if (in_begin_ == in_end_) {
      buffers_.give_back(std::exchange(in_, Buffer()));
      in_begin_ = in_end_ = 0;
    }
    const SteadyPoint soon = clock_.steady() + kDeflateKeep;
    if (!(deflater_.is_resting() && inflater_.is_resting()) && soon < deadline_) {
      inner_->set_deadline(soon);
      auto readable = co_await inner_->wait_readable();
      inner_->set_deadline(deadline_);
      if (readable || readable.error().code != Errc::timed_out) co_return readable;
      deflater_.rest();
      inflater_.rest();
    }
    auto readable = co_await inner_->wait_readable();
    co_return readable;
  }

  std::unique_ptr<Stream> inner_;
  const Clock& clock_;
  BufferPool& buffers_;
  SteadyPoint deadline_ = SteadyPoint::max();
  Inflater inflater_;
  Deflater deflater_;
  Buffer in_;
  std::size_t in_begin_ = 0, in_end_ = 0;
  std::optional<char> first_;  // decompressed, and not read yet
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<Stream> make_deflate_stream(std::unique_ptr<Stream> inner, std::string early, const Clock& clock,
                                            BufferPool& buffers) {
  return std::make_unique<DeflateStream>(std::move(inner), std::move(early), clock, buffers);
}

}  // namespace gatepost::runtime
