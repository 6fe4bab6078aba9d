// uint8: a run of Point steps is one table, built for each image by running the steps over 0..255.
#pragma once
#include "kernels.hpp"
#include "pixelwise.hpp"

namespace augury::AUGURY_ISA {

// Point steps of one channel: those that read others are no tables.
static inline bool is_point(const Step& step) {
    return step.kind == StepKind::table || step.kind == StepKind::affine || step.kind == StepKind::curve ||
           step.kind == StepKind::pieces;
}

// The same step for one channel alone.
static inline Step of_channel(Step step, int64_t c) {
    const int64_t item = step.kind == StepKind::table && !step.to_float ? 1 : 4;
    step.a = static_cast<const uint8_t*>(step.a) + c * step.channel * item;
    step.channels = c < step.channels;  // curve, pieces: whether this one is changed
    if (step.kind == StepKind::affine) step.b = static_cast<const float*>(step.b) + c * step.channel;
    step.channel = 0;
    return step;
}

// The steps of image i with every run of Point steps replaced by its table. `memory` holds the tables:
// 256 floats for each step and channel. Returns how many steps there are.
static inline int64_t fuse_tables(const Segment& s, int64_t i, Step* fused, float* memory) {
    int64_t count = 0;
    for (int64_t k = 0; k < s.step_count;) {
        int64_t end = k, channels = 1;
        bool lookup = false;
        for (; end < s.step_count && is_point(s.steps[end]); ++end) {
            if (s.steps[end].channel != 0 || s.steps[end].channels < s.channels) channels = s.channels;
            lookup |= s.steps[end].kind != StepKind::affine || s.steps[end].channel != 0;
        }
        if (end <= k + 1 || !lookup) {  // alone, or no Point at all, or faster computed than looked up
            do fused[count++] = s.steps[k++];
            while (k < end);
            continue;
        }
        Step table{};
        table.kind = StepKind::table;
        table.a = memory;
        table.channel = channels == 1 ? 0 : 256;
        for (int64_t c = 0; c < channels; ++c) {
            uint8_t values[256];
            for (int v = 0; v < 256; ++v) values[v] = uint8_t(v);
            const Band<uint8_t> ramp{values, 0, 1, 256, 1};
            for (int64_t j = k; j < end; ++j) {
                const Step step = of_channel(s.steps[j], c);
                table.to_float = step.to_float;
                if (step.to_float) look_up(values, static_cast<const float*>(step.a) + i * step.row, memory + c * 256, 256);
                else apply(step, i, ramp);
            }
            if (!table.to_float) memcpy(reinterpret_cast<uint8_t*>(memory) + c * 256, values, 256);
        }
        memory += channels * 256;
        fused[count++] = table;
        k = end;
    }
    return count;
}

}  // namespace augury::AUGURY_ISA
