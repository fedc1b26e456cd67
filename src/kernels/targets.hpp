// Which instruction sets the kernels are compiled for. Included before any header of Highway.
#pragma once

// On x86: the baseline, AVX2 and AVX-512 (AVX3). SSSE3 and SSE4 only machines are no training machines, and AVX3_DL
// adds nothing that these kernels use; each target costs compile time and code size. On Arm: NEON and all of SVE.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4)
