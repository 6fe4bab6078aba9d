// Point steps across channels: they read a block of pixels into one plane for each channel, where loops are vectorised.
#pragma once
#include "kernels.hpp"
#include "pixelwise.hpp"

namespace augury::AUGURY_ISA {

static constexpr int64_t PIXELS = 128;  // pixels side by side

// Sum in the order of the channels, then the offset. C is the number of channels, or 0 where it is not known here.
template <typename T, int C>
static void mix_channels(const Step& step, int64_t i, const Band<T>& band) {
    const int64_t channels = C ? C : band.channels, pixels = band.lines * band.width;
    const float* matrix = static_cast<const float*>(step.a) + i * channels * channels;
    const float* offset = static_cast<const float*>(step.b) + i * channels;
    const float low = step.low, high = step.high;
    float* planes = new float[channels * PIXELS];
    for (int64_t first = 0; first < pixels; first += PIXELS) {
        const int64_t count = lower(PIXELS, pixels - first);
        T* data = band.data + first * channels;
        for (int64_t k = 0; k < count; ++k)
            for (int64_t c = 0; c < channels; ++c) planes[c * PIXELS + k] = float(data[k * channels + c]);
        for (int64_t c = 0; c < channels; ++c) {
            float total[PIXELS];
            for (int64_t k = 0; k < count; ++k) total[k] = matrix[c * channels] * planes[k];
            for (int64_t j = 1; j < channels; ++j)
                for (int64_t k = 0; k < count; ++k) total[k] = total[k] + matrix[c * channels + j] * planes[j * PIXELS + k];
            const float shift = offset[c];
            for (int64_t k = 0; k < count; ++k) data[k * channels + c] = finish<T>(total[k] + shift, low, high);
        }
    }
    delete[] planes;
}

template <typename T>
static void apply_mix(const Step& step, int64_t i, const Band<T>& band) {
    if (!step.on[i]) return;
    if (band.channels == 3) return mix_channels<T, 3>(step, i, band);
    if (band.channels == 4) return mix_channels<T, 4>(step, i, band);
    mix_channels<T, 0>(step, i, band);
}

template <typename T, int C>
static void turn_hue(float turn, const Step& step, const Band<T>& band) {
    const int64_t channels = C ? C : band.channels, pixels = band.lines * band.width;
    const float low = step.low, high = step.high;
    for (int64_t first = 0; first < pixels; first += PIXELS) {
        const int64_t count = lower(PIXELS, pixels - first);
        T* data = band.data + first * channels;
        float top[PIXELS], chroma[PIXELS], hue[PIXELS];
        for (int64_t k = 0; k < count; ++k) {
            const float red = float(data[k * channels]), green = float(data[k * channels + 1]);
            const float blue = float(data[k * channels + 2]), largest = upper(upper(red, green), blue);
            const float span = largest - lower(lower(red, green), blue), safe = span > 0.0f ? span : 1.0f;
            const float others = largest == green ? (blue - red) / safe + 2.0f : (red - green) / safe + 4.0f;
            float at = (largest == red ? (green - blue) / safe : others) + turn;
            at = at < 0.0f ? at + 6.0f : at;
            hue[k] = at >= 6.0f ? at - 6.0f : at;
            top[k] = largest;
            chroma[k] = span;
        }
        for (int64_t c = 0; c < 3; ++c)
            for (int64_t k = 0; k < count; ++k) {
                float place = hue[k] + float(5 - 2 * c);
                place = place >= 6.0f ? place - 6.0f : place;
                const float part = clamp(lower(place, 4.0f - place), 0.0f, 1.0f);
                data[k * channels + c] = finish<T>(top[k] - chroma[k] * part, low, high);
            }
    }
}

template <typename T>
static void apply_hue(const Step& step, int64_t i, const Band<T>& band) {
    const float turn = static_cast<const float*>(step.a)[i];
    if (turn == 0.0f) return;
    if (band.channels == 3) return turn_hue<T, 3>(turn, step, band);
    turn_hue<T, 0>(turn, step, band);
}

}  // namespace augury::AUGURY_ISA
