#include "text/diff.hpp"

#include "base/strings.hpp"

#include <algorithm>
#include <vector>

namespace mirrorctl::text {

namespace {

using Lines = std::vector<std::string_view>;  // each with its "\n", if it has one

constexpr std::size_t kContext = 3;
// Above this number of differing lines the middle is shown as replaced as a whole: 8 MiB and some ms at most.
constexpr std::ptrdiff_t kMaxDistance = 1000;

Lines split_lines(std::string_view text) {
    Lines lines;
    while (!text.empty()) {
        auto end = text.find('\n');
        auto size = end == std::string_view::npos ? text.size() : end + 1;
        lines.push_back(text.substr(0, size));
        text.remove_prefix(size);
    }
    return lines;
}

struct Step {
    char mark;  // ' ', '-' or '+'
    std::string_view line;
};

// E. W. Myers, "An O(ND) Difference Algorithm and Its Variations", 1986: the greedy algorithm, keeping each
// round's front to walk back.
class Myers {
  public:
    Myers(const Lines& a, const Lines& b) : a_(a), b_(b), count_a_(std::ssize(a)), count_b_(std::ssize(b)) {}

    std::vector<Step> steps() {
        const auto limit = std::min(count_a_ + count_b_, kMaxDistance);
        front_.assign(static_cast<std::size_t>(2 * limit + 3), 0);
        offset_ = limit + 1;
        for (std::ptrdiff_t d = 0; d <= limit; ++d) {
            auto first = front_.begin() + (offset_ - d);
            rounds_.emplace_back(first - 1, first + 2 * d + 2);
            if (advance(d)) return walk_back(d);
        }
        std::vector<Step> all;
        for (auto line : a_) all.push_back({'-', line});
        for (auto line : b_) all.push_back({'+', line});
        return all;
    }

  private:
    std::ptrdiff_t& front(std::ptrdiff_t k) { return front_[static_cast<std::size_t>(offset_ + k)]; }

    bool advance(std::ptrdiff_t d) {
        for (auto k = -d; k <= d; k += 2) {
            auto x = k == -d || (k != d && front(k - 1) < front(k + 1)) ? front(k + 1) : front(k - 1) + 1;
            while (x < count_a_ && x - k < count_b_ && a_[index(x)] == b_[index(x - k)]) ++x;
            front(k) = x;
            if (x >= count_a_ && x - k >= count_b_) return true;
        }
        return false;
    }

    std::vector<Step> walk_back(std::ptrdiff_t d) const {
        std::vector<Step> reversed;
        auto x = count_a_;
        auto y = count_b_;
        for (; d >= 0; --d) {
            // rounds_[d] holds the front before round d, from diagonal -d-1 to d+1.
            const auto& before = rounds_[index(d)];
            auto at = [&](std::ptrdiff_t k) { return before[index(k + d + 1)]; };
            auto k = x - y;
            bool down = k == -d || (k != d && at(k - 1) < at(k + 1));
            // Where the run of equal lines begins that ends here: behind the one step of this round.
            auto run_begin = d == 0 ? 0 : down ? at(k + 1) : at(k - 1) + 1;
            for (; x > run_begin; --x, --y) reversed.push_back({' ', a_[index(x - 1)]});
            if (d == 0) break;
            if (down)
                reversed.push_back({'+', b_[index(--y)]});
            else
                reversed.push_back({'-', a_[index(--x)]});
        }
        std::reverse(reversed.begin(), reversed.end());
        return reversed;
    }

    static std::size_t index(std::ptrdiff_t i) { return static_cast<std::size_t>(i); }

    const Lines& a_;
    const Lines& b_;
    std::ptrdiff_t count_a_;
    std::ptrdiff_t count_b_;
    std::ptrdiff_t offset_ = 0;
    std::vector<std::ptrdiff_t> front_ = {};
    std::vector<std::vector<std::ptrdiff_t>> rounds_ = {};
};

// Lines that both have at their ends are no matter for the search.
std::vector<Step> compare(Lines a, Lines b) {
    std::vector<Step> head;
    std::size_t front = 0;
    while (front < a.size() && front < b.size() && a[front] == b[front]) head.push_back({' ', a[front++]});
    std::vector<Step> tail;
    while (a.size() > front && b.size() > front && a.back() == b.back()) {
        tail.push_back({' ', a.back()});
        a.pop_back();
        b.pop_back();
    }
    a.erase(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(front));
    b.erase(b.begin(), b.begin() + static_cast<std::ptrdiff_t>(front));
    auto middle = Myers(a, b).steps();
    head.insert(head.end(), middle.begin(), middle.end());
    head.insert(head.end(), tail.rbegin(), tail.rend());
    return head;
}

// "7,3"; the count 1 is left out, and an empty range names the line before it.
std::string range(std::size_t lines_before, std::size_t count) {
    if (count == 1) return cat(lines_before + 1);
    return cat(count == 0 ? lines_before : lines_before + 1, ",", count);
}

std::string hunk(const std::vector<Step>& steps, std::size_t from, std::size_t to) {
    auto count = [&](std::size_t begin, std::size_t end, char other) {
        return static_cast<std::size_t>(std::count_if(steps.begin() + static_cast<std::ptrdiff_t>(begin),
                                                      steps.begin() + static_cast<std::ptrdiff_t>(end),
                                                      [&](const Step& step) { return step.mark != other; }));
    };
    auto out = cat("@@ -", range(count(0, from, '+'), count(from, to, '+')), " +",
                   range(count(0, from, '-'), count(from, to, '-')), " @@\n");
    for (auto i = from; i < to; ++i) {
        out += steps[i].mark;
        out += steps[i].line;
        if (!steps[i].line.ends_with('\n')) out += "\n\\ No newline at end of file\n";
    }
    return out;
}

}  // namespace

std::string unified_diff(std::string_view path, std::optional<std::string_view> before,
                         std::optional<std::string_view> after) {
    if (before == after) return {};
    auto steps = compare(split_lines(before.value_or("")), split_lines(after.value_or("")));
    auto out = cat("--- ", before ? cat("a", path) : "/dev/null", "\n+++ ",
                   after ? cat("b", path) : "/dev/null", "\n");
    auto is_change = [](const Step& step) { return step.mark != ' '; };
    for (auto at = steps.begin();;) {
        at = std::find_if(at, steps.end(), is_change);
        if (at == steps.end()) return out;
        // A hunk goes on while the next change is near enough for their contexts to touch.
        auto begin = static_cast<std::size_t>(at - steps.begin());
        auto end = begin;
        for (auto i = begin; i < steps.size() && i <= end + 2 * kContext; ++i)
            if (is_change(steps[i])) end = i + 1;
        out += hunk(steps, begin - std::min(begin, kContext), std::min(end + kContext, steps.size()));
        at = steps.begin() + static_cast<std::ptrdiff_t>(end);
    }
}

}  // namespace mirrorctl::text
