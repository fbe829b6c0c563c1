#include "smtp/protocol/command.hpp"

#include <gtest/gtest.h>

#include "base/utf8.hpp"

namespace gatepost::smtp {
namespace {

template <class T>
T parsed(std::string_view line, const ParseOptions& options = {}) {
  auto command = parse_command(line, options);
  if (!command || !std::holds_alternative<T>(*command)) {
    ADD_FAILURE() << line << ": " << (command ? "another command" : command.error().detail);
    return {};
  }
  return std::get<T>(*std::move(command));
}

std::optional<Fault> fault(std::string_view line, const ParseOptions& options = {}) {
  const auto command = parse_command(line, options);
  return command ? std::nullopt : std::optional(command.error().fault);
}

TEST(SmtpCommand, ReadsEachVerbInAnyCase) {
  EXPECT_EQ(parsed<Hello>("ehlo a.example"), (Hello{true, "a.example"}));
  EXPECT_EQ(parsed<Hello>("HELO [192.0.2.1]"), (Hello{false, "[192.0.2.1]"}));
  EXPECT_EQ(parsed<Mail>("mail from:<a@b> size=5").parameters.size, 5u);
  EXPECT_TRUE(parsed<Mail>("MAIL FROM:<>").reverse_path.is_null());
  EXPECT_EQ(parsed<Rcpt>("RCPT To:<a@b> NOTIFY=NEVER").forward_path.address(), "a@b");
  parsed<Data>("DaTa");
  EXPECT_EQ(parsed<Bdat>("BDAT 86 last"), (Bdat{86, true}));
  EXPECT_EQ(parsed<Bdat>("BDAT 0"), (Bdat{0, false}));
  parsed<Rset>("rset");
  parsed<Noop>("NOOP with something");
  parsed<Quit>("QUIT");
  EXPECT_EQ(parsed<Vrfy>("VRFY anna smtputf8"), (Vrfy{"anna", true}));
  EXPECT_EQ(parsed<Expn>("EXPN a list"), (Expn{"a list", false}));
  EXPECT_EQ(parsed<Help>("HELP me"), Help{"me"});
  EXPECT_EQ(parsed<Help>("HELP"), Help{});
  parsed<StartTls>("STARTTLS");
  EXPECT_EQ(parsed<Auth>("auth plain AGEAYg=="), (Auth{"PLAIN", std::string("\0a\0b", 4)}));
  EXPECT_EQ(parsed<Auth>("AUTH EXTERNAL ="), (Auth{"EXTERNAL", ""}));
  EXPECT_EQ(parsed<Auth>("AUTH LOGIN"), (Auth{"LOGIN", std::nullopt}));
}

TEST(SmtpCommand, NamesItsVerb) {
  for (int v = 0; v < static_cast<int>(Verb::unknown); ++v) {
    const auto name = to_string(static_cast<Verb>(v));
    EXPECT_EQ(verb_of(std::string(name) + " x"), static_cast<Verb>(v));
    for (std::string_view args : {"", " a.example", " FROM:<a@b>", " TO:<a@b>", " 1", " PLAIN"}) {
      if (const auto command = parse_command(std::string(name) + std::string(args))) {
        EXPECT_EQ(verb(*command), static_cast<Verb>(v));
      }
    }
  }
  EXPECT_EQ(verb_of("MAILS"), Verb::unknown);
  EXPECT_EQ(verb_of(""), Verb::unknown);
}

TEST(SmtpCommand, SaysWhatIsWrong) {
  EXPECT_EQ(fault("XYZZY"), Fault::unknown_command);
  EXPECT_EQ(fault(""), Fault::unknown_command);
  EXPECT_EQ(fault("\x16\x03\x01"), Fault::unknown_command);
  for (std::string_view line : {"EHLO",
                                "HELO ",
                                "MAIL",
                                "MAIL <a@b>",
                                "MAIL TO:<a@b>",
                                "RCPT FROM:<a@b>",
                                "DATA now",
                                "RSET x",
                                "QUIT x",
                                "BDAT",
                                "BDAT x",
                                "BDAT -1",
                                "BDAT 1 2",
                                "BDAT 1 LAST x",
                                "BDAT 99999999999999999999",
                                "VRFY",
                                "STARTTLS x",
                                "AUTH",
                                "AUTH PLAIN !",
                                "AUTH PLAIN AGEAYg==x",
                                "AUTH a.b",
                                "AUTH ABCDEFGHIJKLMNOPQRSTU",
                                "NOOP \x01",
                                "HELP \xff",
                                "EHLO a(b)",
                                "EHLO \"a\""}) {
    EXPECT_EQ(fault(line), Fault::syntax) << line;
  }
  EXPECT_EQ(fault(std::string_view("NOOP \0", 6)), Fault::syntax);
  EXPECT_EQ(fault("MAIL FROM:a@b"), Fault::bad_sender);
  EXPECT_EQ(fault("MAIL FROM:<a@b>SIZE=1"), Fault::bad_sender);
  EXPECT_EQ(fault("RCPT TO:<>"), Fault::bad_recipient);
  EXPECT_EQ(fault("MAIL FROM:<a@b> SIZE=x"), Fault::bad_parameter);
  EXPECT_EQ(fault("RCPT TO:<a@b> X=y"), Fault::unknown_parameter);
}

TEST(SmtpCommand, IsTolerantOnlyWhereToldTo) {
  const ParseOptions strict{.space_after_colon = false, .trailing_space = false, .any_hello_name = false};
  EXPECT_EQ(parsed<Mail>("MAIL FROM: <a@b>").reverse_path.address(), "a@b");
  EXPECT_EQ(fault("MAIL FROM: <a@b>", strict), Fault::bad_sender);
  parsed<Quit>("QUIT  ");
  EXPECT_EQ(fault("QUIT ", strict), Fault::syntax);
  EXPECT_EQ(parsed<Hello>("EHLO my_pc."), (Hello{true, "my_pc."}));
  EXPECT_EQ(parsed<Hello>("EHLO my pc"), (Hello{true, "my"}));
  EXPECT_EQ(fault("EHLO my_pc.", strict), Fault::syntax);
  EXPECT_EQ(parsed<Hello>("EHLO A.example", strict), (Hello{true, "a.example"}));
}

TEST(SmtpCommand, WritesWhatItReads) {
  for (std::string_view line : {"EHLO a.example",
                                "HELO [192.0.2.1]",
                                "MAIL FROM:<>",
                                "MAIL FROM:<a@b> SIZE=5 BODY=BINARYMIME SMTPUTF8 AUTH=<> RET=FULL ENVID=x",
                                "RCPT TO:<\"a b\"@c> NOTIFY=NEVER ORCPT=rfc822;a@b",
                                "RCPT TO:<postmaster>",
                                "DATA",
                                "BDAT 5",
                                "BDAT 0 LAST",
                                "RSET",
                                "NOOP",
                                "QUIT",
                                "VRFY a SMTPUTF8",
                                "EXPN b",
                                "HELP",
                                "HELP x",
                                "STARTTLS",
                                "AUTH PLAIN AGEAYg==",
                                "AUTH EXTERNAL =",
                                "AUTH LOGIN"}) {
    const auto command = parse_command(line);
    ASSERT_TRUE(command) << line;
    std::string out;
    write(out, *command);
    EXPECT_EQ(out, std::string(line) + "\r\n");
  }
}

TEST(SmtpCommand, HasAReplyForEachFault) {
  for (int f = 0; f <= static_cast<int>(kLastFault); ++f) {
    const Reply reply = reply_for({static_cast<Fault>(f), "detail"});
    EXPECT_TRUE(reply.permanent());
    ASSERT_TRUE(reply.enhanced);
    EXPECT_EQ(reply.enhanced->klass, 5);
  }
}

TEST(SmtpCommand, ReadsSaslAnswers) {
  EXPECT_EQ(parse_sasl_line(""), "");
  EXPECT_EQ(parse_sasl_line("YQ=="), "a");
  EXPECT_EQ(parse_sasl_line("*"), std::nullopt);
  EXPECT_EQ(parse_sasl_line("YQ"), std::nullopt);
}

}  // namespace
}  // namespace gatepost::smtp
