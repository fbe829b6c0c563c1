#pragma once

namespace boost::json {
class array;
class value;
}  // namespace boost::json

namespace gatepost::gate::importing {

// The array at `v`; nothing there, or another value: an empty one.
const boost::json::array& array_in(const boost::json::value* v);

}  // namespace gatepost::gate::importing
