// The columns of bench's table on a terminal: which ones there is room for.
#pragma once

#include "model/report.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::ui {

inline constexpr int kShortBar = 10;

struct ReportColumn {
    std::string_view head;
    int width;
    std::string (*value)(const Measurement&);
};

// Those that fit into `room` display columns, each with a blank before it, in the order in which they stand.
// The time always does; `bar` columns are kept free for bars once they have their turn.
std::vector<ReportColumn> columns_for(int room, int bar);

// Filled with blanks on the left to exactly `width` columns, cut where it is longer.
std::string right(const std::string& text, int width);
// Broken between words into lines of at most `width`, those after the first behind `indent` blanks.
std::string wrapped(const std::string& text, int width, int indent);

}  // namespace mirrorctl::ui
