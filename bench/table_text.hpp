/// What the tables of the benchmarks share: JSON lines in, numbers as people read them out.
#pragma once

#include <iosfwd>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace bench {

/// Objects, one per line.
std::vector<nlohmann::json> read_lines(std::istream& in);

/// "16.8 µs", "3.1 s"
std::string duration(double seconds);
/// Two or three digits, with separators: "3,470".
std::string ratio(double value);
/// "3.1 s (250×)"; "–" where theirs is NaN.
std::string beside(double theirs, double ours);
double median(std::vector<double> values);

/// The machine, the compiler, R and its packages.
void print_machine(const std::vector<nlohmann::json>& lines);

}  // namespace bench
