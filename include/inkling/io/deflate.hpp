// Compression: DEFLATE (RFC 1951) and its wrappings zlib (RFC 1950) and gzip (RFC 1952).
//
// LZ77 over a window of 32 KiB with hash chains and one step of lazy matching; each block is coded with the fixed or
// its own (dynamic) Huffman code, whichever is shorter. The output depends on the input alone: the gzip header carries
// no time and no name.
//
// Example:
//     io::Bytes page(1000, 7);
//     io::write_file_atomic("page.gz", io::gzip_compress(page));
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "inkling/core/sorted_order.hpp"
#include "inkling/io/checksum.hpp"
#include "inkling/io/inflate.hpp"

namespace ink {
namespace detail {

/// Code lengths of a Huffman code with at least two symbols and no length above `longest`.
inline std::vector<std::uint8_t> huffman_lengths(std::vector<std::uint32_t> counts, unsigned longest) {
  struct Node {
    std::uint64_t weight;
    std::size_t parent = 0;
  };
  // Decoders differ in what incomplete codes they accept, so there are never fewer than two symbols.
  for (std::size_t s = 0, used = counts.size() - static_cast<std::size_t>(std::count(counts.begin(), counts.end(), 0u));
       used < 2; ++s) {
    if (counts[s] == 0) counts[s] = 1, ++used;
  }
  std::vector<std::uint8_t> lengths(counts.size());
  for (;;) {
    const auto symbols =
        sorted_order(counts.size(), [&](std::size_t a, std::size_t b) { return counts[a] < counts[b]; });
    const auto unused = static_cast<std::size_t>(std::count(counts.begin(), counts.end(), 0u));
    const auto leaves = std::span(symbols).subspan(unused);
    // Leaves in order of weight, then inner nodes, which also come out in order of weight: two queues, no heap.
    std::vector<Node> nodes;
    for (const std::size_t symbol : leaves) nodes.push_back({counts[symbol]});
    const std::size_t leaf_count = leaves.size();
    std::size_t leaf = 0, inner = leaf_count;
    while (nodes.size() < 2 * leaf_count - 1) {
      const auto lightest = [&] {
        return leaf < leaf_count && (inner >= nodes.size() || nodes[leaf].weight <= nodes[inner].weight) ? leaf++
                                                                                                         : inner++;
      };
      const std::size_t a = lightest(), b = lightest();
      nodes[a].parent = nodes[b].parent = nodes.size();
      nodes.push_back({nodes[a].weight + nodes[b].weight});
    }
    std::vector<unsigned> depth(nodes.size());
    for (std::size_t n = nodes.size() - 1; n-- > 0;) depth[n] = depth[nodes[n].parent] + 1;
    if (*std::max_element(depth.begin(), depth.end()) <= longest) {
      for (std::size_t l = 0; l < leaf_count; ++l) lengths[leaves[l]] = static_cast<std::uint8_t>(depth[l]);
      return lengths;
    }
    // Too deep: flatter counts give a flatter tree.
    for (auto& count : counts) count = count ? count / 2 + 1 : 0;
  }
}

/// Canonical codes, bit-reversed as the stream wants them.
inline std::vector<std::uint16_t> prefix_codes(std::span<const std::uint8_t> lengths) {
  std::array<unsigned, 17> next{};
  for (const auto length : lengths) next[length + 1u] += length ? 1 : 0;
  for (std::size_t length = 1; length < next.size(); ++length) next[length] = (next[length] + next[length - 1]) << 1;
  std::vector<std::uint16_t> codes(lengths.size());
  for (std::size_t s = 0; s < lengths.size(); ++s) {
    if (lengths[s] == 0) continue;
    const unsigned code = next[lengths[s]]++;
    for (unsigned bit = 0; bit < lengths[s]; ++bit) {
      codes[s] = static_cast<std::uint16_t>(codes[s] | (code >> bit & 1) << (lengths[s] - 1u - bit));
    }
  }
  return codes;
}

class Deflater {
 public:
  Deflater(std::span<const std::uint8_t> in, std::vector<std::uint8_t>& out)
      : in_(in), out_(out), head_(hash_size, -1), previous_(window, -1) {}

  void run() {
    for (std::size_t at = 0; at < in_.size();) {
      Match match = find(at);
      insert(at);
      if (match.length && match.length < good_match && find(at + 1).length > match.length) match = {};
      if (match.length == 0) {
        tokens_.push_back({in_[at++], 0});
      } else {
        tokens_.push_back(match);
        for (const std::size_t end = at + match.length; ++at < end;) insert(at);
      }
      if (tokens_.size() == block_tokens && at < in_.size()) block(false);
    }
    block(true);
    put(0, (8 - bit_count_ % 8) % 8);
  }

