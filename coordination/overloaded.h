// One lambda per alternative of a std::variant, for std::visit.
#pragma once

namespace chorale::coordination {

template <class... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
template <class... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

}  // namespace chorale::coordination
