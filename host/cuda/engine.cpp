#include <host/cuda/module.hpp>

#include <algorithm>
#include <deque>
#include <mutex>

#include <fmt/format.h>

#include <host/cuda/batch.hpp>
#include <host/cuda/border.hpp>
#include <host/cuda/problem.hpp>
#include <host/cuda/solver.hpp>
#include <host/engine/cpu_engine.hpp>
#include <kernels/search.hpp>

namespace cuglmm::cuda {
namespace {

/// Of the free memory, what the problems in flight may take: Thrust and the driver need some.
constexpr double kMemoryPart = 0.8;

class CudaEngine : public Engine {
 public:
  CudaEngine(const PlanData& plan, const CudaDevice& device, HostPart host, int smallest_border)
      : plan_(plan),
        info_(device),
        host_(std::move(host)),
        device_plan_(plan, stream_),
        border_(smallest_border, stream_) {}

  std::string device() const override { return fmt::format("cuda ({})", info_.name); }

  /// One problem on an arrow has no lanes to fill a GPU with: the CPU's is used, but for a large border.
  std::unique_ptr<Problem> problem(const ResponseSums& sums) override {
    if (plan_.arrow) {
      if (!cpu_)
        cpu_ = make_cpu_engine(plan_, host_.simd, host_.threads, border_.functions(plan_.view.arrow.border));
      return cpu_->problem(sums);
    }
    if (!layout_) layout_ = std::make_unique<Layout>(plan_, stream_);
    return make_problem(*layout_, sums, stream_);
  }

  int feed_width() const override { return kFeedWidth; }

  /// A tile that does not fit is halved; the rest goes on.
  void optimise(const BatchJob& job) override {
    std::deque<std::int64_t> pending;
    int lanes = static_cast<int>(problems_in_flight(job));
    for (;;) {
      try {
        Batch(plan_, device_plan_.view(), job, lanes, pending, stream_).run();
        if (pending.empty()) return;
      } catch (const Failure& failure) {
        if (!failure.out_of_memory() || lanes <= 1) throw;
        lanes /= 2;
      }
    }
  }

  void simulate(const Draws& draws, Feed& feed, double* responses) override {
    const DevicePlan draw_plan(*draws.plan, stream_);
    const Tile tile(device_plan_.view(), kFeedWidth);
    const DeviceArray<double> psi(draws.psi.size());
    const DeviceArray<double> drawn(responses ? std::size_t(plan_.model_rows) * kFeedWidth : 0);
    upload(psi.data(), draws.psi.data(), draws.psi.size(), stream_);
    upload(tile.problems().number, feed.number, kFeedWidth, stream_);
    const DeviceArray<int> list = every_lane(kFeedWidth, stream_);
    check(cuda::simulate(draw_plan.view(), psi.data(), draws.sigma, draws.seed, tile.problems(), list.data(),
                         kFeedWidth, responses ? drawn.data() : nullptr, stream_.get()));
    each_array(feed, tile.problems(), [&](double* host, double* device, std::size_t n) {
      download(host, device, n * kFeedWidth, stream_);
    });
    if (responses) download(responses, drawn.data(), drawn.size(), stream_);
  }

  Eigen::VectorXd evaluate(Feed& feed, const Eigen::MatrixXd& psi, Eigen::MatrixXd& gradient,
                           double mode_tolerance) override {
    const int count = static_cast<int>(psi.cols());
    const Tile tile(device_plan_.view(), kFeedWidth);
    const Problems& at = tile.problems();
    each_array(feed, at, [&](double* host, double* device, std::size_t n) {
      upload(device, host, n * kFeedWidth, stream_);
    });
    upload(at.psi, psi.data(), psi.size(), stream_);
    const std::vector<double> searching(kFeedWidth, kSearch);  // no moments
    upload(at.phase, searching.data(), searching.size(), stream_);
    fill_zero(at.evaluations, kFeedWidth, stream_);
    if (device_plan_.view().shape == KernelShape::one_unit)
      fill_zero(at.sensitivity, std::size_t(plan_.view.component_count) * psi.rows() * kFeedWidth, stream_);
    const DeviceArray<int> list = every_lane(kFeedWidth, stream_);
    check(cuda::evaluate(device_plan_.view(), at, list.data(), count, mode_tolerance, stream_.get()));
    Eigen::VectorXd objective(count);
    gradient.resize(psi.rows() + plan_.view.carried, count);
    download(objective.data(), at.objective, count, stream_);
    download(gradient.data(), at.gradient, gradient.size(), stream_);
    gradient.conservativeResize(psi.rows(), Eigen::NoChange);
    download(feed.u, at.u, std::size_t(plan_.view.u_total) * kFeedWidth, stream_);
    return objective;
  }

  std::uint64_t bytes_per_problem() const override { return Tile::bytes(device_plan_.view()); }

  std::uint64_t problems_in_flight(const BatchJob& job) const override {
    std::size_t free = 0, total = 0;
    check(cudaMemGetInfo(&free, &total));
    std::uint64_t room = static_cast<std::uint64_t>(kMemoryPart * static_cast<double>(free));
    if (job.memory_limit > 0) room = std::min(room, job.memory_limit);
    const std::uint64_t bytes =
        bytes_per_problem() + 2 * (kResultHead + plan_.view.m + plan_.view.p) * sizeof(double);
    if (room < bytes)
      throw Error(fmt::format(
          "the memory limit of {} bytes is too small: a replicate on the GPU needs {} bytes", room, bytes));
    return std::min({room / bytes, sensible_lanes(), std::uint64_t(std::max<std::int64_t>(job.count, 1))});
  }

  std::optional<Eigen::MatrixXd> inverse(const Eigen::MatrixXd& A) const override {
    const std::lock_guard lock(solver_mutex_);
    if (!solver_) solver_.emplace(stream_);
    return solver_->inverse(A);
  }

 private:
  /// As many problems as the GPU has threads, or enough for each thread to serve kRounds parts of one.
  std::uint64_t sensible_lanes() const {
    constexpr int kRounds = 4;
    const PlanView& view = device_plan_.view();
    const int parts = std::max((plan_.arrow ? view.arrow.part_count : view.parts.count) / kRounds, 1);
    return static_cast<std::uint64_t>(std::max(info_.threads / parts, 1));
  }

  /// f(in the feed, in the tile, entries per lane) for the arrays of a problem's data.
  template <class F>
  void each_array(const Feed& feed, const Problems& at, F f) const {
    f(feed.zy, at.zy, plan_.view.zy_total);
    f(feed.u, at.u, plan_.view.u_total);
    f(feed.xy, at.xy, plan_.p);
    f(feed.offset_y, at.offset_y, 1);
    f(feed.constant, at.constant, 1);
  }

  const PlanData& plan_;
  const CudaDevice info_;
  const HostPart host_;
  Stream stream_;
  mutable std::mutex solver_mutex_;
  mutable std::optional<Solver>
      solver_;  ///< made when asked for: a batch does without, and it takes milliseconds
  DevicePlan device_plan_;
  std::unique_ptr<Layout> layout_;
  Border border_;
  std::unique_ptr<Engine> cpu_;
};

}  // namespace

std::unique_ptr<Engine> make_engine(const PlanData& plan, const CudaDevice& device, const HostPart& host) {
  return make_engine(plan, device, host, kDeviceBorder);
}

std::unique_ptr<Engine> make_engine(const PlanData& plan, const CudaDevice& device, const HostPart& host,
                                    int smallest_border) {
  check(cudaSetDevice(device.number));
  return std::make_unique<CudaEngine>(plan, device, host, smallest_border);
}

}  // namespace cuglmm::cuda
