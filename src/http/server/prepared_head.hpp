#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "http/protocol/h1_writer.hpp"
#include "http/protocol/head.hpp"

namespace gatepost::http::server {

// Fields of an answer that is given many times, and the lines that HTTP/1.1 makes of them. Immutable.
class PreparedHead {
 public:
  explicit PreparedHead(Fields fields) : fields_(std::move(fields)) {
    write_fields(lines_, fields_);
    lines_.shrink_to_fit();
  }
  const Fields& fields() const { return fields_; }
  std::string_view lines() const { return lines_; }

 private:
  Fields fields_;
  std::string lines_;
};

}  // namespace gatepost::http::server
