#include "daemon/domain_check.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>

#include "base/ascii.hpp"
#include "base/utf8.hpp"
#include "daemon/web.hpp"
#include "discovery/dns_records.hpp"
#include "runtime/run_to_end.hpp"

namespace gatepost::daemon {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using runtime::DnsAnswer;
using runtime::RecordType;
using FindingState = DnsFinding::State;
using Weight = DnsFinding::Weight;
using Answer = Result<DnsAnswer>;
using Question = std::pair<std::string, RecordType>;

constexpr std::size_t kShownOctets = 512;  // of one record of somebody else
constexpr std::size_t kShown = 10;         // records of one name

std::string_view without_dot(std::string_view name) {
  return name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
}

runtime::Task<> ask_one(runtime::Resolver& resolver, Question question, Answer& into) {
  into = co_await resolver.query(question.first, question.second);
}

runtime::Task<> ask_all(runtime::Resolver& resolver, std::map<Question, Answer>& answers) {
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer done(executor, asio::steady_timer::time_point::max());
  std::size_t open = answers.size();
  for (auto& [question, into] : answers) {
    asio::co_spawn(executor, ask_one(resolver, question, into), [&](const std::exception_ptr&) {
      if (--open == 0) done.cancel();
    });
  }
  if (open > 0) (void)co_await done.async_wait(asio::as_tuple(asio::use_awaitable));
}

bool found(const Answer& answer) { return answer && answer->status == DnsAnswer::Status::found; }

class Check {
 public:
  Check(runtime::Resolver& resolver, const DomainToCheck& domain) : resolver_(resolver), domain_(domain) {}

  std::vector<DnsFinding> run() {
    const std::string& d = domain_.domain;
    wanted_ = discovery::dns_records(d, domain_.hostname, domain_.services, domain_.https);
    for (const RecordType type : {RecordType::mx, RecordType::txt}) want(d, type);
    want("_dmarc." + d, RecordType::txt);
    for (const RecordType type : {RecordType::a, RecordType::aaaa}) {
      want(domain_.hostname, type);
      for (const discovery::DnsRecord& record : wanted_) {
        if (record.type == "CNAME") want(without_dot(record.name), type);
      }
    }
    for (const discovery::DnsRecord& record : wanted_) {
      if (record.type == "SRV") want(without_dot(record.name), RecordType::srv);
      if (record.type == "TXT") want(without_dot(record.name), RecordType::txt);
    }
    ask();
    for (const IpAddress& address : senders()) want(runtime::pointer_name(address), RecordType::ptr);
    ask();
    mail_exchangers();
    host_addresses();
    pointers();
    sender_policy();
    dmarc();
    for (const discovery::DnsRecord& record : wanted_) {
      if (record.type == "SRV") service(record);
      if (record.type == "CNAME") alias(record);
      if (record.type == "TXT") text(record);
    }
    return std::move(out_);
  }

 private:
  void want(std::string_view name, RecordType type) {
    asked_.try_emplace({std::string(name), type}, fail(Errc::unavailable));
  }
  void ask() {
    std::map<Question, Answer> open;
    for (const auto& [question, answer] : asked_) {
      if (!known_.contains(question)) open.emplace(question, answer);
    }
    if (!open.empty()) runtime::run_to_end(ask_all(resolver_, open));
    known_.merge(open);
  }
  const Answer& of(std::string_view name, RecordType type) const { return known_.at({std::string(name), type}); }

  DnsFinding& add(DnsFinding finding, const Answer& answer) {
    if (!answer) {
      finding.state = FindingState::unknown;
      finding.why = "The name servers gave no answer that can be used: " + answer.error().detail;
    }
    out_.push_back(std::move(finding));
    return out_.back();
  }
  static std::string shown(std::string_view text) { return utf8::sanitize(text.substr(0, kShownOctets)); }

