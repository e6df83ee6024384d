/// CSV fields become typed columns.
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>
#include <utility>

#include "cuglmm/data.hpp"
#include "cuglmm/error.hpp"
#include "host/data/csv.hpp"
#include "host/data/expression.hpp"
#include "host/data/factor.hpp"

namespace cuglmm {
namespace {

constexpr double na = std::numeric_limits<double>::quiet_NaN();

bool is_missing(std::string_view field) { return field.empty() || field == "NA"; }

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

std::vector<std::string> column_names(const Csv& csv) {
  std::vector<std::string> names(csv.header.begin(), csv.header.end());
  const auto unnamed = std::count(names.begin(), names.end(), "");
  for (std::size_t c = 0; c < names.size(); ++c) {
    if (!names[c].empty()) continue;
    // R's write.csv() puts the row names under an empty name.
    if (unnamed > 1 || contains(names, "row")) {
      throw Error(fmt::format("{}, line 1: column {} has no name", csv.source, c + 1));
    }
    names[c] = "row";
  }
  for (std::size_t c = 0; c < names.size(); ++c) {
    const auto first = std::find(names.begin(), names.end(), names[c]) - names.begin();
    if (static_cast<std::size_t>(first) == c) continue;
    throw Error(fmt::format("{}, line 1: columns {} and {} are both named '{}'", csv.source, first + 1, c + 1,
                            names[c]));
  }
  return names;
}

void check_option(const char* option, const std::vector<std::string>& asked,
                  const std::vector<std::string>& names, const std::string& source) {
  for (const std::string& name : asked) {
    if (contains(names, name)) continue;
    const std::string near = nearest(name, names);
    throw Error(fmt::format(
        "{}: no column '{}' in {}; {}", option, name, source,
        near.empty() ? fmt::format("there are {}", listed(names)) : fmt::format("did you mean '{}'?", near)));
  }
}

void check_options(const ReadOptions& options, const std::vector<std::string>& names,
                   const std::string& source) {
  std::vector<std::string> with_levels;
  for (const auto& [name, levels] : options.levels) {
    with_levels.push_back(name);
    for (std::size_t k = 0; k < levels.size(); ++k) {
      if (std::find(levels.begin(), levels.begin() + static_cast<std::ptrdiff_t>(k), levels[k]) !=
          levels.begin() + static_cast<std::ptrdiff_t>(k)) {
        throw Error(fmt::format("--levels: '{}' is listed twice for '{}'", levels[k], name));
      }
    }
  }
  check_option("--factor", options.factor, names, source);
  check_option("--ordered", options.ordered, names, source);
  check_option("--numeric", options.numeric, names, source);
  check_option("--levels", with_levels, names, source);
  for (const std::string& name : options.numeric) {
    if (contains(options.factor, name) || contains(options.ordered, name) || contains(with_levels, name)) {
      throw Error(fmt::format("'{}' cannot be read both as numbers and as a factor", name));
    }
  }
}

class Reader {
 public:
  Reader(const Csv& csv, const std::string& name, std::size_t index) : csv_(csv), index_(index) {
    column_.name = name;
  }

  Column read(const ReadOptions& options) {
    const std::string& name = column_.name;
    const auto levels = options.levels.find(name);
    const bool ordered = contains(options.ordered, name);
    if (ordered || levels != options.levels.end() || contains(options.factor, name)) {
      factor(levels == options.levels.end() ? nullptr : &levels->second);
      if (ordered) column_.type = Column::Type::ordered;
    } else if (contains(options.numeric, name)) {
      const std::size_t stopped = numbers();
      if (stopped < csv_.rows()) {
        fail(stopped, fmt::format("'{}' is not a number, which --numeric asks for", field(stopped)));
      }
    } else if (!logical() && numbers() < csv_.rows()) {
      factor(nullptr);
    }
    return std::move(column_);
  }

 private:
  std::string_view field(std::size_t row) const { return csv_.field(row, index_); }

  [[noreturn]] void fail(std::size_t row, const std::string& what) const {
    throw Error(
        fmt::format("{}, line {}, column '{}': {}", csv_.source, csv_.lines[row], column_.name, what));
  }

  /// TRUE, FALSE, T and F only; a column without any value is logical too, as in R.
  bool logical() {
    column_.numbers.clear();
    for (std::size_t row = 0; row < csv_.rows(); ++row) {
      const std::string_view text = field(row);
      const bool yes = text == "TRUE" || text == "T", no = text == "FALSE" || text == "F";
      if (!yes && !no && !is_missing(text)) return false;
      column_.numbers.push_back(yes ? 1 : no ? 0 : na);
    }
    column_.type = Column::Type::logical;
    return true;
  }

  /// The first row that holds no number; all rows if there is none.
  std::size_t numbers() {
    column_.type = Column::Type::numeric;
    column_.numbers.clear();
    column_.numbers.reserve(csv_.rows());
    for (std::size_t row = 0; row < csv_.rows(); ++row) {
      const std::string_view text = field(row);
      const std::optional<double> number = is_missing(text) ? na : parse_number(text);
      if (!number) return row;
      column_.numbers.push_back(*number);
    }
    return csv_.rows();
  }

  void factor(const std::vector<std::string>* levels) {
    column_.type = Column::Type::factor;
    column_.numbers.clear();
    column_.codes.reserve(csv_.rows());
    std::unordered_map<std::string_view, int> codes;
    if (levels) {
      column_.levels = *levels;
      for (const std::string& level : column_.levels) codes.emplace(level, static_cast<int>(codes.size()));
    }
    for (std::size_t row = 0; row < csv_.rows(); ++row) {
      const std::string_view text = field(row);
      const auto known = codes.find(text);
      if (known != codes.end()) {
        column_.codes.push_back(known->second);
      } else if (is_missing(text)) {
        column_.codes.push_back(-1);
      } else if (levels) {
        fail(row, fmt::format("'{}' is not among the levels given: {}", text, listed(*levels)));
      } else {
        column_.codes.push_back(static_cast<int>(codes.size()));
        codes.emplace(text, column_.codes.back());
        column_.levels.emplace_back(text);
      }
    }
    if (!levels) sort_and_drop_levels(column_);
  }

  const Csv& csv_;
  std::size_t index_;
  Column column_;
};

}  // namespace

Data read_table(const std::string& path, const ReadOptions& options) {
  Csv csv;
  csv.source = path == "-" ? "standard input" : path;
  csv.text = read_bytes(path);
  const auto checksum = crc32_z(0, reinterpret_cast<const Bytef*>(csv.text.data()), csv.text.size());
  split_csv(csv);
  const std::vector<std::string> names = column_names(csv);
  check_options(options, names, csv.source);
  if (csv.rows() == 0) throw Error(fmt::format("{} holds a header but no data", csv.source));
  std::vector<Column> columns;
  for (std::size_t c = 0; c < names.size(); ++c) columns.push_back(Reader(csv, names[c], c).read(options));
  Data data(std::move(columns), csv.source);
  data.set_checksum(static_cast<std::uint32_t>(checksum));
  return data;
}

}  // namespace cuglmm
