#include "text/apply_edits.hpp"

#include "base/strings.hpp"

#include <algorithm>
#include <utility>

namespace mirrorctl::text {

namespace {

void sort(std::vector<Edit>& edits) {
    std::stable_sort(edits.begin(), edits.end(), [](const Edit& a, const Edit& b) {
        return std::pair(a.span.begin, a.span.end) < std::pair(b.span.begin, b.span.end);
    });
}

Failure broken(std::string_view why) {
    return Failure(Error{.code = ErrorCode::internal, .message = cat("cannot apply edits: ", why)});
}

// Expects sorted edits.
Result<void> check(std::size_t size, const std::vector<Edit>& edits) {
    std::size_t at = 0;
    for (const auto& edit : edits) {
        if (edit.span.begin > edit.span.end || edit.span.end > size) return broken("a span outside the text");
        if (edit.span.begin < at) return broken("spans that overlap");
        at = edit.span.end;
    }
    return {};
}

// Takes off what both ends have in common with the bytes that are replaced; nothing may remain.
Edit trimmed(std::string_view text, Edit edit) {
    auto old = text.substr(edit.span.begin, edit.span.end - edit.span.begin);
    auto limit = std::min(old.size(), edit.replacement.size());
    std::size_t front = 0;
    while (front < limit && old[front] == edit.replacement[front]) ++front;
    std::size_t back = 0;
    while (back < limit - front &&
           old[old.size() - 1 - back] == edit.replacement[edit.replacement.size() - 1 - back])
        ++back;
    return {.span = {edit.span.begin + front, edit.span.end - back},
            .replacement = edit.replacement.substr(front, edit.replacement.size() - front - back)};
}

}  // namespace

Result<std::string> apply_edits(std::string_view text, std::vector<Edit> edits) {
    sort(edits);
    TRY(check(text.size(), edits));
    std::string out;
    std::size_t at = 0;
    for (const auto& edit : edits) {
        out.append(text.substr(at, edit.span.begin - at)).append(edit.replacement);
        at = edit.span.end;
    }
    return out.append(text.substr(at));
}

std::vector<Edit> inverse_edits(std::string_view text, std::vector<Edit> edits) {
    sort(edits);
    std::vector<Edit> inverse;
    std::size_t grown = 0;
    std::size_t shrunk = 0;
    for (const auto& edit : edits) {
        auto begin = edit.span.begin + grown - shrunk;
        inverse.push_back(
            {.span = {begin, begin + edit.replacement.size()},
             .replacement = std::string(text.substr(edit.span.begin, edit.span.end - edit.span.begin))});
        grown += edit.replacement.size();
        shrunk += edit.span.end - edit.span.begin;
    }
    return inverse;
}

EditedText::EditedText(std::string_view original) : original_(original), text_(original) {
    pieces_.push_back({.kept = true, .source = {0, original_.size()}});
}

// The pieces that make up text()[begin, end).
std::vector<EditedText::Piece> EditedText::cut(std::size_t begin, std::size_t end) const {
    std::vector<Piece> out;
    std::size_t at = 0;
    for (const auto& piece : pieces_) {
        auto from = std::max(begin, at);
        auto to = std::min(end, at + piece.size());
        if (from < to) {
            if (piece.kept)
                out.push_back(
                    {.kept = true, .source = {piece.source.begin + from - at, piece.source.begin + to - at}});
            else
                out.push_back({.inserted = piece.inserted.substr(from - at, to - from)});
        }
        at += piece.size();
    }
    return out;
}

Result<void> EditedText::apply(std::vector<Edit> edits) {
    sort(edits);
    TRY_ASSIGN(std::string next, apply_edits(text_, edits));
    std::vector<Piece> pieces;
    auto append = [&](std::vector<Piece> more) {
        std::move(more.begin(), more.end(), std::back_inserter(pieces));
    };
    std::size_t at = 0;
    for (const auto& edit : edits) {
        append(cut(at, edit.span.begin));
        if (!edit.replacement.empty()) pieces.push_back({.inserted = edit.replacement});
        at = edit.span.end;
    }
    append(cut(at, text_.size()));
    pieces_ = std::move(pieces);
    text_ = std::move(next);
    return {};
}

std::vector<Edit> EditedText::edits() const {
    std::vector<Edit> out;
    Edit open;
    auto close = [&](std::size_t end) {
        open.span.end = end;
        if (auto edit = trimmed(original_, std::move(open));
            edit.span.begin != edit.span.end || !edit.replacement.empty())
            out.push_back(std::move(edit));
    };
    for (const auto& piece : pieces_) {
        if (!piece.kept) {
            open.replacement += piece.inserted;
            continue;
        }
        close(piece.source.begin);
        open = {.span = {piece.source.end, piece.source.end}, .replacement = {}};
    }
    close(original_.size());
    return out;
}

}  // namespace mirrorctl::text
