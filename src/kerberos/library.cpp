#include "kerberos/library.hpp"

#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <krb5.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <utility>

#include <fmt/format.h>

#include "base/utf8.hpp"

namespace gatepost::kerberos {
namespace {

constexpr std::size_t kMaxKeys = 10'000;  // of one keytab
constexpr std::size_t kMaxDetail = 300;
constexpr std::string_view kHttp = "HTTP";

std::string file_name(const std::filesystem::path& keytab) { return "FILE:" + keytab.string(); }

// A buffer that the library filled.
class Buffer {
 public:
  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() {
    OM_uint32 minor = 0;
    gss_release_buffer(&minor, &raw_);
  }
  gss_buffer_t out() { return &raw_; }
  std::string text() const { return {static_cast<const char*>(raw_.value), raw_.length}; }

 private:
  gss_buffer_desc raw_ = GSS_C_EMPTY_BUFFER;
};

// One that it reads; its type does not say that it only does that.
gss_buffer_desc view(std::string_view text) { return {text.size(), const_cast<char*>(text.data())}; }

void add_words(OM_uint32 status, int kind, std::string& out) {
  OM_uint32 more = 0;
  do {
    Buffer words;
    OM_uint32 minor = 0;
    if (gss_display_status(&minor, status, kind, gss_mech_krb5, &more, words.out()) != GSS_S_COMPLETE) return;
    out += out.empty() ? words.text() : "; " + words.text();
  } while (more != 0 && out.size() < kMaxDetail);
}

std::string words_of(OM_uint32 major, OM_uint32 minor) {
  std::string out;
  if (minor != 0) add_words(minor, GSS_C_MECH_CODE, out);
  if (out.empty() || out == "Success") {
    out.clear();
    if (GSS_ROUTINE_ERROR(major) == GSS_S_FAILURE) return "no token of Kerberos V5";  // its own words say nothing
    add_words(major, GSS_C_GSS_CODE, out);
  }
  return utf8::sanitize(out.substr(0, kMaxDetail));
}

// One krb5_context for one call: it is no object for several threads.
class Session {
 public:
  Session() : code_(krb5_init_context(&context_)) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() {
    if (copy_ != nullptr) krb5_kt_close(context_, copy_);
    if (keytab_ != nullptr) krb5_kt_close(context_, keytab_);
    if (code_ == 0) krb5_free_context(context_);
  }

  Result<std::set<std::string, std::less<>>> services(const std::string& keytab) {
    std::set<std::string, std::less<>> out;
    GP_CHECK(each_key(keytab, [&](std::string_view service, krb5_keytab_entry&) -> krb5_error_code {
      out.emplace(service);
      return 0;
    }));
    return out;
  }

  // The keys of one service as a keytab in memory, which is there as long as somebody has it open: this, or whoever
  // resolves it meanwhile.
  Result<> copy_keys(const std::string& keytab, std::string_view wanted, const std::string& memory) {
    if (code_ == 0) {
      if (const auto code = krb5_kt_resolve(context_, memory.c_str(), &copy_); code != 0) return failed(code);
    }
    bool any = false;
    GP_CHECK(each_key(keytab, [&](std::string_view service, krb5_keytab_entry& entry) -> krb5_error_code {
      if (service != wanted) return 0;
      any = true;
      return krb5_kt_add_entry(context_, copy_, &entry);
    }));
    if (!any) return fail(Errc::unavailable, fmt::format("no key of {}", wanted));
    return {};
  }

 private:
  template <class Visit>
  Result<> each_key(const std::string& keytab, Visit visit) {
    if (code_ != 0) return fail(Errc::unavailable, fmt::format("libkrb5 does not begin ({})", code_));
    krb5_kt_cursor at = nullptr;
    krb5_error_code code = krb5_kt_resolve(context_, keytab.c_str(), &keytab_);
    if (code == 0) code = krb5_kt_start_seq_get(context_, keytab_, &at);
    if (code != 0) return failed(code);
    krb5_keytab_entry entry{};
    std::size_t keys = 0;
    krb5_error_code visited = 0;
    while (visited == 0 && keys < kMaxKeys && (code = krb5_kt_next_entry(context_, keytab_, &entry, &at)) == 0) {
      ++keys;
      // service/host (RFC 4120 6.2.1: NT-SRV-HST)
      if (entry.principal->length >= 2) {
        const krb5_data& service = entry.principal->data[0];
        visited = visit(std::string_view(service.data, service.length), entry);
      }
      krb5_free_keytab_entry_contents(context_, &entry);
    }
    krb5_kt_end_seq_get(context_, keytab_, &at);
    if (visited != 0) return failed(visited);
    if (code != 0 && code != KRB5_KT_END) return failed(code);
    return {};
  }

  std::unexpected<Error> failed(krb5_error_code code) {
    const char* const words = krb5_get_error_message(context_, code);
    std::string detail = utf8::sanitize(words);
    krb5_free_error_message(context_, words);
    return fail(Errc::unavailable, std::move(detail));
  }

