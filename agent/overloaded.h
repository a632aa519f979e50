// One lambda per alternative for std::visit; a forgotten alternative does not compile.
#pragma once

namespace chorale::agent {

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

}  // namespace chorale::agent
