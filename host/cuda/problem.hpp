/// One problem on the device, its components side by side.
#pragma once

#include <memory>

#include <host/cuda/device_plan.hpp>
#include <host/engine/engine.hpp>

namespace cuglmm::cuda {

/// The layout by component of a plan, on both sides.
struct Layout {
  Layout(const PlanData& plan, const Stream& stream);
  SliceLayout host;
  DeviceSlices device;
};

/// The layout and the stream must live as long.
std::unique_ptr<Problem> make_problem(const Layout& layout, const ResponseSums& sums, const Stream& stream);

}  // namespace cuglmm::cuda
