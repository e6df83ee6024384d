#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "cuglmm/error.hpp"
#include "host/data/csv.hpp"

namespace cuglmm {
namespace {

constexpr std::size_t chunk = std::size_t{1} << 18;

std::string name_of(const std::string& path) { return path == "-" ? "standard input" : path; }

std::string read_all(const std::string& path, std::FILE* file) {
  std::string out;
  std::size_t size = 0;
  std::error_code not_a_file;
  const auto known = std::filesystem::file_size(path, not_a_file);
  if (!not_a_file) out.resize(known + 1);  // room to see the end of the file without growing
  for (;;) {
    if (out.size() == size) out.resize(size * 2 + chunk);
    const std::size_t got = std::fread(out.data() + size, 1, out.size() - size, file);
    size += got;
    if (got == 0) break;
  }
  if (std::ferror(file)) {
    throw Error(fmt::format("cannot read {}: {}", name_of(path), std::strerror(errno)), Error::Kind::io);
  }
  out.resize(size);
  return out;
}

class Inflater {
 public:
  Inflater(std::string& bytes, std::string name) : name_(std::move(name)) {
    // 15: the largest window; 32: gzip's or zlib's header, whichever is there.
    if (inflateInit2(&stream_, 15 + 32) != Z_OK)
      throw Error("not enough memory to decompress", Error::Kind::io);
    stream_.next_in = reinterpret_cast<Bytef*>(bytes.data());
    left_ = bytes.size();
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  std::string run() {
    std::string out;
    for (int state = Z_OK; state != Z_STREAM_END || more();) {
      if (state == Z_STREAM_END) inflateReset(&stream_);  // another member: gzip files may be concatenated
      out.resize(size_ + chunk);
      state = step(out);
      if (state != Z_OK && state != Z_STREAM_END) {
        throw Error(fmt::format("{} is not a complete gzip file: {}", name_,
                                stream_.msg ? stream_.msg : "it ends too early"),
                    Error::Kind::io);
      }
    }
    out.resize(size_);
    return out;
  }

 private:
  bool more() const { return stream_.avail_in + left_ > 0; }

  int step(std::string& out) {
    if (stream_.avail_in == 0) {
      stream_.avail_in = static_cast<uInt>(std::min<std::size_t>(left_, std::size_t{1} << 30));
      left_ -= stream_.avail_in;
    }
    stream_.next_out = reinterpret_cast<Bytef*>(out.data() + size_);
    stream_.avail_out = static_cast<uInt>(chunk);
    const int state = inflate(&stream_, Z_NO_FLUSH);
    size_ += chunk - stream_.avail_out;
    return state;
  }

  z_stream stream_{};
  std::size_t left_ = 0, size_ = 0;
  std::string name_;
};

}  // namespace

std::string read_bytes(const std::string& path) {
  struct Close {
    void operator()(std::FILE* file) const {
      if (file != stdin) std::fclose(file);
    }
  };
  const std::unique_ptr<std::FILE, Close> file(path == "-" ? stdin : std::fopen(path.c_str(), "rb"));
  if (!file) throw Error(fmt::format("cannot open {}: {}", path, std::strerror(errno)), Error::Kind::io);
  std::string bytes = read_all(path, file.get());
  const bool gzip = bytes.size() >= 2 && bytes[0] == '\x1f' && bytes[1] == '\x8b';
  return gzip ? Inflater(bytes, name_of(path)).run() : bytes;
}

}  // namespace cuglmm
