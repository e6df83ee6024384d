#include "bench/crossed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <random>
#include <stdexcept>
#include <vector>

namespace bench {

void write_crossed(const std::string& file, const Crossed& size, std::uint64_t seed) {
  std::ofstream out(file);
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  const auto effects = [&](std::int64_t levels, double sd) {
    std::vector<double> b(static_cast<std::size_t>(levels));
    for (double& level : b) level = sd * normal(random);
    return b;
  };
  const std::vector<double> u = effects(size.users, 0.7), v = effects(size.items, 0.4);
  std::uniform_int_distribution<std::size_t> user(0, u.size() - 1), item(0, v.size() - 1),
      near(0, static_cast<std::size_t>(std::max<std::int64_t>(size.nearby, 1)) - 1);
  out << "user,item,x,y,z\n";
  for (std::int64_t i = 0; i < size.rows; ++i) {
    const std::size_t a = user(random);
    const std::size_t b =
        size.nearby > 0 ? (a * v.size() / u.size() + near(random)) % v.size() : item(random);
    const double x = normal(random), eta = 0.2 + 0.5 * x + u[a] + v[b];
    const double y = eta + normal(random);
    const int z = uniform(random) < 1 / (1 + std::exp(-eta)) ? 1 : 0;
    out << fmt::format("{},{},{:.6g},{:.6g},{}\n", a + 1, b + 1, x, y, z);
  }
  if (!out.flush()) throw std::runtime_error("cannot write " + file);
}

}  // namespace bench
