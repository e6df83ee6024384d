#include "bench/measure.hpp"

#include <sys/resource.h>

#include <fstream>
#include <iostream>

namespace bench {

std::string processor() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  return "unknown processor";
}

double peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

void print(Json line, const Json& more) {
  line.update(more);
  std::cout << line.dump() << std::endl;
}

}  // namespace bench
