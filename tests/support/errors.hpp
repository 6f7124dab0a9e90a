// The message of the error that a call throws; empty if it throws none.
#pragma once

#include <exception>
#include <string>

namespace ink::testing {

template <class Error = std::exception, class F>
std::string message_of(F f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

}  // namespace ink::testing
