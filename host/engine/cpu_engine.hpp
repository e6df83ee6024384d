/// The CPU engine: slices of SIMD lanes on threads.
#pragma once

#include <host/engine/engine.hpp>

namespace cuglmm {

/// dense: for the border of single problems, instead of the plan's; or null.
std::unique_ptr<Engine> make_cpu_engine(const PlanData& plan, const std::string& simd, int threads,
                                        const DenseFunctions* dense = nullptr);

}  // namespace cuglmm
