#include <host/cli/line_reader.hpp>

#include <fmt/format.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>

#include <cuglmm/error.hpp>

namespace cuglmm::cli {

LineReader::LineReader(const std::string& path) : file_(gzopen(path.c_str(), "rb")) {  // plain files too
  if (file_ == nullptr)
    throw Error(fmt::format("cannot read {}: {}", path, std::strerror(errno)), Error::Kind::io);
}

LineReader::~LineReader() { gzclose(file_); }

bool LineReader::fill() {
  constexpr unsigned piece = 1 << 18;
  buffer_.erase(0, at_);
  at_ = 0;
  const std::size_t had = buffer_.size();
  buffer_.resize(had + piece);
  const int got = gzread(file_, buffer_.data() + had, piece);
  buffer_.resize(had + static_cast<std::size_t>(got > 0 ? got : 0));
  return got > 0;
}

std::optional<std::string_view> LineReader::next() {
  std::size_t end = buffer_.find('\n', at_);
  while (end == std::string::npos) {
    const std::size_t searched = buffer_.size() - at_;
    if (!fill()) return std::nullopt;
    end = buffer_.find('\n', searched);
  }
  const std::string_view line(buffer_.data() + at_, end - at_);
  at_ = end + 1;
  bytes_ += line.size() + 1;
  return line;
}

}  // namespace cuglmm::cli
