#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include <set>
#include <string>

#include "base/result.hpp"
#include "kerberos/settings.hpp"
#include "sasl/mechanism.hpp"

// MIT Kerberos (libgssapi_krb5, libkrb5), and nothing else knows it. Thread-safe; calls block for the disk alone: an
// acceptor asks no realm.
namespace gatepost::kerberos {

// The services of which a keytab has keys: "imap" of imap/mail.example.org@CORP.EXAMPLE. Errc::unavailable: it cannot
// be read.
Result<std::set<std::string, std::less<>>> services_in(const std::filesystem::path& keytab);

// Takes tickets for `service` on any host that the keytab has a key of; it is read at each conversation, so that a new
// one counts at once. A ticket for another name of the same account of the realm has the same key, and is as good: the
// name in it is not protected (RFC 4120 5.3), the key says who may read it.
// For "HTTP" (RFC 4559) tokens may be SPNEGO's (RFC 4178), and each is noted in Settings::replays.
std::unique_ptr<sasl::TicketContext> open_context(const Settings& settings, std::string_view service);

}  // namespace gatepost::kerberos
