// All fuzz targets, with the memory that each may take.
#pragma once

#include <array>

#include "compression.hpp"
#include "formats.hpp"
#include "png.hpp"
#include "training.hpp"

namespace ink::fuzz {

// What is unpacked may be a thousand times as large; the targets limit it to 128 kilobytes.
inline constexpr std::size_t kilobyte = 1024, unpacking = 1 << 20;

inline constexpr std::array<Target, 13> targets{{{"json", fuzz_json, 4 * kilobyte, 32},
                                                 {"npy", fuzz_npy, 16 * kilobyte, 40},
                                                 {"idx", fuzz_idx, unpacking, 16},
                                                 {"safetensors", fuzz_safetensors, 16 * kilobyte, 64},
                                                 {"png", fuzz_png, 1 << 20, 64},
                                                 {"png_reader", fuzz_png_reader, 1 << 20, 64},
                                                 {"inflate", fuzz_inflate, unpacking, 16},
                                                 {"gzip", fuzz_gzip, unpacking, 16},
                                                 {"deflate", fuzz_deflate, 1 << 20, 32},
                                                 {"checkpoint", fuzz_checkpoint, 256 * kilobyte, 64},
                                                 {"model_file", fuzz_model_file, 256 * kilobyte, 64},
                                                 {"train_log", fuzz_train_log, 16 * kilobyte, 16},
                                                 {"captions", fuzz_captions, 16 * kilobyte, 64}}};

}  // namespace ink::fuzz
