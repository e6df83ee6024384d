/// Which of the CPU's function tables to use.
#pragma once

#include <string>
#include <vector>

#include <kernels/launch.hpp>

namespace cuglmm {

/// The tables that this machine can run, the widest last.
std::vector<const CpuFunctions*> available_functions();

/// "auto": the widest. Throws Error if there is no such table here.
const CpuFunctions& cpu_functions(const std::string& wanted);

}  // namespace cuglmm
