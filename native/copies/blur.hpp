// Blurs of planes, with nothing outside them.
#pragma once
#include "planes.hpp"

namespace augury::AUGURY_ISA {

static constexpr int FINE = 3, COARSE = 5;  // reach of the two kernels in pixels

// Rows of `stride` floats, 0 in the padding.
struct Sides {
    int64_t height, width, stride;
    int64_t floats() const { return height * stride; }
};

template <int R>
static void blend_rows(const float* const (&rows)[2 * R + 1], const float* taps, int64_t count, float* __restrict out) {
    for (int64_t x = 0; x < count; ++x) {
        float sum = 0;
        for (int k = 0; k <= 2 * R; ++k) sum += taps[k] * rows[k][x];
        out[x] = sum;
    }
}

template <int R>
static void blend_row(const float* in, const float* taps, int64_t count, float* __restrict out) {
    for (int64_t x = 0; x < count; ++x) {
        float sum = 0;
        for (int k = 0; k <= 2 * R; ++k) sum += taps[k] * in[x + k];
        out[x] = sum;
    }
}

// Convolve along both axes. `line` has stride + 2 * R floats, `nothing` stride zeros.
template <int R>
static void blur(const Sides& s, const float* in, const float* taps, const float* nothing, float* line, float* out) {
    for (int64_t x = 0; x < s.stride + 2 * R; ++x) line[x] = 0.0f;
    for (int64_t y = 0; y < s.height; ++y) {
        const float* rows[2 * R + 1];
        for (int64_t k = 0; k <= 2 * R; ++k) {
            const int64_t at = y + k - R;
            rows[k] = at >= 0 && at < s.height ? in + at * s.stride : nothing;
        }
        blend_rows<R>(rows, taps, s.stride, line + R);
        blend_row<R>(line, taps, s.stride, out + y * s.stride);
        for (int64_t x = s.width; x < s.stride; ++x) out[y * s.stride + x] = 0.0f;
    }
}

// Keep every second pixel of every second row, in place. Returns the new sides.
static inline Sides halve(const Sides& s, float* plane) {
    const Sides half{(s.height + 1) / 2, (s.width + 1) / 2, padded((s.width + 1) / 2)};
    for (int64_t y = 0; y < half.height; ++y) {
        float* out = plane + y * half.stride;
        for (int64_t x = 0; x < half.width; ++x) out[x] = plane[2 * y * s.stride + 2 * x];
        for (int64_t x = half.width; x < half.stride; ++x) out[x] = 0.0f;
    }
    return half;
}

}  // namespace augury::AUGURY_ISA
