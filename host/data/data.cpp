#include "cuglmm/data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "cuglmm/error.hpp"
#include "host/data/expression.hpp"

namespace cuglmm {
namespace {

template <class T>
std::vector<T> kept(const std::vector<T>& values, const std::vector<char>& keep) {
  std::vector<T> out;
  for (std::size_t row = 0; row < values.size(); ++row) {
    if (keep[row]) out.push_back(values[row]);
  }
  return out;
}

}  // namespace

Data::Data(std::vector<Column> columns, std::string source) : source_(std::move(source)) {
  row_numbers_.resize(columns.empty() ? 0 : columns[0].size());
  std::iota(row_numbers_.begin(), row_numbers_.end(), std::int64_t{1});
  columns_.reserve(columns.size());
  for (Column& column : columns) {
    if (find(column.name)) throw Error(fmt::format("{} has two columns named '{}'", source_, column.name));
    set(std::move(column));
  }
}

const Column* Data::find(const std::string& name) const {
  const auto found = std::find_if(columns_.begin(), columns_.end(),
                                  [&name](const Column& column) { return column.name == name; });
  return found == columns_.end() ? nullptr : &*found;
}

const Column& Data::column(const std::string& name) const {
  if (const Column* found = find(name)) return *found;
  std::vector<std::string> names;
  for (const Column& column : columns_) names.push_back(column.name);
  const std::string near = nearest(name, names);
  throw Error(fmt::format("no column '{}' in {}{}", name, source_,
                          near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
}

void Data::set(Column column) {
  if (columns_.empty() && row_numbers_.empty()) {
    row_numbers_.resize(column.size());
    std::iota(row_numbers_.begin(), row_numbers_.end(), std::int64_t{1});
  }
  if (column.size() != rows()) {
    throw Error(fmt::format("column '{}' has {} values, but {} has {} rows", column.name, column.size(),
                            source_, rows()));
  }
  const auto same = std::find_if(columns_.begin(), columns_.end(),
                                 [&column](const Column& other) { return other.name == column.name; });
  if (same != columns_.end()) {
    *same = std::move(column);
  } else {
    columns_.push_back(std::move(column));
  }
}

Data Data::subset(const std::vector<char>& keep) const {
  if (keep.size() != rows()) {
    throw Error(
        fmt::format("{} rows are marked to be kept or not, but {} has {}", keep.size(), source_, rows()));
  }
  Data out = *this;
  out.row_numbers_ = kept(row_numbers_, keep);
  for (Column& column : out.columns_) {
    column.numbers = column.is_factor() ? std::vector<double>{} : kept(column.numbers, keep);
    column.codes = column.is_factor() ? kept(column.codes, keep) : std::vector<int>{};
  }
  return out;
}

}  // namespace cuglmm
