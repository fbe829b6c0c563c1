#include "gate/log/reader.hpp"

#include <gmock/gmock.h>

#include "gate/log/print.hpp"
#include "gate/log/text.hpp"

namespace gatepost::gate::log {
namespace {

Context reader_context() {
  Context context;
  context.reference_year = 2026;
  context.boot_time = TimePoint(std::chrono::seconds(1'794'186'724));  // 2026-11-09T01:12:04Z
  return context;
}

std::string event_json(Format format, std::string_view line, const Context& with = reader_context()) {
  Reader reader(format, with);
  return format_json(reader.read(line));
}
std::string time_of(std::string_view line, const Context& with = reader_context()) {
  Reader reader(Format::netfilter, with);
  const Item& item = reader.read(line);
  return item.kind == Kind::event ? format_time(item.event.time) : std::string(to_string(item.kind));
}

const std::string kPacket =
    "IN=wan0 OUT= MAC= SRC=192.0.2.7 DST=192.0.2.8 LEN=60 TOS=0x00 PREC=0x00 TTL=61 ID=1 DF PROTO=TCP SPT=4000 DPT=25 "
    "WINDOW=1024 RES=0x00 SYN URGP=0 ";

TEST(FirewallLogTime, IsReadFromEveryHeaderTheKernelsLinesGet) {
  EXPECT_EQ(time_of("Nov  9 06:15:44 relay kernel: x: " + kPacket), "2026-11-09T06:15:44Z");
  EXPECT_EQ(time_of("<4>Nov  9 06:15:44 relay kernel: x: " + kPacket), "2026-11-09T06:15:44Z");
  EXPECT_EQ(time_of("Nov 09 06:15:44.250000 relay kernel: x: " + kPacket), "2026-11-09T06:15:44.250000Z");
  EXPECT_EQ(time_of("2026-11-09T08:15:44+02:00 relay kernel: x: " + kPacket), "2026-11-09T06:15:44Z");
  EXPECT_EQ(time_of("2026-11-09T03:45:44.5-0230 relay kernel: x: " + kPacket), "2026-11-09T06:15:44.500000Z");
  EXPECT_EQ(time_of("2026-11-09T06:15:44Z relay kernel: x: " + kPacket), "2026-11-09T06:15:44Z");
  EXPECT_EQ(time_of("<4>1 2026-11-09T06:15:44.1Z relay kernel - - [a b=\"c\"] x: " + kPacket),
            "2026-11-09T06:15:44.100000Z");
  EXPECT_EQ(time_of("Mon 2026-11-09 06:15:44 UTC relay kernel: x: " + kPacket), "2026-11-09T06:15:44Z");
  EXPECT_EQ(time_of("1794204944.250000 relay kernel: x: " + kPacket), "2026-11-09T06:15:44.250000Z");
  EXPECT_EQ(time_of("[18220.000000] x: " + kPacket), "2026-11-09T06:15:44.000000Z");
  EXPECT_EQ(time_of("[18220.000000][  T812] x: " + kPacket), "2026-11-09T06:15:44.000000Z");
  EXPECT_EQ(time_of("[18220.000000] relay kernel: x: " + kPacket), "2026-11-09T06:15:44.000000Z");
  EXPECT_EQ(time_of("[Mon Nov  9 06:15:44 2026] x: " + kPacket), "2026-11-09T06:15:44Z");
  EXPECT_EQ(time_of("2026-11-09T06:15:44,123456+00:00 x: " + kPacket), "2026-11-09T06:15:44.123456Z");
  EXPECT_EQ(time_of("x: " + kPacket), "");
  EXPECT_EQ(time_of("17942047449.250000 relay kernel: x: " + kPacket), "");
  EXPECT_EQ(time_of("9999-11-09T06:15:44Z relay kernel: x: " + kPacket), "error");
  EXPECT_EQ(time_of("0000-11-09T06:15:44Z relay kernel: x: " + kPacket), "error");
  EXPECT_EQ(time_of("Nov 31 06:15:44 relay kernel: x: " + kPacket), "error");
  EXPECT_EQ(time_of("Nov  9 25:15:44 relay kernel: x: " + kPacket), "error");
}

TEST(FirewallLogTime, TheRuleIsFreeOfTheHeaderWhicheverItIs) {
  for (const std::string header :
       {"Nov  9 06:15:44 relay kernel: ", "Nov  9 06:15:44 relay kernel: [18220.000000] ", "[18220.000000] ",
        "2026-11-09T06:15:44,123456+00:00 ", "[Mon Nov  9 06:15:44 2026] ",
        "[18220.000000] relay kernel: ", "<4>1 2026-11-09T06:15:44.1Z relay kernel - - - ",
        "Mon 2026-11-09 06:15:44 CET relay kernel: ", "1794204944.250000 relay kernel: ", "Nov  9 06:15:44 relay ",
        "kernel: "}) {
    const std::string got = event_json(Format::netfilter, header + "edge block: " + kPacket);
    EXPECT_THAT(got, testing::HasSubstr("\"rule\":\"edge block\"")) << header;
    EXPECT_THAT(got, testing::HasSubstr("\"verdict\":\"deny\",\"how\":\"drop\"")) << header;
  }
}

TEST(FirewallLogTime, AYearIsChosenThatIsNotInTheFuture) {
  Context with;
  with.now = TimePoint(std::chrono::seconds(1'767'313'800));  // 2026-01-02T00:30:00Z
  EXPECT_EQ(time_of("Dec 31 23:59:59 relay kernel: x: " + kPacket, with), "2025-12-31T23:59:59Z");
  EXPECT_EQ(time_of("Jan  2 00:29:00 relay kernel: x: " + kPacket, with), "2026-01-02T00:29:00Z");
  EXPECT_EQ(time_of("Jan  2 23:29:00 relay kernel: x: " + kPacket, with),
            "2026-01-02T23:29:00Z");  // a clock that is off
  EXPECT_EQ(time_of("Feb 29 12:00:00 relay kernel: x: " + kPacket, with), "2024-02-29T12:00:00Z");
}

TEST(FirewallLogTime, AnUptimeThisMachineHasNotReachedIsOfAnotherStart) {
  Context with;
  with.boot_time = TimePoint(std::chrono::seconds(1'794'186'724));
  with.now = *with.boot_time + std::chrono::hours(1);
  EXPECT_EQ(time_of("[3599.000000] x: " + kPacket, with), "2026-11-09T02:12:03.000000Z");
  EXPECT_EQ(time_of("[7200.000000] x: " + kPacket, with), "");
}

TEST(FirewallLogTime, SaysWhatWasAssumed) {
  Context with = reader_context();
  with.utc_offset_minutes = 90;
  Reader reader(Format::netfilter, with);
  const Item& local = reader.read("Nov  9 06:15:44 relay kernel: x: " + kPacket);
  EXPECT_EQ(format_time(local.event.time), "2026-11-09T04:45:44Z");
  EXPECT_TRUE(local.event.time.zone_assumed && local.event.time.year_assumed);
  const Item& stated = reader.read("2026-11-09T08:15:44+02:00 relay kernel: x: " + kPacket);
  EXPECT_FALSE(stated.event.time.zone_assumed || stated.event.time.year_assumed);
}

std::string rule_and_verdict(std::string_view prefix) {
  Reader reader(Format::netfilter, reader_context());
  const std::string line = std::string(prefix) + kPacket;
  const LogEvent& event = reader.read(line).event;
  std::string out(event.rule);
  out += ' ';
  out += to_string(event.verdict);
  if (event.how != How::unknown) out += '/' + std::string(to_string(event.how));
  if (!event.reason.empty()) out += ' ' + std::string(event.reason);
  return out;
}

TEST(FirewallLogPrefix, TellsVerdictRuleAndReason) {
  EXPECT_EQ(rule_and_verdict("gatepost drop imaps "), "gatepost:imaps deny/drop");
  EXPECT_EQ(rule_and_verdict("gp:imaps:default "), "gatepost:imaps deny/drop");
  EXPECT_EQ(rule_and_verdict("gp:imaps:open "), "gatepost:imaps allow");
  EXPECT_EQ(rule_and_verdict("gp:egress:default "), "gatepost:egress deny/reject");
  EXPECT_EQ(rule_and_verdict("gp:imaps "), "gp:imaps log");
  EXPECT_EQ(rule_and_verdict("gatepost rate block list "), "gatepost:block list deny/drop rate-limit");
  EXPECT_EQ(rule_and_verdict("gatepost accept reject-all "), "gatepost:reject-all allow");
  EXPECT_EQ(rule_and_verdict("gatepost drops "), "gatepost drops log");
  EXPECT_EQ(rule_and_verdict("[UFW LIMIT BLOCK] "), "ufw:limit-block deny/drop rate-limit");
  EXPECT_EQ(rule_and_verdict("[UFW AUDIT INVALID] "), "ufw:audit-invalid log");
  EXPECT_EQ(rule_and_verdict("[UFW DENY] "), "ufw:deny deny/drop");
  EXPECT_EQ(rule_and_verdict("filter_IN_block_REJECT: "), "firewalld:block deny/reject");
  EXPECT_EQ(rule_and_verdict("filter_IN_drop_DROP: "), "firewalld:drop deny/drop");
  EXPECT_EQ(rule_and_verdict("filter_IN_home_lan_ICMP_BLOCK: "), "firewalld:home_lan deny/drop");
  EXPECT_EQ(rule_and_verdict("RFC3964_IPv4_REJECT: "), "firewalld:rfc3964_ipv4 deny/reject");
  EXPECT_EQ(rule_and_verdict("rpfilter_DROP: "), "firewalld:rpfilter deny/drop spoofed-source");
  EXPECT_EQ(rule_and_verdict("my_chain_DROP: "), "my_chain_DROP deny/drop");
  EXPECT_EQ(rule_and_verdict("dropped:"), "dropped log");
  EXPECT_EQ(rule_and_verdict("Denied by edge :: "), "Denied by edge deny/drop");
  EXPECT_EQ(rule_and_verdict(""), " log");
}

TEST(NetfilterLog, KnowsLinesThatArePartsOfOthersAndWordsItDoesNotNeed) {
  const std::string unknown =
      "Nov  9 06:15:44 h kernel: a IN=br0 OUT=br0 PHYSIN=eth0 PHYSOUT=eth1 MAC=aa SRC=::ffff:192.0.2.7 "
      "DST=0000:0000:0000:0000:0000:ffff:c000:0208 LEN=60 TC=0 HOPLIMIT=64 FLOWLBL=0 FRAG:1480 PROTO=UDP MARK=0x1 "
      "UID=0 GID=0";
  EXPECT_EQ(event_json(Format::netfilter, unknown),
            R"({"line":1,"kind":"event","time":"2026-11-09T06:15:44Z","zone_assumed":true,"year_assumed":true,)"
            R"("verdict":"log","direction":"forward","proto":"udp","src":"::ffff:192.0.2.7","dst":"::ffff:192.0.2.8",)"
            R"("in_if":"br0","out_if":"br0","rule":"a","length":60})");
  EXPECT_THAT(event_json(Format::netfilter, kPacket + kPacket), testing::HasSubstr("two records in one line"));
  EXPECT_THAT(event_json(Format::netfilter, "[1.000000] PLUGIN=yes loaded"), testing::HasSubstr("\"kind\":\"skip\""));
  EXPECT_THAT(event_json(Format::netfilter, "[1.000000] x: IN=eth0"), testing::HasSubstr("\"kind\":\"error\""));
  EXPECT_THAT(event_json(Format::netfilter, "IN=a OUT= SRC=1.2.3.4 DST=::1 PROTO=TCP "),
              testing::HasSubstr("two kinds"));
  EXPECT_THAT(event_json(Format::netfilter, "IN=a OUT= SRC=1.2.3.4 DST=1.2.3.5 LEN=40 PROTO=47 "),
              testing::HasSubstr("gre"));
  EXPECT_THAT(event_json(Format::netfilter, "IN=a OUT= SRC=1.2.3.4 DST=1.2.3.5 LEN=40 PROTO=TCP INCOMPLETE [4 bytes] "),
              testing::Not(testing::HasSubstr("sport")));
  EXPECT_THAT(event_json(Format::netfilter,
                         "IN=a OUT= SRC=1.2.3.4 DST=1.2.3.5 LEN=40 PROTO=TCP SPT=1 DPT=2 WINDOW=0 RES=0x00 URGP=0 "),
              testing::HasSubstr("\"flags\":[]"));
}

TEST(FirewallLogReader, DropsAnOversizedLineAndKeepsTheNext) {
  Reader reader(Format::netfilter, reader_context());
  std::vector<std::string> got;
  const auto take = [&](const Item& item) {
    got.push_back(std::to_string(item.line) + std::string(to_string(item.kind)));
  };
  const std::string huge = "x: " + std::string(1 << 20, 'A') + kPacket + "\n";
  for (std::size_t at = 0; at < huge.size(); at += 4096) reader.push(std::string_view(huge).substr(at, 4096), take);
  reader.push(huge, take);
  reader.push("x: " + kPacket + "\nx: " + kPacket, take);
  reader.finish(take);
  EXPECT_THAT(got, testing::ElementsAre("1error", "2error", "3event", "4event"));
}

TEST(FirewallLogReader, ForgetsTheHeadOfAFileThatWasReplaced) {
  Reader reader(Format::aws);
  reader.read("dstaddr srcaddr action log-status protocol");
  const Item& custom = reader.read("192.0.2.1 192.0.2.2 REJECT OK 6");
  EXPECT_EQ(custom.event.source.to_string(), "192.0.2.2");
  reader.restart();
  const Item& standard = reader.read("2 1 eni-1 192.0.2.3 192.0.2.4 1 25 6 1 40 1794209290 1794209349 ACCEPT OK");
  EXPECT_EQ(standard.line, 1U);
  EXPECT_EQ(standard.event.source.to_string(), "192.0.2.3");
}

TEST(FirewallLogReader, ReadsFormsTheSamplesDoNotShow) {
  EXPECT_THAT(event_json(Format::asa,
                         "Nov 09 2026 07:40:15 UTC: %FTD-6-302015: Built outbound UDP connection 9 for "
                         "outside:2001:db8::53/53 (2001:db8::53/53) to in side:10.0.0.5/5353 (198.51.100.1/5353)"),
              testing::HasSubstr("\"kind\":\"error\""));
  EXPECT_THAT(event_json(Format::asa,
                         "Nov 09 2026 07:40:15 UTC: %FTD-6-302015: Built outbound UDP connection 9 for "
                         "outside:2001:db8::53/53 (2001:db8::53/53) to inside:2001:db8:1::5/5353 (2001:db8:1::5/5353)"),
              testing::HasSubstr(R"("proto":"udp","src":"2001:db8:1::5","sport":5353,"dst":"2001:db8::53","dport":53,)"
                                 R"("in_if":"inside","out_if":"outside")"));
  EXPECT_THAT(
      event_json(Format::asa, R"(%ASA-4-106023: Deny tcp src outside:192.0.2.9/1(LOCAL\bob) dst dmz:192.0.2.1/25 )"
                              R"(by access-group "edge" [0x0, 0x0])"),
      testing::HasSubstr(R"("sport":1,"dst":"192.0.2.1","dport":25)"));
  EXPECT_THAT(event_json(Format::asa,
                         "%ASA-6-302014: Teardown TCP connection 7 for a:192.0.2.9/1 to b:192.0.2.1/25 "
                         "duration 0:00:01 bytes 12 TCP Reset-O (bob)"),
              testing::HasSubstr(R"("reason":"TCP Reset-O")"));
  EXPECT_THAT(event_json(Format::asa,
                         "%ASA-2-106001: Inbound TCP connection denied from 192.0.2.9/1 to 192.0.2.1/25 flags SYN "
                         " on interface outside"),
              testing::HasSubstr(R"("in_if":"outside","flags":["SYN"])"));
  EXPECT_THAT(
      event_json(Format::fortigate, R"(date=2026-11-09 time=08:00:00 tz="+0100" type="traffic" subtype="forward" )"
                                    R"(srcip=192.0.2.9 dstip=192.0.2.1 policyname="a \"quoted\" name" proto=1 )"
                                    R"(srcport=0 dstport=0 action="accept" policyid=4 service="PING")"),
      testing::HasSubstr(R"("time":"2026-11-09T07:00:00Z","verdict":"allow","direction":"forward","proto":"icmp",)"
                         R"("src":"192.0.2.9","dst":"192.0.2.1","rule":"policy:4")"));
  EXPECT_THAT(
      event_json(Format::ulogd_json, R"({"oob.prefix":"a\u0041\ud83d\ude00 drop","oob.in":"e\"0","x":{"y":["}",[]]},)"
                                     R"("src_ip":"::1","dest_ip":"::2","ip.protocol":17})"),
      testing::HasSubstr("\"in_if\":\"e\\\"0\",\"rule\":\"aA\xf0\x9f\x98\x80 drop\""));
  EXPECT_THAT(event_json(Format::ulogd_json, R"({"src_ip":"::1","dest_ip":"::2","ip.protocol":17} x)"),
              testing::HasSubstr("error"));
  EXPECT_THAT(
      event_json(Format::pf,
                 "1794208759.5 rule 0..16777216/0(match): pass out on igb0: 192.0.2.1 > 192.0.2.2: ICMP echo"),
      testing::HasSubstr(R"("proto":"icmp","src":"192.0.2.1","dst":"192.0.2.2","out_if":"igb0","rule":"pf:0")"));
  EXPECT_THAT(event_json(Format::pf,
                         "rule def/(match) [uid 0, pid 4] block in on em0: 192.0.2.1.80 > 192.0.2.2.90: . ack 1 win 5"),
              testing::HasSubstr(R"("rule":"pf:def","flags":["ACK"])"));
  EXPECT_THAT(
      event_json(Format::windows, "2026-11-09 07:04:56 DROP TCP 192.0.2.1 192.0.2.2 1 2 52 S 1 0 1 - - - RECEIVE"),
      testing::HasSubstr("no #Fields: line"));
}

TEST(FirewallLogAddress, IsWhatInetPtonReads) {
  for (const char* const text : {"192.0.2.1",
                                 "0.0.0.0",
                                 "255.255.255.255",
                                 "256.1.1.1",
                                 "1.2.3",
                                 "1.2.3.4.5",
                                 "01.2.3.4",
                                 "1..2.3",
                                 ".1.2.3",
                                 "::",
                                 "::1",
                                 "1::",
                                 "1:2:3:4:5:6:7:8",
                                 "1:2:3:4:5:6:7::",
                                 "::2:3:4:5:6:7:8",
                                 "1::8",
                                 "1:2:3:4:5:6:7:8:9",
                                 "1:::2",
                                 ":1",
                                 "1:",
                                 "12345::",
                                 "::ffff:192.0.2.1",
                                 "64:ff9b::192.0.2.1",
                                 "1:2:3:4:5:6:192.0.2.1",
                                 "1:2:3:4:5:6:7:192.0.2.1",
                                 "::192.0.2",
                                 "::1.2.3.4.5",
                                 "g::",
                                 "2001:0db8:0bad:0000:0000:0000:0000:0005",
                                 "1:2::3::4",
                                 "::1%eth0",
                                 "",
                                 ":",
                                 "1",
                                 "1::2:3:4:5:6:7:8",
                                 "::192.0.2.1:1"}) {
    Address ours;
    const bool read = text::parse_address(text, ours);
    const auto theirs = IpAddress::parse(text);
    EXPECT_EQ(read, theirs.has_value()) << text;
    if (read && theirs) EXPECT_EQ(ours.ip, *theirs) << text;
  }
}

TEST(FirewallLogText, ObeysNothingThatStandsInALog) {
  EXPECT_EQ(for_terminal("a\x1b]0;evil\x07\r\n\\b\x9b\xc2\x9b\xe2\x80\xae\xff\xc3\xa4"),
            "a\\x1b]0;evil\\x07\\x0d\\x0a\\\\b\\x9b\\u{9b}\\u{202e}\\xff\xc3\xa4");
  std::string json;
  append_json_string(json, "\"\\\x1b\x9b\xe2\x80\xae\xf3\xa0\x80\x81");
  EXPECT_EQ(json, "\"\\\"\\\\\\u001b\xef\xbf\xbd\\u202e\\udb40\\udc01\"");
  Reader reader(Format::netfilter, reader_context());
  const std::string line = "[1.000000] \x1b[2J drop: " + kPacket;
  EXPECT_EQ(
      format_text(reader.read(line)),
      "2026-11-09T01:12:05.000000Z deny/drop in tcp 192.0.2.7:4000 > 192.0.2.8:25 wan0 rule \"\\x1b[2J drop\" [SYN] 60 "
      "octets");
}

}  // namespace
}  // namespace gatepost::gate::log
