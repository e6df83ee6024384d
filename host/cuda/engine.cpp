#include <host/cuda/module.hpp>

#include <algorithm>
#include <deque>
#include <mutex>

#include <fmt/format.h>

#include <host/cuda/batch.hpp>
#include <host/cuda/problem.hpp>
#include <host/cuda/solver.hpp>

namespace cuglmm::cuda {
namespace {

/// Of the free memory, what the problems in flight may take: Thrust and the driver need some.
constexpr double kMemoryPart = 0.8;

class CudaEngine : public Engine {
 public:
  CudaEngine(const PlanData& plan, const CudaDevice& device)
      : plan_(plan), info_(device), solver_(stream_), device_plan_(plan, stream_) {}

  std::string device() const override { return fmt::format("cuda ({})", info_.name); }

  std::unique_ptr<Problem> problem(const ResponseSums& sums) override {
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
    const DeviceArray<int> list = every_lane(kFeedWidth);
    check(cuda::simulate(draw_plan.view(), psi.data(), draws.seed, tile.problems(), list.data(), kFeedWidth,
                         responses ? drawn.data() : nullptr, stream_.get()));
    const Problems& at = tile.problems();
    download(feed.zy, at.zy, std::size_t(plan_.view.zy_total) * kFeedWidth, stream_);
    download(feed.u, at.u, std::size_t(plan_.view.u_total) * kFeedWidth, stream_);
    download(feed.xy, at.xy, std::size_t(plan_.p) * kFeedWidth, stream_);
    download(feed.offset_y, at.offset_y, kFeedWidth, stream_);
    download(feed.constant, at.constant, kFeedWidth, stream_);
    if (responses) download(responses, drawn.data(), drawn.size(), stream_);
  }

  Eigen::VectorXd evaluate(Feed& feed, const Eigen::MatrixXd& psi, Eigen::MatrixXd& gradient) override {
    const int count = static_cast<int>(psi.cols());
    const Tile tile(device_plan_.view(), kFeedWidth);
    const Problems& at = tile.problems();
    upload(at.zy, feed.zy, std::size_t(plan_.view.zy_total) * kFeedWidth, stream_);
    upload(at.u, feed.u, std::size_t(plan_.view.u_total) * kFeedWidth, stream_);
    upload(at.xy, feed.xy, std::size_t(plan_.p) * kFeedWidth, stream_);
    upload(at.offset_y, feed.offset_y, kFeedWidth, stream_);
    upload(at.constant, feed.constant, kFeedWidth, stream_);
    upload(at.psi, psi.data(), psi.size(), stream_);
    const std::vector<double> searching(kFeedWidth, 1.0);  // kSearch: no moments
    upload(at.phase, searching.data(), searching.size(), stream_);
    fill_zero(at.evaluations, kFeedWidth, stream_);
    if (device_plan_.view().shape == KernelShape::one_unit)
      fill_zero(at.sensitivity, std::size_t(plan_.view.component_count) * psi.rows() * kFeedWidth, stream_);
    const DeviceArray<int> list = every_lane(kFeedWidth);
    check(cuda::evaluate(device_plan_.view(), at, list.data(), count, kModeTolerance, stream_.get()));
    Eigen::VectorXd objective(count);
    gradient.resize(psi.rows(), count);
    download(objective.data(), at.objective, count, stream_);
    download(gradient.data(), at.gradient, gradient.size(), stream_);
    download(feed.u, at.u, std::size_t(plan_.view.u_total) * kFeedWidth, stream_);
    return objective;
  }

  std::uint64_t bytes_per_problem() const override { return Tile::bytes(device_plan_.view()); }

  std::uint64_t problems_in_flight(const BatchJob& job) const override {
    std::size_t free = 0, total = 0;
    check(cudaMemGetInfo(&free, &total));
    std::uint64_t room = static_cast<std::uint64_t>(kMemoryPart * static_cast<double>(free));
    if (job.memory_limit > 0) room = std::min(room, job.memory_limit);
    const std::uint64_t bytes = bytes_per_problem() + 2 * (kResultHead + job.psi.size()) * sizeof(double);
    if (room < bytes)
      throw Error(fmt::format(
          "the memory limit of {} bytes is too small: a replicate on the GPU needs {} bytes", room, bytes));
    const std::uint64_t sensible = std::uint64_t(info_.threads);
    return std::min({room / bytes, sensible, std::uint64_t(std::max<std::int64_t>(job.count, 1))});
  }

  std::optional<Eigen::MatrixXd> inverse(const Eigen::MatrixXd& A) const override {
    const std::lock_guard lock(solver_mutex_);
    return solver_.inverse(A);
  }

 private:
  DeviceArray<int> every_lane(int count) const {
    std::vector<int> lanes(count);
    for (int i = 0; i < count; ++i) lanes[i] = i;
    DeviceArray<int> list(count);
    upload(list.data(), lanes.data(), lanes.size(), stream_);
    return list;
  }

  const PlanData& plan_;
  const CudaDevice info_;
  Stream stream_;
  mutable std::mutex solver_mutex_;
  mutable Solver solver_;
  DevicePlan device_plan_;
  std::unique_ptr<Layout> layout_;
};

}  // namespace

namespace {

std::string version(int number) { return fmt::format("{}.{}", number / 1000, number % 1000 / 10); }

/// Why cudaGetDeviceCount failed, for a person.
std::string explain(cudaError_t status) {
  if (status == cudaErrorNoDevice) return "there is none, or CUDA_VISIBLE_DEVICES hides it";
  int driver = 0, runtime = 0;
  const bool known =
      cudaDriverGetVersion(&driver) == cudaSuccess && cudaRuntimeGetVersion(&runtime) == cudaSuccess;
  if (status == cudaErrorInsufficientDriver && known)
    return driver == 0 ? "there is no NVIDIA driver"
                       : fmt::format("its driver is for CUDA {}, this build needs CUDA {}", version(driver),
                                     version(runtime));
  return fmt::format("{} ({})", cudaGetErrorString(status), cudaGetErrorName(status));
}

}  // namespace

std::vector<CudaDevice> devices(std::string& why_none) {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess || count == 0) {
    cudaGetLastError();
    why_none = explain(status == cudaSuccess ? cudaErrorNoDevice : status);
    return {};
  }
  std::vector<CudaDevice> all;
  for (int i = 0; i < count; ++i) {
    cudaDeviceProp properties{};
    check(cudaGetDeviceProperties(&properties, i));
    all.push_back({i, properties.name, properties.major, properties.minor, properties.totalGlobalMem,
                   properties.multiProcessorCount * properties.maxThreadsPerMultiProcessor});
  }
  return all;
}

std::unique_ptr<Engine> make_engine(const PlanData& plan, const CudaDevice& device) {
  check(cudaSetDevice(device.number));
  return std::make_unique<CudaEngine>(plan, device);
}

}  // namespace cuglmm::cuda

extern "C" const cuglmm::CudaModule* cuglmm_cuda_module() {
  static const cuglmm::CudaModule module{cuglmm::kCudaModuleVersion, cuglmm::cuda::devices,
                                         cuglmm::cuda::make_engine};
  return &module;
}
