// Resample: the value of the source at the place of every canvas pixel, a block of pixels at a time.
#pragma once
#include "kernels.hpp"

namespace augury::AUGURY_ISA {

static constexpr int BLOCK = 32;
static constexpr double ONE = 65536.0;                 // places are counted in 1/65536 of a pixel
static constexpr double ROUND64 = 6755399441055744.0;  // 1.5 * 2^52: adding it rounds to nearest even
static constexpr float ROUND32 = 12582912.0f;          // 1.5 * 2^23: the same for |x| < 2^22

static inline double nearest_even(double x) { return (x + ROUND64) - ROUND64; }
static inline float nearest_even(float x) { return (x + ROUND32) - ROUND32; }
template <typename V> static inline V lower(V a, V b) { return a < b ? a : b; }
template <typename V> static inline V upper(V a, V b) { return a > b ? a : b; }
template <typename V> static inline V clamp(V x, V low, V high) { return lower(upper(x, low), high); }

static inline double floor_of(double x) {  // |x| < 2^51
    const double r = nearest_even(x);
    return r > x ? r - 1.0 : r;
}

// Read without assuming alignment.
template <typename V> static inline V load(const uint8_t* p) {
    V v;
    memcpy(&v, p, sizeof v);
    return v;
}

// Where the pixels of a block lie: first tap, distance from it in 1/65536, and how much of them lies in the world.
struct Places {
    int32_t x[BLOCK], y[BLOCK], right[BLOCK], down[BLOCK], cover[BLOCK];
    bool covered;  // all of cover is 2048
};

// The smallest word that holds two neighbouring uint8 pixels.
template <int C> struct Pair { using Word = uint64_t; };
template <> struct Pair<1> { using Word = uint16_t; };

// Whether any displacement moves sample i.
static inline bool is_bent(const Segment& s, int64_t i) {
    for (int64_t k = 0; k < s.bend_count; ++k)
        if (s.bends[k].on[i]) return true;
    return false;
}

// BENT: displacements lie between matrices. A type of its own, as the compiler makes slower code of both in one.
template <typename T, bool BENT>
class Warp {
  public:
    // `products` has room for 3 * padded_width doubles: what depends on x alone is computed once an image.
    Warp(const Segment& segment, int64_t i, double* products)
        : s(segment),
          source(segment.sources[i]),
          m(segment.matrices + 9 * i),
          extent_y(segment.extents[2 * i]),
          extent_x(segment.extents[2 * i + 1]),
          affine(is_affine(m)),
          copies(!BENT && is_copy()),
          row_of(i),
          mx{products, products + padded_width(s.width), products + 2 * padded_width(s.width)} {
        for (int64_t k = 0; k < padded_width(s.width); ++k) {
            const double x = (double(int32_t(k)) + 0.5) - 0.5 * double(s.width);
            products[k] = ONE * m[0] * x;  // by a power of two: the rounding is that of m[0] * x
            products[padded_width(s.width) + k] = ONE * m[3] * x;
            products[2 * padded_width(s.width) + k] = m[6] * x;
        }
    }

    static int64_t padded_width(int64_t width) { return (width + BLOCK - 1) / BLOCK * BLOCK; }

    // Canvas row y into out[width * channels].
    void row(int64_t y, T* out) const {
        if (copies) {
            memcpy(out, source.data + y * source.stride, s.width * s.channels * sizeof(T));
            return;
        }
        for (int64_t x = 0; x < s.width; x += BLOCK) {
            const int count = s.width - x < BLOCK ? int(s.width - x) : BLOCK;
            Places at;
            locate(x, y, at);
            block(at, count, out + x * s.channels);
        }
    }

  private:
    const Segment& s;
    const Image source;
    const double* m;
    const double extent_y, extent_x;
    const bool affine, copies;
    const int64_t row_of;
    const double* mx[3];

    static bool is_affine(const double* m) { return m[6] == 0.0 && m[7] == 0.0 && m[8] == 1.0; }

    bool is_copy() const {
        return affine && s.width == source.width && s.height == source.height && m[0] == 1.0 && m[1] == 0.0 &&
               m[3] == 0.0 && m[4] == 1.0 && m[2] == 0.5 * s.width - 0.5 && m[5] == 0.5 * s.height - 0.5 &&
               extent_x == s.width && extent_y == s.height;
    }

