/// kernels/scratch.hpp for packs, and their lanes one by one.
#pragma once

#include <kernels/cpu/pack.hpp>
#include <kernels/scratch.hpp>

namespace cuglmm {

/// One lane of an entry.
template <class Real>
CUGLMM_INLINE double& lane_of(Real& value, int lane) {
  return reinterpret_cast<double*>(&value)[lane];
}

/// The view of one lane.
template <class Real>
CUGLMM_INLINE Lanes<double> lanes_of_one(const Lanes<Real>& all, int lane) {
  return {reinterpret_cast<double*>(all.at) + lane, Lane<Real>::width};
}

}  // namespace cuglmm
