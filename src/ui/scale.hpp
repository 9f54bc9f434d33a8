// The axis of a chart of bars: from zero to a little behind what is worth telling apart.
#pragma once

#include <vector>

namespace mirrorctl::ui {

class Scale {
  public:
    // Values of any unit; those that are not positive count as absent. Ends behind the largest that is at
    // most six times the smallest: one origin of two minutes would make dots of all mirrors. Longer bars are
    // cut.
    static Scale of(const std::vector<double>& values);

    double end() const { return end_; }
    // Where `value` stands between the ends, 0 to 1.
    double share(double value) const;
    bool cuts(double value) const { return value > end_; }
    // Round values above zero, at most five.
    std::vector<double> ticks() const;

  private:
    explicit Scale(double end) : end_(end) {}
    double end_;
};

}  // namespace mirrorctl::ui