 private:
  struct Match {
    std::uint16_t length = 0;  // or the literal, when the distance is 0
    std::uint16_t distance = 0;
  };
  static constexpr std::size_t window = 32768, hash_size = 32768, block_tokens = 32768, max_length = 258;
  static constexpr unsigned good_match = 64, chain_limit = 96;

  std::size_t hash(std::size_t at) const {
    const std::uint32_t three = in_[at] | std::uint32_t{in_[at + 1]} << 8 | std::uint32_t{in_[at + 2]} << 16;
    return (three * 0x9E3779B1u) >> 17;
  }

  void insert(std::size_t at) {
    if (in_.size() - at < 3) return;
    auto& head = head_[hash(at)];
    previous_[at % window] = head;
    head = static_cast<std::ptrdiff_t>(at);
  }

  Match find(std::size_t at) const {
    if (at >= in_.size() || in_.size() - at < 3) return {};
    const std::size_t most = std::min(max_length, in_.size() - at);
    std::size_t best = 2, distance = 0;
    std::ptrdiff_t from = head_[hash(at)];
    for (unsigned step = 0; step < chain_limit && from >= 0; ++step) {
      const auto start = static_cast<std::size_t>(from);
      if (at - start > window) break;
      if (in_[start + best] == in_[at + best]) {
        std::size_t length = 0;
        while (length < most && in_[start + length] == in_[at + length]) ++length;
        if (length > best) {
          best = length;
          distance = at - start;
          if (length == most) break;
        }
      }
      const std::ptrdiff_t next = previous_[start % window];
      if (next >= from) break;  // overwritten by a newer position
      from = next;
    }
    if (distance == 0) return {};
    return {static_cast<std::uint16_t>(best), static_cast<std::uint16_t>(distance)};
  }

  static std::size_t length_code(unsigned length) {
    return static_cast<std::size_t>(std::upper_bound(length_base.begin(), length_base.end(), length) -
                                    length_base.begin() - 1);
  }
  static std::size_t distance_code(unsigned distance) {
    return static_cast<std::size_t>(std::upper_bound(distance_base.begin(), distance_base.end(), distance) -
                                    distance_base.begin() - 1);
  }

  void put(std::uint32_t value, unsigned bits) {
    bit_buffer_ |= std::uint64_t{value} << bit_count_;
    for (bit_count_ += bits; bit_count_ >= 8; bit_count_ -= 8, bit_buffer_ >>= 8) {
      out_.push_back(static_cast<std::uint8_t>(bit_buffer_));
    }
  }

  using Lengths = std::vector<std::uint8_t>;
  using Counts = std::vector<std::uint32_t>;

  static std::uint64_t cost(const Counts& counts, const Lengths& lengths) {
    std::uint64_t bits = 0;
    for (std::size_t s = 0; s < counts.size(); ++s) bits += std::uint64_t{counts[s]} * lengths[s];
    return bits;
  }

  /// The code lengths of a dynamic block as symbols 0..18 with the values of their extra bits.
  static std::vector<std::pair<std::uint8_t, std::uint8_t>> run_lengths(const Lengths& lengths) {
    std::vector<std::pair<std::uint8_t, std::uint8_t>> symbols;
    for (std::size_t i = 0; i < lengths.size();) {
      const std::uint8_t value = lengths[i];
      std::size_t run = 1;
      while (i + run < lengths.size() && lengths[i + run] == value) ++run;
      i += run;
      if (value != 0) symbols.emplace_back(value, std::uint8_t{0}), --run;
      while (run >= 3) {
        const std::size_t part = std::min<std::size_t>(run, value ? 6 : 138);
        if (value) {
          symbols.emplace_back(std::uint8_t{16}, static_cast<std::uint8_t>(part - 3));
        } else if (part <= 10) {
          symbols.emplace_back(std::uint8_t{17}, static_cast<std::uint8_t>(part - 3));
        } else {
          symbols.emplace_back(std::uint8_t{18}, static_cast<std::uint8_t>(part - 11));
        }
        run -= part;
      }
      for (; run > 0; --run) symbols.emplace_back(value, std::uint8_t{0});
    }
    return symbols;
  }

