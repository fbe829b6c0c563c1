#pragma once

#include <unistd.h>
#include <iostream>
#include <string>

// What is typed by somebody, or comes through a pipe.
namespace gatepost::cli {

// A password never stands on the command line, where every user of the machine could read it.
inline std::string read_password() {
  std::string password;
  if (::isatty(STDIN_FILENO) != 0) std::cerr << "Password: ";
  std::getline(std::cin, password);
  if (!password.empty() && password.back() == '\r') password.pop_back();
  return password;
}

}  // namespace gatepost::cli