  std::vector<IpAddress> addresses_of(std::string_view name) const {
    std::vector<IpAddress> all;
    for (const RecordType type : {RecordType::a, RecordType::aaaa}) {
      if (const Answer& answer = of(name, type))
        all.insert(all.end(), answer->addresses.begin(), answer->addresses.end());
    }
    return all;
  }
  std::vector<IpAddress> senders() const {
    if (domain_.by_smart_host) return {};
    return domain_.sent_from.empty() ? addresses_of(domain_.hostname) : domain_.sent_from;
  }

  // RFC 5321 5.1
  void mail_exchangers() {
    const Answer& answer = of(domain_.domain, RecordType::mx);
    DnsFinding finding{.subject = "MX", .name = domain_.domain, .type = "MX"};
    finding.expected = "10 " + domain_.hostname + ".";
    finding.why = "Other servers find out by it where mail for this domain goes.";
    finding.state = FindingState::missing;
    for (const runtime::MxRecord& mx : found(answer) ? answer->mx : std::vector<runtime::MxRecord>()) {
      finding.found.push_back(fmt::format("{} {}.", mx.preference, mx.host));
      if (ascii::iequals(mx.host, domain_.hostname)) finding.state = FindingState::good;
    }
    if (finding.state == FindingState::missing && !finding.found.empty()) {
      finding.state = FindingState::wrong;
      finding.why = "Mail for this domain goes elsewhere: right only if that server passes it on to this one.";
    }
    to_this_host_ = finding.state == FindingState::good;
    add(std::move(finding), answer);
  }

  void host_addresses() {
    const Answer& v4 = of(domain_.hostname, RecordType::a);
    const Answer& v6 = of(domain_.hostname, RecordType::aaaa);
    DnsFinding finding{.subject = "Address of the server", .name = domain_.hostname, .type = "A, AAAA"};
    finding.why = "The name of this server has to lead to it.";
    for (const IpAddress& address : addresses_of(domain_.hostname)) finding.found.push_back(address.to_string());
    if (finding.found.empty()) finding.state = FindingState::missing;
    const Answer fine = DnsAnswer();
    const Answer& told = !finding.found.empty() ? fine : !v4 ? v4 : !v6 ? v6 : fine;
    add(std::move(finding), told);
  }

  // What many servers ask of those who send: a name, which leads back (RFC 1912 2.1).
  void pointers() {
    for (const IpAddress& address : senders()) {
      const std::string name = runtime::pointer_name(address);
      const Answer& answer = of(name, RecordType::ptr);
      DnsFinding finding{.subject = "PTR of " + address.to_string(), .name = name, .type = "PTR"};
      finding.expected = domain_.hostname + ".";
      finding.why = "Many servers refuse mail from an address without a name. Whoever gave you the address sets it.";
      finding.state = FindingState::missing;
      for (const std::string& one : found(answer) ? answer->names : std::vector<std::string>()) {
        finding.found.push_back(one + ".");
        if (ascii::iequals(one, domain_.hostname)) finding.state = FindingState::good;
      }
      if (finding.state == FindingState::missing && !finding.found.empty()) finding.state = FindingState::wrong;
      add(std::move(finding), answer);
    }
  }

  // RFC 7208: not evaluated, only whether it can be right.
  void sender_policy() {
    const Answer& answer = of(domain_.domain, RecordType::txt);
    DnsFinding finding{.subject = "SPF", .name = domain_.domain, .type = "TXT", .weight = Weight::advised};
    finding.expected =
        domain_.by_smart_host ? "" : fmt::format("\"v=spf1 {} -all\"", to_this_host_ ? "mx" : "a:" + domain_.hostname);
    finding.why = "It says which servers send mail of this domain; without it much of that mail is distrusted.";
    finding.state = FindingState::missing;
    for (const std::string& text : found(answer) ? answer->texts : std::vector<std::string>()) {
      // RFC 7208 4.5: the version is followed by a blank, or the end.
      if (!ascii::istarts_with(text, "v=spf1") || (text.size() > 6 && text[6] != ' ')) continue;
      finding.found.push_back("\"" + shown(text) + "\"");
      finding.state = allows_us(text) ? FindingState::good : FindingState::wrong;
    }
    if (finding.found.size() > 1) {
      finding.state = FindingState::wrong;
      finding.why = "There are several, which counts as none (RFC 7208 4.5): join them.";
    } else if (finding.state == FindingState::wrong) {
      finding.why = "It does not name this server, so that mail from here is distrusted.";
    }
    add(std::move(finding), answer);
  }