  krb5_context context_ = nullptr;
  const krb5_error_code code_;
  krb5_keytab keytab_ = nullptr;
  krb5_keytab copy_ = nullptr;
};

class Context final : public sasl::TicketContext {
 public:
  Context(const Settings& settings, std::string_view service)
      : keytab_(file_name(settings.keytab)),
        service_(service),
        // In SASL whoever repeats an old ticket without its key cannot wrap the next message (RFC 4752 3.1). In HTTP
        // the ticket is all that is said.
        replays_(service == kHttp ? "file2:" + settings.replays.string() : "none:") {}
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() override {
    OM_uint32 minor = 0;
    gss_delete_sec_context(&minor, &context_, GSS_C_NO_BUFFER);
    gss_release_cred(&minor, &keys_);
  }

  Result<Accepted> accept(std::string_view token) override {
    if (keys_ == GSS_C_NO_CREDENTIAL) GP_CHECK(take_keys());
    gss_buffer_desc input = view(token);
    Buffer reply;
    gss_name_t client = GSS_C_NO_NAME;
    OM_uint32 minor = 0;
    OM_uint32 flags = 0;
    // RFC 4752 3.2: no channel bindings.
    const OM_uint32 major = gss_accept_sec_context(&minor, &context_, keys_, &input, GSS_C_NO_CHANNEL_BINDINGS, &client,
                                                   nullptr, reply.out(), &flags, nullptr, nullptr);
    Result<std::string> name = std::string();
    if (major == GSS_S_COMPLETE) name = shown(client);
    OM_uint32 ignored = 0;
    gss_release_name(&ignored, &client);
    if (major == GSS_S_CONTINUE_NEEDED) return Accepted{reply.text(), false};
    if (major != GSS_S_COMPLETE) return fail(Errc::unauthenticated, words_of(major, minor));
    if (!name) return std::unexpected(std::move(name).error());
    // What is wrapped next has to be proven to come from who has the ticket's key.
    if ((flags & GSS_C_INTEG_FLAG) == 0 || (flags & GSS_C_ANON_FLAG) != 0)
      return fail(Errc::unauthenticated, "a context without integrity, or of nobody");
    client_ = *std::move(name);
    return Accepted{reply.text(), true};
  }

  Result<std::string> wrap(std::string_view octets) override {
    gss_buffer_desc input = view(octets);
    Buffer out;
    OM_uint32 minor = 0;
    const OM_uint32 major = gss_wrap(&minor, context_, 0, GSS_C_QOP_DEFAULT, &input, nullptr, out.out());
    if (major != GSS_S_COMPLETE) return fail(Errc::internal, words_of(major, minor));
    return out.text();
  }

  Result<std::string> unwrap(std::string_view token) override {
    gss_buffer_desc input = view(token);
    Buffer out;
    OM_uint32 minor = 0;
    const OM_uint32 major = gss_unwrap(&minor, context_, &input, out.out(), nullptr, nullptr);
    if (major != GSS_S_COMPLETE) return fail(Errc::unauthenticated, words_of(major, minor));
    return out.text();
  }

  std::string client() const override { return client_; }

 private:
  // The keys of the service, whatever the host: the one the client asked for is in its ticket. They are put into a
  // keytab of their own, because libgssapi_krb5 1.20 keeps a principal for good each time it is given a service's name.
  Result<> take_keys() {
    static std::atomic<std::uint64_t> taken = 0;
    const std::string memory = fmt::format("MEMORY:gatepost-{}", ++taken);
    Session session;
    GP_CHECK(session.copy_keys(keytab_, service_, memory));
    OM_uint32 minor = 0;
    std::array<gss_key_value_element_desc, 2> places{{{"keytab", memory.c_str()}, {"rcache", replays_.c_str()}}};
    const gss_key_value_set_desc store{places.size(), places.data()};
    // RFC 4178: 1.3.6.1.5.5.2. What it settles on can be Kerberos alone.
    static constexpr std::array<unsigned char, 6> kSpnego{0x2b, 6, 1, 5, 5, 2};
    std::array<gss_OID_desc, 2> both{*gss_mech_krb5, {kSpnego.size(), const_cast<unsigned char*>(kSpnego.data())}};
    gss_OID_set_desc mechanisms{service_ == kHttp ? 2U : 1U, both.data()};
    const OM_uint32 major = gss_acquire_cred_from(&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, &mechanisms, GSS_C_ACCEPT,
                                                  &store, &keys_, nullptr, nullptr);
    if (major != GSS_S_COMPLETE) return fail(Errc::unavailable, words_of(major, minor));
    return {};
  }

  static Result<std::string> shown(gss_name_t name) {
    Buffer text;
    OM_uint32 minor = 0;
    const OM_uint32 major = gss_display_name(&minor, name, text.out(), nullptr);
    if (major != GSS_S_COMPLETE) return fail(Errc::internal, words_of(major, minor));
    return text.text();
  }

  const std::string keytab_, service_, replays_;
  gss_cred_id_t keys_ = GSS_C_NO_CREDENTIAL;
  gss_ctx_id_t context_ = GSS_C_NO_CONTEXT;
  std::string client_;
};

}  // namespace

Result<std::set<std::string, std::less<>>> services_in(const std::filesystem::path& keytab) {
  return Session().services(file_name(keytab));
}

std::unique_ptr<sasl::TicketContext> open_context(const Settings& settings, std::string_view service) {
  return std::make_unique<Context>(settings, service);
}

}  // namespace gatepost::kerberos
