// Several edits of one document: each is computed on the document as the edits before it left it.
//
//     TRY_ASSIGN(auto editor, JsonEditor::open(text));
//     TRY(editor.apply(editor.doc().set_string({"proxies", "default", "httpProxy"}, url)));
//     TRY(editor.apply(editor.doc().remove({"proxies", "default", "ftpProxy"})));
//     return editor.edits();
#pragma once

#include "text/apply_edits.hpp"

#include <string>
#include <utility>
#include <vector>

namespace mirrorctl::text {

template <class Doc>
class Editor {
  public:
    explicit Editor(Doc doc) : edited_(doc.text()), doc_(std::move(doc)) {}
    // Errors: those of Doc::parse.
    static Result<Editor> open(std::string_view text) {
        TRY_ASSIGN(Doc doc, Doc::parse(text));
        return Editor(std::move(doc));
    }
    const Doc& doc() const { return doc_; }
    const std::string& text() const { return edited_.text(); }
    // Takes what an editing function of doc() returned, error or edits. Nothing is changed if it fails.
    Result<void> apply(Result<std::vector<Edit>> edits) {
        if (!edits) return Failure(std::move(edits).error());
        if (edits->empty()) return {};
        TRY_ASSIGN(std::string next, apply_edits(edited_.text(), *edits));
        TRY_ASSIGN(Doc doc, doc_.with_text(next));
        TRY(edited_.apply(std::move(*edits)));
        doc_ = std::move(doc);
        return {};
    }
    // Everything applied so far, as edits of the text that was opened.
    std::vector<Edit> edits() const { return edited_.edits(); }

  private:
    EditedText edited_;
    Doc doc_;
};

}  // namespace mirrorctl::text
