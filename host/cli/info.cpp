/// cuglmm info
#include <fmt/format.h>
#include <zlib.h>

#include <CLI/CLI.hpp>
#include <Eigen/Core>
#include <boost/version.hpp>
#include <nlohmann/json.hpp>
#include <xsimd/config/xsimd_config.hpp>

#include <host/cli/command.hpp>
#include <host/engine/cuda_module.hpp>
#include <host/report/json.hpp>

namespace cuglmm::cli {

namespace {

std::string libraries() {
  std::string out =
      fmt::format("Eigen {}.{}.{}", EIGEN_WORLD_VERSION, EIGEN_MAJOR_VERSION, EIGEN_MINOR_VERSION);
  out += fmt::format(", xsimd {}.{}.{}", XSIMD_VERSION_MAJOR, XSIMD_VERSION_MINOR, XSIMD_VERSION_PATCH);
  out += fmt::format(", Boost {}.{}.{}", BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000,
                     BOOST_VERSION % 100);
  out += fmt::format(", fmt {}.{}.{}", FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100);
  out += fmt::format(", nlohmann json {}.{}.{}", NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR,
                     NLOHMANN_JSON_VERSION_PATCH);
  return out + fmt::format(", CLI11 {}, zlib {}", CLI11_VERSION, zlibVersion());
}

std::string devices() {
  std::string why_none;
  const std::vector<CudaDevice> gpus = cuda_devices(why_none);
  if (gpus.empty()) return fmt::format("cpu (no GPU can be used: {})", why_none);
  std::string out = "cpu";
  for (const CudaDevice& gpu : gpus)
    out += fmt::format("\n           cuda:{} ({}, {:.1f} GiB, compute capability {}.{})", gpu.number,
                       gpu.name, static_cast<double>(gpu.memory) / (1 << 30), gpu.major, gpu.minor);
  return out;
}

int run() {
  write_text("-", fmt::format("version:   {}\nSIMD:      {}\nthreads:   {}\ndevices:   {}\nlibraries: {}\n",
                              version(), simd_level(), hardware_threads(), devices(), libraries()));
  return 0;
}

}  // namespace

Command add_info(CLI::App& program) {
  return {program.add_subcommand("info", "Version, SIMD level, devices, libraries"), run};
}

}  // namespace cuglmm::cli