    // Source places of a block of canvas pixels, in 1/65536 of a pixel from the centre of the first one.
    void locate(int64_t x0, int64_t y0, Places& at) const {
        const double y = (double(y0) + 0.5) - 0.5 * double(s.height);
        double u[BLOCK], v[BLOCK];
        if constexpr (BENT) {
            locate_bent(x0, y, u, v);
            return settle(u, v, at);
        }
        const double row[3] = {ONE * (m[1] * y + m[2]), ONE * (m[4] * y + m[5]), m[7] * y + m[8]};
        for (int i = 0; i < BLOCK; ++i) {
            u[i] = mx[0][x0 + i] + row[0];
            v[i] = mx[1][x0 + i] + row[1];
        }
        if (!affine) {
            for (int i = 0; i < BLOCK; ++i) {
                const double depth = upper(mx[2][x0 + i] + row[2], 1e-6);
                u[i] = u[i] / depth;
                v[i] = v[i] / depth;
            }
        }
        settle(u, v, at);
    }

    // The same where displacements lie between matrices.
    void locate_bent(int64_t x0, double y0, double (&u)[BLOCK], double (&v)[BLOCK]) const {
        double x[BLOCK], y[BLOCK];
        for (int i = 0; i < BLOCK; ++i) {
            x[i] = (double(int32_t(x0 + i)) + 0.5) - 0.5 * double(s.width);
            y[i] = y0;
        }
        for (int64_t k = 0; k < s.bend_count; ++k) {
            const Bend& bend = s.bends[k];
            project(bend.before + 9 * row_of, x, y, x, y);
            if (bend.on[row_of]) displace(bend, x, y);
        }
        project(m, x, y, u, v);
        for (int i = 0; i < BLOCK; ++i) {
            u[i] = ONE * u[i];
            v[i] = ONE * v[i];
        }
    }

    static void project(const double* p, const double* x, const double* y, double* u, double* v) {
        const bool flat = is_affine(p);
        for (int i = 0; i < BLOCK; ++i) {
            const double a = p[0] * x[i] + (p[1] * y[i] + p[2]), b = p[3] * x[i] + (p[4] * y[i] + p[5]);
            const double depth = flat ? 1.0 : upper(p[6] * x[i] + (p[7] * y[i] + p[8]), 1e-6);
            u[i] = a / depth;
            v[i] = b / depth;
        }
    }

    // Cell of a lattice at centred places, and how far in it, 0..1.
    static inline void cell(double at, double scale, double cells, int64_t& first, double& rest) {
        const double place = clamp(at * scale + 0.5 * cells, 0.0, cells);
        const double floored = lower(floor_of(place), cells - 1.0);
        first = int64_t(floored);
        rest = place - floored;
    }

    void displace(const Bend& bend, double* x, double* y) const {
        const double* shift = bend.shift + row_of * bend.rows * bend.columns * 2;
        const double across = double(bend.stepped ? bend.columns : bend.columns - 1);
        const double down = double(bend.stepped ? bend.rows : bend.rows - 1);
        const double scale_x = across / double(bend.width), scale_y = down / double(bend.height);
        for (int i = 0; i < BLOCK; ++i) {
            int64_t column, row;
            double right, below;
            cell(x[i], scale_x, across, column, right);
            cell(y[i], scale_y, down, row, below);
            const double* a = shift + (row * bend.columns + column) * 2;
            if (bend.stepped) {
                x[i] += a[0];
                y[i] += a[1];
                continue;
            }
            const double *b = a + 2, *c = a + bend.columns * 2, *d = c + 2;
            double moves[2];
            for (int k = 0; k < 2; ++k) {
                const double top = a[k] + (b[k] - a[k]) * right, bottom = c[k] + (d[k] - c[k]) * right;
                moves[k] = top + (bottom - top) * below;
            }
            x[i] += moves[0];
            y[i] += moves[1];
        }
    }

    // Places in 1/65536 of a pixel -> taps, weights and cover.
    inline __attribute__((always_inline)) void settle(double (&u)[BLOCK], double (&v)[BLOCK], Places& at) const {
        at.covered = true;
        if (s.border == Border::constant || s.border == Border::cut) {
            measure_cover(u, v, at);
        } else if (s.border != Border::edge) {
            fold(u, extent_x, s.reads_width);
            fold(v, extent_y, s.reads_height);
        }
        place(u, int32_t(source.width), at.x, at.right);
        place(v, int32_t(source.height), at.y, at.down);
    }

    void measure_cover(const double* u, const double* v, Places& at) const {
        const double width = double(s.reads_width), height = double(s.reads_height);
        const double sx = width / extent_x, sy = height / extent_y;
        int32_t least = 2048;
        for (int i = 0; i < BLOCK; ++i) {
            const double a = (u[i] / ONE + 0.5) * sx, b = (v[i] / ONE + 0.5) * sy;
            const double x = lower(a, width - a) + 0.5, y = lower(b, height - b) + 0.5;
            const int32_t cx = int32_t(nearest_even(clamp(x, 0.0, 1.0) * 2048.0));
            const int32_t cy = int32_t(nearest_even(clamp(y, 0.0, 1.0) * 2048.0));
            const int32_t cover = lower(cx, cy);
            at.cover[i] = s.border == Border::cut && cover != 2048 ? 0 : cover;
            least = lower(least, at.cover[i]);
        }
        at.covered = least == 2048;
    }

