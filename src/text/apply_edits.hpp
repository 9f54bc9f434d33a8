// Applying, undoing and adding up edits of a text.
#pragma once

#include "base/result.hpp"
#include "model/edit.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::text {

// The text after the edits, whose spans all refer to `text` as it is; their order does not matter (insertions
// at the same place stay in the given order). Errors: internal, for spans that overlap or lie outside: a bug
// of the caller, never of the user's file.
Result<std::string> apply_edits(std::string_view text, std::vector<Edit> edits);

// Edits on the result of apply_edits(text, edits) that give back `text`. Precondition: apply_edits accepts
// them.
std::vector<Edit> inverse_edits(std::string_view text, std::vector<Edit> edits);

// A text that is edited again and again and can say at any time what changed against the original.
class EditedText {
  public:
    explicit EditedText(std::string_view original);
    const std::string& text() const { return text_; }
    // Spans refer to text() as it is now. Errors: internal, as apply_edits; nothing is changed then.
    Result<void> apply(std::vector<Edit> edits);
    // The sum of all applied edits as edits of the original: sorted, minimal at both ends, empty where the
    // bytes are the same again.
    std::vector<Edit> edits() const;

  private:
    // Bytes of the original (source) or bytes that were put in (inserted).
    struct Piece {
        bool kept = false;
        Span source = {};
        std::string inserted = {};
        std::size_t size() const { return kept ? source.end - source.begin : inserted.size(); }
    };
    std::vector<Piece> cut(std::size_t begin, std::size_t end) const;

    std::string original_;
    std::string text_;
    std::vector<Piece> pieces_;
};

}  // namespace mirrorctl::text
