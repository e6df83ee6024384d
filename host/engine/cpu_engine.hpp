/// The CPU engine: slices of SIMD lanes on threads.
#pragma once

#include <host/engine/engine.hpp>

namespace cuglmm {

std::unique_ptr<Engine> make_cpu_engine(const PlanData& plan, const std::string& simd, int threads);

}  // namespace cuglmm
