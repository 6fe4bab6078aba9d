// The hot parts of the search for copies; src/augury/copies/reference.py is the definition.
// Plain arrays, checked by module.cpp. Each instruction set implements `Copies`.
#pragma once
#include <cstdint>

namespace augury {

static constexpr int64_t GRID = 48;  // sides of the images whose phases are compared

template <typename T>
struct Picture {  // rows follow each other without gaps
    const T* data;
    int64_t height, width;
};

struct Features {
    const float* keypoints;  // (count, 4) x, y, diameter, angle
    const uint8_t* codes;    // (count, 128)
    int64_t count;
};

struct Shift {
    int64_t which, y, x;
};

struct Residual {
    double energies[3][5];  // left, have, foreseen
    int64_t count;
    float* coarse;  // (height, width)
};

struct Copies {
    // A map in out[9]; false where no feature is matched.
    bool (*matched)(const Features& target, const Features& source, double* out);
    // The two likeliest of `count` spectra, (count, 2, GRID, GRID), each with its shift from the image.
    void (*phases)(const float* spectra, int64_t count, const float* image, Shift* out);
    // Of images about 0: a map in out[9] and its correlation; false where every one of the `count` starts, (count, 3, 3), ran away.
    bool (*fit)(const Picture<float>& target, const Picture<float>& source, const double* starts, int64_t count,
                int64_t steps, double least, double* out, double* correlation);
    // False where too little is seen. `left_out` is null or (height, width); fine has 7 taps, coarse 11.
    bool (*residual)(const Picture<uint8_t>& target, const Picture<uint8_t>& source, const double* matrix,
                     const bool* left_out, const float* fine, const float* coarse, Residual* out);
};

}  // namespace augury
