#include "smtp/server/commands.hpp"

#include <array>

#include "smtp/server/session.hpp"

namespace gatepost::smtp::server {
namespace {

constexpr std::uint8_t bits(auto... phases) { return static_cast<std::uint8_t>((static_cast<int>(phases) | ...)); }

using enum Phase;
constexpr std::uint8_t kAny = bits(connected, ready, mail, rcpt, chunks);
constexpr std::uint8_t kGreeted = bits(ready, mail, rcpt, chunks);

template <class C, auto handler>
Work run(SmtpSession& session, Command& command) {
  return (session.*handler)(std::get<C>(command));
}

using S = SmtpSession;
constexpr std::array kTable = {
    Row{Verb::helo, kAny, true, &run<Hello, &S::on_hello>},
    Row{Verb::ehlo, kAny, true, &run<Hello, &S::on_hello>},
    Row{Verb::mail, bits(ready), false, &run<Mail, &S::on_mail>},
    Row{Verb::rcpt, bits(mail, rcpt), false, &run<Rcpt, &S::on_rcpt>},
    Row{Verb::data, bits(mail, rcpt), false, &run<Data, &S::on_data>},
    Row{Verb::bdat, kAny, true, &run<Bdat, &S::on_bdat>},  // the chunk follows whatever the phase
    Row{Verb::rset, kAny, true, &run<Rset, &S::on_rset>},
    Row{Verb::noop, kAny, true, &run<Noop, &S::on_noop>},
    Row{Verb::quit, kAny, true, &run<Quit, &S::on_quit>},
    Row{Verb::vrfy, kAny, false, &run<Vrfy, &S::on_vrfy>},
    Row{Verb::expn, kAny, false, &run<Expn, &S::on_expn>},
    Row{Verb::help, kAny, true, &run<Help, &S::on_help>},
    Row{Verb::starttls, kGreeted, true, &run<StartTls, &S::on_starttls>},
    Row{Verb::auth, bits(ready), false, &run<Auth, &S::on_auth>},  // not during a transaction (RFC 4954 4)
};
static_assert(kTable.size() == static_cast<std::size_t>(Verb::unknown));
static_assert([] {
  for (std::size_t i = 0; i < kTable.size(); ++i) {
    if (kTable[i].verb != static_cast<Verb>(i)) return false;
  }
  return true;
}());

}  // namespace

const Row& row_of(Verb verb) { return kTable[static_cast<std::size_t>(verb)]; }

std::string verbs() {
  std::string out;
  for (const Row& row : kTable) {
    if (row.verb == Verb::expn) continue;  // answered, but not done
    if (!out.empty()) out += ' ';
    out += to_string(row.verb);
  }
  return out;
}

}  // namespace gatepost::smtp::server
