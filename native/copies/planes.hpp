// Planes of floats with rows padded to whole vectors, sums over them, and what a map does to places.
#pragma once
#include <cstdint>
#include <cstring>

#include "copies.hpp"

namespace augury::AUGURY_ISA {

static constexpr int64_t LANES = 16;  // partial sums, the same for every instruction set
static constexpr int64_t CHUNK = 1024;
static constexpr double SLACK = 0.01;

static inline int64_t padded(int64_t width) { return (width + LANES - 1) / LANES * LANES; }
template <typename V> static inline V least_of(V a, V b) { return a < b ? a : b; }
template <typename V> static inline V most_of(V a, V b) { return a > b ? a : b; }

// Memory for a known number of floats, given back at the end of a call.
class Memory {
  public:
    explicit Memory(int64_t floats) : data(new float[floats]), next(data) {}
    ~Memory() { delete[] data; }
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;
    float* take(int64_t floats) {
        float* taken = next;
        next += floats;
        return taken;
    }

  private:
    float* const data;
    float* next;
};

static inline double sum(const float (&lanes)[LANES]) {
    float four[4];
    for (int64_t i = 0; i < 4; ++i) four[i] = (lanes[i] + lanes[i + 4]) + (lanes[i + 8] + lanes[i + 12]);
    return double((four[0] + four[2]) + (four[1] + four[3]));
}

// Sum of products of two rows; n is a multiple of LANES.
static inline double dot(const float* a, const float* b, int64_t n) {
    float lanes[LANES] = {};
    for (int64_t k = 0; k < n; k += LANES)
        for (int64_t i = 0; i < LANES; ++i) lanes[i] += a[k + i] * b[k + i];
    return sum(lanes);
}

// The same for planes: two sums at once, and in floats for a short while only.
static inline double dot_planes(const float* a, const float* b, int64_t n) {
    double total = 0;
    for (int64_t count = 0; n > 0; n -= count, a += count, b += count) {
        count = least_of(n, CHUNK);
        const int64_t half = count / (2 * LANES) * LANES;
        float first[LANES] = {}, second[LANES] = {};
        for (int64_t k = 0; k < half; k += LANES)
            for (int64_t i = 0; i < LANES; ++i) {
                first[i] += a[k + i] * b[k + i];
                second[i] += a[half + k + i] * b[half + k + i];
            }
        total += sum(first) + sum(second) + dot(a + 2 * half, b + 2 * half, count - 2 * half);
    }
    return total;
}

// The first two rows of the inverse of an affine map.
static inline void invert(const double* m, double* out) {
    const double det = m[0] * m[4] - m[1] * m[3];
    out[0] = m[4] / det, out[1] = -m[1] / det, out[2] = (m[1] * m[5] - m[2] * m[4]) / det;
    out[3] = -m[3] / det, out[4] = m[0] / det, out[5] = (m[2] * m[3] - m[0] * m[5]) / det;
}

// a * b, as affine maps.
static inline void multiply(const double* a, const double* b, double* out) {
    for (int r = 0; r < 2; ++r)
        for (int c = 0; c < 3; ++c) out[3 * r + c] = a[3 * r] * b[c] + a[3 * r + 1] * b[3 + c] + (c == 2 ? a[3 * r + 2] : 0.0);
    out[6] = out[7] = 0.0;
    out[8] = 1.0;
}

// Solve a x = b for a symmetric, positive a, in place; b becomes x.
template <int N>
static inline void solve(double (&a)[N][N], double (&b)[N]) {
    for (int k = 0; k < N; ++k)
        for (int r = k + 1; r < N; ++r) {
            const double factor = a[r][k] / a[k][k];
            for (int c = k; c < N; ++c) a[r][c] -= factor * a[k][c];
            b[r] -= factor * b[k];
        }
    for (int k = N - 1; k >= 0; --k) {
        for (int c = k + 1; c < N; ++c) b[k] -= a[k][c] * b[c];
        b[k] /= a[k][k];
    }
}

// A source as a target's frame sees it, row by row.
template <typename T>
class View {
  public:
    // `margin`: how far inside the source a place must lie to be shown.
    View(const Picture<T>& source, const double* matrix, int64_t height, int64_t width, double margin)
        : source(source),
          height(height),
          width(width),
          across(0.5 * double(source.width) - margin + SLACK),
          down(0.5 * double(source.height) - margin + SLACK) {
        invert(matrix, back);
    }

    // Values and 1 or 0 for shown or not, padded(width) each; 0 in the padding.
    void row(int64_t y, float* values, float* shown) const {
        for (int64_t x = 0; x < padded(width); x += LANES) block(x, y, values + x, shown + x);
    }

  private:
    const Picture<T> source;
    const int64_t height, width;
    const double across, down;
    double back[6];

    __attribute__((always_inline)) void block(int64_t x0, int64_t y0, float* values, float* shown) const {
        const double y = double(y0) - 0.5 * double(height - 1), middle = 0.5 * double(width - 1);
        const double u0 = back[1] * y + back[2], v0 = back[4] * y + back[5];
        const double left = 0.5 * double(source.width - 1), top = 0.5 * double(source.height - 1);
        const int32_t last_x = int32_t(source.width) - 1, last_y = int32_t(source.height) - 1;
        int32_t at[LANES];
        float right[LANES], below[LANES];
        for (int i = 0; i < LANES; ++i) {
            const double x = double(int32_t(x0) + i) - middle;
            const double u = back[0] * x + u0, v = back[3] * x + v0;
            const bool inside = (u <= across) & (u >= -across) & (v <= down) & (v >= -down) & (int32_t(x0) + i < int32_t(width));
            shown[i] = inside ? 1.0f : 0.0f;
            const double px = least_of(most_of(u + left, 0.0), double(last_x));
            const double py = least_of(most_of(v + top, 0.0), double(last_y));
            const int32_t ix = least_of(int32_t(px), last_x - 1), iy = least_of(int32_t(py), last_y - 1);
            at[i] = iy * int32_t(source.width) + ix;
            right[i] = float(px - double(ix));
            below[i] = float(py - double(iy));
        }
        T above[2 * LANES], under[2 * LANES];
        for (int i = 0; i < LANES; ++i) {  // neighbours in one load
            memcpy(above + 2 * i, source.data + at[i], 2 * sizeof(T));
            memcpy(under + 2 * i, source.data + at[i] + source.width, 2 * sizeof(T));
        }
        for (int i = 0; i < LANES; ++i) {
            const float upper = float(above[2 * i]) * (1.0f - right[i]) + float(above[2 * i + 1]) * right[i];
            const float lower = float(under[2 * i]) * (1.0f - right[i]) + float(under[2 * i + 1]) * right[i];
            values[i] = (upper * (1.0f - below[i]) + lower * below[i]) * shown[i];
        }
    }
};

}  // namespace augury::AUGURY_ISA
