#include <host/engine/engine.hpp>

#include <charconv>
#include <optional>

#include <fmt/format.h>

#include <cuglmm/error.hpp>
#include <host/engine/cpu_engine.hpp>
#include <host/engine/cuda_module.hpp>

namespace cuglmm {

namespace {

/// N of "cuda:N", 0 of "cuda"; nothing for other words.
std::optional<int> cuda_number(const std::string& device) {
  if (device == "cuda") return 0;
  if (!device.starts_with("cuda:")) return std::nullopt;
  int number = 0;
  const char* end = device.data() + device.size();
  const auto [last, error] = std::from_chars(device.data() + 5, end, number);
  if (error != std::errc() || last != end || number < 0) return std::nullopt;
  return number;
}

/// On an arrow, a thread of the GPU has room for few columns; sparse borders are the CPU's.
bool runs_on_gpu(const PlanData& plan) {
  if (plan.fronts) return false;
  for (int level = 0; plan.arrow && level < plan.paths.levels(); ++level)
    if (plan.paths.own(level) > kGpuColumns) return false;
  return true;
}

}  // namespace

void require_device(const std::string& device) {
  if (const auto number = cuda_number(device))
    find_cuda_device(*number);
  else if (device != "auto" && device != "cpu")
    throw Error(fmt::format("--device {}: not known; one of auto, cpu, cuda, cuda:N", device));
}

std::unique_ptr<Engine> make_engine(const PlanData& plan, const std::string& device, const std::string& simd,
                                    int threads) {
  if (const auto number = cuda_number(device)) {
    if (plan.fronts)
      throw Error(fmt::format("--device {}: the crossed factors of this model leave a large sparse matrix "
                              "(cuglmm plan), which the CPU factors; use --device cpu",
                              device),
                  Error::Kind::device);
    const CudaDevice gpu = find_cuda_device(*number);
    if (!runs_on_gpu(plan))
      throw Error(
          fmt::format(
              "--device {}: crossed factors, linear models and --nagq 0 run on a GPU with up to {} random "
              "effects per level of a factor, and this model has more; use --device cpu",
              device, kGpuColumns),
          Error::Kind::device);
    return make_cuda_engine(plan, gpu, {simd, threads});
  }
  require_device(device);
  if (device == "auto" && runs_on_gpu(plan)) {
    std::string why_none;
    const std::vector<CudaDevice> gpus = cuda_devices(why_none);
    if (!gpus.empty()) return make_cuda_engine(plan, gpus.front(), {simd, threads});
  }
  return make_cpu_engine(plan, simd, threads);
}

}  // namespace cuglmm
