#pragma once

#include <boost/asio/awaitable.hpp>

namespace gatepost::runtime {

// A coroutine that runs on the I/O thread that started it and never leaves it.
template <class T = void>
using Task = boost::asio::awaitable<T>;

}  // namespace gatepost::runtime
