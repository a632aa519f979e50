// Owns what OpenSSL allocates.
#pragma once

#include <memory>

namespace chorale::agent {

template <auto Free>
struct FreedBy {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
template <class T, auto Free>
using OpensslPointer = std::unique_ptr<T, FreedBy<Free>>;

}  // namespace chorale::agent
