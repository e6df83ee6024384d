#include <host/engine/cuda_module.hpp>

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

#include <cuglmm/error.hpp>

namespace cuglmm {
namespace {

constexpr const char* kName = "libcuglmm_cuda.so";

std::vector<std::string> places() {
  std::vector<std::string> all;
  if (const char* path = std::getenv("CUGLMM_CUDA_MODULE")) return {path};
  std::error_code ignored;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
  for (const auto& folder : {program, program.parent_path()}) all.push_back((folder / kName).string());
#ifdef CUGLMM_MODULE_DIR
  all.push_back(std::string(CUGLMM_MODULE_DIR) + "/" + kName);
#endif
  return all;
}

/// Opened once; null and why not.
struct Opened {
  const CudaModule* module = nullptr;
  std::string why_not;

  Opened() {
    // Without a driver the module need not be opened, which takes a tenth of a second: cuSOLVER is large.
    if (!std::getenv("CUGLMM_CUDA_MODULE") && !dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL)) {
      why_not = "there is no NVIDIA driver";
      return;
    }
    for (const std::string& path : places()) {
      if (!std::filesystem::exists(path)) continue;
      void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
      if (!library) {
        why_not = fmt::format("the CUDA engine cannot be opened: {}", dlerror());
        continue;
      }
      const auto get = reinterpret_cast<const CudaModule* (*)()>(dlsym(library, "cuglmm_cuda_module"));
      module = get ? get() : nullptr;
      if (module && module->version == kCudaModuleVersion) return;
      module = nullptr;
      why_not = fmt::format("{} is of another version of cuglmm", path);
    }
    if (why_not.empty()) why_not = "this build has no CUDA engine";
  }
};

const CudaModule* chosen = nullptr;

const CudaModule* cuda_module(std::string& why_not) {
  if (chosen) return chosen;
  static const Opened opened;
  why_not = opened.why_not;
  return opened.module;
}

}  // namespace

void set_cuda_module(const CudaModule* module) { chosen = module; }

std::vector<CudaDevice> cuda_devices(std::string& why_none) {
  const CudaModule* module = cuda_module(why_none);
  return module ? module->devices(why_none) : std::vector<CudaDevice>{};
}

CudaDevice find_cuda_device(int number) {
  std::string why_none;
  const std::vector<CudaDevice> devices = cuda_devices(why_none);
  if (devices.empty())
    throw Error(fmt::format("--device cuda: no GPU can be used: {}; --device cpu works everywhere", why_none),
                Error::Kind::device);
  for (const CudaDevice& one : devices)
    if (one.number == number) return one;
  throw Error(fmt::format("--device cuda:{}: there is no such GPU; the last is cuda:{}", number,
                          devices.back().number),
              Error::Kind::device);
}

std::unique_ptr<Engine> make_cuda_engine(const PlanData& plan, const CudaDevice& device,
                                         const HostPart& host) {
  std::string why_not;
  return cuda_module(why_not)->make_engine(plan, device, host);
}

}  // namespace cuglmm
