#include "sync/tag_pattern.hpp"

#include "base/strings.hpp"
#include "sync/pattern_tree.hpp"

#include <cctype>

namespace mirrorctl::sync {

namespace {
constexpr std::size_t kMaxProgram = 20000;
}

// Thompson's construction: every node becomes instructions that end where the next one begins.
class PatternCompiler {
  public:
    using Op = TagPattern::Op;
    using Kind = PatternNode::Kind;

    Result<TagPattern> compile(const PatternNode& node, std::string_view text) {
        emit(node);
        add(Op::done);
        if (too_big())
            return Failure(Error{.code = ErrorCode::parse,
                                 .message = cat("bad regular expression: /", printable_line(text, 80),
                                                "/: too big once its repetitions are written out")});
        return std::move(pattern_);
    }

  private:
    bool too_big() const { return pattern_.program_.size() > kMaxProgram; }
    std::size_t here() const { return pattern_.program_.size(); }
    TagPattern::Instruction& at(std::size_t i) { return pattern_.program_[i]; }
    std::size_t add(Op op) {
        pattern_.program_.push_back({.op = op});
        return here() - 1;
    }

    void emit(const PatternNode& node) {
        if (too_big()) return;
        switch (node.kind) {
            case Kind::set:
                at(add(Op::set)).set = node.set;
                return;
            case Kind::sequence:
                for (const auto& part : node.parts) emit(part);
                return;
            case Kind::choice:
                return choice(node);
            case Kind::repeat:
                return repeat(node);
            case Kind::begin:
                add(Op::begin);
                return;
            case Kind::end:
                add(Op::end);
                return;
            case Kind::word_edge:
                add(Op::word_edge);
                return;
            case Kind::no_word_edge:
                add(Op::no_word_edge);
                return;
        }
    }

    void choice(const PatternNode& node) {
        std::vector<std::size_t> jumps;
        for (std::size_t i = 0; i < node.parts.size(); ++i) {
            bool last = i + 1 == node.parts.size();
            std::size_t split = last ? 0 : add(Op::split);
            if (!last) at(split).to = here();
            emit(node.parts[i]);
            if (last) break;
            jumps.push_back(add(Op::jump));
            at(split).other = here();
        }
        for (auto jump : jumps) at(jump).to = here();
    }

    void repeat(const PatternNode& node) {
        const auto& part = node.parts.front();
        for (int i = 0; i < node.least && !too_big(); ++i) emit(part);
        if (node.most < 0) {
            auto split = add(Op::split);
            at(split).to = here();
            emit(part);
            at(add(Op::jump)).to = split;
            at(split).other = here();
            return;
        }
        std::vector<std::size_t> splits;
        for (int i = node.least; i < node.most && !too_big(); ++i) {
            splits.push_back(add(Op::split));
            at(splits.back()).to = here();
            emit(part);
        }
        for (auto split : splits) at(split).other = here();
    }

    TagPattern pattern_;
};

// The instructions that wait for the next character, each once.
class TagPattern::Threads {
  public:
    explicit Threads(const TagPattern& pattern) : program_(pattern.program_), seen_(program_.size()) {}

    bool done() const { return done_; }

    // Follows everything that consumes nothing, from `start`.
    void add(std::size_t start, std::string_view tag, std::size_t position) {
        todo_.push_back(start);
        while (!todo_.empty()) {
            auto i = todo_.back();
            todo_.pop_back();
            if (seen_[i]) continue;
            seen_[i] = true;
            follow(i, tag, position);
        }
    }

    void step(char c, std::string_view tag, std::size_t position) {
        auto waiting = std::move(waiting_);
        waiting_.clear();
        seen_.assign(program_.size(), false);
        for (auto i : waiting)
            if (program_[i].set.test(static_cast<unsigned char>(c))) add(i + 1, tag, position);
    }

  private:
    static bool word_at(std::string_view tag, std::size_t position) {
        return position < tag.size() &&
               (std::isalnum(static_cast<unsigned char>(tag[position])) != 0 || tag[position] == '_');
    }

    void follow(std::size_t i, std::string_view tag, std::size_t position) {
        const auto& instruction = program_[i];
        bool edge = (position > 0 && word_at(tag, position - 1)) != word_at(tag, position);
        switch (instruction.op) {
            case Op::set:
                waiting_.push_back(i);
                return;
            case Op::split:
                todo_.push_back(instruction.other);
                todo_.push_back(instruction.to);
                return;
            case Op::jump:
                todo_.push_back(instruction.to);
                return;
            case Op::done:
                done_ = true;
                return;
            case Op::begin:
                if (position != 0) return;
                break;
            case Op::end:
                if (position != tag.size()) return;
                break;
            case Op::word_edge:
                if (!edge) return;
                break;
            case Op::no_word_edge:
                if (edge) return;
                break;
        }
        todo_.push_back(i + 1);
    }

    const std::vector<Instruction>& program_;
    std::vector<bool> seen_;
    std::vector<std::size_t> todo_;
    std::vector<std::size_t> waiting_;
    bool done_ = false;
};

Result<TagPattern> TagPattern::parse(std::string_view pattern) {
    TRY_ASSIGN(auto tree, parse_pattern(pattern));
    return PatternCompiler().compile(tree, pattern);
}

bool TagPattern::matches(std::string_view tag) const noexcept {
    Threads threads(*this);
    threads.add(0, tag, 0);
    for (std::size_t i = 0; i < tag.size() && !threads.done(); ++i) {
        threads.step(tag[i], tag, i + 1);
        threads.add(0, tag, i + 1);  // a match may begin anywhere
    }
    return threads.done();
}

}  // namespace mirrorctl::sync
