/// Runs a grid: its blocks one after the other, the threads of a block as fibers.
#pragma once

#include <cuda_runtime.h>

namespace cuglmm::emulation {

constexpr std::size_t kSharedLimit =
    227 << 10;  ///< dynamic shared memory of a block, bytes (A100: 163, H100: 227 KiB)

void run_grid(const Grid& grid);
/// For reset(): their attributes.
void forget_kernels();

}  // namespace cuglmm::emulation
