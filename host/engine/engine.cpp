#include <host/engine/engine.hpp>

#include <fmt/format.h>

#include <cuglmm/error.hpp>
#include <host/engine/cpu_engine.hpp>

namespace cuglmm {

FeedStorage::FeedStorage(const PlanView& view, int width)
    : zy_(std::size_t(view.zy_total) * width),
      u_(std::size_t(view.u_total) * width),
      xy_(std::size_t(view.p) * width),
      offset_y_(width),
      constant_(width),
      number_(width) {
  feed = {zy_.data(), u_.data(), xy_.data(), offset_y_.data(), constant_.data(), number_.data(), 0, 0};
}

void ModeStart::apply(Feed& feed, int width) const {
  for (std::size_t i = 0; i < u.size(); ++i)
    for (int lane = 0; lane < width; ++lane) {
      const std::size_t at = i * width + lane;
      feed.u[at] = u[i] + factor[i] * (feed.zy[at] - zy[i]);
    }
}

std::unique_ptr<Engine> make_engine(const PlanData& plan, const std::string& device, const std::string& simd,
                                    int threads) {
  if (device == "auto" || device == "cpu") return make_cpu_engine(plan, simd, threads);
  if (device.rfind("cuda", 0) == 0)
    throw Error("device '" + device + "': this build has no CUDA engine; use --device cpu",
                Error::Kind::device);
  throw Error("device '" + device + "' is not known; there are: auto, cpu");
}

}  // namespace cuglmm
