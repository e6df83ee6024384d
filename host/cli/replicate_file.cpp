#include <host/cli/replicate_file.hpp>

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include <cuglmm/error.hpp>
#include <host/cli/line_reader.hpp>

namespace cuglmm::cli {

namespace {

// Rows between two points from which a killed .gz can be read, always counted from the head of the file: so
// the bytes do not depend on how the rows came. 1000 rows are 100 to 200 kB.
constexpr std::int64_t checkpoint_rows = 1000;
constexpr std::int64_t block_rows = 4096;  // handed to the sink of resume() at a time

}  // namespace

ReplicateFile::ReplicateFile(std::string path, const Model& model, std::int64_t first)
    : path_(std::move(path)), rows_(model), first_(first), compressed_(OutputFile::compressed(path_)) {}

void ReplicateFile::create() {
  file_ = std::make_unique<OutputFile>(path_);
  pending_ = rows_.header();
  rows_written_ = 0;
  if (compressed_) return;
  file_->write(pending_);
  file_->flush();
  pending_.clear();
}

std::int64_t ReplicateFile::resume(std::int64_t most, const std::function<void(const Fits&)>& sink) {
  if (!std::filesystem::exists(path_)) return create(), 0;
  const Kept kept = read(most, sink);
  if (kept.bytes == 0) return create(), 0;
  if (compressed_)
    rewrite(kept);
  else
    file_ = std::make_unique<OutputFile>(path_, kept.bytes);
  rows_written_ = kept.rows;
  return kept.rows;
}

ReplicateFile::Kept ReplicateFile::read(std::int64_t most, const std::function<void(const Fits&)>& sink) {
  LineReader lines(path_);
  const auto header = lines.next();
  if (!header) return {};
  if (std::string(*header) + "\n" != rows_.header())
    throw Error(fmt::format(
        "{}: its columns are not those of this bootstrap; without --resume it is overwritten", path_));
  Kept kept;
  Fits block = rows_.make(first_, block_rows);
  std::int64_t filled = 0;
  const auto hand_over = [&] {
    if (filled == 0) return;
    Fits part = rows_.make(block.first, filled);
    std::copy_n(block.status.begin(), filled, part.status.begin());
    std::copy_n(block.evaluations.begin(), filled, part.evaluations.begin());
    part.gradient_norm = block.gradient_norm.head(filled);
    part.sigma = block.sigma.head(filled);
    part.minus2_log_likelihood = block.minus2_log_likelihood.head(filled);
    part.theta = block.theta.leftCols(filled);
    part.beta = block.beta.leftCols(filled);
    sink(part);
    block.first += filled;
    filled = 0;
  };
  while (const auto row = lines.next()) {
    if (kept.rows == most)
      throw Error(
          fmt::format("{} holds more than the {} replicates asked for; give --replicates as before or more",
                      path_, most));
    if (!rows_.parse(*row, first_ + kept.rows, block, filled))
      throw Error(
          fmt::format("{}, line {}: not the row of replicate {}; without --resume the file is overwritten",
                      path_, kept.rows + 2, first_ + kept.rows));
    ++kept.rows;
    if (++filled == block_rows) hand_over();
  }
  hand_over();
  kept.bytes = lines.bytes();
  return kept;
}

void ReplicateFile::rewrite(const Kept& kept) {
  // The end of a killed .gz cannot be gone on with, so its rows go through a new one, beside it until they
  // are safe.
  const std::string part = path_.substr(0, path_.size() - 3) + ".part.gz";
  LineReader lines(path_);
  lines.next();
  file_ = std::make_unique<OutputFile>(part);
  pending_ = rows_.header();
  rows_written_ = 0;
  for (std::int64_t i = 0; i < kept.rows; ++i) add_row(*lines.next());
  file_->flush();
  if (std::rename(part.c_str(), path_.c_str()) != 0)
    throw Error(fmt::format("cannot replace {}: {}", path_, std::strerror(errno)), Error::Kind::io);
}

void ReplicateFile::add_row(std::string_view row) {
  pending_.append(row);
  pending_ += '\n';
  checkpoint();
}

void ReplicateFile::checkpoint() {
  if (++rows_written_ % checkpoint_rows != 0 || !compressed_) return;
  file_->write(pending_);
  file_->checkpoint();
  pending_.clear();
}

void ReplicateFile::append(const Fits& fits) {
  for (std::int64_t c = 0; c < fits.size(); ++c) {
    rows_.append(pending_, fits, c);
    checkpoint();
  }
  if (compressed_) return;  // the rest waits for the next checkpoint
  file_->write(pending_);
  file_->flush();
  pending_.clear();
}

void ReplicateFile::close() {
  file_->write(pending_);
  pending_.clear();
  file_->close();
}

}  // namespace cuglmm::cli
