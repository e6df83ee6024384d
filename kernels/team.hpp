/// Who does the independent parts of one problem, or of lanes in lockstep:
///
///     parts(n, body)    body(0), .., body(n - 1), long
///     each(n, f)        f(0), .., f(n - 1), short
///     ranges(n, f)      f(begin, end) for stretches that make up [0, n)
///     once(f)           f() by one thread
///     sum(n, f)         f(0) + .. + f(n - 1), the same number for every thread
///     any(mask)         in any lane of any problem worked on in lockstep
///
/// Each returns when all is done; what is outside of them is done by every thread for itself, so it must not
/// write to the problem's arrays, and a branch that leads to them must be the same for all: ask any().
#pragma once

#include <kernels/real.hpp>

namespace cuglmm {

/// One thread does all but the parts.
struct OneThread {
  template <class F>
  CUGLMM_HD void each(Index n, const F& f) const {
    for (Index i = 0; i < n; ++i) f(i);
  }
  template <class F>
  CUGLMM_HD void ranges(Index n, const F& f) const {
    f(Index{0}, n);
  }
  template <class F>
  CUGLMM_HD void once(const F& f) const {
    f();
  }
  template <class F>
  CUGLMM_HD auto sum(Index n, const F& f) const {
    decltype(f(n)) sum(0.0);
    for (Index i = 0; i < n; ++i) sum += f(i);
    return sum;
  }
  template <class AnyMask>
  CUGLMM_HD bool any(const AnyMask& mask) const {
    return any_(mask);
  }
};

/// Runs the parts one after another.
struct Alone : OneThread {
  template <class Body>
  CUGLMM_HD void parts(int n, const Body& body) const {
    for (int part = 0; part < n; ++part) body(part);
  }
  CUGLMM_HD int count() const { return 1; }
};

/// Hands the parts to the host's threads.
struct Team : OneThread {
  void (*run)(const Team& team, int parts, void (*body)(const void* argument, int part),
              const void* argument);
  int size;

  Team(decltype(run) run_parts, int threads) : run(run_parts), size(threads) {}

  template <class Body>
  void parts(int n, const Body& body) const {
    run(
        *this, n, [](const void* argument, int part) { (*static_cast<const Body*>(argument))(part); }, &body);
  }
  int count() const { return size; }
};

}  // namespace cuglmm
