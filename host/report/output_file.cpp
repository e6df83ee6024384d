#include <host/report/output_file.hpp>

#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <cstring>

#include <cuglmm/error.hpp>

namespace cuglmm {

struct OutputFile::Deflate {
  z_stream stream{};
  std::array<unsigned char, 1 << 16> buffer{};

  Deflate() {
    constexpr int gzip_window =
        15 + 16;  // zlib's way to ask for a gzip header, which then holds no time of day
    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK)
      throw std::bad_alloc();
  }
  ~Deflate() { deflateEnd(&stream); }
  Deflate(const Deflate&) = delete;
  Deflate& operator=(const Deflate&) = delete;
};

OutputFile::OutputFile(const std::string& path, std::uint64_t keep) : path_(path) {
  if (keep > 0 && truncate(path.c_str(), static_cast<off_t>(keep)) != 0) fail();
  file_ = std::fopen(path.c_str(), keep > 0 ? "ab" : "wb");
  if (file_ == nullptr) fail();
  if (compressed(path)) deflate_ = std::make_unique<Deflate>();
}

OutputFile::~OutputFile() {
  if (file_ != nullptr) std::fclose(file_);
}

void OutputFile::fail() const {
  throw Error(fmt::format("cannot write {}: {}", path_, std::strerror(errno)), Error::Kind::io);
}

void OutputFile::write_bytes(const void* bytes, std::size_t size) {
  if (size > 0 && std::fwrite(bytes, 1, size, file_) != size) fail();
}

void OutputFile::deflate(std::string_view text, int how) {
  z_stream& stream = deflate_->stream;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));  // zlib does not write there
  stream.avail_in = static_cast<uInt>(text.size());
  do {
    stream.next_out = deflate_->buffer.data();
    stream.avail_out = static_cast<uInt>(deflate_->buffer.size());
    ::deflate(&stream, how);
    write_bytes(deflate_->buffer.data(), deflate_->buffer.size() - stream.avail_out);
  } while (stream.avail_out == 0);
}

void OutputFile::write(std::string_view text) {
  if (deflate_ == nullptr) return write_bytes(text.data(), text.size());
  constexpr std::size_t piece = 1 << 30;  // zlib counts in 32 bits
  for (std::size_t at = 0; at < text.size(); at += piece) deflate(text.substr(at, piece), Z_NO_FLUSH);
}

void OutputFile::flush() {
  if (std::fflush(file_) != 0) fail();
}

void OutputFile::checkpoint() {
  if (deflate_ != nullptr) deflate({}, Z_FULL_FLUSH);
  flush();
}

void OutputFile::close() {
  if (file_ == nullptr) return;
  if (deflate_ != nullptr) deflate({}, Z_FINISH);
  std::FILE* file = file_;
  file_ = nullptr;
  if (std::fclose(file) != 0) fail();
}

}  // namespace cuglmm
