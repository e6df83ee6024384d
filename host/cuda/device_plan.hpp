/// A plan's arrays on the device.
#pragma once

#include <host/cuda/memory.hpp>
#include <host/plan/plan_data.hpp>

namespace cuglmm::cuda {

/// By problem: rows, trees and what simulation needs.
class DevicePlan {
 public:
  DevicePlan(const PlanData& plan, const Stream& stream);
  const PlanView& view() const { return view_; }

 private:
  PlanView view_;
  Arena arrays_, components_;
};

/// By component: the slices of a layout.
class DeviceSlices {
 public:
  DeviceSlices(const PlanData& plan, const SliceLayout& layout, const Stream& stream);
  const PlanView& view() const { return view_; }

 private:
  PlanView view_;
  Arena arrays_, slices_;
};

}  // namespace cuglmm::cuda
