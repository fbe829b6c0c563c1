#include "mime/parameters.hpp"

#include <gtest/gtest.h>

namespace gatepost::mime {
namespace {

struct Read {
  TextPool pool;
  std::vector<Parameter> parameters;
  std::optional<ContentType> type;

  explicit Read(std::string_view value) { type = read_content_type(value, pool, parameters); }
  std::string text() const {
    if (!type) return "none";
    std::string out = std::string(type->type) + "/" + std::string(type->subtype);
    for (const Parameter& p : parameters) out += ";" + std::string(p.name) + "=" + std::string(p.value);
    return out;
  }
};
std::string read(std::string_view value) { return Read(value).text(); }
std::optional<std::string> decoded_parameter(std::string_view value, std::string_view name) {
  const Read read(value);
  return decode_parameter(read.parameters, name);
}

TEST(MimeParameters, ReadsTypeAndParameters) {
  EXPECT_EQ(read("text/plain"), "text/plain");
  EXPECT_EQ(read(" text/plain; charset=us-ascii (Plain text)"), "text/plain;charset=us-ascii");
  EXPECT_EQ(read("text/plain; charset=\"us-ascii\""), "text/plain;charset=us-ascii");
  EXPECT_EQ(read("Text / HTML ;\r\n\tCharset = UTF-8 ;x=\"a\\\"b;c\""), "Text/HTML;Charset=UTF-8;x=a\"b;c");
  EXPECT_EQ(read("multipart/mixed; boundary=\"gc0p4Jq0M:2Yt08jU534c0p==\""),
            "multipart/mixed;boundary=gc0p4Jq0M:2Yt08jU534c0p==");
}

TEST(MimeParameters, TakesWhatMailersWrite) {
  EXPECT_EQ(read("text/plain charset=utf-8"), "text/plain;charset=utf-8");
  EXPECT_EQ(read("text/plain; charset=utf-8 format=flowed"), "text/plain;charset=utf-8;format=flowed");
  EXPECT_EQ(read("text/plain;; ;charset=utf-8;"), "text/plain;charset=utf-8");
  EXPECT_EQ(read("application/pdf; name=a file (1).pdf; x=y"), "application/pdf;name=a file (1).pdf;x=y");
  EXPECT_EQ(read("text/plain; name=\"a\"b; x=y"), "text/plain;name=a;x=y");
  EXPECT_EQ(read("text/plain; novalue; x=y"), "text/plain;x=y");
  EXPECT_EQ(read("text/plain; x="), "text/plain;x=");
  EXPECT_EQ(read("text/plain; name=\"never closed; x=y"), "text/plain;name=never closed; x=y");
  EXPECT_EQ(read("text/plain; boundary=a=b"), "text/plain;boundary=a=b");
  EXPECT_EQ(read("text/plain; n=\xc3\xa4"), "text/plain;n=\xc3\xa4");
  EXPECT_EQ(read("text/html/x; a=b"), "text/html;a=b");
}

TEST(MimeParameters, WhatIsNoTypeIsNone) {
  for (const char* value : {"", "text", "text/", "/plain", ";a=b", "\"text\"/plain"})
    EXPECT_EQ(read(value), "none") << value;
}

TEST(MimeParameters, OfEqualNamesTheFirstCounts) { EXPECT_EQ(read("a/b; x=1; X=2; y=3"), "a/b;x=1;y=3"); }

TEST(MimeParameters, JoinsContinuations) {
  EXPECT_EQ(read("message/external-body; access-type=URL; URL*0=\"ftp://\"; URL*1=\"cs.utk.edu/pub/\""),
            "message/external-body;access-type=URL;URL=ftp://cs.utk.edu/pub/");
  EXPECT_EQ(read("a/b; x*1=two; x*0=one; y=z; X*2=three"), "a/b;x=onetwothree;y=z");
  EXPECT_EQ(read("a/b; x*0*=us-ascii'en'This%20is%20; x*1*=%2A%2A%2Afun%2A%2A%2A%20; x*2=\"isn't it!\""),
            "a/b;x*=us-ascii'en'This%20is%20%2A%2A%2Afun%2A%2A%2A%20isn%27t%20it!");
  EXPECT_EQ(read("a/b; x*0=a%20; x*1*=%20b"), "a/b;x=a%20 b");
}

TEST(MimeParameters, SectionsThatDoNotFitStayAsTheyAre) {
  EXPECT_EQ(read("a/b; x*1=b"), "a/b;x*1=b");
  EXPECT_EQ(read("a/b; x*0=a; x*2=c"), "a/b;x=a;x*2=c");
  EXPECT_EQ(read("a/b; x*0=a; x*0=b"), "a/b;x=a");
  EXPECT_EQ(read("a/b; *=c; *0=d; x**=e; x*99999999999999999999=f"), "a/b;*=c;*0=d;x**=e;x*99999999999999999999=f");
}

TEST(MimeParameters, DecodesToUtf8) {
  EXPECT_EQ(decoded_parameter("a/b; name*=utf-8''na%C3%AFve.txt; name=naive.txt", "NAME"), "na\xc3\xafve.txt");
  EXPECT_EQ(decoded_parameter("a/b; name*=iso-8859-1'fr'na%EFve", "name"), "na\xc3\xafve");
  EXPECT_EQ(decoded_parameter("a/b; name*0*=utf-8''%C3; name*1*=%AF", "name"), "\xc3\xaf");
  EXPECT_EQ(decoded_parameter("a/b; name*=x-nobody-knows''%C3%AF%41", "name"),
            "\xc3\xaf"
            "A");
  EXPECT_EQ(decoded_parameter("a/b; name*=broken%41%4", "name"), "brokenA%4");
  EXPECT_EQ(decoded_parameter("a/b; name=\"=?utf-8?q?na=C3=AFve?=\"", "name"), "na\xc3\xafve");
  EXPECT_EQ(decoded_parameter("a/b; name=na\xefve", "name"), "na\xc3\xafve");
  EXPECT_FALSE(decoded_parameter("a/b; name=x", "nam"));
}

TEST(MimeParameters, ReadsDispositions) {
  TextPool pool;
  std::vector<Parameter> parameters;
  EXPECT_EQ(read_disposition(" attachment; filename=\"a b\"", pool, parameters), "attachment");
  ASSERT_EQ(parameters.size(), 1U);
  EXPECT_EQ(find_parameter(parameters, "FileName"), "a b");
  EXPECT_FALSE(read_disposition("; filename=x", pool, parameters));
  EXPECT_FALSE(read_disposition("", pool, parameters));
}

TEST(MimeParameters, DropsLineEndsAndNul) {
  EXPECT_EQ(read(std::string_view("a/b; x=\"1\r\n 2\0\"; y=3\r\n\t4", 24)), "a/b;x=1 2;y=3\t4");
}

}  // namespace
}  // namespace gatepost::mime
