/// Who does the independent parts of one problem.
#pragma once

#include <kernels/real.hpp>

namespace cuglmm {

/// Runs body(0), .., body(parts - 1), one after another.
struct Alone {
  template <class Body>
  CUGLMM_HD void operator()(int parts, const Body& body) const {
    for (int part = 0; part < parts; ++part) body(part);
  }
  CUGLMM_HD int threads() const { return 1; }
};

/// Hands the parts to the host's threads.
struct Team {
  void (*run)(const Team& team, int parts, void (*body)(const void* argument, int part),
              const void* argument);
  int size;

  template <class Body>
  void operator()(int parts, const Body& body) const {
    run(
        *this, parts, [](const void* argument, int part) { (*static_cast<const Body*>(argument))(part); },
        &body);
  }
  int threads() const { return size; }
};

}  // namespace cuglmm
