#include "account/record_codec.hpp"

// What an account and its folders are, and what happened.
namespace gatepost::account::records {
namespace {

constexpr std::uint8_t kInThreadOf = 0x40;  // of what a log entry says: the conversation follows
constexpr std::uint8_t kCopyOf = 0x80;      // which email it is follows
constexpr std::uint8_t kCopiesFormat = 3;   // of the state: with how many there are
constexpr std::uint8_t kReadersFormat = 3;  // of the change log: with what single readers did
constexpr std::uint8_t kCopyLogFormat = 4;  // with copies

bool read_gaps(ByteReader& in, NumberSet& gaps) {
  const std::uint64_t count = in.varint();
  if (count > in.rest().size()) return false;
  for (std::uint64_t i = 0; i < count; ++i) {
    Uid first = 0;
    Uid last = 0;
    if (!narrow(in.varint(), first) || !narrow(in.varint(), last) || first == 0 || first > last) return false;
    gaps.add(first, last);
  }
  return true;
}

}  // namespace

std::uint64_t to_seconds(TimePoint t) {
  const auto s = std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count();
  return s > 0 ? static_cast<std::uint64_t>(s) : 0;
}

std::string encode(const State& s) {
  std::string out = start(40);
  for (const std::uint64_t v : {s.next_item, std::uint64_t{s.next_folder}, std::uint64_t{s.next_uid_validity},
                                s.used_octets, s.messages, s.log_floor}) {
    put_varint(out, v);
  }
  if (s.restored == 0 && s.lost.empty() && s.copies == 0 && s.copies_until == 0) return out;
  out[0] = static_cast<char>(kLongFormat);
  put_varint(out, s.restored);
  put_varint(out, s.lost.size());
  for (const State::Lost& lost : s.lost) {
    put_varint(out, lost.first);
    put_varint(out, lost.last);
  }
  if (s.copies == 0 && s.copies_until == 0) return out;
  out[0] = static_cast<char>(kCopiesFormat);
  put_varint(out, s.copies);
  put_varint(out, s.copies_until);
  return out;
}

Result<State> decode_state(std::string_view value) {
  GP_TRY(ByteReader in, begin(value, "account state", kCopiesFormat));
  State s;
  s.next_item = in.varint();
  bool fits = narrow(in.varint(), s.next_folder);
  fits = narrow(in.varint(), s.next_uid_validity) && fits;
  s.used_octets = in.varint();
  s.messages = in.varint();
  s.log_floor = in.varint();
  if (is_long(value)) {
    s.restored = in.varint();
    const std::uint64_t count = in.varint();
    if (count > kMaxLost) return damaged("account state");
    for (std::uint64_t i = 0; i < count; ++i) {
      const Modseq first = in.varint();
      s.lost.push_back({first, in.varint()});
    }
    if (static_cast<std::uint8_t>(value[0]) == kCopiesFormat) {
      s.copies = in.varint();
      s.copies_until = in.varint();
    }
  }
  if (!in.ok() || !in.at_end() || !fits) return damaged("account state");
  return s;
}

std::string encode(const FolderRecord& f) {
  std::string out = start(80 + f.name.size());
  put_u8(out, static_cast<std::uint8_t>((f.selectable ? 1 : 0) | (f.dying ? 2 : 0) | (f.has_sets ? 4 : 0) |
                                        (f.has_pop3_ids ? 8 : 0)));
  put_u8(out, static_cast<std::uint8_t>(f.role));
  put_varint(out, number(f.parent));
  put_text(out, f.name);
  for (const std::uint64_t v :
       {std::uint64_t{f.uid_validity}, std::uint64_t{f.uid_next}, std::uint64_t{f.total}, std::uint64_t{f.unseen},
        std::uint64_t{f.deleted}, f.octets, f.highest_modseq, f.oldest_kept, f.vanished, std::uint64_t{f.unseen_from},
        std::uint64_t{f.recent_from}}) {
    put_varint(out, v);
  }
  if (f.gaps.empty()) return out;
  out[0] = static_cast<char>(kLongFormat);
  put_varint(out, f.gaps.ranges().size());
  for (const NumberSet::Range& gap : f.gaps.ranges()) {
    put_varint(out, gap.first);
    put_varint(out, gap.last);
  }
  return out;
}

Result<FolderRecord> decode_folder(FolderId id, std::string_view value) {
  GP_TRY(ByteReader in, begin(value, "folder", kLongFormat));
  FolderRecord f;
  f.id = id;
  const std::uint8_t bits = in.u8();
  f.selectable = (bits & 1) != 0;
  f.dying = (bits & 2) != 0;
  f.has_pop3_ids = (bits & 8) != 0;
  f.has_sets = (bits & 4) != 0;
  const std::uint8_t role = in.u8();
  std::uint32_t parent = 0;
  bool fits = narrow(in.varint(), parent) && role <= static_cast<std::uint8_t>(kLastRole);
  f.role = static_cast<Role>(role);
  f.parent = FolderId{parent};
  f.name = in.text();
  fits = narrow(in.varint(), f.uid_validity) && fits;
  fits = narrow(in.varint(), f.uid_next) && fits;
  fits = narrow(in.varint(), f.total) && fits;
  fits = narrow(in.varint(), f.unseen) && fits;
  fits = narrow(in.varint(), f.deleted) && fits;
  f.octets = in.varint();
  f.highest_modseq = in.varint();
  f.oldest_kept = in.varint();
  f.vanished = in.varint();
  fits = narrow(in.varint(), f.unseen_from) && fits;
  fits = narrow(in.varint(), f.recent_from) && fits;
  if (is_long(value)) fits = read_gaps(in, f.gaps) && fits;
  if (!in.ok() || !in.at_end() || !fits || f.name.empty()) return damaged("folder");
  return f;
}

std::string encode(const Former& former) {
  std::string out = start(12 + former.path.size());
  put_varint(out, former.seconds);
  put_text(out, former.path);
  return out;
}

Result<Former> decode_former(std::string_view value) {
  GP_TRY(ByteReader in, begin(value, "deleted folder"));
  Former former;
  former.seconds = in.varint();
  former.path = in.text();
  if (!in.ok() || !in.at_end()) return damaged("deleted folder");
  return former;
}

std::string encode_text(std::string_view text) {
  std::string out = start(text.size() + 4);
  put_text(out, text);
  return out;
}

Result<std::string> decode_text(std::string_view value) {
  GP_TRY(ByteReader in, begin(value, "text"));
  std::string text(in.text());
  if (!in.ok() || !in.at_end()) return damaged("text");
  return text;
}

std::string encode_empty() { return start(1); }

std::string encode_expiry(std::uint64_t seconds) {
  std::string out = start(10);
  put_varint(out, seconds);
  return out;
}

Result<std::uint64_t> decode_expiry(std::string_view value) {
  GP_TRY(ByteReader in, begin(value, "delivery id"));
  const std::uint64_t seconds = in.varint();
  if (!in.ok() || !in.at_end()) return damaged("delivery id");
  return seconds;
}

std::string encode(const Grants& grants) {
  std::string out = start(8 + grants.size() * 40);
  put_varint(out, grants.size());
  for (const Grant& g : grants) {
    put_u8(out, g.negative ? 1 : 0);
    put_varint(out, g.rights);
    put_text(out, g.who);
  }
  return out;
}

Result<Grants> decode_grants(std::string_view value) {
  GP_TRY(ByteReader in, begin(value, "rights"));
  const std::uint64_t count = in.varint();
  if (!in.ok() || count > in.rest().size()) return damaged("rights");
  Grants grants;
  grants.reserve(count);
  bool fits = true;
  for (std::uint64_t i = 0; i < count; ++i) {
    Grant g;
    const std::uint8_t negative = in.u8();
    g.negative = negative == 1;
    fits = narrow(in.varint(), g.rights) && negative <= 1 && fits;
    g.who = in.text();
    fits = fits && !g.who.empty();
    grants.push_back(std::move(g));
  }
  if (!in.ok() || !in.at_end() || !fits) return damaged("rights");
  return grants;
}

std::string encode_octets(std::uint64_t octets) { return encode_expiry(octets); }

Result<std::uint64_t> decode_octets(std::string_view value) { return decode_expiry(value); }

void begin_log(std::string& out, std::uint64_t seconds) {
  out = start(24);
  put_varint(out, seconds);
}

void put(std::string& out, const LogEntry& e) {
  const bool is_item = is_of_item(e.what);
  const bool in_thread = is_item && e.thread != ItemId{} && number(e.thread) != e.id;
  const bool is_copy = is_item && e.email != ItemId{} && number(e.email) != e.id;
  put_u8(out, static_cast<std::uint8_t>(static_cast<unsigned>(e.what) | (in_thread ? kInThreadOf : 0U) |
                                        (is_copy ? kCopyOf : 0U)));
  put_varint(out, e.id);
  if (is_item) put_varint(out, number(e.folder));
  const auto needs = [&out](std::uint8_t format) {
    if (static_cast<std::uint8_t>(out[0]) < format) out[0] = static_cast<char>(format);
  };
  if (in_thread) {
    needs(kLongFormat);
    put_varint(out, number(e.thread));
  }
  if (is_copy) {
    needs(kCopyLogFormat);
    put_varint(out, number(e.email));
  }
  if (e.what == LogEntry::What::item_seen) {
    needs(kReadersFormat);
    put_varint(out, e.reader);
  }
}

Result<LogRecord> decode_log(std::string_view value) {
  GP_TRY(ByteReader in, begin(value, "change log entry", kCopyLogFormat));
  LogRecord log;
  log.seconds = in.varint();
  while (in.ok() && !in.at_end()) {
    LogEntry e;
    const std::uint8_t octet = in.u8();
    const auto what = static_cast<std::uint8_t>(octet & ~(kInThreadOf | kCopyOf));
    if (what == 0 || what > static_cast<std::uint8_t>(kLastWhat)) return damaged("change log entry");
    e.what = static_cast<LogEntry::What>(what);
    e.id = in.varint();
    if (is_of_item(e.what)) {
      std::uint32_t folder = 0;
      if (!narrow(in.varint(), folder)) return damaged("change log entry");
      e.folder = FolderId{folder};
      e.thread = (octet & kInThreadOf) != 0 ? ItemId{in.varint()} : ItemId{e.id};
      e.email = (octet & kCopyOf) != 0 ? ItemId{in.varint()} : ItemId{e.id};
    }
    if (e.what == LogEntry::What::item_seen) e.reader = in.varint();
    log.entries.push_back(e);
  }
  if (!in.ok()) return damaged("change log entry");
  return log;
}

}  // namespace gatepost::account::records
