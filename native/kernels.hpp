// What the Python side hands over: plain arrays. Each instruction set implements `Kernels`.
#pragma once
#include <cstdint>

namespace augury {

enum class DType { u8, u16, f32 };
enum class Border { edge, symmetric, mirror, wrap, constant, cut };
enum class StepKind {
    table, affine, curve, pieces, mix, hue, normal, shot, speckle, sensor, impulse, dropout, rectangle, light
};

struct Image {
    const uint8_t* data;  // first byte of the first row
    int64_t height, width;
    int64_t stride;  // bytes from row to row; pixels and channels lie side by side
};

// y = (x + offset) / divisor in float32; divisor 0 stands for none.
struct Line {
    float offset, divisor;
};

// One pixelwise step. Arrays have one row for each sample, or one for all (row stride 0).
struct Step {
    StepKind kind;
    bool to_float;     // the last step may write float32
    const void* a;     // table | gain | knots | matrix | turn | level | boxes | lattice of gains
    const void* b;     // offset | values | second | lattice of offsets
    int64_t row, channel;  // strides of a and b in elements
    Line line;             // float tables that are straight lines: computing is faster than looking up
    const uint8_t* on;     // curve, pieces, mix, light
    int64_t channels;      // curve, pieces: only the first so many are changed
    const float* breaks;   // pieces: `row` of them for each image, one fewer than gains and offsets
    int64_t count;         // boxes of a sample
    const float* tint;     // light: (n, channels)
    int64_t rows, columns;  // of the lattices of light
    double down, across;    // cells of the lattices to a pixel
    const uint32_t *key, *counter;
    float low, high;  // integers are rounded to nearest even, then clipped
};

// A displacement, and the matrices that an output pixel meets before it; see kernels.Bend.
struct Bend {
    const double* before;  // (n, 3, 3)
    const double* shift;   // (n, rows, columns, 2)
    const uint8_t* on;     // (n,)
    int64_t rows, columns, height, width;
    bool stepped;
};

struct Segment {
    DType dtype;
    int64_t n, height, width, channels;
    int64_t reads_height, reads_width;
    const Image* sources;
    const double* extents;   // (n, 2) height, width
    const double* matrices;  // (n, 3, 3)
    const Bend* bends;
    int64_t bend_count;
    Border border;
    float fill;
    bool nearest;
    const Step* steps;
    int64_t step_count;
    void* out;
    bool float_out, channels_first;
};

// Weighted sums of neighbours of one image; see kernels.Filter.
struct Filter {
    const float* taps;  // (rows, columns)
    int64_t rows, columns;
    const float* across;  // (across_count,), or null
    int64_t across_count;
    bool unsharp;
    float amount, threshold;
    float low, high;
};

struct Copies;  // copies/copies.hpp

struct Kernels {
    const char* name;
    void (*segment)(const Segment&);
    void (*reduce)(DType, const Image&, int64_t channels, int halvings_y, int halvings_x, void* out);
    void (*filter)(DType, const Filter&, const Image&, int64_t channels, void* out);
    void (*philox)(const uint32_t* counter, int64_t count, uint32_t key0, uint32_t key1, uint32_t* out);
    const Copies* copies;
};

}  // namespace augury
