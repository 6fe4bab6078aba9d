// Point and Field kernels over a band of rows, and the last step into the batch.
#pragma once
#include "kernels.hpp"
#include "warp.hpp"

namespace augury::AUGURY_ISA {

extern const float* normal_table;  // draws.normal_table, handed over by the module

static constexpr int LANES = 32;  // Philox blocks drawn side by side

template <typename T>
struct Band {
    T* data;  // (lines, width, channels)
    int64_t top, lines, width, channels;
    int64_t size() const { return lines * width * channels; }
};

// Philox4x32-10 on LANES counters at once. Loops of their own for both halves of the products: that is the form
// in which compilers find the vector instructions.
static inline void philox_block(uint32_t (&c)[4][LANES], uint32_t k0, uint32_t k1) {
    for (int round = 0; round < 10; ++round) {
        uint32_t low0[LANES], low1[LANES], high0[LANES], high1[LANES];
        for (int i = 0; i < LANES; ++i) {
            low0[i] = 0xD2511F53u * c[0][i];
            low1[i] = 0xCD9E8D57u * c[2][i];
        }
        for (int i = 0; i < LANES; ++i) {
            high0[i] = uint32_t((uint64_t(0xD2511F53u) * c[0][i]) >> 32);
            high1[i] = uint32_t((uint64_t(0xCD9E8D57u) * c[2][i]) >> 32);
        }
        for (int i = 0; i < LANES; ++i) {
            c[0][i] = high1[i] ^ c[1][i] ^ k0;
            c[2][i] = high0[i] ^ c[3][i] ^ k1;
            c[1][i] = low1[i];
            c[3][i] = low0[i];
        }
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
}

// Round to nearest even, then clip. The bounds of integers are integers, so clipping first changes nothing.
template <typename T>
static inline T finish(float y, float low, float high) {
    y = clamp(y, low, high);
    if constexpr (sizeof(T) < 4) return T(nearest_even(y));
    else return y;
}

template <typename T, typename Sum>
static inline T mean(Sum total, Sum count) {
    if constexpr (sizeof(T) == 4) return T(total / count);
    else {
        const Sum quotient = total / count, rest = total - quotient * count;
        return T(quotient + ((2 * rest > count) | ((2 * rest == count) & (quotient & 1))));
    }
}

// The random words of LANES blocks.
static inline void draw_words(const Step& step, int64_t i, int64_t block, uint32_t (&c)[4][LANES]) {
    const uint32_t *key = step.key + 2 * i, *counter = step.counter + 3 * i;
    for (int k = 0; k < LANES; ++k) {
        c[0][k] = counter[0];
        c[1][k] = counter[1];
        c[2][k] = counter[2];
        c[3][k] = uint32_t(block) + k;
    }
    philox_block(c, key[0], key[1]);
}

// Half number j of block k.
static inline uint32_t half_word(const uint32_t (&c)[4][LANES], int k, int j) {
    return j % 2 ? c[j / 2][k] >> 16 : c[j / 2][k] & 65535u;
}

// Run change(values, c) over a band, LANES blocks of eight values at a time; c holds their random words.
template <typename T, typename Change>
static inline void by_address(const Step& step, int64_t i, const Band<T>& band, Change change) {
    const int64_t begin = band.top * band.width * band.channels, end = begin + band.size();
    for (int64_t block = begin / 8; block * 8 < end; block += LANES) {
        uint32_t c[4][LANES];
        draw_words(step, i, block, c);
        const int64_t first = upper(block * 8, begin), count = lower((block + LANES) * 8, end) - first;
        T* at = band.data + (first - begin);
        T values[LANES * 8] = {};  // a copy of fixed length, so that the loop is vectorised
        memcpy(values + (first - block * 8), at, count * sizeof(T));
        change(values, c);
        memcpy(at, values + (first - block * 8), count * sizeof(T));
    }
}

template <typename T>
static void add_noise(const Step& step, int64_t i, const Band<T>& band) {
    const float level = static_cast<const float*>(step.a)[i], low = step.low, high = step.high;
    if (level == 0.0f) return;
    const float scale = 1.0f / (high - low);
    const StepKind kind = step.kind;
    const float read = kind == StepKind::sensor ? static_cast<const float*>(step.b)[i] : 0.0f, light = 1.0f - read;
    by_address(step, i, band, [=](T(&values)[LANES * 8], const uint32_t(&c)[4][LANES]) {
        float z[LANES * 8];
        for (int k = 0; k < LANES; ++k)
            for (int w = 0; w < 4; ++w) {
                z[k * 8 + 2 * w] = normal_table[2048 + (int16_t(c[w][k]) >> 4)];
                z[k * 8 + 2 * w + 1] = normal_table[2048 + (int32_t(c[w][k]) >> 20)];
            }
        if (kind == StepKind::shot)
            for (int k = 0; k < LANES * 8; ++k)
                z[k] = __builtin_sqrtf(clamp((float(values[k]) - low) * scale, 0.0f, 1.0f)) * z[k];
        if (kind == StepKind::speckle)
            for (int k = 0; k < LANES * 8; ++k) z[k] = clamp((float(values[k]) - low) * scale, 0.0f, 1.0f) * z[k];
        if (kind == StepKind::sensor)
            for (int k = 0; k < LANES * 8; ++k)
                z[k] = __builtin_sqrtf(clamp((float(values[k]) - low) * scale, 0.0f, 1.0f) * light + read) * z[k];
        for (int k = 0; k < LANES * 8; ++k) values[k] = finish<T>(float(values[k]) + level * z[k], low, high);
    });
}

// A share of the values become black or white.
template <typename T>
static void add_impulses(const Step& step, int64_t i, const Band<T>& band) {
    const float level = static_cast<const float*>(step.a)[i], below = level * 65536.0f;
    if (level == 0.0f) return;
    const T low = T(step.low), high = T(step.high);
    by_address(step, i, band, [=](T(&values)[LANES * 8], const uint32_t(&c)[4][LANES]) {
        for (int k = 0; k < LANES; ++k)
            for (int j = 0; j < 8; ++j) {
                const uint32_t half = half_word(c, k, j);
                if (float(half) < below) values[k * 8 + j] = half % 2 ? low : high;
            }
    });
}

// A share of the pixels take one value, in all channels.
template <typename T>
static void drop_pixels(const Step& step, int64_t i, const Band<T>& band) {
    const float level = static_cast<const float*>(step.a)[i], below = level * 65536.0f;
    if (level == 0.0f) return;
    const T value = T(static_cast<const float*>(step.b)[i]);
    const int64_t begin = band.top * band.width, end = begin + band.lines * band.width;
    for (int64_t block = begin / 8; block * 8 < end; block += LANES) {
        uint32_t c[4][LANES];
        draw_words(step, i, block, c);
        const int64_t last = lower((block + LANES) * 8, end);
        for (int64_t p = upper(block * 8, begin); p < last; ++p) {
            const int64_t k = p - block * 8;
            if (float(half_word(c, int(k / 8), int(k % 8))) >= below) continue;
            for (int64_t at = (p - begin) * band.channels, j = 0; j < band.channels; ++j) band.data[at + j] = value;
        }
    }
}

template <typename T>
static void fill_rectangles(const Step& step, int64_t i, const Band<T>& band) {
    const int32_t* box = static_cast<const int32_t*>(step.a) + 4 * step.count * i;
    const float* values = static_cast<const float*>(step.b) + step.count * i;
    for (int64_t b = 0; b < step.count; ++b, box += 4) {
        const T value = T(values[b]);
        for (int64_t y = upper<int64_t>(box[0], band.top); y < lower<int64_t>(box[2], band.top + band.lines); ++y) {
            T* row = band.data + (y - band.top) * band.width * band.channels;
            for (int64_t k = box[1] * band.channels; k < box[3] * band.channels; ++k) row[k] = value;
        }
    }
}

// Run change(value) over the first channels of a band.
template <typename T, typename Change>
static inline void by_channel(const Band<T>& band, int64_t channels, Change change) {
    T* data = band.data;
    const int64_t size = band.size(), step = band.channels;
    if (channels == step) {
        for (int64_t k = 0; k < size; ++k) data[k] = change(data[k]);
        return;
    }
    for (int64_t c = 0; c < channels; ++c)
        for (int64_t k = c; k < size; k += step) data[k] = change(data[k]);
}

// One row of the lattices of light, interpolated across for every value of a line of pixels.
static void spread(const Step& step, int64_t i, int64_t row, int64_t width, int64_t channels, float* gains, float* offsets) {
    const float* gain = static_cast<const float*>(step.a) + (i * step.rows + row) * step.columns;
    const float* offset = static_cast<const float*>(step.b) + (i * step.rows + row) * step.columns;
    const float* tint = step.tint + i * channels;
    for (int64_t x = 0; x < width; ++x) {
        const double place = (double(int32_t(x)) + 0.5) * step.across;
        const int32_t first = int32_t(place);
        const float right = float(place - double(first)), here = gain[first] + (gain[first + 1] - gain[first]) * right;
        for (int64_t c = 0; c < channels; ++c) {
            const float a = offset[first] * tint[c], b = offset[first + 1] * tint[c];
            *gains++ = here;
            *offsets++ = a + (b - a) * right;
        }
    }
}

template <typename T>
static void apply_light(const Step& step, int64_t i, const Band<T>& band) {
    if (!step.on[i]) return;
    const int64_t size = band.width * band.channels;
    const float low = step.low, high = step.high;
    float* memory = new float[4 * size];
    float *above = memory, *below = memory + 2 * size;  // gains, then offsets, of two rows of the lattices
    int64_t held = -2;  // none, and none before the first
    for (int64_t line = 0; line < band.lines; ++line) {
        const double place = (double(int32_t(band.top + line)) + 0.5) * step.down;
        const int64_t row = int64_t(place);
        const float down = float(place - double(row));
        if (row != held) {
            float* reached = below;  // going down one row of the lattices, what was below is above
            below = above;
            above = reached;
            if (row != held + 1) spread(step, i, row, band.width, band.channels, above, above + size);
            spread(step, i, row + 1, band.width, band.channels, below, below + size);
            held = row;
        }
        T* data = band.data + line * size;
        for (int64_t k = 0; k < size; ++k) {
            const float gain = above[k] + (below[k] - above[k]) * down;
            const float offset = above[size + k] + (below[size + k] - above[size + k]) * down;
            data[k] = finish<T>(float(data[k]) * gain + ((low - low * gain) + offset), low, high);
        }
    }
    delete[] memory;
}

template <typename T>
static void apply_curve(const Step& step, int64_t i, const Band<T>& band) {
    if (!step.on[i]) return;
    const float* knots = static_cast<const float*>(step.a) + i * step.row;
    const float low = step.low, high = step.high, scale = 1.0f / (high - low);
    by_channel(band, step.channels, [=](T x) {
        const float at = __builtin_sqrtf(clamp((float(x) - low) * scale, 0.0f, 1.0f)) * 4096.0f;
        const int32_t first = lower(int32_t(at), 4095);
        const float t = at - float(first);
        return finish<T>(knots[first] * (1.0f - t) + knots[first + 1] * t, low, high);
    });
}

template <typename T>
static void apply_pieces(const Step& step, int64_t i, const Band<T>& band) {
    if (!step.on[i]) return;
    const int64_t count = step.row;
    const float *breaks = step.breaks + i * count, low = step.low, high = step.high;
    const float* gain = static_cast<const float*>(step.a) + i * (count + 1);
    const float* offset = static_cast<const float*>(step.b) + i * (count + 1);
    int64_t most = 1;  // steps of a search: powers of two that reach the last break
    while (most < count) most *= 2;
    by_channel(band, step.channels, [=](T value) {
        const float x = float(value);
        int64_t section = 0;
        for (int64_t half = most; half > 0; half /= 2) {  // no branch that depends on pixels: they guess badly
            const int64_t next = lower(section + half, count);
            section = breaks[next - 1] < x ? next : section;
        }
        return finish<T>(gain[section] * x + offset[section], low, high);
    });
}

template <typename T>
static void apply_affine(const Step& step, int64_t i, const Band<T>& band) {
    if (step.channel == 0) {  // one for all channels: a plain loop, which is vectorised
        const float gain = static_cast<const float*>(step.a)[i * step.row];
        const float offset = static_cast<const float*>(step.b)[i * step.row];
        const float low = step.low, high = step.high;
        T* data = band.data;
        for (int64_t k = 0, size = band.size(); k < size; ++k)
            data[k] = finish<T>(float(data[k]) * gain + offset, low, high);
        return;
    }
    for (int64_t c = 0; c < band.channels; ++c) {
        const float gain = static_cast<const float*>(step.a)[i * step.row + c * step.channel];
        const float offset = static_cast<const float*>(step.b)[i * step.row + c * step.channel];
        for (int64_t k = c; k < band.size(); k += band.channels)
            band.data[k] = finish<T>(float(band.data[k]) * gain + offset, step.low, step.high);
    }
}

static inline void apply_table(const Step& step, int64_t i, const Band<uint8_t>& band) {
    const uint8_t* table = static_cast<const uint8_t*>(step.a) + i * step.row;
    if (step.channel == 0) {
        for (int64_t k = 0; k < band.size(); ++k) band.data[k] = table[band.data[k]];
        return;
    }
    for (int64_t c = 0; c < band.channels; ++c, table += step.channel)
        for (int64_t k = c; k < band.size(); k += band.channels) band.data[k] = table[band.data[k]];
}

template <typename T> static void apply_mix(const Step& step, int64_t i, const Band<T>& band);  // across.hpp
template <typename T> static void apply_hue(const Step& step, int64_t i, const Band<T>& band);

template <typename T>
static void apply(const Step& step, int64_t i, const Band<T>& band) {
    switch (step.kind) {
        case StepKind::table:
            if constexpr (sizeof(T) == 1) apply_table(step, i, band);
            return;
        case StepKind::affine: return apply_affine(step, i, band);
        case StepKind::curve: return apply_curve(step, i, band);
        case StepKind::pieces: return apply_pieces(step, i, band);
        case StepKind::mix: return apply_mix(step, i, band);
        case StepKind::hue: return apply_hue(step, i, band);
        case StepKind::normal:
        case StepKind::shot:
        case StepKind::speckle:
        case StepKind::sensor: return add_noise(step, i, band);
        case StepKind::impulse: return add_impulses(step, i, band);
        case StepKind::dropout: return drop_pixels(step, i, band);
        case StepKind::rectangle: return fill_rectangles(step, i, band);
        case StepKind::light: return apply_light(step, i, band);
    }
}

// Write one channel of a band to the batch, through `convert`.
template <typename T, typename Out, typename Convert>
static inline void write(const Segment& s, const Band<T>& band, int64_t c, Out* image, Convert convert) {
    const int64_t pixels = band.lines * band.width, first = band.top * band.width;
    if (s.channels_first) {
        Out* out = image + c * s.height * s.width + first;
        for (int64_t k = 0; k < pixels; ++k) out[k] = convert(band.data[k * band.channels + c]);
    } else {
        Out* out = image + first * band.channels + c;
        for (int64_t k = 0; k < pixels; ++k) out[k * band.channels] = convert(band.data[k * band.channels + c]);
    }
}

// Eight lookups from one load: the loads of the table are what takes time.
static inline void look_up(const uint8_t* in, const float* table, float* out, int64_t count) {
    int64_t k = 0;
    for (; k + 8 <= count; k += 8) {
        const uint64_t eight = load<uint64_t>(in + k);
        float values[8];
        for (int i = 0; i < 8; ++i) values[i] = table[(eight >> (8 * i)) & 255];
        memcpy(out + k, values, sizeof values);
    }
    for (int64_t rest = count % 8; rest > 0; --rest, ++k) out[k] = table[in[k]];
}

static inline void draw_line(const uint8_t* in, const Line& line, float* out, int64_t count) {
    for (int64_t k = 0; k < count; ++k) out[k] = (float(in[k]) + line.offset) / line.divisor;
}

// uint8 through a table that all channels share, where they lie side by side in the batch too.
static inline void emit_flat(const Step& last, int64_t i, const Band<uint8_t>& band, float* image) {
    float* out = image + band.top * band.width * band.channels;
    const float* table = static_cast<const float*>(last.a) + i * last.row;
    if (last.line.divisor != 0.0f) draw_line(band.data, last.line, out, band.size());
    else look_up(band.data, table, out, band.size());
}

// The last step: band -> batch, in the batch's dtype and layout.
template <typename T>
static void emit(const Segment& s, const Step* last, int64_t i, const Band<T>& band, uint8_t* image_out) {
    float* out = reinterpret_cast<float*>(image_out);
    if constexpr (sizeof(T) == 1)
        if (last && last->channel == 0 && (!s.channels_first || band.channels == 1)) return emit_flat(*last, i, band, out);
    for (int64_t c = 0; c < band.channels; ++c) {
        if (!last) {
            write(s, band, c, reinterpret_cast<T*>(image_out), [](T x) { return x; });
            continue;
        }
        const float* a = static_cast<const float*>(last->a) + i * last->row + c * last->channel;
        if (last->kind == StepKind::table) {
            if constexpr (sizeof(T) == 1) write(s, band, c, out, [a](T x) { return a[x]; });
        } else {
            const float gain = *a, offset = static_cast<const float*>(last->b)[i * last->row + c * last->channel];
            write(s, band, c, out, [=](T x) { return float(x) * gain + offset; });
        }
    }
}

}  // namespace augury::AUGURY_ISA
