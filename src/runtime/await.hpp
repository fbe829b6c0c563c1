#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>

// For .cpp files: errors come as values, not as exceptions. What is begun with it is awaited at once: deferred, it
// needs no coroutine of its own.
namespace gatepost::runtime {

inline constexpr auto kAwait = boost::asio::as_tuple(boost::asio::deferred);

}  // namespace gatepost::runtime
