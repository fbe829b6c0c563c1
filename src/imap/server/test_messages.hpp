#pragma once

#include <string>

// Tests only: messages worth looking into.
namespace gatepost::imap::server::test {

// The example of RFC 3501 6.4.5 (RFC 9051 6.4.5.1), with something in each part.
inline std::string standards_example() {
  const std::string inner4 =
      "Subject: message in part 4.2\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b42\r\n\r\n"
      "--b42\r\n\r\npart 4.2.1\r\n"
      "--b42\r\nContent-Type: multipart/alternative; boundary=b422\r\n\r\n"
      "--b422\r\nContent-Type: text/plain\r\n\r\npart 4.2.2.1\r\n"
      "--b422\r\nContent-Type: text/richtext\r\n\r\npart 4.2.2.2\r\n"
      "--b422--\r\n\r\n--b42--\r\n";
  return "From: Anna <anna@example.org>\r\nTo: Bob <bob@example.org>\r\nSubject: the example\r\n"
         "Date: Mon, 7 Feb 1994 21:52:25 -0800\r\nMessage-ID: <1@example.org>\r\nMIME-Version: 1.0\r\n"
         "Content-Type: multipart/mixed; boundary=\"b0\"\r\n\r\npreamble\r\n"
         "--b0\r\nContent-Type: text/plain\r\n\r\npart 1\r\nof two lines\r\n"
         "--b0\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n"
         "Content-Disposition: attachment; filename=a.bin\r\n\r\nAAEC/w==\r\n"
         "--b0\r\nContent-Type: message/rfc822\r\n\r\n"
         "Subject: message in part 3\r\nFrom: carol@example.org\r\nMIME-Version: 1.0\r\n"
         "Content-Type: multipart/mixed; boundary=b3\r\n\r\n"
         "--b3\r\n\r\npart 3.1\r\n"
         "--b3\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\ncGFydCAzLjI=\r\n"
         "--b3--\r\n\r\n"
         "--b0\r\nContent-Type: multipart/mixed; boundary=b4\r\n\r\n"
         "--b4\r\nContent-Type: image/gif\r\nContent-Transfer-Encoding: base64\r\n\r\nR0lGODlh\r\n"
         "--b4\r\nContent-Type: message/rfc822\r\n\r\n" +
         inner4 + "\r\n--b4--\r\n\r\n--b0--\r\nepilogue\r\n";
}

}  // namespace gatepost::imap::server::test