    // Bring places back into the world; what is inside stays as it is.
    void fold(double* places, double extent, int64_t canvas) const {
        if (s.border == Border::wrap) {
            for (int i = 0; i < BLOCK; ++i) {
                const double u = places[i] / ONE + 0.5, folded = u - extent * floor_of(u / extent);
                places[i] = u >= 0.0 && u <= extent ? places[i] : (folded - 0.5) * ONE;
            }
            return;
        }
        const double rim = s.border == Border::symmetric ? 0.0 : 0.5 * extent / double(canvas);
        const double period = 2.0 * (extent - 2.0 * rim);
        for (int i = 0; i < BLOCK; ++i) {
            const double u = places[i] / ONE + 0.5;
            double t = u - rim;
            t = t - period * floor_of(t / period);
            const double folded = ((lower(t, period - t) + rim) - 0.5) * ONE;
            places[i] = period <= 0.0 ? (rim - 0.5) * ONE : u >= rim && u <= extent - rim ? places[i] : folded;
        }
    }

    static void place(const double* u, int32_t size, int32_t* first, int32_t* rest) {
        const int32_t last = size >= 2 ? size - 2 : 0;
        for (int i = 0; i < BLOCK; ++i) {
            // the lowest bits of a double near 1.5 * 2^52 are the integer it stands for
            const double rounded = clamp(u[i], 0.0, double(size - 1) * ONE) + ROUND64;
            int64_t bits;
            memcpy(&bits, &rounded, sizeof bits);
            const int32_t at = int32_t(bits);
            first[i] = lower(at >> 16, last);
            rest[i] = at - (first[i] << 16);
        }
    }

    void block(const Places& at, int count, T* out) const {
        if (s.nearest) return nearest(at, count, out);
        if constexpr (sizeof(T) == 1) {
            const int64_t bytes = (source.height - 1) * source.stride + source.width * s.channels;
            if (source.width > 1 && bytes < (int64_t(1) << 31)) {
                if (s.channels == 1) return packed<1>(at, count, out, bytes);
                if (s.channels == 3) return packed<3>(at, count, out, bytes);
                if (s.channels == 4) return packed<4>(at, count, out, bytes);
            }
        }
        for (int64_t c = 0; c < s.channels; ++c) channel(at, count, c, out);
    }

    void nearest(const Places& at, int count, T* out) const {
        if (s.channels == 1) return pick<1>(at, count, out);
        if (s.channels == 3) return pick<3>(at, count, out);
        pick<0>(at, count, out);
    }

    // C channels; 0 stands for any number. What the loops need is held in locals, as `out` might alias the rest.
    template <int C>
    __attribute__((noinline)) void pick(const Places& at, int count, T* out) const {
        const int64_t channels = C ? C : s.channels, stride = source.stride, size = channels * sizeof(T);
        const uint8_t* const data = source.data;
        int32_t x[BLOCK], y[BLOCK];
        for (int i = 0; i < BLOCK; ++i) {
            x[i] = at.x[i] + (at.right[i] >= 32768);
            y[i] = at.y[i] + (at.down[i] >= 32768);
        }
        if (source.height * stride < (int64_t(1) << 31)) {
            const int32_t line = int32_t(stride), step = int32_t(size);
            int32_t offset[BLOCK];
            for (int i = 0; i < BLOCK; ++i) offset[i] = y[i] * line + x[i] * step;
            for (int i = 0; i < count; ++i) memcpy(out + i * channels, data + offset[i], size);
        } else {
            for (int i = 0; i < count; ++i) memcpy(out + i * channels, data + y[i] * stride + x[i] * size, size);
        }
        if (at.covered) return;
        const int32_t least = s.border == Border::constant ? 1024 : 2048;
        const T fill = T(s.fill);
        for (int i = 0; i < count; ++i)
            for (int64_t c = 0; c < channels && at.cover[i] < least; ++c) out[i * channels + c] = fill;
    }

    // Any number of channels, any dtype, one channel at a time.
    void channel(const Places& at, int count, int64_t c, T* out) const {
        T taps[4][BLOCK];
        const int64_t dx = source.width > 1 ? s.channels : 0, dy = source.height > 1 ? source.stride : 0;
        for (int i = 0; i < count; ++i) {
            const uint8_t* line = source.data + at.y[i] * source.stride;
            const T* top = reinterpret_cast<const T*>(line) + at.x[i] * s.channels + c;
            const T* bottom = reinterpret_cast<const T*>(line + dy) + at.x[i] * s.channels + c;
            taps[0][i] = top[0];
            taps[1][i] = top[dx];
            taps[2][i] = bottom[0];
            taps[3][i] = bottom[dx];
        }
        for (int i = 0; i < count; ++i) {
            const int32_t cover = at.covered ? 2048 : at.cover[i];
            if constexpr (sizeof(T) == 1)
                out[i * s.channels + c] = blend(taps[0][i], taps[1][i], taps[2][i], taps[3][i], at.right[i] >> 5,
                                                at.down[i] >> 5, cover, int32_t(s.fill));
            else
                out[i * s.channels + c] = mix(taps[0][i], taps[1][i], taps[2][i], taps[3][i], at.right[i], at.down[i],
                                              cover);
        }
    }