  bool allows_us(std::string_view record) const {
    if (domain_.by_smart_host) return true;
    const auto from = senders();
    for (std::string_view term : ascii::split(record, ' ')) {
      if (term.starts_with('-') || term.starts_with('~')) continue;
      if (term.starts_with('+') || term.starts_with('?')) term.remove_prefix(1);
      const std::string mechanism = ascii::to_lower(term);
      // What others include or compute is theirs to say.
      if (mechanism.starts_with("include:") || mechanism.starts_with("redirect=") || mechanism.starts_with("exists:")) {
        return true;
      }
      if (mechanism == "all" || (mechanism == "mx" && to_this_host_)) return true;
      if (mechanism == "a:" + ascii::to_lower(domain_.hostname)) return true;
      if (mechanism == "a" && ascii::iequals(domain_.domain, domain_.hostname)) return true;
      if (!mechanism.starts_with("ip4:") && !mechanism.starts_with("ip6:")) continue;
      const auto network = Network::parse(std::string_view(mechanism).substr(4));
      if (network && std::ranges::any_of(from, [&](const IpAddress& ip) { return network->contains(ip); })) return true;
    }
    return false;
  }

  // RFC 7489 6.1
  void dmarc() {
    const std::string name = "_dmarc." + domain_.domain;
    const Answer& answer = of(name, RecordType::txt);
    DnsFinding finding{.subject = "DMARC", .name = name, .type = "TXT", .weight = Weight::advised};
    finding.expected = fmt::format("\"v=DMARC1; p=none; rua=mailto:{}\"", domain_.postmaster);
    finding.why = "It says what others do with mail that only pretends to be of this domain, and where they report.";
    finding.state = FindingState::missing;
    for (const std::string& text : found(answer) ? answer->texts : std::vector<std::string>()) {
      finding.found.push_back("\"" + shown(text) + "\"");
      const bool ours = ascii::istarts_with(text, "v=DMARC1") && ascii::to_lower(text).find("p=") != std::string::npos;
      if (finding.state != FindingState::good) finding.state = ours ? FindingState::good : FindingState::wrong;
      if (finding.found.size() >= kShown) break;
    }
    add(std::move(finding), answer);
  }

  // What is said of a record by which programs find the server, until it is found.
  static DnsFinding missing(const discovery::DnsRecord& record) {
    const std::string name(without_dot(record.name));
    DnsFinding out{
        .subject = name.substr(0, name.find('.')), .name = name, .type = record.type, .weight = Weight::comfort};
    out.expected = record.value;
    out.why = record.why;
    out.state = FindingState::missing;
    return out;
  }

  void service(const discovery::DnsRecord& record) {
    const std::string name(without_dot(record.name));
    const Answer& answer = of(name, RecordType::srv);
    DnsFinding finding = missing(record);
    const bool offered = !record.value.ends_with(" .");
    for (const runtime::SrvRecord& srv : found(answer) ? answer->srv : std::vector<runtime::SrvRecord>()) {
      finding.found.push_back(fmt::format("{} {} {} {}.", srv.priority, srv.weight, srv.port, srv.host));
      const bool same = record.value.ends_with(fmt::format(" {} {}.", srv.port, srv.host));
      if (offered ? same : srv.host.empty()) finding.state = FindingState::good;
      if (finding.found.size() >= kShown) break;
    }
    if (finding.state == FindingState::missing && !finding.found.empty()) finding.state = FindingState::wrong;
    // RFC 2782: that it is decidedly not offered need not be said.
    if (finding.state == FindingState::missing && !offered) finding.state = FindingState::good;
    add(std::move(finding), answer);
  }

