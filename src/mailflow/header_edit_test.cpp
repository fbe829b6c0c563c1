#include "mailflow/header_edit.hpp"

#include <gtest/gtest.h>

namespace gatepost::mailflow {
namespace {

const SubmissionEdit kEdit{"Thu, 01 Jan 2026 00:00:00 +0000", "<1@mail.example.org>"};

TEST(MailflowHeaderEdit, FindsTheEndOfAHeaderHoweverItComes) {
  const std::string text = "A: b\r\n c\r\n\r\nbody\r\n\r\n";
  EXPECT_EQ(header_end(text), 12U);
  EXPECT_EQ(header_end("\r\nbody"), 2U);
  EXPECT_EQ(header_end("A: b\r\n"), std::string_view::npos);
  EXPECT_EQ(header_end("A: b\n\nbody"), std::string_view::npos);
  for (std::size_t searched = 0; searched < 12; ++searched) {
    EXPECT_EQ(header_end(text.substr(0, searched)), std::string_view::npos);
    EXPECT_EQ(header_end(text, searched), 12U) << searched;
  }
}

TEST(MailflowHeaderEdit, CountsReceivedFields) {
  EXPECT_EQ(count_received("Received: a\r\n\tb\r\nreceived : c\r\nX-Received: d\r\nSubject: Received: e\r\n\r\n"), 2U);
  EXPECT_EQ(count_received(""), 0U);
}

TEST(MailflowHeaderEdit, AddsWhatIsMissing) {
  EXPECT_EQ(edit_for_submission("Subject: x\r\n\r\n", kEdit),
            "Date: Thu, 01 Jan 2026 00:00:00 +0000\r\nMessage-ID: <1@mail.example.org>\r\nSubject: x\r\n\r\n");
  EXPECT_EQ(edit_for_submission("DATE: y\r\nmessage-id: <z>\r\n\r\n", kEdit), "DATE: y\r\nmessage-id: <z>\r\n\r\n");
  EXPECT_EQ(edit_for_submission("\r\n", kEdit),
            "Date: Thu, 01 Jan 2026 00:00:00 +0000\r\nMessage-ID: <1@mail.example.org>\r\n\r\n");
}

TEST(MailflowHeaderEdit, KeepsBccPrivate) {
  EXPECT_EQ(edit_for_submission(
                "Date: d\r\nMessage-ID: <m>\r\nBcc: a@b,\r\n\tc@d\r\nTo: e@f\r\nRESENT-BCC : g@h\r\n\r\n", kEdit),
            "Date: d\r\nMessage-ID: <m>\r\nTo: e@f\r\n\r\n");
}

TEST(MailflowHeaderEdit, SetsOrDropsTheSender) {
  const std::string header = "Date: d\r\nMessage-ID: <m>\r\nSender: a@b,\r\n\tc@d\r\nTo: e@f\r\nSENDER : g@h\r\n\r\n";
  SubmissionEdit edit = kEdit;
  EXPECT_EQ(edit_for_submission(header, edit), header);
  edit.sender = "";
  EXPECT_EQ(edit_for_submission(header, edit), "Date: d\r\nMessage-ID: <m>\r\nTo: e@f\r\n\r\n");
  edit.sender = "<i@j>";
  EXPECT_EQ(edit_for_submission(header, edit), "Sender: <i@j>\r\nDate: d\r\nMessage-ID: <m>\r\nTo: e@f\r\n\r\n");
}

TEST(MailflowHeaderEdit, ShowsFieldsInTheirOrder) {
  std::string all;
  for_each_field("A: b\r\n\tc\r\nno field\r\nD :e\r\n\r\n", [&](std::string_view name, std::string_view value) {
    all.append(name).append("=").append(value).append(";");
  });
  EXPECT_EQ(all, "A= b\r\n\tc;D=e;");
}

TEST(MailflowHeaderEdit, TakesTextThatBeginsWithABlankForNoHeader) {
  EXPECT_EQ(
      edit_for_submission(" Message-ID: <x>\r\n\r\n", kEdit),
      "Date: Thu, 01 Jan 2026 00:00:00 +0000\r\nMessage-ID: <1@mail.example.org>\r\n\r\n Message-ID: <x>\r\n\r\n");
}

TEST(MailflowHeaderEdit, LeavesOtherOctetsAsTheyAre) {
  const std::string odd = "Date: d\r\nMessage-ID: <m>\r\nno field at all\r\nX:\xff\x01\r\n \r\nBccx: y\r\n\r\n";
  EXPECT_EQ(edit_for_submission(odd, kEdit), odd);
}

}  // namespace
}  // namespace gatepost::mailflow