  void block(bool last) {
    Counts literal_counts(286), distance_counts(30);
    std::uint64_t extra_bits = 0;
    literal_counts[256] = 1;
    for (const Match& token : tokens_) {
      if (token.distance == 0) {
        ++literal_counts[token.length];
        continue;
      }
      const std::size_t length = length_code(token.length), distance = distance_code(token.distance);
      ++literal_counts[257 + length];
      ++distance_counts[distance];
      extra_bits += std::uint64_t{length_extra[length]} + distance_extra[distance];
    }
    Lengths literals = huffman_lengths(literal_counts, 15), distances = huffman_lengths(distance_counts, 15);
    std::size_t literal_size = 286, distance_size = 30;
    while (literal_size > 257 && literals[literal_size - 1] == 0) --literal_size;
    while (distance_size > 1 && distances[distance_size - 1] == 0) --distance_size;

    Lengths all(literals.begin(), literals.begin() + static_cast<std::ptrdiff_t>(literal_size));
    all.insert(all.end(), distances.begin(), distances.begin() + static_cast<std::ptrdiff_t>(distance_size));
    const auto symbols = run_lengths(all);
    Counts meta_counts(19);
    for (const auto& symbol : symbols) ++meta_counts[symbol.first];
    const Lengths meta = huffman_lengths(meta_counts, 7);
    std::size_t meta_size = 19;
    while (meta_size > 4 && meta[code_length_order[meta_size - 1]] == 0) --meta_size;
    constexpr std::array<std::uint8_t, 19> meta_extra{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 3, 7};

    std::uint64_t dynamic_cost = cost(literal_counts, literals) + cost(distance_counts, distances) + extra_bits;
    dynamic_cost += 14 + 3 * meta_size + cost(meta_counts, meta);
    for (const auto& symbol : symbols) dynamic_cost += meta_extra[symbol.first];
    const Lengths fixed(fixed_lengths.begin(), fixed_lengths.end()), five(30, 5);
    const std::uint64_t fixed_cost = cost(literal_counts, fixed) + cost(distance_counts, five) + extra_bits;

    put(last ? 1 : 0, 1);
    if (fixed_cost <= dynamic_cost) {
      put(1, 2);
      literals = fixed;
      distances = five;
    } else {
      put(2, 2);
      put(static_cast<std::uint32_t>(literal_size - 257), 5);
      put(static_cast<std::uint32_t>(distance_size - 1), 5);
      put(static_cast<std::uint32_t>(meta_size - 4), 4);
      for (std::size_t i = 0; i < meta_size; ++i) put(meta[code_length_order[i]], 3);
      const auto codes = prefix_codes(meta);
      for (const auto& [symbol, extra] : symbols) {
        put(codes[symbol], meta[symbol]);
        put(extra, meta_extra[symbol]);
      }
    }
    write_tokens(literals, distances);
  }

  void write_tokens(const Lengths& literals, const Lengths& distances) {
    const auto literal_codes = prefix_codes(literals), distance_codes = prefix_codes(distances);
    for (const Match& token : tokens_) {
      if (token.distance == 0) {
        put(literal_codes[token.length], literals[token.length]);
        continue;
      }
      const std::size_t length = length_code(token.length), distance = distance_code(token.distance);
      put(literal_codes[257 + length], literals[257 + length]);
      put(static_cast<std::uint32_t>(token.length - length_base[length]), length_extra[length]);
      put(distance_codes[distance], distances[distance]);
      put(static_cast<std::uint32_t>(token.distance - distance_base[distance]), distance_extra[distance]);
    }
    put(literal_codes[256], literals[256]);
    tokens_.clear();
  }

  std::span<const std::uint8_t> in_;
  std::vector<std::uint8_t>& out_;
  std::vector<std::ptrdiff_t> head_, previous_;
  std::vector<Match> tokens_;
  std::uint64_t bit_buffer_ = 0;
  unsigned bit_count_ = 0;
};

inline void put_little32(std::vector<std::uint8_t>& out, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<std::uint8_t>(value >> shift));
}

inline void put_big32(std::vector<std::uint8_t>& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(value >> shift));
}

}  // namespace detail

namespace io {

/// A bare DEFLATE stream.
inline std::vector<std::uint8_t> deflate(std::span<const std::uint8_t> bytes) {
  std::vector<std::uint8_t> out;
  detail::Deflater(bytes, out).run();
  return out;
}

/// A zlib stream.
inline std::vector<std::uint8_t> zlib_compress(std::span<const std::uint8_t> bytes) {
  std::vector<std::uint8_t> out{0x78, 0x9C};
  detail::Deflater(bytes, out).run();
  detail::put_big32(out, adler32(bytes));
  return out;
}

/// A gzip file of one member.
inline std::vector<std::uint8_t> gzip_compress(std::span<const std::uint8_t> bytes) {
  std::vector<std::uint8_t> out{0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255};
  detail::Deflater(bytes, out).run();
  detail::put_little32(out, crc32(bytes));
  detail::put_little32(out, static_cast<std::uint32_t>(bytes.size()));
  return out;
}

}  // namespace io
}  // namespace ink
