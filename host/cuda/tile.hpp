/// The problems in flight: their arrays (kernels/cuda/problems.hpp) for a number of lanes.
#pragma once

#include <host/cuda/memory.hpp>
#include <kernels/cuda/problems.hpp>

namespace cuglmm::cuda {

class Tile {
 public:
  /// Throws Failure where there is no room for so many lanes.
  Tile(const PlanView& plan, int lanes);

  const Problems& problems() const { return problems_; }
  int lanes() const { return problems_.lanes; }
  /// Device memory per lane.
  static std::size_t bytes(const PlanView& plan);

 private:
  DeviceArray<double> reals_;
  DeviceArray<std::int64_t> number_;
  DeviceArray<int> ending_;
  Problems problems_{};
};

}  // namespace cuglmm::cuda
