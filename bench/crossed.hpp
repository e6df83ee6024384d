/// Simulated ratings: users crossed with items, as recommenders and surveys have them.
#pragma once

#include <cstdint>
#include <string>

namespace bench {

struct Crossed {
  std::int64_t users = 0, items = 0, rows = 0;
  std::int64_t nearby = 0;  ///< > 0: a user meets that many items only, neighbours of its own place among all
};

/// CSV with columns user, item (drawn at random, or of the items nearby), x (normal), y (normal) and z (0/1), of
///     eta = 0.2 + 0.5 x + u_user + v_item,  sd(u) = 0.7, sd(v) = 0.4;  y = eta + e, sd(e) = 1;
/// z is 1 with probability 1 / (1 + exp(-eta)).
void write_crossed(const std::string& file, const Crossed& size, std::uint64_t seed);

}  // namespace bench
