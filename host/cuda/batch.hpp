/// A batch of problems, optimised on the device from draw to result.
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include <host/cuda/device_plan.hpp>
#include <host/cuda/tile.hpp>
#include <host/engine/engine.hpp>

namespace cuglmm::cuda {

/// Problems of a host's feed, side by side.
constexpr int kFeedWidth = 256;

/// A list of lanes 0, 1, .. count - 1.
DeviceArray<int> every_lane(int count, const Stream& stream);

/// The host sees how many problems run and how many have ended, and their results, which it hands on while
/// the device works at the next step.
class Batch {
 public:
  /// `pending`: numbers claimed already; what is not finished when run() throws is put back there. Throws
  /// Failure where there is no room for so many lanes.
  Batch(const PlanData& host_plan, const PlanView& plan, const BatchJob& job, int lanes,
        std::deque<std::int64_t>& pending, const Stream& stream);

  /// Until no problem is left.
  void run();

 private:
  /// A list of lanes, on the device.
  struct List {
    DeviceArray<int> lanes;
    int count = 0;
  };
  /// Results on their way to the host.
  struct Results {
    explicit Results(std::size_t n) : device(n), host(n) {}
    DeviceArray<double> device;
    PinnedArray<double> host;
    Event arrived;
    int count = 0;
  };

  void refill();
  std::vector<std::int64_t> claim(int wanted);
  void load(const int* list, const std::vector<std::int64_t>& numbers);
  void load_feeds(const int* list, const std::vector<std::int64_t>& numbers);
  void step();
  void deliver(Results& results);
  void put_back();

  const PlanData& host_plan_;
  const PlanView plan_;
  const BatchJob& job_;
  std::deque<std::int64_t>& pending_;
  const Stream& stream_;
  const int k_;
  const std::size_t result_size_;  ///< doubles of an ended problem
  std::optional<DevicePlan> draw_plan_;
  PlanView draw_view_{};
  Tile tile_;
  List running_, still_running_, ended_, free_;
  Results results_[2];
  int next_results_ = 0;
  DeviceArray<std::int64_t> numbers_;
  DeviceArray<double> constants_;  ///< psi, inverse Hessian, start of modes, psi to draw at
  DeviceArray<double> feed_;
  SearchControl control_{};
  const double* draw_psi_ = nullptr;
  double draw_sigma_ = 1;
  bool claims_left_ = true;
};

}  // namespace cuglmm::cuda
