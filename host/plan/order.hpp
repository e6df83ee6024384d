/// Stable counting sort.
#pragma once

#include <vector>

namespace cuglmm {

/// 0, 1, .., keys.size() - 1 by ascending key, equal keys in their order. Keys: in [0, bound).
inline std::vector<int> ascending(const std::vector<int>& keys, std::size_t bound) {
  std::vector<int> next(bound + 1, 0);
  for (const int key : keys) ++next[key + 1];
  for (std::size_t key = 1; key < bound; ++key) next[key] += next[key - 1];
  std::vector<int> order(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) order[next[keys[i]]++] = static_cast<int>(i);
  return order;
}

}  // namespace cuglmm