  void text(const discovery::DnsRecord& record) {
    const std::string name(without_dot(record.name));
    const Answer& answer = of(name, RecordType::txt);
    DnsFinding finding = missing(record);
    for (const std::string& one : found(answer) ? answer->texts : std::vector<std::string>()) {
      finding.found.push_back("\"" + shown(one) + "\"");
      if ("\"" + one + "\"" == record.value) finding.state = FindingState::good;
      if (finding.found.size() >= kShown) break;
    }
    if (finding.state == FindingState::missing && !finding.found.empty()) finding.state = FindingState::wrong;
    add(std::move(finding), answer);
  }

  // A name that has to lead here, by an alias or by itself.
  void alias(const discovery::DnsRecord& record) {
    const std::string name(without_dot(record.name));
    const Answer& answer = of(name, RecordType::a);
    DnsFinding finding = missing(record);
    const auto ours = addresses_of(domain_.hostname);
    for (const IpAddress& address : addresses_of(name)) {
      finding.found.push_back(address.to_string());
      if (std::ranges::find(ours, address) != ours.end()) finding.state = FindingState::good;
    }
    if (finding.state == FindingState::missing && !finding.found.empty()) finding.state = FindingState::wrong;
    add(std::move(finding), answer);
  }

  runtime::Resolver& resolver_;
  const DomainToCheck& domain_;
  std::vector<discovery::DnsRecord> wanted_;
  std::map<Question, Answer> asked_, known_;
  bool to_this_host_ = false;
  std::vector<DnsFinding> out_;
};

std::string_view word(FindingState state) {
  switch (state) {
    case FindingState::good:
      return "good";
    case FindingState::wrong:
      return "wrong";
    case FindingState::missing:
      return "missing";
    case FindingState::unknown:
      return "unknown";
  }
  return "";
}

std::string_view word(Weight weight) {
  switch (weight) {
    case Weight::needed:
      return "needed";
    case Weight::advised:
      return "advised";
    case Weight::comfort:
      return "comfort";
  }
  return "";
}

}  // namespace

DomainToCheck domain_to_check(const config::Config& c, std::string_view domain, const Clock& clock) {
  DomainToCheck out{.domain = std::string(domain),
                    .hostname = c.server.hostname,
                    .sent_from = c.mailflow.source_addresses,
                    .by_smart_host = c.mailflow.smart_host.has_value(),
                    .services = services_for_strangers(c, clock.now()),
                    .https = https_for_strangers(c),
                    .postmaster = "postmaster@" + std::string(domain)};
  return out;
}

std::vector<DnsFinding> check_domain(runtime::Resolver& resolver, const DomainToCheck& domain) {
  return Check(resolver, domain).run();
}

admin::Reply domain_reply(const DomainToCheck& domain, const std::vector<DnsFinding>& findings) {
  admin::Reply reply;
  json::array array;
  for (const DnsFinding& one : findings) {
    json::array found;
    for (const std::string& record : one.found) found.emplace_back(record);
    const bool write =
        (one.state == FindingState::missing || one.state == FindingState::wrong) && !one.expected.empty();
    const std::string zone = write ? fmt::format("{}. IN {} {}", one.name, one.type, one.expected) : std::string();
    reply.text += fmt::format("{:<8} {}: {}\n", word(one.state), one.subject,
                              one.found.empty() ? "-" : fmt::format("{}", fmt::join(one.found, ", ")));
    if (one.state != FindingState::good) reply.text += fmt::format("         {}\n", one.why);
    if (write) reply.text += fmt::format("         write: {}\n", zone);
    array.push_back(json::object{{"subject", one.subject},
                                 {"name", one.name},
                                 {"type", one.type},
                                 {"state", word(one.state)},
                                 {"weight", word(one.weight)},
                                 {"found", std::move(found)},
                                 {"expected", one.expected},
                                 {"write", zone},
                                 {"why", one.why}});
  }
  reply.json = json::serialize(
      json::object{{"domain", domain.domain}, {"hostname", domain.hostname}, {"records", std::move(array)}});
  return reply;
}

}  // namespace gatepost::daemon
