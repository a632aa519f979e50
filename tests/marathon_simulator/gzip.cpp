#include "tests/marathon_simulator/gzip.h"

#include <boost/beast/zlib/deflate_stream.hpp>
#include <boost/crc.hpp>
#include <cstdint>

namespace chorale::marathon_simulator {
namespace {

namespace zlib = boost::beast::zlib;

void append_little_endian(std::string& text, std::uint32_t number) {
  for (int shift = 0; shift < 32; shift += 8) text += static_cast<char>((number >> shift) & 0xffU);
}

}  // namespace

std::string gzip(const std::string& text) {
  // Beast has deflate without the gzip frame of RFC 1952: header, CRC-32 and length are added here.
  zlib::deflate_stream deflate;
  deflate.reset(1, 15, 8, zlib::Strategy::normal);
  std::string packed("\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff", 10);
  const std::size_t start = packed.size();
  packed.resize(start + deflate.upper_bound(text.size()) + 64);
  zlib::z_params params;
  params.next_in = text.data();
  params.avail_in = text.size();
  params.next_out = packed.data() + start;
  params.avail_out = packed.size() - start;
  boost::system::error_code error;
  deflate.write(params, zlib::Flush::finish, error);
  packed.resize(start + params.total_out);
  boost::crc_32_type crc;
  crc.process_bytes(text.data(), text.size());
  append_little_endian(packed, crc.checksum());
  append_little_endian(packed, static_cast<std::uint32_t>(text.size() & 0xffffffffU));
  return packed;
}

}  // namespace chorale::marathon_simulator
