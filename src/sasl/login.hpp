#pragma once

#include <memory>
#include <string_view>

#include "sasl/mechanism.hpp"

namespace gatepost::sasl {

// LOGIN: name and password, each as the answer to a prompt. No standard (draft-murchison-sasl-login), but Outlook and
// many devices know nothing else. An initial response is the name.
std::unique_ptr<Exchange> make_login_exchange();
std::unique_ptr<ClientExchange> make_login_client(std::string_view name, const Secret& password);

}  // namespace gatepost::sasl