    T mix(float a, float b, float c, float d, int32_t right, int32_t down, int32_t cover) const {
        const float x = float(right) / 65536.0f, y = float(down) / 65536.0f, z = float(cover) / 2048.0f;
        const float top = a * (1.0f - x) + b * x, bottom = c * (1.0f - x) + d * x;
        float value = top * (1.0f - y) + bottom * y;
        if (cover != 2048) value = value * z + s.fill * (1.0f - z);
        if constexpr (sizeof(T) == 2) return T(nearest_even(value));
        else return value;
    }

    // 8-bit taps, 11-bit weights, one rounding to nearest even.
    static inline uint8_t blend(int32_t a, int32_t b, int32_t c, int32_t d, int32_t x, int32_t y, int32_t cover,
                                int32_t fill) {
        const int32_t top = (a << 11) + (b - a) * x, bottom = (c << 11) + (d - c) * x;
        const int32_t value = (top << 11) + (bottom - top) * y;
        const int32_t mixed = cover == 2048 ? value : (value >> 11) * cover + (fill << 11) * (2048 - cover);
        return uint8_t((mixed + 0x1fffff + ((mixed >> 22) & 1)) >> 22);
    }

    // uint8 with 1, 3 or 4 channels: one load brings both taps of a row, in all channels.
    template <int C>
    void packed(const Places& at, int count, uint8_t* out, int64_t bytes) const {
        using Word = typename Pair<C>::Word;
        const int32_t stride = int32_t(source.stride), dy = source.height > 1 ? stride : 0;
        int32_t offset[BLOCK], most = 0;
        for (int i = 0; i < BLOCK; ++i) {
            offset[i] = at.y[i] * stride + at.x[i] * C;
            most = upper(most, offset[i]);
        }
        if (most + dy + int64_t(sizeof(Word)) > bytes) {  // never past the caller's buffer
            for (int c = 0; c < C; ++c) channel(at, count, c, out);
            return;
        }
        Word top[BLOCK], bottom[BLOCK];
        for (int i = 0; i < BLOCK; ++i) {
            top[i] = load<Word>(source.data + offset[i]);
            bottom[i] = load<Word>(source.data + dy + offset[i]);
        }
        uint32_t pixels[BLOCK];
        if (at.covered) blend_block<C, true>(at, top, bottom, pixels);
        else blend_block<C, false>(at, top, bottom, pixels);
        if constexpr (C == 1) {
            for (int i = 0; i < count; ++i) out[i] = uint8_t(pixels[i]);
        } else if constexpr (C == 4) {
            memcpy(out, pixels, count * 4);
        } else {
            for (int i = 0; i + 1 < count; ++i) memcpy(out + 3 * i, pixels + i, 4);
            memcpy(out + 3 * (count - 1), pixels + count - 1, 3);
        }
    }

    template <int C, bool COVERED, typename Word>
    void blend_block(const Places& at, const Word (&top)[BLOCK], const Word (&bottom)[BLOCK], uint32_t* out) const {
        const int32_t fill = int32_t(s.fill);
        uint32_t taps[4][BLOCK];
        for (int i = 0; i < BLOCK; ++i) {
            taps[0][i] = uint32_t(top[i]);
            taps[1][i] = uint32_t(top[i] >> (8 * C));
            taps[2][i] = uint32_t(bottom[i]);
            taps[3][i] = uint32_t(bottom[i] >> (8 * C));
        }
        for (int i = 0; i < BLOCK; ++i) {
            const int32_t x = at.right[i] >> 5, y = at.down[i] >> 5, cover = COVERED ? 2048 : at.cover[i];
            uint32_t pixel = 0;
            for (int c = 0; c < C; ++c) {
                const int32_t a = (taps[0][i] >> (8 * c)) & 255, b = (taps[1][i] >> (8 * c)) & 255;
                const int32_t d = (taps[2][i] >> (8 * c)) & 255, e = (taps[3][i] >> (8 * c)) & 255;
                pixel |= uint32_t(blend(a, b, d, e, x, y, cover, fill)) << (8 * c);
            }
            out[i] = pixel;
        }
    }
};

}  // namespace augury::AUGURY_ISA
